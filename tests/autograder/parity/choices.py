"""Where we chose not to score as nbgrader does: one example a choice, and the reason.

The tables of `autograder.notebooks.repair`, `autograder.notebooks.score` and `autograder.preprocessors` say the same of
the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.autograder.sources import check, copy, exercise, fill_in, release, solved, source, task

ANSWER = "def double(n):\n    return 2 * n"
SOURCE = source(
    exercise("double", "def double(n):\n" + solved("    return 2 * n")),
    check("two", "assert double(2) == 4", points=2),
    check("three", "assert double(3) == 6", points=3),
)


@dataclass(frozen=True)
class Choice:
    """Why not as nbgrader does; a source, a submission of it, and what we give for its cells."""

    because: str
    source: Any
    submitted: Any
    scores: Mapping[str, float | None]


def _one(code: str, points: float = 3) -> Any:
    """A source of one test."""
    return source(exercise("double", "def double(n):\n" + solved("    return 2 * n")), check("one", code, points))


def _filled(notebook: Any = SOURCE, double: str = ANSWER) -> Any:
    return fill_in(release(notebook), {"double": double})


def _deleted() -> Any:
    notebook = _filled()
    del notebook.cells[1]
    return notebook


def _copied() -> Any:
    notebook = _filled()
    twin = copy(notebook).cells[0]
    twin.id, twin.source = "twin", "def double(n):\n    return 0"
    notebook.cells.insert(0, twin)
    return notebook


def _tagged() -> Any:
    notebook = _filled(double="def double(n):\n    return 0")
    notebook.cells[1].metadata["tags"] = ["skip-execution"]
    return notebook


def _spoilt() -> Any:
    notebook = _filled()
    notebook.cells[1].metadata["nbgrader"]["points"] = "2 points"
    return notebook


WARNS = "import warnings\n\ndef double(n):\n    warnings.warn('slow')\n    return 2 * n"
LAST = "assert double(1) == 2\n"
ROUNDED = _one(LAST + "sum([0.1] * 3) * 10", points=3)
NUMPY = _one(LAST + "import numpy as np\nnp.float64(1.5)")
TASK = source(*copy(SOURCE).cells, task("essay", "Write.", points=4, locked=False))
TWO = source(
    *copy(NUMPY).cells[:1], check("one", LAST, points=3), exercise("halve", "x = 1"), check("two", "assert x == 2")
)
ALL = {"two": 2, "three": 3}


def _ends() -> Any:
    return fill_in(release(TWO), {"double": ANSWER, "halve": "import os\nos._exit(1)"})


CHOICES = {
    "a deleted test is put back": Choice("a slip", SOURCE, _deleted(), ALL),
    "of a copied cell the last one counts": Choice("a slip", SOURCE, _copied(), ALL),
    "a tag does not keep a test from running": Choice("nobody means that", SOURCE, _tagged(), {"two": 0, "three": 0}),
    "spoilt metadata is put back": Choice("a slip, often of a tool", SOURCE, _spoilt(), ALL),
    "a warning is no wrong answer": Choice("it says nothing about the answer", SOURCE, _filled(double=WARNS), ALL),
    "partial credit above the points is the points": Choice(
        "sums of floats round", ROUNDED, _filled(ROUNDED), {"one": 3}
    ),
    "NumPy's numbers are numbers": Choice("NumPy 2 shows them by name", NUMPY, _filled(NUMPY), {"one": 1.5}),
    "a task that is left unlocked is a task": Choice(
        "its instructor meant one", TASK, _filled(TASK), ALL | {"essay": None}
    ),
    "a cell that ends the interpreter costs its own question": Choice(
        "the rest may be right", TWO, _ends(), {"one": 3, "two": 0}
    ),
}
