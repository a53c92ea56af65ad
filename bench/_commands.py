"""Commands that are measured: what they take, with all that they start."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench._meter import SAMPLE_EVERY_S, Memory

COURSE = (sys.executable, "-c", "from breakwater.cli import main; main()")


class Unmeasured(Exception):
    """Why a grader has no figure; `str()` is one line."""


@dataclass(frozen=True)
class Cost:
    """What a command took, with all that it started."""

    submissions: int
    wall_s: float
    cpu_s: float
    memory: Memory


def run(
    command: Sequence[str | Path],
    folder: Path,
    submissions: int,
    *,
    sample_every_s: float = SAMPLE_EVERY_S,
    done: Callable[[], int] = lambda: 0,
) -> Cost:
    """Run a command to its end. Raises Unmeasured with the last line that it said if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours, before, began = _children(), _cpu(), time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=os.environ | {"PATH": path}, stdout=said, stderr=said
        )
        with Memory(process.pid, sample_every_s, done) as memory:
            status = process.wait()
        _reap(ours)
        if status:
            said.seek(0)
            last = (said.read().strip().splitlines() or ["it said nothing"])[-1]
            raise Unmeasured(f"{Path(command[0]).name} ended with status {status}: {last.strip()[:200]}")
    return Cost(submissions, time.perf_counter() - began, _cpu() - before, memory)


def _reap(ours: set[int]) -> None:
    """Wait for what the command left, and not for ours: only what was waited for counts as processor time of ours."""
    while left := _children() - ours:
        for pid in left:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def grade_command(source: Path, folder: Path, *options: str) -> list[str | Path]:
    """`course grade` for what `lay_nbgrader` laid below `folder`."""
    places = ("--source", source, "--submissions", folder / "submitted", "--gradebook", folder / "gradebook.db")
    return [*COURSE, "grade", *places, *options]
