"""From `git clone` to the first failure that a learner sees: a buyer kept waiting.

Nothing is taken from the machine but git and Python (and uv, if it is on the PATH): packages come from an empty
cache, the clone and all that it makes lie in a folder that is deleted in the end.
    python -m bench.first_failure --json
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench._meter import Memory, downloads, mib

ROOT = Path(__file__).resolve().parent.parent
MUST_S, AIM_S = 90, 30
CHECK = ("check", "09", "-k", "slow-payment")
ENDS_WITHIN_S = 300


class Unmeasured(Exception):
    """A step did not do what a learner needs of it; `str()` is one line."""


@dataclass
class Run:
    """One first contact in `folder`: what each step took, and what it said."""

    folder: Path
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)

    def step(self, name: str, *command: str, status: int = 0) -> str:
        """Run one command in the clone, wait until it has ended, and return what it printed."""
        cwd = self.folder / "course" if name != "clone" else self.folder
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            with Memory(process.pid) as memory:
                said, _ = process.communicate(timeout=ENDS_WITHIN_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self.seconds[name], self.peak[name] = time.perf_counter() - began, memory.peak
        if process.returncode != status:
            last = (said.strip().splitlines() or ["nothing"])[-1]
            raise Unmeasured(f"{name}: status {process.returncode} instead of {status}; it said: {last}")
        return said


def measure() -> dict[str, object]:
    """Do it once and return the figures. Raises Unmeasured where a step fails."""
    folder = Path(tempfile.mkdtemp(prefix="first-"))
    try:
        with downloads(_clean_environment(folder)) as (downloaded, environment):
            run = Run(folder, environment)
            run.step("clone", "git", "clone", "--quiet", str(ROOT), "course")
            run.step("install", ".ci/install", "core")
            said = run.step("check", ".venv/bin/course", *CHECK, status=1)
        return _figures(run, downloaded.count, _failure_in(said))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clean_environment(folder: Path) -> dict[str, str]:
    """The machine's environment without anything of this project's, and with empty caches."""
    own = ("BREAKWATER_", "VIRTUAL_ENV", "PYTHONPATH", "UV_CACHE", "PIP_CACHE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    venv = str(Path(sys.prefix, "bin"))
    path = os.pathsep.join(part for part in kept.get("PATH", os.defpath).split(os.pathsep) if part != venv)
    caches = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "BREAKWATER_CACHE": "cache", "BREAKWATER_STATE": "s"}
    for name in caches.values():
        (folder / name).mkdir()
    return kept | {"PATH": path, "COLUMNS": "200"} | {key: str(folder / name) for key, name in caches.items()}


def _failure_in(said: str) -> str:
    lines = [line.strip() for line in said.splitlines()]
    told = [line for line in lines if line.startswith("What happened")]
    if not told:
        raise Unmeasured("check: it failed, but told no failure of a buyer's")
    return " ".join(told[0].split())


def _figures(run: Run, downloaded: int | None, saw: str) -> dict[str, object]:
    return {
        "seconds": round(sum(run.seconds.values()), 1),
        "download_mb": None if downloaded is None else mib(downloaded),
        "peak_memory_mb": mib(max(run.peak.values())),
        "parts": {
            name: {"seconds": round(seconds, 1), "peak_memory_mb": mib(run.peak[name])}
            for name, seconds in run.seconds.items()
        },
        "saw": saw,
        "must_s": MUST_S,
        "aim_s": AIM_S,
    }


def main() -> None:
    """Measure once and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_failure", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    try:
        figures = measure()
    except Unmeasured as error:
        sys.exit(f"first_failure: {error}")
    if as_json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
        return
    print(f"{figures['seconds']} s from git clone to: {figures['saw']}")
    print(f"{figures['download_mb']} MiB downloaded, {figures['peak_memory_mb']} MiB of memory at most")


if __name__ == "__main__":
    main()
