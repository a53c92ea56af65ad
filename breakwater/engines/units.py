"""A service as a running shop holds it, and what starting several at once needs."""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from breakwater.engines import ServiceStatus
from breakwater.engines.description import Service
from breakwater.engines.ports import Port
from breakwater.engines.process import Process
from breakwater.errors import CourseError

START_S = float(os.environ.get("BREAKWATER_START_S") or 30)
GRACE_S = 10.0


@dataclass
class Unit:
    """A long-running service and what is known of it; `files` is what `files_of` told when it started."""

    service: Service
    port: Port
    process: Process | None = None
    seconds: float = 0.0
    files: frozenset[tuple[str, int, int]] = frozenset()
    paused: bool = False
    healthy: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.alive

    @property
    def status(self) -> ServiceStatus:
        state = ("healthy" if self.healthy.is_set() else "starting") if self.alive else "exited"
        state = "paused" if self.alive and self.paused else state
        pid = self.process.pid if self.process and self.alive else None
        return ServiceStatus(self.service.name, state, pid, round(self.seconds, 3))


def files_of(service: Service) -> frozenset[tuple[str, int, int]]:
    """A service's files, each with its time of change (nanoseconds) and size (bytes): what differs after an edit.

    A file may be put back as it was before, or go, so that none is newer; hence all of them, and not the latest.
    """
    return frozenset(_seen(service.folder)) if service.folder else frozenset()


def _seen(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # an editor's, for a moment
            if "__pycache__" not in path.parts and not stat.S_ISDIR((seen := path.lstat()).st_mode):
                yield str(path), seen.st_mtime_ns, seen.st_size


@contextlib.asynccontextmanager
async def all_or_first_error() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first error of its tasks, by itself; the other tasks are cancelled."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, CourseError)]
        raise (errors or group.exceptions)[0] from None
