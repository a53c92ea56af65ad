"""The compose engine: the same shop, from the same description, in containers (Docker Engine and Compose v2).

Its supervisor holds a `containers.ContainerShop`.
"""

import contextlib
import http.client
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from heapq import merge
from typing import Any

from breakwater.engines import ShopSpec, daemon, description, state
from breakwater.engines.control import LOGS
from breakwater.engines.logs import read
from breakwater.engines.supervised import CONTROL_S, SupervisedEngine
from breakwater.errors import BadInput, EngineTrouble

_PREFIX = re.compile(r"^(?P<service>\S+?)(?:-1)?\s+\| ?(?P<line>.*)$")


class ComposeEngine(SupervisedEngine):
    """Runs the shop of `spec` in containers; see `breakwater.engines.Engine` for what each method does."""

    name = "compose"
    shops_a_processor = 0.5  # each fresh shop makes all its containers anew
    start_s = end_s = 60.0

    def __init__(self, spec: ShopSpec, *, isolate: bool = False, **options: Any) -> None:
        if isolate:
            raise BadInput("The compose engine has no walls of its own: submissions are judged on --engine embedded.")
        super().__init__(spec, **options)

    def logs(self, service: str | None = None, *, follow: bool = False) -> Iterator[str]:
        shop = description.load(self.spec.folder)
        if service is not None and service not in shop.services:
            shop.find(service)
        if not state.is_locked(self._state):  # what a shop said that did not start is kept in files
            return read(self._state / LOGS, service)
        project = daemon.project_of(self._state)
        return _followed(project, service) if follow else _said(project, service)

    def _controls(self, where: str) -> http.client.HTTPConnection:
        port, _, token = where.partition(":")
        return _LedHTTP(int(port), token)

    def _clear(self) -> None:
        if self._state.is_dir():
            with contextlib.suppress(EngineTrouble):  # without a daemon nothing runs either
                client = daemon.connect()
                if not state.is_locked(self._state):
                    daemon.wipe(client, daemon.project_of(self._state))
        super()._clear()


def _said(project: str, service: str | None) -> Iterator[str]:
    """What the services said until now, in the order in which they said it."""
    client = daemon.connect()
    found = daemon.containers(client, project)
    chosen = [c for c in found if service in (None, c.labels[daemon.SERVICE]) and daemon.STATE in c.labels]
    for _, name, line in merge(*(_stamped(container) for container in chosen)):
        yield line if service else f"{name} | {line}"


def _stamped(container: Any) -> Iterator[tuple[str, str, str]]:
    number = container.labels.get("com.docker.compose.container-number", "1")
    name = container.labels[daemon.SERVICE] + (f"-{number}" if number != "1" else "")
    for row in container.logs(timestamps=True).decode(errors="replace").splitlines():
        at, _, line = row.partition(" ")
        yield at, name, line


def _followed(project: str, service: str | None) -> Iterator[str]:
    words = ["docker", "compose", "-p", project, "logs", "--follow", "--no-color", *([service] if service else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            for row in process.stdout:
                found = _PREFIX.match(row.rstrip("\n"))
                if found:
                    yield found["line"] if service else f"{found['service']} | {found['line']}"
        finally:
            process.kill()


class _LedHTTP(http.client.HTTPConnection):
    """HTTP to the provider's controls, through the sidecar that listens on `port` and knows `token`."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__("127.0.0.1", port, timeout=CONTROL_S)
        self._token = token

    def connect(self) -> None:
        self.sock = socket.create_connection((self.host, self.port), self.timeout)
        self.sock.sendall(json.dumps({"op": "provider", "token": self._token}).encode() + b"\n")
