"""What a judged notebook is worth, by nbgrader's rules.

They are those of `nbgrader.utils.determine_grade` (0.9.6), with these differences, each for its reason:

| nbgrader | here | because |
| --- | --- | --- |
| anything on stderr makes a test cell 0 | only an error does | a warning is no wrong answer |
| partial credit above the cell's points stops the submission | it is the cell's points | sums of floats round |
| partial credit `np.float64(1.5)` counts in full | it is 1.5 | NumPy 2 shows its numbers like that |
| a result without text stops the submission | it counts in full | every other result that is no number does |
| a task that a person has marked stays so | it asks for a look, like every other mark | the work may have changed |
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.notebooks.released import Released

NO_RESPONSE = "No response."  # nbgrader's words
NUMPY = re.compile(r"np\.(?:u?int|float|longdouble|longlong)\d*\('?(?P<number>[^()']+)'?\)")


@dataclass(frozen=True)
class CellScore:
    """What one graded cell earned, and why.

    `points` is None, and `needs_manual_grade` true, where a person has to say. `reason` is for the instructor: it may
    quote a hidden test.
    """

    id: str
    points: float | None
    max_points: float
    needs_manual_grade: bool
    reason: str


@dataclass(frozen=True)
class Scores:
    """What a notebook earned: each graded cell's score, by its id.

    `comments` are nbgrader's automatic ones, by the id of a cell that somebody fills in; `reason` says why nothing was
    judged, where that is so.
    """

    cells: Mapping[str, CellScore] = field(default_factory=dict)
    comments: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""

    @property
    def points(self) -> float:
        """The points so far; what a person gives is to come."""
        return sum(cell.points or 0.0 for cell in self.cells.values())

    @property
    def max_points(self) -> float:
        return sum(cell.max_points for cell in self.cells.values())

    @property
    def needs_manual_grade(self) -> bool:
        """Whether a person has to look at a cell."""
        return any(cell.needs_manual_grade for cell in self.cells.values())


def score(notebook: Any) -> Scores:
    """Score a notebook that was repaired (see `repair`) and run."""
    known = [(cell, cell.metadata["nbgrader"]) for cell in notebook.cells if "nbgrader" in cell.metadata]
    worth = [score_cell(cell) for cell, about in known if about["grade"] or about["task"]]
    comments = {about["grade_id"]: _comment(cell) for cell, about in known if about["solution"] or about["task"]}
    return Scores({found.id: found for found in worth}, comments)


def nothing(released: Released, reason: str) -> Scores:
    """The scores where no notebook could be judged: 0 points a cell, for one reason."""
    rows = (CellScore(cell.name, 0.0, float(cell.points or 0), False, reason) for cell in released.scored)
    return Scores({row.id: row for row in rows}, reason=reason)


def score_cell(cell: Any) -> CellScore:
    """Score a graded cell or a task: a test by its outputs, an answer by whether there is one."""
    about = cell.metadata["nbgrader"]
    name, most = about["grade_id"], float(about["points"])
    if not about.get("task") and not about["solution"]:
        points, reason = _of_test(cell.outputs, most)
        return CellScore(name, points, most, False, reason)
    if not about.get("task") and is_unchanged(cell):
        return CellScore(name, 0.0, most, False, "no response")
    return CellScore(name, None, most, True, "a person has to say")


def is_unchanged(cell: Any) -> bool:
    """Whether a cell is as it was released, so that there is no answer in it."""
    from nbgrader.utils import compute_checksum

    return bool(cell.metadata["nbgrader"].get("checksum") == compute_checksum(cell))


def points_of_test(outputs: Sequence[Any], most: float) -> float:
    """What a test cell that is worth `most` points earned, by its outputs."""
    return _of_test(outputs, most)[0]


def _comment(cell: Any) -> str | None:
    return NO_RESPONSE if not cell.metadata["nbgrader"]["task"] and is_unchanged(cell) else None


def _of_test(outputs: Sequence[Any], most: float) -> tuple[float, str]:
    for output in outputs:
        if output["output_type"] == "error":
            said = f"{output['ename']}: {output['evalue']}" if output["evalue"] else output["ename"]
            return 0.0, said
        if output["output_type"] == "execute_result":
            return _partial(output["data"].get("text/plain", ""), most)
    return most, "passed"


def _partial(shown: str, most: float) -> tuple[float, str]:
    """Partial credit from what a cell's last line gave; what is no number from 0 on counts in full."""
    number = NUMPY.fullmatch(shown)
    try:
        value = float(number["number"] if number else shown)
    except ValueError:
        return most, "passed"
    if math.isnan(value) or value < 0:
        return most, "passed"
    return min(most, value), "passed" if value >= most else f"partial credit: {value:g} of {most:g}"
