"""A shop by Docker Compose alone, as the README has it: without `course`, without links that can be hurt."""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakwater import paths
from breakwater.engines import daemon
from breakwater.engines.ports import reserve
from breakwater.errors import EngineTrouble

ENDS_WITHIN_S = 600


class NoCompose(Exception):
    """Why a shop cannot be run by Compose here; `str()` is one line."""


class PlainCompose:
    """One project of Compose's, whose images are built already. `up` and `down` block until done."""

    def __init__(self, name: str, shop: Path, port: int) -> None:
        self._words = ("docker", "compose", "--project-name", name)
        self._environment = daemon.environment() | {"BREAKWATER_SHOP": str(shop), "GATEWAY_PORT": str(port)}

    def build(self) -> None:
        self._run("build", "--quiet")

    def up(self, *options: str) -> None:
        self._run("up", "--wait", *options)

    def down(self) -> None:
        self._run("down", "--volumes", "--remove-orphans", "--timeout", "1")

    def forget(self) -> None:
        self._run("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "0")

    def _run(self, *words: str) -> None:
        """Raises NoCompose with the last line of what Compose said."""
        status, said = finished((*self._words, *words), self._environment)
        if status:
            last = (said.strip().splitlines() or ["it said nothing"])[-1].strip()
            raise NoCompose(f"docker compose {words[0]} ended with status {status}: {last}")


@contextmanager
def plain_compose(shop: Path) -> Iterator[PlainCompose]:
    """Build the shop's images and yield it, down; in the end nothing of it is left but Docker's cache of builds.

    Raises NoCompose where there is no daemon, or where the images cannot be built.
    """
    try:
        daemon.connect().close()
    except EngineTrouble as trouble:
        raise NoCompose(str(trouble)) from None
    port = reserve()
    project = PlainCompose(f"bench-{uuid.uuid4().hex[:8]}", shop, port.number)
    port.release()  # Docker takes it
    try:
        project.build()
        yield project
    finally:
        with suppress(NoCompose):
            project.forget()


def finished(command: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in the course's folder; return its status and what it said. Broken off, it is ended."""
    process = subprocess.Popen(
        command,
        cwd=paths.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=ENDS_WITHIN_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, said
