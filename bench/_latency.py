"""How long one who grades a single notebook waits: with a judge that is warm, and from a cold start.

Warm, notebooks are graded one after another by `autograder.grader`. A notebook's own time is what its code cells take
in a plain process of Python that has imported the libraries: each cell's `exec`, in one namespace. It is taken off what
grading that notebook took. A cold start is the time from starting `course grade` for one submission to its first line,
into a gradebook that is there.
"""

import json
import statistics
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench._assignments import Assignment, lay_nbgrader
from bench._commands import grade_command

COLD_STARTS = 3


def latency(assignment: Assignment, folder: Path, notebooks: int) -> dict[str, float]:
    """The figures: see `bench.grading`. The first notebook, which warms everything, is left out."""
    from autograder import grader

    source = lay_nbgrader(assignment, folder, notebooks + 1)
    beyond_ms, own_ms = [], []
    with grader(source) as grade:
        for file in sorted(folder.glob("submitted/*/*/*.ipynb")):
            own = _own_ms(file)
            began = time.perf_counter()
            grade(file)
            beyond_ms.append(_ms_since(began) - own)
            own_ms.append(own)
    return {
        "notebooks": notebooks,
        "median_ms": round(statistics.median(beyond_ms[1:]), 1),
        "p95_ms": round(statistics.quantiles(beyond_ms[1:], n=20)[-1], 1),
        "own_ms": round(statistics.median(own_ms[1:]), 2),
        "cold_start_s": round(statistics.median(_cold_starts(assignment, folder / "cold")), 2),
    }


def _own_ms(file: Path) -> float:
    cells = [cell["source"] for cell in json.loads(file.read_text())["cells"] if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    began = time.perf_counter()
    for source in cells:
        with suppress(Exception):  # a wrong answer's test
            exec(source, names)
    return _ms_since(began)


def _cold_starts(assignment: Assignment, folder: Path) -> list[float]:
    command = [str(word) for word in grade_command(lay_nbgrader(assignment, folder, 1), folder, "--force")]
    return [_first_line_s(command) for _ in range(COLD_STARTS + 1)][1:]  # the first one makes the gradebook


def _first_line_s(command: list[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        seconds = time.perf_counter() - began
        process.stdout.read()
    return seconds


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
