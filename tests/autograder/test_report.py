"""The instructor's page: what it counts, that it stands for any size of class, and that nothing on it acts."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.classroom import Classroom
from autograder.gradebook import results
from autograder.gradebook.results import Mark, Question, Results, Student, Submission
from autograder.labs import labbook
from autograder.pages import report, summary
from tests.autograder import gradebooks
from tests.autograder.made_up import LESSON, MODULE, check, judged, shape, text

MANY = 1_000
QUESTION = Question(LESSON, "deadlines-public", 4.0)
BOOKS = {
    "lab": {str(each.id): each.points or 0.0 for each in labbook.checks_of(MODULE)},
    LESSON: {f"question-{n}": 1.0 for n in range(8)},
}


def a_class(root: Path, students: list[str], message: str = "a buyer waited 5.2 s") -> Classroom:
    """A graded class, whose shops all fail one check in one way with other numbers."""
    room = Classroom(root)
    gradebooks.write(room.gradebook, MODULE, BOOKS, students, gradebooks.drawn(7))
    for at, student in enumerate(students):
        checks = (check(message=message.replace("5.2", f"{at}.5")), check("09-h1", "unknown", hidden=True))
        judged(room, student, *checks)
    return room


def scored(*scores: float | None) -> Results:
    """One question, and what each student earned by it."""
    marks = [{QUESTION: Mark(score, score is None)} for score in scores]
    return Results("ps1", (QUESTION,), tuple(Submission(Student(f"s{n}"), each) for n, each in enumerate(marks)))


def test_rates_and_histogram_count_everybody_once() -> None:
    found = scored(4.0, 4.0, 1.0, 0.0, None, 5.0)
    (rate,) = summary.rates(found)
    assert (rate.full, rate.partly, rate.none, rate.open, rate.of, rate.share) == (3, 1, 1, 1, 6, 0.5)
    assert summary.histogram(found) == [2, 0, 1, 0, 0, 0, 0, 0, 0, 3]
    assert summary.middle(found)[1] == 2.5
    assert summary.waiting(found) == [summary.Waiting(QUESTION, ("s4",))]


def test_messages_that_differ_in_numbers_are_one_way_of_missing() -> None:
    told = [{QUESTION: f"you returned {n} s"} for n in range(20)] + [
        {QUESTION: f"way {chr(97 + n) * 3}"} for n in range(9)
    ]
    (missed,) = summary.missed(told)
    assert missed.ways[0] == ("you returned # s", 20)
    assert sum(count for _, count in missed.ways) + missed.rarer == 29
    assert len(missed.ways) == summary.MOST


def test_it_tells_what_an_instructor_asks(tmp_path: Path) -> None:
    page = text(report.render(MODULE, a_class(tmp_path, ["ada", "bob", "cleo"])))
    for told in (
        "3handed in",
        "a buyer waited # s",
        "unknown: the trouble was ours",
        "82.0",  # seconds that a submission took
        "retry-without-key",  # a row of the kill matrix
        "who got no answer asks again",  # and what one believes who writes it
        "A card provider that is slow or silent holds no buyer",  # an instructor may know
    ):
        assert told in page


def test_what_the_notebooks_said_is_counted_too(tmp_path: Path) -> None:
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    room = a_class(tmp_path, ["ada", "bob"])
    for at, student in enumerate(("ada", "bob")):
        error = new_output("error", ename="AssertionError", evalue=f"{at} is too long", traceback=[])
        about = {"nbgrader": {"grade": True, "grade_id": "question-0", "points": 1}}
        file = room.autograded(MODULE, student) / f"{LESSON}.ipynb"
        file.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=[new_code_cell("", metadata=about, outputs=[error])]), file)
    with sqlite3.connect(room.gradebook) as database:
        database.execute("UPDATE grade SET auto_score = 0.0")
    assert "# is too long" in report.render(MODULE, room)


@pytest.mark.parametrize("students", [[], ["ada"]])
def test_a_class_of_none_and_of_one(tmp_path: Path, students: list[str]) -> None:
    page = report.render(MODULE, a_class(tmp_path, students))
    assert f"<b>{len(students)}</b>" in page
    assert "kill" not in page
    assert "Which check catches which wrong answer" in page


def test_a_strangers_words_are_text(tmp_path: Path) -> None:
    hostile = "</style><script>alert(1)</script>\u202e\x1b[31m"
    assert shape(report.render(MODULE, a_class(tmp_path / "one", ["ada"], hostile))) == shape(
        report.render(MODULE, a_class(tmp_path / "two", ["ada"], "benign"))
    )


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the gradebook is asked, from now on."""
    asked: list[str] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        database.set_trace_callback(asked.append)
        return database

    monkeypatch.setattr(results.sqlite3, "connect", traced)
    return asked


def test_a_thousand_students_cost_no_more_statements_and_hardly_a_larger_page(
    tmp_path: Path, statements: list[str]
) -> None:
    few, many = a_class(tmp_path / "few", ["ada"]), a_class(tmp_path / "many", [f"s{n:04}" for n in range(MANY)])
    statements.clear()
    small = report.render(MODULE, few)
    of_few = len(statements)
    large = report.render(MODULE, many)
    assert len(statements) == 2 * of_few
    assert of_few < 10
    assert len(large) < len(small) + 20_000 < 120_000
    assert len(shape(large)) < 2_500  # elements: a browser lays these out in milliseconds
    assert f"<b>{MANY}</b>" in large


def test_the_command_writes_the_page(fresh_class: Any) -> None:
    books = {"lab": {"sells": 2.0, "42-h1": 3.0}, "lesson": {"total-public": 1.0}}
    gradebooks.write(fresh_class.room / "gradebook.db", "42-sample", books, ["ada"], gradebooks.drawn(2))
    done = fresh_class.run("report", "42")
    page = fresh_class.room / "report" / "42-sample" / "index.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{page}\n", "")
    assert "SECRET-SENTENCE" in page.read_text()  # an instructor may know
    told = json.loads(fresh_class.run("report", "42", "--json").stdout)
    assert told == {"module": "42-sample", "page": str(page)}


def test_any_gradebook_of_nbgraders_has_a_page_beside_it(fresh_class: Any, tmp_path: Path) -> None:
    book = tmp_path / "book.db"
    gradebooks.write(book, "ps 1", {"sums": {"total": 2.0}}, ["ada", "bob"], lambda student, *_: 2.0 * (student > "b"))
    done = fresh_class.run("report", "--gradebook", book, "--assignment", "ps 1")
    page = tmp_path / "report" / "ps 1" / "index.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{page}\n", "")
    told = text(page.read_text())
    for said in ("2handed in", "1points in the mean, of 2", "course report --gradebook book.db --assignment 'ps 1'"):
        assert said in told
    for wrong in ((), ("42", "--assignment", "ps 1"), ("--gradebook", book), ("--assignment", "ps 1")):
        done = fresh_class.run("report", *wrong)
        assert (done.returncode, done.stderr[:28]) == (3, "Say what to report on: a mod")
