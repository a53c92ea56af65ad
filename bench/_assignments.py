"""Two assignments of eight questions and seventeen code cells, as each grader wants them, and answers of a class."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME, NOTEBOOK = "hw", "hw"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@dataclass(frozen=True)
class Question:
    """A function to write: its head, a right and a wrong body, and what its tests assert, publicly and hidden."""

    name: str
    head: str
    right: str
    wrong: str
    public: str
    hidden: str


@dataclass(frozen=True)
class Assignment:
    """`imports` is its first cell; a question has two more."""

    name: str
    imports: str
    questions: tuple[Question, ...]


def _plain(number: int) -> Question:
    head = f"def f{number}(x):"
    tests = f"assert f{number}(1) == {number + 1}", f"assert [f{number}(x) for x in range(9)][-1] == {number + 8}"
    return Question(f"f{number}", head, f"return x + {number}", "return 0", *tests)


def _data(number: int) -> Question:
    head = f"def g{number}(table):"
    right = f"return table.assign(y=np.sqrt(table['x']) * {number})"
    ask = f"g{number}(pd.DataFrame({{'x': [4.0, 9.0]}}))"
    public = f"assert {ask}['y'].tolist() == [{2 * number}.0, {3 * number}.0]"
    hidden = f"assert list({ask}.columns) == ['x', 'y'] and np.isclose({ask}['y'].sum(), {5 * number})"
    return Question(f"g{number}", head, right, "return table", public, hidden)


PLAIN = Assignment("plain", "import math", tuple(map(_plain, range(1, 9))))
DATA = Assignment("data", "import numpy as np\nimport pandas as pd", tuple(map(_data, range(1, 9))))


def lay_nbgrader(assignment: Assignment, root: Path, students: int) -> Path:
    """Lay a course as nbgrader wants it below `root`, with so many submissions; return the source notebook."""
    source = root / "source" / NAME / f"{NOTEBOOK}.ipynb"
    _write(_nbgrader(assignment, solved=True), source)
    for number in range(students):
        _write(_nbgrader(assignment, wrong=number % 9), root / "submitted" / f"s{number:04}" / NAME / source.name)
    return source


def _nbgrader(assignment: Assignment, *, solved: bool = False, wrong: int = 0) -> list[Any]:
    """Its cells: the source's, or those of a learner whose answer to question `wrong`, counted from 1, is wrong."""
    cells = [_code(assignment.imports)]
    for number, asked in enumerate(assignment.questions, 1):
        body = asked.wrong if number == wrong else asked.right
        if solved:
            body = f"### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"
        hidden = f"\n### BEGIN HIDDEN TESTS\n{asked.hidden}\n### END HIDDEN TESTS" if solved else ""
        cells.append(_code(f"{asked.head}\n    {body}", grade_id=asked.name, solution=True))
        cells.append(_code(asked.public + hidden, grade_id=f"{asked.name}-test", grade=True, locked=True, points=1))
    return cells


def lay_otter(assignment: Assignment, root: Path, students: int) -> tuple[Path, list[Path]]:
    """Lay a master notebook as `otter assign` wants it, and submissions; return both."""
    master = _write(list(_otter_master(assignment)), root / f"{NOTEBOOK}.ipynb")
    handed_in = []
    for number in range(students):
        cells = [_code(assignment.imports)]
        for place, asked in enumerate(assignment.questions, 1):
            body = asked.wrong if place == number % 9 else asked.right
            cells += [_code(f"{asked.head}\n    {body}"), _code(f'grader.check("{asked.name}")')]
        start = _code(f'import otter\ngrader = otter.Notebook("{NOTEBOOK}.ipynb")')
        handed_in.append(_write([start, *cells], root / "submitted" / f"s{number:04}.ipynb"))
    return master, handed_in


def _otter_master(assignment: Assignment) -> Iterator[Any]:
    yield _raw("# ASSIGNMENT CONFIG\nsolutions_pdf: false\nrun_tests: false\ncheck_all_cell: false\nexport_cell: false")
    yield _code(assignment.imports)
    for asked in assignment.questions:
        yield _raw(f"# BEGIN QUESTION\nname: {asked.name}\npoints: 1")
        yield _raw("# BEGIN SOLUTION")
        yield _code(f"{asked.head}\n    {asked.right} # SOLUTION")
        yield _raw("# END SOLUTION")
        yield _raw("# BEGIN TESTS")
        yield _code(asked.public)
        yield _code(f"# HIDDEN\n{asked.hidden}")
        yield _raw("# END TESTS")
        yield _raw("# END QUESTION")


def _code(source: str, **about: Any) -> Any:
    flags = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    metadata = {"nbgrader": flags | about} if about else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def _raw(source: str) -> Any:
    return {"cell_type": "raw", "source": source, "metadata": {}}


def _write(cells: list[Any], file: Path) -> Path:
    numbered = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cells)]
    notebook = {"cells": numbered, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook, indent=1))
    return file
