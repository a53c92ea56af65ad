"""Notebooks of a few cells, as tests write them and have them run."""

from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook

from autograder.notebooks.execution import Interpreter, Limits

ENDED = "NotJudged: this cell ended the interpreter"
SHORT = Limits(cell_s=1.5, notebook_s=60)


def graded(name: str, source: str, points: float = 1) -> Any:
    """A test cell."""
    told = {"schema_version": 3, "grade_id": name, "grade": True, "solution": False, "locked": True, "task": False}
    return new_code_cell(source, metadata={"nbgrader": told | {"points": points}})


def notebook(*cells: Any) -> Any:
    """A notebook of these cells; a text is a learner's cell."""
    return new_notebook(cells=[new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def told(cell: Any) -> str:
    """What a cell shows, in a line: its text, and `Name: message` of an error."""
    parts = []
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        parts.append(f"{output.ename}: {output.evalue}" if output.output_type == "error" else text)
    return "".join(parts)


class Run:
    """Runs cells in a folder; says what each showed."""

    def __init__(self, interpreter: Interpreter, folder: Path) -> None:
        self._interpreter, self._folder = interpreter, folder

    def __call__(self, *cells: Any, limits: Limits = SHORT, **options: Any) -> list[str]:
        self.cells = self._interpreter.run(notebook(*cells), self._folder, limits, **options).cells
        return [told(cell) for cell in self.cells]
