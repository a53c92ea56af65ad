"""Reading a gradebook, as nbgrader itself would read it, and what `course export` makes of it."""

import csv
import io
import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from nbgrader import api

from autograder.classroom import Classroom
from autograder.gradebook import export, results
from breakwater.errors import BadInput
from tests.autograder import gradebooks
from tests.autograder.made_up import check, judged

BOOKS = {"lab": {"sells": 2.0, "42-h1": 3.0}, "lesson": {"total-public": 1.0, "why": 3.0, "nothing": 0.0}}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Three students, and one who handed in nothing."""
    file = tmp_path / "gradebook.db"
    scores = {"sells": 2.0, "42-h1": 0.0, "total-public": 1.0, "why": None, "nothing": 0.0}
    gradebooks.write(file, "ps1", BOOKS, ["ada", "bob", "cleo"], lambda student, cell, points: scores[cell])
    edit(file, "INSERT INTO student (id, last_name) VALUES ('dan', 'Absent')")
    return file


def edit(file: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(file) as database:
        assert database.execute(statement, values).rowcount > 0


def mark(file: Path, student: str, cell: str, **columns: Any) -> None:
    """Change a grade as the formgrader does."""
    of = """id IN (SELECT g.id FROM grade g JOIN base_cell b ON b.id = g.cell_id
        JOIN submitted_notebook n ON n.id = g.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
        WHERE s.student_id = ? AND b.name = ?)"""
    named = ", ".join(f"{name} = ?" for name in columns)
    edit(file, f"UPDATE grade SET {named} WHERE {of}", *columns.values(), student, cell)


def comment(file: Path, cell: str, words: str) -> None:
    """Comment on everybody's answer as the formgrader does: nbgrader has an answer twice, as graded and as solution."""
    edit(
        file,
        "INSERT INTO base_cell (id, name, notebook_id) SELECT 's', name, notebook_id FROM base_cell WHERE name = ?",
        cell,
    )
    books = (
        "SELECT n.id || 'c', n.id, 's', ? FROM submitted_notebook n JOIN base_cell b ON b.notebook_id = n.notebook_id"
    )
    edit(file, f"INSERT INTO comment (id, notebook_id, cell_id, manual_comment) {books} WHERE b.id = 's'", words)


def exported(file: Path, as_json: bool = False, assignment: str = "ps1", **verdicts: Any) -> Any:
    told = export.text(results.read(file, assignment), verdicts, as_json=as_json)
    return json.loads(told)["students"] if as_json else list(csv.DictReader(io.StringIO(told, newline="")))


def test_it_reads_what_nbgrader_reads(book: Path) -> None:
    mark(book, "ada", "why", manual_score=2.5, needs_manual_grade=0, extra_credit=1.0)
    mark(book, "bob", "sells", manual_score=0.5)
    read = {each.student.id: each for each in results.read(book, "ps1").submissions}
    with api.Gradebook(f"sqlite:///{book}") as gradebook:
        for submission in gradebook.assignment_submissions("ps1"):
            mine = read[submission.student.id]
            assert (mine.raw_score, mine.needs_person) == (submission.score, submission.needs_manual_grade)
            assert mine.late_s == submission.total_seconds_late
        assert results.read(book, "ps1").max_score == gradebook.find_assignment("ps1").max_score
    assert read["ada"].score == 2 + 1 + 2.5 + 1


def test_lateness_counts_the_extension_and_costs_the_penalty(book: Path) -> None:
    edit(book, "UPDATE submitted_assignment SET timestamp = '2026-03-01 15:00:00.000000' WHERE student_id != 'cleo'")
    with sa.create_engine(f"sqlite:///{book}").begin() as db:
        table = api.SubmittedAssignment.__table__
        db.execute(table.update().where(table.c.student_id == "bob").values(extension=timedelta(hours=2)))
    edit(book, "UPDATE submitted_notebook SET late_submission_penalty = 2.0")
    ada, bob, cleo = results.read(book, "ps1").submissions
    assert (ada.late_s, bob.late_s, cleo.late_s) == (3 * 3600, 3600, 0)
    assert (ada.raw_score, ada.penalty, ada.score) == (3, 4, 0)


def test_one_student_alone(book: Path) -> None:
    found = results.read(book, "ps1", "bob")
    assert ([each.student.id for each in found.submissions], found.absent) == (["bob"], ())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda file: None, "There is no gradebook"),
        (lambda file: file.write_text("no database"), "cannot be read as nbgrader's gradebook"),
        (lambda file: sqlite3.connect(file).execute("CREATE TABLE x (y)"), "cannot be read as nbgrader's gradebook"),
        (lambda file: gradebooks.write(file, "ps2", BOOKS, [], gradebooks.drawn(0)), "Did you mean `ps2`?"),
    ],
)
def test_what_is_no_gradebook_is_told_in_one_line(tmp_path: Path, make: Any, says: str) -> None:
    make(tmp_path / "gradebook.db")
    with pytest.raises(BadInput, match=r"^[^\n]*$") as refused:
        results.read(tmp_path / "gradebook.db", "ps1")
    assert says in str(refused.value)


def test_reading_leaves_the_gradebook_as_it_is(book: Path) -> None:
    before = book.read_bytes()
    results.read(book, "ps1")
    assert book.read_bytes() == before
    assert [file.name for file in book.parent.iterdir()] == ["gradebook.db"]


# course export


def test_a_row_a_student(book: Path) -> None:
    rows = exported(book)
    assert [row["student"] for row in rows] == ["ada", "bob", "cleo", "dan"]
    ada, dan = rows[0], rows[3]
    assert (ada["score"], ada["max_score"], ada["lab"], ada["lesson"]) == ("3", "9", "2", "1")
    assert (ada["handed_in"], ada["needs_person"], ada["late_s"], ada["late_penalty"]) == ("yes", "yes", "0", "0")
    assert (ada["lab/sells"], ada["lab/sells verdict"], ada["lab/42-h1 verdict"]) == ("2", "passed", "failed")
    assert (ada["lesson/total-public"], ada["lesson/why"]) == ("1", "")
    assert (dan["handed_in"], dan["score"], dan["lab/sells"]) == ("no", "0", "")
    assert "lesson/nothing" not in ada


def test_a_verdict_is_the_judges_and_points_are_the_gradebooks(book: Path) -> None:
    mark(book, "ada", "sells", auto_score=None, manual_score=1.5)
    ada = exported(book, ada={"sells": "unknown"})[0]
    assert (ada["lab/sells"], ada["lab/sells verdict"]) == ("1.5", "unknown")


def test_json_holds_everything(book: Path) -> None:
    comment(book, "why", "Well put.")
    ada = exported(book, as_json=True)[0]
    assert ada["notebooks"]["lesson"]["questions"]["why"] == {
        "points": None,
        "max_points": 3.0,
        "needs_person": True,
        "comment": "Well put.",
    }
    assert ada["notebooks"]["lab"]["questions"]["sells"]["verdict"] == "passed"


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_name_is_a_formula(tmp_path: Path, name: str) -> None:
    gradebooks.write(tmp_path / "g.db", "ps1", BOOKS, [name], gradebooks.drawn(1))
    edit(tmp_path / "g.db", "UPDATE student SET first_name = ?, email = ?", name, name)
    row = exported(tmp_path / "g.db")[0]
    assert (row["student"], row["first_name"], row["email"]) == (f"'{name}",) * 3
    assert exported(tmp_path / "g.db", as_json=True)[0]["student"] == name


@given(st.text())
def test_no_cell_begins_a_formula_or_a_row(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([export.safe(text), "next"])
    cells = next(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert cells[1:] == ["next"]
    assert not export.FORMULA.match(cells[0])
    assert cells[0] in (text, f"'{text}")


def test_an_empty_assignment_exports_its_heads(tmp_path: Path) -> None:
    gradebooks.write(tmp_path / "g.db", "ps1", BOOKS, [], gradebooks.drawn(0))
    told = export.text(results.read(tmp_path / "g.db", "ps1"), {}, as_json=False)
    assert len(told.splitlines()) == 1


# The commands, in a course of their own.


def test_the_command_exports_a_class_and_any_gradebook(fresh_class: Any, book: Path, tmp_path: Path) -> None:
    gradebooks.write(fresh_class.room / "gradebook.db", "42-sample", BOOKS, ["ada"], gradebooks.drawn(2))
    judged(Classroom(fresh_class.room), "ada", check("sells", "unknown"), module="42-sample")
    done = fresh_class.run("export", "42")
    assert next(csv.DictReader(io.StringIO(done.stdout)))["lab/sells verdict"] == "unknown"
    done = fresh_class.run("export", "--gradebook", book, "--assignment", "ps1", "--json")
    assert len(json.loads(done.stdout)["students"]) == 4
    done = fresh_class.run("export", "sample", "--to", tmp_path / "out" / "grades.csv")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/out/grades.csv: 1 submissions\n")
    assert (tmp_path / "out" / "grades.csv").read_text().startswith("student,")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say what to export"),
        (("42", "--assignment", "ps1"), "Say what to export"),
        (("41",), "No module is called `41`"),
        (("42",), "Grade first: course grade"),
    ],
)
def test_the_commands_mistakes_are_told_in_one_line(fresh_class: Any, arguments: tuple[str, ...], says: str) -> None:
    done = fresh_class.run("export", *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert says in done.stderr
