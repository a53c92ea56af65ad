"""The judges of one shop: processes that run its checks, each on a shop of its own, and take turns."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

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

    def __init__(self, within: Sequence[str]) -> None:
        self._within = within
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> Self:
        # A turn is a byte that only one of them can read, so that no process has to hand them out.
        self._turns, write_fd = os.pipe()
        os.write(write_fd, bytes(range(TURNS)))
        os.close(write_fd)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
            for process in self._running:
                process.kill()
        os.close(self._turns)

    def run(self, job: CheckJob, hear: Hear) -> str:
        """Have a judge take turns at the job until none is left; return how it ended, with its last words.

        `hear` gets all that it tells: the kind of news (`plan`, `check`, `bad_input`, `trouble`), and what it is.
        """
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            read_fd, write_fd = os.pipe()
            with os.fdopen(read_fd) as pipe:
                process = self._start(write_fd, said)
                if process is None:
                    return "(it never began)"
                timer = threading.Timer(START_S + CHECK_S * (len(job.select) or MANY), process.kill)
                timer.daemon = True
                timer.start()
                try:
                    _send(process, job)
                    for line in pipe:
                        [(kind, data)] = json.loads(line).items()
                        hear(kind, data)
                    process.wait()
                finally:
                    timer.cancel()
                    self._end(process)
            return f"({_how(process.returncode)}): {_last_line(said)}"

    def _start(self, write_fd: int, said: Any) -> "subprocess.Popen[str] | None":
        command = [*self._within, sys.executable, "-I", "-m", "breakwater.checks", str(write_fd), str(self._turns)]
        try:
            with self._lock:
                if self._is_over:
                    return None
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=said,
                    pass_fds=[write_fd, self._turns],
                    start_new_session=True,
                    text=True,
                )
                self._running.add(process)
                _running.add(process)
                return process
        finally:
            os.close(write_fd)

    def _end(self, process: "subprocess.Popen[str]") -> None:
        with self._lock:
            self._running.discard(process)
            _running.discard(process)
        process.kill()
        process.wait()
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()


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
