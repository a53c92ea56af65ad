"""The judge's own process: reads a job on stdin, and writes what happens, a line of JSON each, to a pipe.

Its turns come from another pipe, a byte each, which all the judges of one shop read: whoever is free takes the next.
It dies with the process that asked: the pipe on its stdin ends then, and nobody reads a verdict any more.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from breakwater import engines, lab, paths
from breakwater.checks.job import CheckJob, Planned
from breakwater.checks.plugin import Judge
from breakwater.checks.scratch import open_engine, scratch
from breakwater.checks.verdict import CheckResult
from breakwater.engines import Engine
from breakwater.errors import BadInput, CourseError

INI = paths.ROOT / "breakwater" / "checks" / "checks.ini"


def main() -> None:
    job = CheckJob.from_json(_line_from(0))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    pipe = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8", buffering=1)

    def write(kind: str, data: Any) -> None:
        pipe.write(json.dumps({kind: data}) + "\n")

    turns = os.fdopen(int(sys.argv[2]), "rb", buffering=0)
    try:
        judge(job, write, (turn for [turn] in iter(lambda: turns.read(1), b"")))
    except BadInput as error:
        write("bad_input", str(error))
    except CourseError as error:
        write("trouble", str(error))


def judge(job: CheckJob, write: Any, turns: Iterable[int]) -> None:
    """Judge the job's shop on an engine of its own, which is gone when this returns, or on one that is warm.

    Raises:
        BadInput: the checks or the shop's description cannot be read, or `select` names no check.
    """
    with scratch() as folder:
        engine = _engine(job, folder)
        try:
            run_pytest(job, engine, write, turns)
        finally:
            engine.down()


class Held:
    """An engine whose shop somebody else keeps up, fresh for the first check; it does not come down.

    To bring it up restarts what was edited since. One that is not up is brought up by this process, and ends with it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def down(self) -> None:
        """Leave it as it is."""


def _engine(job: CheckJob, folder: Path) -> Any:
    if job.warm:
        return Held(open_engine(job.engine, job.shop, Path(job.warm), lease=True))
    options = {"builds": lab.load(job.module).builds} if job.engine == engines.IMAGES else {}
    return open_engine(job.engine, job.shop, folder, isolate=job.isolate, lease=True, **options)


def run_pytest(job: CheckJob, engine: Any, write: Any, turns: Iterable[int] | None = None) -> None:
    """Run the job's checks with pytest, in this process, on an engine that is not up yet.

    `turns` gives which of them to run, by their places in the order; without it, all.
    """

    def emit(result: CheckResult) -> None:
        write("check", asdict(result))

    def plan(checks: list[Planned]) -> None:
        write("plan", [asdict(check) for check in checks])

    judge = Judge(job, engine, plan, emit, count() if turns is None else turns)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    status = pytest.main([*_arguments(), *_folders(job)], plugins=[judge])
    if judge.bad_input:
        raise judge.bad_input
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise CourseError(f"The judge's pytest ended with {status!r}.")


FIXTURES = tuple(f"breakwater.checks.{name}" for name in ("fixtures", "visitors", "images", "staged", "rehearsed"))
PLUGINS = ("no:cacheprovider", "no:terminal", "pytest_asyncio.plugin", *FIXTURES)


def _arguments() -> list[str]:
    plugins = [f"-p{name}" for name in PLUGINS]
    own = [f"-c{INI}", f"--rootdir={paths.ROOT}", "--noconftest", "--import-mode=importlib", "--strict-markers"]
    # Plain asserts: what is told is the text that the check gives, and nothing that pytest adds to it.
    return [*plugins, *own, "--assert=plain", "--continue-on-collection-errors"]


def _folders(job: CheckJob) -> list[str]:
    folders = [paths.LABS / job.module / "checks"]
    if job.hidden:
        folders.append(paths.SOLUTIONS / job.module / "checks")
    return [str(folder) for folder in folders]


def _line_from(fd: int) -> str:
    """Read one line, and not a byte more: the pipe stays open, and its end means something."""
    line = b""
    while (byte := os.read(fd, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def _die_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
