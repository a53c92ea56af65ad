"""Judging a class: release, collection, grading in the sandbox, nbgrader's gradebook, feedback.

The instructor's commands are here; what they are made of has four rooms: `notebooks`, `labs`, `gradebook` and `pages`.
What runs beside a learner's code is `inside`. `autograde` grades one notebook, without a class; `grader` several.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from autograder.notebooks.judge import Grade
    from autograder.notebooks.score import Scores

__all__ = ["autograde", "grader"]

# jsonschema, which nbformat imports, compiles a grammar for one string format (IRI) if this package is there. That
# takes two seconds of every command, and no notebook has such a string.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def autograde(source: str | Path | Any, notebook: str | Path | Any) -> "Scores":
    """Grade a notebook that somebody filled in, in the sandbox, and return what each graded cell earned and why.

    `source` is an nbgrader *source*: with solutions, hidden tests and points. `notebook` is a release of it, filled in.
    Both are paths, or notebooks of nbformat. A `notebook` that cannot be read earns nothing, with the reason.

    Raises:
        BadInput: `source` is no nbgrader source.
        NoSandbox: this machine cannot confine a submission.
        EngineTrouble: the notebook could not be run; nothing follows about it.
    """
    with grader(source) as grade:
        return grade(notebook)


def grader(source: str | Path | Any) -> "AbstractContextManager[Grade]":
    """Return a context that gives what grades notebooks as `autograde` does, and stays warm for the next one.

    It may be called from several threads at once.

        with grader("source/ps1/problem1.ipynb") as grade:
            scores = [grade(notebook) for notebook in notebooks]

    Raises:
        BadInput, NoSandbox: as `autograde`, when the context is entered.
    """
    from autograder.notebooks import judge

    return judge.grader(source)
