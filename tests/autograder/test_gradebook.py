"""The gradebook is nbgrader's: what we enter is what it would have entered, and what a person entered stays."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api, preprocessors

from autograder.gradebook.book import Gradebook
from autograder.notebooks.released import from_source
from autograder.notebooks.score import CellScore, Scores
from autograder.pipeline import tools_on_path
from breakwater.errors import BadInput
from tests.autograder.sources import RELEASE, SUMS, check, copy, source

RELEASED = from_source(SUMS)
DUE = datetime(2026, 11, 20, 12)
CELLS = (
    "SELECT b.type, b.name, coalesce(g.max_score, t.max_score), coalesce(g.cell_type, t.cell_type) FROM base_cell b "
    "LEFT JOIN grade_cells g ON g.id = b.id LEFT JOIN task_cells t ON t.id = b.id ORDER BY b.type, b.name"
)
TABLES = {
    "cells": CELLS,
    "sources": "SELECT name, cell_type, locked, source, checksum FROM source_cell ORDER BY name",
    "notebooks": "SELECT n.name, n.kernelspec, a.name FROM notebook n JOIN assignment a ON a.id = n.assignment_id",
    "version": "SELECT version_num FROM alembic_version",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gradebook.db"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook, made once: nbgrader takes a second to make one."""
    file = tmp_path_factory.mktemp("gradebook") / "empty.db"
    with Gradebook(file):
        return file


@pytest.fixture
def book(file: Path, empty: Path) -> Iterator[Gradebook]:
    shutil.copy(empty, file)
    with Gradebook(file) as book:
        book.enter("ps1", "sums", RELEASED)
        yield book


def rows(file: Path, sql: str) -> list[Any]:
    with sqlite3.connect(file) as database:
        return database.execute(sql).fetchall()


def scores(points: float | None = 1, **comments: str | None) -> Scores:
    cells = (CellScore(cell.name, points, cell.points or 0, points is None, "") for cell in RELEASED.scored)
    return Scores({cell.id: cell for cell in cells}, comments)


def by_nbgrader(file: Path) -> api.Gradebook:
    return api.Gradebook(f"sqlite:///{file}")


def test_what_is_entered_is_what_nbgrader_enters(book: Gradebook, file: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.db"
    made, resources = (
        copy(SUMS),
        {"nbgrader": {"notebook": "sums", "assignment": "ps1", "db_url": f"sqlite:///{theirs}"}},
    )
    with tools_on_path(), by_nbgrader(theirs) as gradebook:
        gradebook.add_assignment("ps1")
        for step in (*RELEASE, "SaveCells"):
            made, resources = getattr(preprocessors, step)()(made, resources)
    for sql in TABLES.values():
        assert rows(file, sql) == rows(theirs, sql)
    with Gradebook(theirs) as other:
        assert other.released("ps1", "sums") == book.released("ps1", "sums") == RELEASED


def test_scores_are_what_nbgrader_reads(book: Gradebook, file: Path) -> None:
    book.save("ps1", "ada", {"sums": scores(1, why="No response.")})
    with by_nbgrader(file) as gradebook:
        [row] = gradebook.submission_dicts("ps1")
        assert (row["student"], row["score"], row["max_score"], row["needs_manual_grade"]) == ("ada", 6, 14, False)
        assert gradebook.find_comment("why", "sums", "ps1", "ada").comment == "No response."
        assert gradebook.find_submission_notebook("sums", "ps1", "ada").max_score == 14


def test_what_a_person_entered_survives_grading_again(book: Gradebook, file: Path) -> None:
    book.save("ps1", "ada", {"sums": scores(None)})
    with by_nbgrader(file) as gradebook:
        grade = gradebook.find_grade("why", "sums", "ps1", "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 0.5, False
        gradebook.find_comment("why", "sums", "ps1", "ada").manual_comment = "Fine."
        gradebook.db.commit()
    book.save("ps1", "ada", {"sums": scores(0, why=None)})
    with by_nbgrader(file) as gradebook:
        grade = gradebook.find_grade("why", "sums", "ps1", "ada")
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (3, 0, True)
        assert gradebook.find_comment("why", "sums", "ps1", "ada").comment == "Fine."
        assert not gradebook.find_grade("total-public", "sums", "ps1", "ada").needs_manual_grade


def test_what_was_decided_automatically_and_is_not_any_more_waits_for_a_person(book: Gradebook, file: Path) -> None:
    book.save("ps1", "ada", {"sums": scores(0)})
    book.save("ps1", "ada", {"sums": scores(None)})
    with by_nbgrader(file) as gradebook:
        grade = gradebook.find_grade("essay", "sums", "ps1", "ada")
        assert (grade.auto_score, grade.needs_manual_grade) == (None, True)


def penalty(student: str, points: float, seconds: float) -> float | None:
    return seconds / 60


@pytest.mark.parametrize(
    ("late", "extension", "costs"),
    [(-60, 0, None), (0, 0, None), (120, 0, 2), (6000, 0, 6), (120, 300, None), (420, 300, 2), (None, 0, None)],
)
def test_being_late_costs_what_the_plugin_says_and_never_more_than_was_earned(
    book: Gradebook, file: Path, late: float | None, extension: float, costs: float | None
) -> None:
    book.save("ps1", "ada", {"sums": scores(1)})
    with by_nbgrader(file) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=DUE)
        gradebook.grant_extension("ps1", "ada", minutes=extension / 60)
    at = None if late is None else DUE + timedelta(seconds=late)
    book.save("ps1", "ada", {"sums": scores(1)}, submitted_at=at, penalty=penalty)
    with by_nbgrader(file) as gradebook:
        assert gradebook.find_submission_notebook("sums", "ps1", "ada").late_submission_penalty == costs
        gradebook.update_or_create_assignment("ps1", duedate=DUE + timedelta(days=30))
    book.penalise("ps1", "ada", ["sums"], penalty)
    with by_nbgrader(file) as gradebook:
        assert gradebook.find_submission_notebook("sums", "ps1", "ada").late_submission_penalty is None


def test_a_notebook_that_joins_later_is_part_of_each_submission(book: Gradebook, file: Path) -> None:
    book.save("ps1", "ada", {"sums": scores(1)})
    book.enter("ps1", "more", from_source(source(check("later", "assert True", points=2))))
    book.save("ps1", "ada", {"more": Scores({"later": CellScore("later", 2, 2, False, "passed")})})
    assert book.notebooks("ps1") == ["more", "sums"]
    with by_nbgrader(file) as gradebook:
        assert gradebook.find_submission("ps1", "ada").score == 8


def test_entering_again_changes_what_has_changed_and_no_submission(book: Gradebook, file: Path) -> None:
    book.save("ps1", "ada", {"sums": scores(1)})
    changed = copy(SUMS)
    changed.cells[2].source = "assert total([1, 1]) == 2"
    changed.cells[2].metadata["nbgrader"]["points"] = 5
    book.enter("ps1", "sums", from_source(changed))
    found = book.released("ps1", "sums").cells["total-public"]
    assert (found.source, found.points) == ("assert total([1, 1]) == 2", 5)
    with by_nbgrader(file) as gradebook:
        assert gradebook.find_submission("ps1", "ada").score == 6


def test_cells_that_come_or_go_are_refused_once_there_are_submissions(book: Gradebook) -> None:
    other = from_source(source(check("new", "assert True")))
    book.enter("ps1", "sums", other)
    assert list(book.released("ps1", "sums").cells) == ["new"]
    book.enter("ps1", "sums", RELEASED)
    book.save("ps1", "ada", {"sums": scores(1)})
    with pytest.raises(BadInput, match="there are submissions associated with it"):
        book.enter("ps1", "sums", other)
    assert list(book.released("ps1", "sums").cells) == list(RELEASED.cells)


@pytest.mark.parametrize("contents", [b"no database", b""])
def test_what_is_no_gradebook_is_told_so(file: Path, contents: bytes) -> None:
    file.write_bytes(contents)
    with pytest.raises(BadInput, match="is no gradebook of this nbgrader: "):
        Gradebook(file)
    assert file.read_bytes() == contents


WRITER = """
import sys
from pathlib import Path
from autograder.gradebook.book import Gradebook
from tests.autograder.test_gradebook import RELEASED, scores
with Gradebook(Path(sys.argv[1])) as book:
    book.enter("ps1", "sums", RELEASED)
    for number in range(25):
        book.save("ps1", f"student-{number}", {"sums": scores(float(sys.argv[2]))})
"""


def test_several_graders_at_once_leave_it_whole(file: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(file)]
    writers = [subprocess.Popen([*command, str(points)], stderr=subprocess.PIPE, text=True) for points in range(3)]
    assert [writer.communicate()[1] for writer in writers] == ["", "", ""]
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
    assert rows(file, "SELECT count(*) FROM submitted_assignment") == [(25,)]
    assert rows(file, "SELECT count(*) FROM grade") == [(25 * 6,)]
    each = "SELECT count(DISTINCT auto_score) FROM grade GROUP BY notebook_id"
    assert set(rows(file, each)) == {(1,)}
    assert not list(file.parent.glob(".gradebook.db*"))


def test_what_is_saved_at_once_is_each_whole_or_not_there(book: Gradebook, file: Path) -> None:
    said = "SELECT s.student_id, sum(g.auto_score) FROM grade g JOIN submitted_notebook n ON n.id = g.notebook_id "
    said += "JOIN submitted_assignment s ON s.id = n.assignment_id GROUP BY s.student_id ORDER BY s.student_id"
    with book.at_once():
        book.save("ps1", "ada", {"sums": scores(1)})
        with pytest.raises(KeyError):
            book.save("ps1", "bob", {"sums": scores(1), "no notebook of ours": scores(1)})
        book.save("ps1", "eve", {"sums": scores(0)})
        assert rows(file, said) == []
    assert [student for student, _ in rows(file, said)] == ["ada", "eve"]
    book.save("ps1", "bob", {"sums": scores(1)})
    assert [student for student, _ in rows(file, said)] == ["ada", "bob", "eve"]
