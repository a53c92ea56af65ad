"""What can be seen of a start from outside: which files the shop makes, and which services it says are healthy."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from breakwater.engines import ServiceStatus
from breakwater.engines.control import LOGS, SOCKET
from breakwater.engines.state import DATABASE

LOOK_EVERY_S = 0.002
PIDFILE = "postmaster.pid"


class Moments:
    """Seconds since it was made at which each thing was first seen, by what it is called."""

    def __init__(self, state: Path) -> None:
        self.found: dict[str, float] = {}
        self._began = time.perf_counter()
        self._over = threading.Event()
        self._conditions = dict(_conditions(state))
        self._logs = state / LOGS
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def healthy(self, status: ServiceStatus) -> None:
        self._note(f"{status.name} is healthy")

    def over(self) -> None:
        """Note that the shop is up, and look no more."""
        if not self._over.is_set():
            self._note("the shop is up")
        self._over.set()
        self._thread.join()

    def _note(self, what: str) -> None:
        self.found.setdefault(what, time.perf_counter() - self._began)

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            for what in [what for what, holds in self._conditions.items() if holds()]:
                del self._conditions[what]
                self._note(what)
            with suppress(OSError):
                for log in self._logs.glob("*.log"):
                    self._note(f"{log.stem} starts (it has a log)")


def _conditions(state: Path) -> Iterator[tuple[str, Callable[[], bool]]]:
    data = state / DATABASE
    yield "the supervisor answers", (state / SOCKET).exists
    yield "PostgreSQL's data is being copied", data.exists
    yield "PostgreSQL's data is copied, and it runs", (data / PIDFILE).exists
    yield "PostgreSQL takes connections", lambda: _is_ready(data)


def _is_ready(data: Path) -> bool:
    """By the last line of its file, which is what `pg_ctl` waits for (PostgreSQL: src/include/utils/pidfile.h)."""
    with suppress(OSError):
        return b"ready" in (data / PIDFILE).read_bytes()
    return False


@contextmanager
def seen(state: Path) -> Iterator[Moments]:
    """Look at a state folder from now on, until `over` or the end of the context."""
    moments = Moments(state)
    try:
        yield moments
    finally:
        moments.over()


def longest(moments: dict[str, float]) -> dict[str, Any]:
    """The longest wait between two moments that follow each other; the first counts from the call."""
    before = [("the call", 0.0), *moments.items()]
    waits = [(later - at, name, until) for (name, at), (until, later) in zip(before, moments.items(), strict=False)]
    seconds, name, until = max(waits)
    return {"from": name, "until": until, "seconds": round(seconds, 3)}
