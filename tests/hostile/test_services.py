"""A submitted service, while it is graded, reaches nothing beyond its own walls. The attacks are in probe.py."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.runner import lay_over

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox, pytest.mark.shop]

MODULE = "09-resilience"
PROBE = Path(__file__).with_name("probe.py").read_text()


@pytest.fixture
def host() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine's loopback: its port, and what it was told."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            heard.append(peer.recv(100))
            peer.sendall(b"welcome")
            peer.close()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1], heard
    server.close()


def grade(tmp_path: Path, student: str, first: dict[str, str]) -> dict[str, Any]:
    folder = tmp_path / "in" / student / MODULE
    shop = lay_over(paths.SOLUTIONS / MODULE / "boxoffice", folder / "shop")
    for name, text in first.items():
        (shop / name).write_text(text + (shop / name).read_text())
    command = [sys.executable, "-c", "from breakwater.cli import main; main()", "grade", "09", "--json"]
    command += ["--submissions", str(tmp_path / "in"), "--class", str(tmp_path / "class")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout, done.stderr
    return {row["student"]: row for row in json.loads(done.stdout)["submissions"]}[student]


def probe(port: int, tmp_path: Path, **settings: object) -> str:
    told = {
        "HOST_PORT": port,
        "KEYS": str(tmp_path / "class" / "keys"),
        "SUBMITTED": str(tmp_path / "class" / "submitted" / "bob"),
        "COURSE": str(paths.ROOT),
        **settings,
    }
    text = PROBE
    for name, value in told.items():
        text, changed = re.subn(rf"^{name} = .*$", f"{name} = {value!r}", text, flags=re.M)
        assert changed == 1
    return text + "\n"


def test_a_service_reaches_nothing_that_is_not_its_own(tmp_path: Path, host: Any) -> None:
    port, heard = host
    (tmp_path / "class" / "submitted" / "bob" / MODULE).mkdir(parents=True)
    row = grade(tmp_path, "eve", {"orders/app/main.py": probe(port, tmp_path, SETTLE_S=3)})
    found = re.search(r"15 attacks, got \[\], broke \[\], (\d+) ports", row["reason"])
    assert found, row["reason"]
    assert int(found[1]) >= 4  # the database, the provider, payments and a proxy were there to be attacked
    assert heard == []
    assert not (paths.ROOT / "written-by-eve").exists()
    assert {check["verdict"] for check in row["checks"]} == {"failed"}


def test_the_probe_finds_what_there_is_to_find(tmp_path: Path, host: Any) -> None:
    """Outside the walls its harmless attacks succeed, so that their silence inside means something."""
    port, heard = host
    for name in ("submitted/bob", "keys"):
        (tmp_path / "class" / name).mkdir(parents=True)
    harmless = (
        *("another_process", "the_machines_own_loopback", "the_keys_the_checks_and_the_others"),
        *("another_services_dsn", "a_dsn_of_another_in_my_own_environment"),
    )
    scratch = tmp_path / "outside.py"
    scratch.write_text(probe(port, tmp_path, ONLY=harmless))
    env = {"DATABASE_URL": "postgresql://payments:secret@x"}
    neighbour = subprocess.Popen(["sleep", "60"], env=env)
    done = subprocess.run([sys.executable, scratch], capture_output=True, text=True, env=env)
    neighbour.kill()
    neighbour.wait()
    assert "5 attacks" in done.stderr
    assert all(attack in done.stderr for attack in harmless)
    assert heard == [b"hello"]
