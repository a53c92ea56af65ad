"""Repair: a submitted notebook gets back the cells that were released, all of them, once, with their metadata.

nbgrader does the like in five steps (ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells,
CheckCellMetadata). Here nothing that a submission says about its cells is believed but which cell is which, so that
afterwards there is nothing left to check. What differs, each for its reason:

| nbgrader | here | because |
| --- | --- | --- |
| a deleted graded cell has no score and needs a person | it is put back | a slip |
| a copied cell stops the whole class | the last copy counts | a slip |
| a tag keeps a graded cell from running, and it scores in full | graded cells lose their tags | nobody means that |
| metadata that was spoilt stops the submission | it is put back | a slip, often of a tool |
| a task that its source leaves unlocked stops every submission | it is a task | the instructor meant one |
"""

from typing import Any

from nbformat import NotebookNode

from autograder.notebooks.reading import clear
from autograder.notebooks.released import Released, ReleasedCell

WITH_IDS = 5  # the first minor version of nbformat 4 in which cells have ids


def repair(notebook: Any, released: Released) -> None:
    """Make a submitted notebook one that can be judged, in place.

    The last copy of a released cell counts; the others become plain cells. One that is missing is put back behind its
    predecessor. What is locked gets its source back, and the notebook its kernel.
    """
    clear(notebook)
    last = {name: position for position, cell in enumerate(notebook.cells) if (name := grade_id(cell))}
    for position, cell in enumerate(notebook.cells):
        name = grade_id(cell)
        cell.metadata.pop("nbgrader", None)
        if name and name in released.cells and last[name] == position:
            _restore(cell, released.cells[name])
    _put_back(notebook, [cell for cell in released.cells.values() if cell.name not in last], released)
    if released.kernelspec:
        notebook.metadata["kernelspec"] = dict(released.kernelspec)


def grade_id(cell: Any) -> str | None:
    """The name by which nbgrader knows a cell; None if it has none, or something else in its place."""
    about = cell.metadata.get("nbgrader")
    name = about.get("grade_id") if isinstance(about, dict) else None
    return name if isinstance(name, str) else None


def _restore(cell: Any, released: ReleasedCell) -> None:
    cell.metadata.pop("tags", None)  # one of which would keep it from running
    cell.metadata["nbgrader"] = NotebookNode(released.metadata())
    if cell.cell_type != released.cell_type:
        cell.cell_type = released.cell_type
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    if released.locked:
        cell.source = released.source


def _put_back(notebook: Any, missing: list[ReleasedCell], released: Released) -> None:
    names = list(released.cells)
    for cell in missing:
        before = names.index(cell.name) - 1
        place = _position(notebook, names[before]) + 1 if before >= 0 else 0
        notebook.cells.insert(place, _made(notebook, cell))


def _position(notebook: Any, name: str) -> int:
    return next(position for position, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def _made(notebook: Any, released: ReleasedCell) -> NotebookNode:
    cell = NotebookNode(cell_type=released.cell_type, metadata=NotebookNode(), source=released.source)
    cell.metadata["nbgrader"] = NotebookNode(released.metadata())
    if released.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    if notebook.nbformat_minor >= WITH_IDS:
        cell.id = _free_id(notebook, released.name[:60] or "cell")
    return cell


def _free_id(notebook: Any, wanted: str) -> str:
    taken = {cell.get("id") for cell in notebook.cells}
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
