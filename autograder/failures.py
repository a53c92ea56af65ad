"""Why the graded cells of a notebook did not pass, from what is kept of its run in `autograded/`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.preprocessors import HideHiddenTests


def shown(notebook: Path) -> dict[str, str]:
    """For each graded cell that ended in an error, what the learner may read of it; nothing of a hidden test."""
    hide = HideHiddenTests()
    return _read(hide.preprocess_cell(cell, {}, 0)[0] for cell in _graded(notebook))


def whole(notebook: Path) -> dict[str, str]:
    """As `shown`, for an instructor: a hidden test's message, too."""
    return _read(_graded(notebook))


def _graded(notebook: Path) -> Iterator[Any]:
    import nbformat

    if notebook.is_file():
        cells = nbformat.read(notebook, as_version=4).cells
        yield from (cell for cell in cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"))


def _read(cells: Iterator[Any]) -> dict[str, str]:
    found = {}
    for cell in cells:
        error = next((output for output in cell.outputs if output.output_type == "error"), None)
        if error is not None:
            found[cell.metadata["nbgrader"]["grade_id"]] = _told(error)
    return found


def _told(error: Any) -> str:
    """The message of an error; a failed assertion's without the word that says only that it is one."""
    if not error.evalue:
        return "\n".join(error.traceback) if not error.ename else str(error.ename)
    return str(error.evalue) if error.ename == "AssertionError" else f"{error.ename}: {error.evalue}"
