"""A notebook as it was released: the cells that nbgrader knows by their `grade_id`, with hidden tests and points.

They come from the notebook's source, by nbgrader's own preprocessors, so that a source means here what it means to
`nbgrader generate_assignment`; or from a gradebook, which keeps what they came to (see `gradebook`).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakwater.errors import BadInput

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class ReleasedCell:
    """One of nbgrader's cells. `points` is None where it has none, `checksum` where nbgrader makes none."""

    name: str
    cell_type: str
    source: str
    grade: bool = False
    solution: bool = False
    task: bool = False
    locked: bool = False
    points: float | None = None
    checksum: str | None = None

    @property
    def is_test(self) -> bool:
        """Whether it is the instructor's, and tells whether the learner's code is right."""
        return self.grade and not self.solution

    def metadata(self) -> dict[str, Any]:
        """What stands in the cell's metadata under `nbgrader`."""
        about = {"schema_version": SCHEMA_VERSION, "grade_id": self.name, "cell_type": self.cell_type}
        about |= {"grade": self.grade, "solution": self.solution, "task": self.task, "locked": self.locked}
        if self.points is not None:
            about["points"] = self.points
        if self.checksum is not None:
            about["checksum"] = self.checksum
        return about


@dataclass(frozen=True)
class Released:
    """A released notebook: its cells by name, in order, and the kernel that it asks for."""

    cells: Mapping[str, ReleasedCell]
    kernelspec: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> list[ReleasedCell]:
        """The cells that have a score: graded ones and tasks."""
        return [cell for cell in self.cells.values() if cell.grade or cell.task]


def from_source(source: Any, config: Any = None, folder: Path | None = None) -> Released:
    """What nbgrader would release of a source notebook. It is given as a notebook node, and left as it is.

    `config` is nbgrader's configuration (without it, its defaults); `folder` is where the source lies.

    Raises:
        BadInput: it is no nbgrader source; the message says why.
    """
    from nbgrader import preprocessors, utils
    from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError, ValidationError

    made, resources = deepcopy(source), {"metadata": {"path": str(folder)}}
    steps = ("InstantiateTests", "LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata", "ComputeChecksums")
    try:
        for step in steps:
            made, resources = getattr(preprocessors, step)(config=config)(made, resources)
    except (ValidationError, SchemaTooOldError, SchemaTooNewError, RuntimeError, ValueError, KeyError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"It is no nbgrader source: {said}") from None
    known = [cell for cell in made.cells if _is_known(cell)]
    cells = {cell.name: cell for cell in (_released(each, utils.is_locked(each)) for each in known)}
    if not any(cell.grade or cell.task for cell in cells.values()):
        raise BadInput("It is no nbgrader source: no cell of it is graded.")
    return Released(cells, dict(made.metadata.get("kernelspec", {})))


def _is_known(cell: Any) -> bool:
    about = cell.metadata.get("nbgrader", {})
    return any(about.get(what) for what in ("grade", "solution", "locked", "task"))


def _released(cell: Any, locked: bool) -> ReleasedCell:
    about = cell.metadata["nbgrader"]
    scored = about.get("grade") or about.get("task")
    return ReleasedCell(
        name=about["grade_id"],
        cell_type=cell.cell_type,
        source=cell.source,
        grade=bool(about.get("grade")),
        solution=bool(about.get("solution")),
        task=bool(about.get("task")),
        locked=locked,
        points=float(about.get("points", 0)) if scored else None,
        checksum=about.get("checksum"),
    )
