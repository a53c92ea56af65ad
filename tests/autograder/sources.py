"""nbgrader source notebooks for tests: what an instructor writes, what learners get of it, what they make of that."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
RELEASE = ("LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata", "ComputeChecksums")
HIDE = ("ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums", "CheckCellMetadata")


def source(*cells: Any) -> Any:
    """A source notebook of these cells; text is a code cell that nbgrader does not know."""
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    for number, cell in enumerate(made):
        cell.id = f"cell-{number}"
    return new_notebook(cells=made, metadata=KERNEL)


def exercise(name: str, code: str) -> Any:
    """Code to be written. What stands between the lines of `solved` is what the learner has to find."""
    return _cell(new_code_cell, name, code, solution=True)


def solved(code: str, before: str = "", indent: str = "    ") -> str:
    """Code with a solution in it."""
    return f"{before}{indent}### BEGIN SOLUTION\n{code}\n{indent}### END SOLUTION"


def check(name: str, code: str, points: float = 1) -> Any:
    return _cell(new_code_cell, name, code, grade=True, locked=True, points=points)


def answer(name: str, text: str, points: float = 1) -> Any:
    """Prose to be written, which a person grades."""
    return _cell(new_markdown_cell, name, text, grade=True, solution=True, points=points)


def program(name: str, code: str, points: float = 1) -> Any:
    """Code to be written, which a person grades."""
    return _cell(new_code_cell, name, code, grade=True, solution=True, points=points)


def task(name: str, text: str, points: float = 1, locked: bool = True) -> Any:
    return _cell(new_markdown_cell, name, text, task=True, locked=locked, points=points)


def given(name: str, code: str) -> Any:
    """Code that learners must not change."""
    return _cell(new_code_cell, name, code, locked=True)


def _cell(make: Any, name: str, text: str, **about: Any) -> Any:
    flags = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return make(text, metadata={"nbgrader": flags | {"grade_id": name} | about})


def release(notebook: Any) -> Any:
    """What `nbgrader generate_assignment` gives to learners."""
    from nbgrader import preprocessors

    made = copy(notebook)
    for step in (*RELEASE, *HIDE):
        made, _ = getattr(preprocessors, step)()(made, {})
    return made


def copy(notebook: Any) -> Any:
    return nbformat.from_dict(json.loads(json.dumps(notebook)))


def fill_in(released: Any, answers: Mapping[str, str]) -> Any:
    """A release with some cells' contents replaced, by the cells' names."""
    made = copy(released)
    for cell in made.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    return made


def write(notebook: Any, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(nbformat.writes(notebook), encoding="utf-8")
    return file


SUMS = source(
    "import math",
    exercise("total", "def total(numbers):\n" + solved("    return sum(numbers)")),
    check("total-public", "assert total([1, 2]) == 3"),
    check("total-hidden", "### BEGIN HIDDEN TESTS\nassert total([-41, 83]) == 42\n### END HIDDEN TESTS\n", points=2),
    exercise("double", "def double(number):\n" + solved("    return 2 * number")),
    check("double-part", "good = [double(n) == 2 * n for n in range(4)]\nsum(good) / 2", points=2),
    answer("why", "Why is a sum of nothing zero?", points=3),
    program("draw", "### BEGIN SOLUTION\nprint('a drawing')\n### END SOLUTION", points=2),
    task("essay", "Write an essay below.", points=4),
)
RIGHT = {
    "total": "def total(numbers):\n    return sum(numbers)",
    "double": "def double(number):\n    return 2 * number",
    "why": "It is the neutral element.",
    "draw": "print('mine')",
}
