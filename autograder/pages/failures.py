"""Why the graded cells of a notebook did not pass, from what is kept of its run in `autograded/`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def shown(notebook: Path) -> dict[str, str]:
    """For each graded cell that ended in an error, or in a number of points, what the learner may read of it; nothing
    of a hidden test."""
    from autograder.preprocessors import HideHiddenTests  # nbgrader comes with it, and that takes seconds

    hide = HideHiddenTests()
    return _read(hide.preprocess_cell(cell, {}, 0)[0] for cell in _graded(notebook))


def whole(notebook: Path) -> dict[str, str]:
    """As `shown`, for an instructor: a hidden test's message, too."""
    return _read(_graded(notebook))


def _graded(notebook: Path) -> Iterator[Any]:
    """The graded cells of code. We wrote the file, so it is not validated: that would take most of the time."""
    from nbformat import from_dict

    if notebook.is_file():
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("grade"):
                yield from_dict(cell | {"source": "".join(cell["source"])})


def _read(cells: Iterable[Any]) -> dict[str, str]:
    said = {cell.metadata.nbgrader.grade_id: _said(cell.outputs) for cell in cells}
    return {name: text for name, text in said.items() if text}


def _said(outputs: Iterable[Any]) -> str:
    """What the first output says on which the points hang."""
    for output in outputs:
        if output.output_type == "error":
            return _told(output)
        if output.output_type == "execute_result":
            return f"Its last line gave {''.join(output.data.get('text/plain', ''))}."
    return ""


def _told(error: Any) -> str:
    """The message of an error; a failed assertion's without the word that says only that it is one."""
    said = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    if len(error.traceback) == 1:  # all that is left of it, or all that there was
        said = error.traceback[0]
    return str(said).removeprefix("AssertionError: ")
