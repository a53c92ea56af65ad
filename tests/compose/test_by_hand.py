"""`docker compose up`, without the course."""

import socket
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from breakwater import paths
from breakwater.engines import daemon

pytestmark = [pytest.mark.shop, pytest.mark.compose]


@pytest.fixture
def project(docker: Any) -> Iterator[str]:
    name = f"by-hand-{uuid.uuid4().hex[:8]}"
    yield name
    daemon.wipe(docker, name)
    for image in docker.images.list(filters={"reference": f"{name}-*"}):
        docker.images.remove(image.tags[0], force=True)


def compose(project: str, *words: str, **environment: str) -> None:
    command = ["docker", "compose", "-p", project, *words]
    done = subprocess.run(
        command, cwd=paths.ROOT, env=daemon.environment() | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_shop_comes_up_sells_and_goes_down(project: str, docker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    compose(project, "up", "--build", "--wait", GATEWAY_PORT=str(port))
    order = {"event": "opening-night", "seat": "A1", "buyer": "me", "card": "4242424242424242"}
    assert httpx.post(f"http://127.0.0.1:{port}/orders", json=order, timeout=30).status_code == 201
    compose(project, "down", "--volumes")
    assert daemon.containers(docker, project) == []
