"""The judges of one shop: processes that run its checks, each on a shop of its own, and take turns."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Self

from breakwater.checks.job import CheckJob

START_S, CHECK_S = 180.0, 300.0  # after so long, for the start and for each check, a judge's process is given up
MANY = 8  # checks: nobody takes the whole time for each of more
TURNS = 256

Hear = Callable[[str, Any], None]

_running: set["subprocess.Popen[str]"] = set()


def give_up() -> None:
    """End every judge, and its shop with it, that a thread of this process waits for: as if it had died."""
    for process in tuple(_running):
        process.kill()


class Judges:
    """A context in which judges of one shop run; when it ends, so does each of them, and its shop with it."""

    def __init__(self, within: Sequence[str] = ()) -> None:
        self.are_over = False
        self._within = within
        self._waiting: list[_Started] = []
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        # A turn is a byte that only one of them can read, so that no process has to hand them out.
        self._turns, write_fd = os.pipe()
        os.write(write_fd, bytes(range(TURNS)))
        os.close(write_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all of them, and give back what they took."""
        self.end()
        for started in self._waiting:
            self._close(started)
        os.close(self._turns)

    def prepare(self, count: int) -> None:
        """Start judges that wait for their job, so that what they import is there when it comes."""
        self._waiting += [started for _ in range(count) if (started := self._start())]

    def end(self) -> None:
        """End all of them at once, from whatever thread; those that a job is waiting for seem to have died."""
        with self._lock:
            self.are_over = True
            for process in self._running:
                process.kill()

    def run(self, job: CheckJob, hear: Hear) -> str:
        """Have a judge take turns at the job until none is left; return how it ended, with its last words.

        `hear` gets all that it tells: the kind of news (`plan`, `check`, `bad_input`, `trouble`), and what it is.
        """
        started = self._waiting.pop() if self._waiting else self._start()
        if started is None:
            return "(it never began)"
        process = started.process
        timer = threading.Timer(START_S + CHECK_S * (len(job.select) or MANY), process.kill)
        timer.daemon = True
        timer.start()
        try:
            _send(process, job)
            for line in started.news:
                [(kind, data)] = json.loads(line).items()
                hear(kind, data)
            process.wait()
            return f"({_how(process.returncode)}): {_last_line(started.said)}"
        finally:
            timer.cancel()
            self._close(started)

    def _start(self) -> "_Started | None":
        with self._lock:
            if self.are_over:
                return None
            read_fd, write_fd = os.pipe()
            said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
            command = [*self._within, sys.executable, "-I", "-m", "breakwater.checks", str(write_fd), str(self._turns)]
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=said,
                    pass_fds=[write_fd, self._turns],
                    start_new_session=True,
                    text=True,
                )
            finally:
                os.close(write_fd)
            self._running.add(process)
            _running.add(process)
            return _Started(process, os.fdopen(read_fd), said)

    def _close(self, started: "_Started") -> None:
        process = started.process
        with self._lock:
            self._running.discard(process)
            _running.discard(process)
        process.kill()
        process.wait()
        for file in (process.stdin, started.news, started.said):
            with suppress(OSError):
                if file:
                    file.close()


@dataclass(frozen=True)
class _Started:
    """A judge's process, the pipe by which its news come, and the file with what else it said."""

    process: "subprocess.Popen[str]"
    news: IO[str]
    said: IO[str]


def _send(process: "subprocess.Popen[str]", job: CheckJob) -> None:
    """Hand over the job. The pipe stays open: its end tells the process that nobody waits any more."""
    assert process.stdin is not None, "the process was given a pipe"
    with suppress(BrokenPipeError):
        process.stdin.write(job.to_json() + "\n")
        process.stdin.flush()


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def _last_line(said: Any) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
