"""Gradebooks for tests: rows written straight into nbgrader's schema, so that a thousand students take a second."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from nbgrader import api

LATE = timedelta(hours=3)
DUE = datetime(2026, 3, 1, 12, 0)
Score = Callable[[str, str, float], float | None]  # student, cell, points → automatic score; None: a person has to say


def write(
    file: Path, assignment: str, notebooks: Mapping[str, Mapping[str, float]], students: Sequence[str], score: Score
) -> None:
    """Write a gradebook: an assignment of notebooks (cell → points), and what each student earned, on time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{file}")
    api.Base.metadata.create_all(engine)
    with engine.begin() as db:
        db.execute(api.Course.__table__.insert(), [{"id": "course"}])
        owner = {"id": uuid4().hex, "name": assignment, "duedate": DUE, "course_id": "course"}
        db.execute(api.Assignment.__table__.insert(), [owner])
        cells = _cells(db, owner["id"], notebooks)
        for student in students:
            _student(db, owner["id"], student, cells, notebooks, score)
    engine.dispose()


def _cells(db: sa.Connection, owner: str, notebooks: Mapping[str, Mapping[str, float]]) -> dict[tuple[str, str], str]:
    found = {}
    for name, cells in notebooks.items():
        book = found[name, ""] = uuid4().hex
        db.execute(api.Notebook.__table__.insert(), [{"id": book, "name": name, "assignment_id": owner}])
        for cell, points in cells.items():
            key = found[name, cell] = uuid4().hex
            db.execute(
                api.BaseCell.__table__.insert(), [{"id": key, "name": cell, "notebook_id": book, "type": "GradeCell"}]
            )
            db.execute(api.GradeCell.__table__.insert(), [{"id": key, "max_score": points, "cell_type": "code"}])
    return found


def _student(
    db: sa.Connection,
    owner: str,
    student: str,
    cells: Mapping[tuple[str, str], str],
    notebooks: Mapping[str, Mapping[str, float]],
    score: Score,
) -> None:
    handed_in = uuid4().hex
    db.execute(api.Student.__table__.insert(), [{"id": student, "first_name": "A", "last_name": student.title()}])
    row = {"id": handed_in, "assignment_id": owner, "student_id": student, "timestamp": DUE}
    db.execute(api.SubmittedAssignment.__table__.insert(), [row])
    for name, worth in notebooks.items():
        book = uuid4().hex
        row = {"id": book, "assignment_id": handed_in, "notebook_id": cells[name, ""], "flagged": False}
        db.execute(api.SubmittedNotebook.__table__.insert(), [row])
        given = {cell: score(student, cell, points) for cell, points in worth.items()}
        rows = [
            {
                "id": uuid4().hex,
                "notebook_id": book,
                "cell_id": cells[name, cell],
                "auto_score": points,
                "needs_manual_grade": points is None,
            }
            for cell, points in given.items()
        ]
        db.execute(api.Grade.__table__.insert(), rows)


def drawn(seed: int) -> Score:
    """Scores at random: of ten, six are full, three nothing, one waits for a person."""
    draw = random.Random(seed)
    return lambda student, cell, points: draw.choice([points] * 6 + [0.0] * 3 + [None])
