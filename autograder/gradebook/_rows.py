"""A submission's rows in a gradebook, written by statements on nbgrader's tables (see `gradebook`)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa
from nbgrader import api

from autograder.notebooks.score import Scores

if TYPE_CHECKING:
    from autograder.gradebook.book import EnteredCells, Penalty

Student, Assignment = api.Student.__table__, api.Assignment.__table__
Submission, Book = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
Grade, Comment = api.Grade.__table__, api.Comment.__table__

_is_marked = Grade.c.manual_score.is_not(None)
SCORE = (
    Grade.update()
    .where(Grade.c.notebook_id == sa.bindparam("mine"), Grade.c.cell_id == sa.bindparam("at"))
    .values(auto_score=sa.bindparam("points"), needs_manual_grade=sa.or_(_is_marked, sa.bindparam("open")))
)
COMMENT = (
    Comment.update()
    .where(Comment.c.notebook_id == sa.bindparam("mine"), Comment.c.cell_id == sa.bindparam("at"))
    .values(auto_comment=sa.bindparam("text"))
)


def submission(db: sa.Connection, assignment: str, student: str, submitted_at: datetime | None) -> Any:
    """The submission's row, with the assignment's `duedate`; made, and the student's too, if there is none."""
    if db.execute(sa.select(Student.c.id).where(Student.c.id == student)).first() is None:
        db.execute(Student.insert().values(id=student))
    owner = db.execute(sa.select(Assignment).where(Assignment.c.name == assignment)).one()
    mine = (Submission.c.assignment_id == owner.id) & (Submission.c.student_id == student)
    if db.execute(sa.select(Submission.c.id).where(mine)).first() is None:
        db.execute(Submission.insert().values(id=_fresh(), assignment_id=owner.id, student_id=student))
    if submitted_at is not None:
        db.execute(Submission.update().where(mine).values(timestamp=submitted_at))
    return db.execute(sa.select(Submission, Assignment.c.duedate).join_from(Submission, Assignment).where(mine)).one()


def mirror(db: sa.Connection, submission: Any, books: Mapping[str, "EnteredCells"]) -> None:
    """Give the submission a row for each notebook of its assignment, and for each cell of these, unless it has it."""
    asked = sa.select(Book.c.notebook_id, Book.c.id).where(Book.c.assignment_id == submission.id)
    known = {row.notebook_id: row.id for row in db.execute(asked)}
    for cells in books.values():
        if cells.notebook not in known:
            known[cells.notebook] = _fresh()
            row = {"id": known[cells.notebook], "notebook_id": cells.notebook, "assignment_id": submission.id}
            db.execute(Book.insert(), [row | {"flagged": False}])
        mine = known[cells.notebook]
        _add_missing(db, Grade, mine, cells.graded.values(), needs_manual_grade=True)
        _add_missing(db, Comment, mine, cells.commented.values())


def _add_missing(db: sa.Connection, table: Any, book: str, cells: Iterable[str], **values: Any) -> None:
    there = set(db.execute(sa.select(table.c.cell_id).where(table.c.notebook_id == book)).scalars())
    rows = [{"id": _fresh(), "cell_id": cell, "notebook_id": book, **values} for cell in cells if cell not in there]
    if rows:
        db.execute(table.insert(), rows)


def write(db: sa.Connection, submission: Any, cells: "EnteredCells", scores: Scores) -> None:
    """Write one notebook's automatic scores and comments. A manual score stays, and asks for a person's look."""
    mine = _book(db, submission, cells.notebook)
    graded = [
        {"mine": mine, "at": cells.graded[found.id], "points": found.points, "open": found.needs_manual_grade}
        for found in scores.cells.values()
    ]
    told = [{"mine": mine, "at": cells.commented[name], "text": text} for name, text in scores.comments.items()]
    if graded:
        db.execute(SCORE, graded)
    if told:
        db.execute(COMMENT, told)


def penalise(
    db: sa.Connection, submission: Any, student: str, penalty: "Penalty", cells: Iterable["EnteredCells"]
) -> None:
    """Write what being late costs each of these notebooks: nothing less than 0 or more than it earned."""
    late = seconds_late(submission)
    for each in cells:
        mine = _book(db, submission, each.notebook)
        points = _points(db, mine)
        cost = penalty(student, points, late) if late else None
        held = None if cost is None else min(max(0.0, cost), points)
        db.execute(Book.update().where(Book.c.id == mine).values(late_submission_penalty=held))


def seconds_late(submission: Any) -> float:
    """By how much a submission missed its deadline, an extension counted in; 0 if it did not."""
    if submission.timestamp is None or submission.duedate is None:
        return 0.0
    due = submission.duedate + submission.extension if submission.extension else submission.duedate
    return float(max(0.0, (submission.timestamp - due).total_seconds()))


def _points(db: sa.Connection, book: str) -> float:
    either = sa.func.coalesce(Grade.c.manual_score, Grade.c.auto_score)
    earned = either + sa.func.coalesce(Grade.c.extra_credit, 0.0)
    asked = sa.select(sa.func.coalesce(sa.func.sum(earned), 0.0)).where(Grade.c.notebook_id == book)
    return float(db.execute(asked).scalar_one())


def _book(db: sa.Connection, submission: Any, notebook: str) -> str:
    asked = sa.select(Book.c.id).where(Book.c.assignment_id == submission.id, Book.c.notebook_id == notebook)
    return str(db.execute(asked).scalar_one())


def _fresh() -> str:
    return uuid4().hex
