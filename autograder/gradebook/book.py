"""A class's gradebook.db, in nbgrader's own tables, written as a grader of many submissions needs it.

nbgrader asks for each cell anew and commits after each. Here a submission, or several that are ready at once, is one
transaction of a few statements, which takes the write lock at its beginning: two graders wait for one another, and a
reader of the file (formgrader, `nbgrader export`) sees a submission as it was or as it is. What a person has entered is
never touched: manual scores, extra credit, comments, extensions.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from nbgrader import api
from sqlalchemy.orm import Session

from autograder.gradebook import _rows
from autograder.notebooks.released import Released, ReleasedCell
from autograder.notebooks.score import Scores
from breakwater.errors import BadInput

BUSY_S = 60
COURSE = "default_course"
Penalty = Callable[[str, float, float], float | None]
"""From a student, the points of a notebook and the seconds that it is late, to the points that this costs."""


@dataclass(frozen=True)
class EnteredCells:
    """The id of a notebook in the gradebook, and those of its cells by name: which have a grade, which a comment."""

    notebook: str
    graded: dict[str, str]
    commented: dict[str, str]


def no_penalty(student: str, points: float, seconds: float) -> float | None:
    return None


class Gradebook:
    """One gradebook, open. Close it, or use it in a `with` statement.

    Raises:
        BadInput: the file is no gradebook of this version of nbgrader.
    """

    def __init__(self, file: Path) -> None:
        if not file.exists():
            _create(file)
        self._engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_S})
        sa.event.listen(self._engine, "connect", _begin_ourselves)
        sa.event.listen(self._engine, "begin", _begin)
        self._known: dict[str, dict[str, EnteredCells]] = {}
        self._open: sa.Connection | None = None
        try:
            with self._engine.begin() as db:
                db.execute(sa.select(api.SubmittedNotebook.late_submission_penalty).limit(1))
        except sa.exc.DatabaseError as error:
            reason = str(error.orig).splitlines()[0]
            raise BadInput(f"{file} is no gradebook of this nbgrader: {reason}. See: nbgrader db upgrade") from None

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *exc: object) -> None:
        self._engine.dispose()

    def enter(self, assignment: str, notebook: str, released: Released) -> None:
        """Enter a released notebook, or what has changed of it.

        Raises:
            BadInput: there are submissions, and its cells are not those that they were graded by.
        """
        self._known.clear()
        with Session(self._engine) as session, session.begin():
            entry = _notebook(session, assignment, notebook)
            entry.kernelspec = json.dumps(dict(released.kernelspec))
            known = [cell.name for cell in _in_order(session, entry.id)]
            if set(known) != set(released.cells) and entry.submissions:
                raise BadInput(
                    f"{assignment}/{notebook}: its cells are not those in the gradebook, and there are submissions "
                    "associated with it. Grade into a new gradebook, or release under another name."
                )
            if known != list(released.cells) and not entry.submissions:
                for cell in (*entry._base_cells, *entry.source_cells):
                    session.delete(cell)
                session.flush()
                session.expire(entry)
            for cell in released.cells.values():
                _enter_cell(session, entry, cell)

    def notebooks(self, assignment: str) -> list[str]:
        """The names of an assignment's notebooks, sorted; none if it is not entered."""
        return sorted(self._cells(assignment))

    def released(self, assignment: str, notebook: str) -> Released:
        """A notebook as it was entered."""
        with Session(self._engine) as session:
            entry = _notebook(session, assignment, notebook)
            kernelspec = json.loads(entry.kernelspec or "{}")
            return Released({cell.name: _released(cell, entry) for cell in _in_order(session, entry.id)}, kernelspec)

    def students(self, assignment: str) -> set[str]:
        """Those who have a submission of the assignment here."""
        submitted = api.SubmittedAssignment
        asked = sa.select(submitted.student_id).join(api.Assignment).where(api.Assignment.name == assignment)
        with self._engine.begin() as db:
            return set(db.execute(asked).scalars())

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Have all that is saved meanwhile reach the disk together: a commit costs it three or four writes.

        Each is whole, or not there, as it is alone; one that raises keeps none of the others from being saved.
        """
        with self._engine.begin() as self._open:
            try:
                yield
            finally:
                self._open = None

    def save(
        self,
        assignment: str,
        student: str,
        scores: Mapping[str, Scores],
        *,
        submitted_at: datetime | None = None,
        penalty: Penalty = no_penalty,
    ) -> None:
        """Write what came of a submission's notebooks, by name, in one transaction."""
        books = self._cells(assignment)
        with self._transaction() as db:
            submission = _rows.submission(db, assignment, student, submitted_at)
            _rows.mirror(db, submission, books)
            for notebook, found in scores.items():
                _rows.write(db, submission, books[notebook], found)
            _rows.penalise(db, submission, student, penalty, [books[notebook] for notebook in scores])

    def penalise(self, assignment: str, student: str, notebooks: list[str], penalty: Penalty) -> None:
        """Work out anew what being late costs a submission: its deadline or its scores may have changed."""
        books = self._cells(assignment)
        with self._transaction() as db:
            submission = _rows.submission(db, assignment, student, None)
            _rows.penalise(db, submission, student, penalty, [books[notebook] for notebook in notebooks])

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        if self._open is None:
            with self._engine.begin() as db:
                yield db
        else:
            with self._open.begin_nested():
                yield self._open

    def _cells(self, assignment: str) -> dict[str, EnteredCells]:
        if assignment not in self._known:
            with Session(self._open or self._engine) as session:
                found = session.scalars(
                    sa.select(api.Notebook).join(api.Assignment).where(api.Assignment.name == assignment)
                )
                self._known[assignment] = {entry.name: _ids(entry) for entry in found}
        return self._known[assignment]


def _create(file: Path) -> None:
    """Have nbgrader make the file, whole or not at all: another grader may be about to make it too."""
    from autograder.pipeline import tools_on_path

    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with tools_on_path(), api.Gradebook(f"sqlite:///{fresh}"):
        pass
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _begin_ourselves(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _notebook(session: Session, assignment: str, name: str) -> Any:
    """The notebook's entry; made, and the assignment's too, if there is none."""
    owner = session.scalar(sa.select(api.Assignment).where(api.Assignment.name == assignment))
    if owner is None:
        owner = api.Assignment(name=assignment, course_id=COURSE)
        session.add(owner)
        session.flush()
    found = session.scalar(sa.select(api.Notebook).filter_by(name=name, assignment_id=owner.id))
    if found is None:
        found = api.Notebook(name=name, assignment_id=owner.id)
        session.add(found)
        session.flush()
    return found


def _in_order(session: Session, notebook: str) -> list[Any]:
    asked = sa.select(api.SourceCell).filter_by(notebook_id=notebook).order_by(sa.literal_column("source_cell.rowid"))
    return list(session.scalars(asked))


def _enter_cell(session: Session, entry: Any, cell: ReleasedCell) -> None:
    worth = {"max_score": cell.points, "cell_type": cell.cell_type}
    source = {"cell_type": cell.cell_type, "source": cell.source, "locked": cell.locked, "checksum": cell.checksum}
    kinds: list[tuple[Any, dict[str, Any]]] = [(api.SourceCell, source)]
    kinds += [(api.GradeCell, worth)] if cell.grade else []
    kinds += [(api.TaskCell, worth)] if cell.task else []
    kinds += [(api.SolutionCell, {})] if cell.solution else []
    for kind, values in kinds:
        found = session.scalar(sa.select(kind).where(kind.name == cell.name, kind.notebook_id == entry.id))
        if found is None:
            session.add(kind(name=cell.name, notebook_id=entry.id, **values))
            session.flush()  # so that rows lie in the order of the cells
        for key, value in values.items() if found is not None else ():
            setattr(found, key, value)


def _released(source: Any, entry: Any) -> ReleasedCell:
    kinds = {type(cell): cell for cell in entry._base_cells if cell.name == source.name}
    worth = kinds.get(api.GradeCell) or kinds.get(api.TaskCell)
    return ReleasedCell(
        name=source.name,
        cell_type=source.cell_type,
        source=source.source or "",
        grade=api.GradeCell in kinds,
        solution=api.SolutionCell in kinds,
        task=api.TaskCell in kinds,
        locked=bool(source.locked),
        points=worth.max_score if worth else None,
        checksum=source.checksum,
    )


def _ids(entry: Any) -> EnteredCells:
    graded = {cell.name: cell.id for cell in (*entry.grade_cells, *entry.task_cells)}
    return EnteredCells(entry.id, graded, {cell.name: cell.id for cell in (*entry.solution_cells, *entry.task_cells)})
