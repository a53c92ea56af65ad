"""What a gradebook says about one assignment: read by a fixed number of statements, however many have handed in.

The schema is nbgrader's, the gradebook any that nbgrader or `course grade` wrote. It is read by plain SQL, since
importing nbgrader takes seconds, and only opened for reading, so that a grading that is under way is left alone.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from breakwater.errors import BadInput, did_you_mean

EPOCH = datetime(1970, 1, 1)  # from which SQLAlchemy counts an interval in SQLite

ASSIGNMENT = "SELECT id, duedate FROM assignment WHERE name = ?"
QUESTIONS = """
    SELECT n.name, b.name, coalesce(g.max_score, t.max_score, 0.0) FROM base_cell b
    JOIN notebook n ON n.id = b.notebook_id
    LEFT JOIN grade_cells g ON g.id = b.id LEFT JOIN task_cells t ON t.id = b.id
    WHERE n.assignment_id = ? AND (g.id IS NOT NULL OR t.id IS NOT NULL) ORDER BY n.name, b.rowid"""
STUDENTS = "SELECT id, first_name, last_name, email FROM student WHERE ? IN ('', id) ORDER BY id"
# nbgrader's tables have no other indexes than their keys; in this order of joining each row is found by one of them.
_BOOKS = """
    FROM submitted_assignment s CROSS JOIN notebook o ON o.assignment_id = s.assignment_id
    CROSS JOIN submitted_notebook n ON n.notebook_id = o.id AND n.assignment_id = s.id"""
_OF = " WHERE s.assignment_id = ?1 AND (?2 = '' OR s.student_id = ?2)"
SUBMISSIONS = f"""
    SELECT s.student_id, s.timestamp, s.extension, coalesce(sum(n.late_submission_penalty), 0.0)
    {_BOOKS} {_OF} GROUP BY s.id"""
GRADES = f"""
    SELECT s.student_id, o.name, b.name, coalesce(g.manual_score, g.auto_score) + coalesce(g.extra_credit, 0.0),
        g.needs_manual_grade
    {_BOOKS} CROSS JOIN base_cell b ON b.notebook_id = o.id
    CROSS JOIN grade g ON g.cell_id = b.id AND g.notebook_id = n.id {_OF}"""
COMMENTS = f"""
    SELECT s.student_id, o.name, b.name, c.manual_comment
    {_BOOKS} CROSS JOIN base_cell b ON b.notebook_id = o.id
    CROSS JOIN comment c ON c.cell_id = b.id AND c.notebook_id = n.id {_OF} AND c.manual_comment IS NOT NULL"""


@dataclass(frozen=True)
class Question:
    """A cell that has points: a check of the lab, a test, an answer."""

    notebook: str
    name: str
    max_score: float


@dataclass(frozen=True)
class Mark:
    """What a question earned. `score` is None while there is none; `open` says that a person has to look."""

    score: float | None
    open: bool
    comment: str = ""


@dataclass(frozen=True)
class Student:
    """Somebody in the gradebook, as nbgrader keeps them."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Submission:
    """What one student handed in, and what it earned. `penalty` is in points, and not yet taken off `marks`."""

    student: Student
    marks: Mapping[Question, Mark]
    submitted_at: datetime | None = None
    late_s: float = 0.0
    penalty: float = 0.0

    @property
    def raw_score(self) -> float:
        """The points before what being late costs."""
        return sum(mark.score or 0.0 for mark in self.marks.values())

    @property
    def score(self) -> float:
        """The points that count, as `nbgrader export` has them."""
        return max(0.0, self.raw_score - self.penalty)

    @property
    def needs_person(self) -> bool:
        return any(mark.open for mark in self.marks.values())

    def of_notebook(self, notebook: str) -> dict[Question, Mark]:
        return {question: mark for question, mark in self.marks.items() if question.notebook == notebook}


@dataclass(frozen=True)
class Results:
    """One assignment. `submissions` are in order of the students' ids; `absent` have handed in nothing."""

    assignment: str
    questions: tuple[Question, ...]
    submissions: tuple[Submission, ...]
    absent: tuple[Student, ...] = field(default=())

    @property
    def max_score(self) -> float:
        return sum(question.max_score for question in self.questions)

    @property
    def notebooks(self) -> list[str]:
        return list(dict.fromkeys(question.notebook for question in self.questions))

    def of_notebook(self, notebook: str) -> list[Question]:
        return [question for question in self.questions if question.notebook == notebook]


def read(gradebook: Path, assignment: str, student: str = "") -> Results:
    """Read an assignment's results; with `student`, that one's alone, and nobody is absent.

    Raises:
        BadInput: there is no such gradebook or assignment, or the file is no gradebook.
    """
    with _opened(gradebook) as database:
        owner, due = _find(database, gradebook, assignment)
        questions = tuple(Question(*row) for row in database.execute(QUESTIONS, (owner,)))
        people = [Student(*(value or "" for value in row)) for row in database.execute(STUDENTS, (student,))]
        marks = _marks(database, owner, questions, student)
        rows = {row[0]: row[1:] for row in database.execute(SUBMISSIONS, (owner, student))}
    handed_in = [person for person in people if person.id in rows]
    found = (_submission(person, marks.get(person.id, {}), due, *rows[person.id]) for person in handed_in)
    absent = () if student else tuple(person for person in people if person.id not in rows)
    return Results(assignment, questions, tuple(found), absent)


def _submission(
    student: Student,
    marks: Mapping[Question, Mark],
    due: datetime | None,
    stamp: str | None,
    extension: str | None,
    penalty: float,
) -> Submission:
    at = _time(stamp)
    return Submission(student, marks, at, _late_s(at, due, extension), penalty)


@contextmanager
def _opened(gradebook: Path) -> Iterator[sqlite3.Connection]:
    if not gradebook.is_file():
        raise BadInput(f"There is no gradebook {gradebook}. Grade first: course grade NN")
    try:
        with closing(sqlite3.connect(f"{gradebook.resolve().as_uri()}?mode=ro", uri=True)) as database:
            yield database
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{gradebook} cannot be read as nbgrader's gradebook: {error}") from None


def _find(database: sqlite3.Connection, gradebook: Path, assignment: str) -> tuple[str, datetime | None]:
    """An assignment's id and when it is due."""
    row = database.execute(ASSIGNMENT, (assignment,)).fetchone()
    if row is None:
        known = [name for (name,) in database.execute("SELECT name FROM assignment ORDER BY name")]
        hint = did_you_mean(assignment, known) or f" There are: {', '.join(known) or 'none'}."
        raise BadInput(f"{gradebook} holds no assignment `{assignment}`.{hint}")
    return row[0], _time(row[1])


def _marks(
    database: sqlite3.Connection, owner: str, questions: tuple[Question, ...], student: str
) -> dict[str, dict[Question, Mark]]:
    """For each student, the marks in the order of the questions."""
    cells = {(question.notebook, question.name): question for question in questions}
    words = {(who, *cell): said for who, *cell, said in database.execute(COMMENTS, (owner, student))}
    found: dict[str, dict[Question, Mark]] = {}
    for who, notebook, name, score, waits in database.execute(GRADES, (owner, student)):
        if question := cells.get((notebook, name)):
            mark = Mark(score, bool(waits), words.get((who, notebook, name), ""))
            found.setdefault(who, {})[question] = mark
    return {who: {each: row[each] for each in questions if each in row} for who, row in found.items()}


def _late_s(at: datetime | None, due: datetime | None, extension: str | None) -> float:
    """By how much a submission missed its deadline, an extension counted in; 0 if it did not."""
    if at is None or due is None:
        return 0.0
    more = datetime.fromisoformat(extension) - EPOCH if extension else timedelta()
    return max(0.0, (at - due.replace(tzinfo=UTC) - more).total_seconds())


def _time(text: str | None) -> datetime | None:
    """A moment as the gradebook keeps it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
