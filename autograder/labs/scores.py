"""A lab's scores: they come from the judge's report, once verified; an *unknown* check gets none."""

from dataclasses import replace
from typing import Any

from autograder import digest, signing
from autograder.classroom import Classroom
from autograder.labs.labbook import SUMMARY
from autograder.notebooks.score import CellScore, Scores


def of(module: str, student: str, blank: Scores) -> Scores:
    """The scores of a submitted lab. `blank` are those of its notebook, from which only its cells are taken.

    Where there is no report of ours on this submission, each check waits for a person, and the comment says why.
    """
    room = Classroom.here()
    about = signing.Seal(student, module, digest.submission(room.submitted(module, student)))
    try:
        said = signing.unseal(room, about)
    except signing.NotOurs as error:
        said = {"checks": [], "summary": [str(error)]}
    rows = {row["id"]: row for row in said["checks"]}
    cells = {name: _of_check(cell, rows.get(name)) for name, cell in blank.cells.items()}
    return replace(blank, cells=cells, comments={**blank.comments, SUMMARY: "\n".join(said["summary"])})


def _of_check(cell: CellScore, row: dict[str, Any] | None) -> CellScore:
    """A check's points. One that is unknown, or not in the report, has no score, and needs a person."""
    if cell.id == SUMMARY:
        return replace(cell, points=0.0, needs_manual_grade=False)  # it has no points: nobody need look at it
    if row is None or row["verdict"] == "unknown":
        return replace(cell, points=None, needs_manual_grade=True, reason="the judge could not tell")
    return replace(cell, points=float(row["points"]), needs_manual_grade=False, reason=row["message"])
