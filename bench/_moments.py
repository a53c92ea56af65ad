"""What can be seen of a start from outside: which files the shop makes, and which services it says are healthy."""

import threading
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakwater.engines import ServiceStatus
from breakwater.engines.control import LOGS, SOCKET
from breakwater.engines.state import DATABASE

LOOK_EVERY_S = 0.002
PIDFILE = "postmaster.pid"
STARTS = "{} starts (it has a log)"
ANSWERS, COPYING = "the supervisor answers", "PostgreSQL's data is being copied"
RUNS, CONNECTS = "PostgreSQL's data is copied, and it runs", "PostgreSQL takes connections"
SEEDED, FIRST, UP = "postgres is healthy", "the first service that needs data starts", "the shop is up"
PHASES = (
    ("a supervisor's interpreter", "", ANSWERS),
    ("copy of the template", COPYING, RUNS),
    ("start of PostgreSQL", RUNS, CONNECTS),
    ("roles and databases", CONNECTS, SEEDED),
    ("migrations and their snapshot", SEEDED, FIRST),
    ("forks of the services until healthy", FIRST, UP),
    ("meanwhile: imports of the fork server", STARTS.format("forkserver"), STARTS.format("gateway")),
)
"""What a cold start does, from one moment to another (none: the call)."""


class Moments:
    """Seconds since it was made at which each thing was first seen, by what it is called.

    `needy` are the services that have data, and so wait for it.
    """

    def __init__(self, state: Path, needy: Container[str]) -> None:
        self.found: dict[str, float] = {}
        self._began = time.perf_counter()
        self._over = threading.Event()
        self._conditions = dict(_conditions(state))
        self._logs = state / LOGS
        self._needy = needy
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def healthy(self, status: ServiceStatus) -> None:
        self._note(f"{status.name} is healthy")

    def over(self) -> None:
        """Note that the shop is up, and look no more."""
        if not self._over.is_set():
            self._note(UP)
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
                    self._note(STARTS.format(log.stem))
                    if log.stem in self._needy:
                        self._note(FIRST)


def _conditions(state: Path) -> Iterator[tuple[str, Callable[[], bool]]]:
    data = state / DATABASE
    yield ANSWERS, (state / SOCKET).exists
    yield COPYING, data.exists
    yield RUNS, (data / PIDFILE).exists
    yield CONNECTS, lambda: _is_ready(data)


def _is_ready(data: Path) -> bool:
    """By the last line of its file, which is what `pg_ctl` waits for (PostgreSQL: src/include/utils/pidfile.h)."""
    with suppress(OSError):
        return b"ready" in (data / PIDFILE).read_bytes()
    return False


@contextmanager
def seen(state: Path, needy: Container[str]) -> Iterator[Moments]:
    """Look at a state folder from now on, until `over` or the end of the context."""
    moments = Moments(state, needy)
    try:
        yield moments
    finally:
        moments.over()


def phases(moments: dict[str, float]) -> dict[str, float]:
    """The seconds of each phase whose ends were both seen. They follow each other, but for what begins `meanwhile`."""
    ends = {name: (moments.get(begin, 0.0), moments[end]) for name, begin, end in PHASES if end in moments}
    return {name: round(end - begin, 3) for name, (begin, end) in ends.items()}
