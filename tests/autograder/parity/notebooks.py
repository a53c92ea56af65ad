"""The notebooks that our grader is held against plain nbgrader with: those of its example course, and ours.

Of the example course its two learners are `partly` and `wrong`.
"""

from pathlib import Path
from typing import Any

import nbformat
import nbgrader

from tests.autograder.parity import language, libraries
from tests.autograder.parity.learners import Parity

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


def _example(name: str) -> Parity:
    """A notebook of nbgrader's example course."""

    def read(*where: str) -> Any:
        return nbformat.read(EXAMPLE.joinpath(*where, "ps1", f"{name}.ipynb"), as_version=4)

    return Parity(
        read("source"), whole={"partly": read("submitted", "bitdiddle"), "wrong": read("submitted", "hacker")}
    )


NOTEBOOKS = {
    **{name: _example(name) for name in ("problem1", "problem2")},
    "partial": language.PARTIAL,
    "manual": language.MANUAL,
    "numbers": libraries.NUMBERS,
    "tables": libraries.TABLES,
    "classes": language.CLASSES,
    "plots": libraries.PLOTS,
    "magics": libraries.MAGICS,
    "beside": libraries.BESIDE,
    "waits": language.WAITS,
    "shows": language.SHOWS,
    "breaks": language.BREAKS,
}
