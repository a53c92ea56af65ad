"""`course grade --source`: any nbgrader assignment, in whatever way the submissions lie, once and again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api

from autograder import autograde, batch, grader, handed_in
from autograder.notebooks import assignment
from breakwater.errors import BadInput
from tests.autograder.room import COURSE, Room
from tests.autograder.sources import RIGHT, SUMS, check, copy, fill_in, given, release, source, write

pytestmark = pytest.mark.sandbox

WRONG = RIGHT | {"total": "def total(numbers):\n    return 3"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, dict[str, Any]]:
    """A class that is graded, and what was said about it."""
    room = Room(tmp_path_factory.mktemp("graded"))
    for student, answers in {"ada": RIGHT, "bob": WRONG, "cleo": {}}.items():
        room.hand_in(student, answers)
    (room.handed_in / "dan" / "ps1").mkdir(parents=True)
    room.hand_in("eve", RIGHT).write_text("no notebook")
    room.hand_in("fay", {"total": "import os\nos._exit(1)", "double": RIGHT["double"]})
    (room.handed_in / "gus" / "ps2").mkdir(parents=True)
    (room.handed_in / "ada" / "ps1" / "timestamp.txt").write_text("2026-11-20 12:00:00 UTC")
    return room, room.grade()


def test_each_has_its_points_and_a_reason(graded: tuple[Room, dict[str, Any]]) -> None:
    room, said = graded
    assert {student: row["score"] for student, row in said.items()} == {
        "ada": 5, "bob": 3, "cleo": 0, "dan": 0, "eve": 0, "fay": 2,
    }  # fmt: skip
    assert {row["max_score"] for row in said.values()} == {14}
    assert {student for student, row in said.items() if row["needs_manual_grade"]} == {"ada", "bob", "cleo", "fay"}
    assert said["dan"]["reason"] == "sums.ipynb: it is not there"
    assert said["eve"]["reason"].startswith("sums.ipynb: it is no notebook: ")
    cells = {cell["id"]: cell for cell in said["bob"]["cells"]}
    assert (cells["total-hidden"]["points"], cells["total-hidden"]["reason"]) == (0, "AssertionError")
    assert {(s, c["id"]): (c["points"], c["needs_manual_grade"]) for s, row in said.items() for c in row["cells"]} == (
        room.scores()
    )


def test_it_lies_as_nbgrader_leaves_it(graded: tuple[Room, dict[str, Any]]) -> None:
    room, _ = graded
    folder = room.root / "autograded" / "ada" / "ps1"
    assert {file.name for file in folder.iterdir()} == {"sums.ipynb", "timestamp.txt"}
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o444"}
    notebook = json.loads((folder / "sums.ipynb").read_text())
    assert "[-41, 83]" in str(notebook["cells"])
    [part] = [
        cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double-part"
    ]
    assert part["outputs"][0]["data"]["text/plain"] == ["2.0"]


def test_nbgraders_own_steps_take_it_from_there(graded: tuple[Room, dict[str, Any]]) -> None:
    room, _ = graded
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for words in (("generate_feedback", "ps1", "--student=bob"), ("export",)):
        command = [Path(sys.executable).with_name("nbgrader"), *words]
        done = subprocess.run(command, cwd=room.root, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "AssertionError" in (room.root / "feedback" / "bob" / "ps1" / "sums.html").read_text()
    [row] = [line for line in (room.root / "grades.csv").read_text().splitlines() if ",ada," in line]
    assert "2026-11-20 12:00:00" in row
    assert "5.0" in row


def test_what_is_graded_is_not_graded_again_unless_it_changed(
    graded: tuple[Room, dict[str, Any]], tmp_path: Path
) -> None:
    before, said = graded
    shutil.copytree(before.root, tmp_path, dirs_exist_ok=True)
    room = Room(tmp_path)
    assert all(row["resumed"] for row in room.grade().values())
    room.hand_in("bob", RIGHT)
    (room.handed_in / "cleo" / "ps1" / "data.csv").write_text("1,2")
    again = room.grade()
    assert {student for student, row in again.items() if not row["resumed"]} == {"bob", "cleo"}
    assert again["bob"]["score"] == 5
    [forced] = room.grade("--force", "--student", "ada").values()
    assert (forced["resumed"], forced["score"]) == (False, said["ada"]["score"])
    changed = copy(SUMS)
    changed.cells[2].source = "assert total([1, 2]) == 4"
    write(changed, room.source)
    after = room.grade()
    assert (after["bob"]["resumed"], after["bob"]["score"]) == (False, 4)
    (room.root / "autograded" / "bob" / "ps1" / "sums.ipynb").unlink()
    assert not room.grade("--student", "bob")["bob"]["resumed"]
    room.gradebook.unlink()
    assert not room.grade("--student", "cleo")["cleo"]["resumed"]


def test_a_deadline_that_moved_counts_without_grading_again(
    graded: tuple[Room, dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copytree(graded[0].root, tmp_path, dirs_exist_ok=True)
    room = Room(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    room.grade("--student", "ada")
    for due, costs in (("2026-11-19", 5), ("2026-11-21", None)):
        with api.Gradebook(f"sqlite:///{room.gradebook}") as book:
            book.update_or_create_assignment("ps1", duedate=due)
        assert room.grade("--student", "ada")["ada"]["resumed"]
        with api.Gradebook(f"sqlite:///{room.gradebook}") as book:
            assert book.find_submission_notebook("sums", "ps1", "ada").late_submission_penalty == costs


def test_submissions_may_lie_in_other_ways(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for name in ("ada/sums.ipynb", "sums_bob.ipynb", "cleo.ipynb", "dan/ps1/sums.ipynb"):
        write(fill_in(room.released, RIGHT), room.handed_in / name)
    (room.handed_in / "notes").mkdir()
    assert {student: row["score"] for student, row in room.grade("--jobs", "1").items()} == dict.fromkeys(
        ("ada", "bob", "cleo", "dan"), 5
    )


READS = source(
    given("read", "from pathlib import Path\n\ndef read(name):\n    return Path(name).read_text()"),
    check("mine", "assert read('mine.txt') == 'theirs'"),
    check("given", "assert read('given.txt') == 'given'"),
    check("away", "from pathlib import Path\nassert read('data/more.txt') == 'more'"),
)


def test_files_beside_count_and_the_assignments_own_are_put_back(tmp_path: Path) -> None:
    room = Room(tmp_path, READS, "reads")
    (room.source.parent / "given.txt").write_text("given")
    (room.source.parent / "data").mkdir()
    (room.source.parent / "data" / "more.txt").write_text("more")
    folder = room.hand_in("ada", {}).parent
    (folder / "mine.txt").write_text("theirs")
    (folder / "given.txt").write_text("forged")
    (folder / "link.txt").symlink_to("/etc/passwd")
    (folder / "data").write_text("where the assignment has a folder")
    assert room.grade()["ada"]["score"] == 3
    assert not (room.root / "autograded" / "ada" / "ps1" / "link.txt").exists()
    write_text(folder.parent.parent / "bob" / "ps1" / "given.txt" / "a folder", "where the assignment has a file")
    write_text(folder.parent.parent / "bob" / "ps1" / "reads.ipynb", (folder / "reads.ipynb").read_text())
    assert room.grade("--student", "bob")["bob"]["score"] == 2


def write_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_what_cannot_be_taken_is_refused_and_the_rest_is_graded(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.hand_in("ada", RIGHT)
    (room.hand_in("bob", RIGHT).parent / "timestamp.txt").write_text("yesterday-ish")
    with (room.hand_in("cleo", RIGHT).parent / "film.mp4").open("wb") as film:
        film.truncate(1 << 30)
    done = room.run("--json")
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert [row["student"] for row in said["submissions"]] == ["ada"]
    reasons = {row["source"]: row["reason"] for row in said["refused"]}
    assert "holds no time: 'yesterday-ish'" in reasons["bob"]
    assert "more than" in reasons["cleo"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("09",), "Say what to grade"),
        (("--student", "adam"), "`adam` has handed nothing in. Did you mean `ada`?"),
        (("--assignment", "ps7"), "holds no submissions"),
        (("--submissions", "nowhere"), "nowhere is not a folder"),
        (("--source", __file__), "it is no notebook"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    room = Room(tmp_path)
    room.hand_in("ada", {})
    done = room.run(*options)
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr
    assert says in done.stderr


def test_options_of_one_form_are_not_for_the_other() -> None:
    done = subprocess.run([*COURSE, "grade", "09", "--jobs", "2"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "--jobs: only with --source FILE.\n")


def test_autograde_is_a_function_of_two_notebooks(tmp_path: Path) -> None:
    found = autograde(SUMS, fill_in(release(SUMS), WRONG))
    assert {name: cell.points for name, cell in found.cells.items()} == {
        "total-public": 1, "total-hidden": 0, "double-part": 2, "why": None, "draw": None, "essay": None,
    }  # fmt: skip
    room = Room(tmp_path)
    assert autograde(room.source, room.hand_in("ada", RIGHT)).points == 5
    assert autograde(str(room.source), str(tmp_path / "nowhere.ipynb")).reason == "it is not there"
    for no_source in (release(source("1 + 1")), tmp_path / "nowhere.ipynb"):
        with pytest.raises(BadInput):
            autograde(no_source, SUMS)


def test_a_grader_stays_for_the_next_notebook() -> None:
    with grader(SUMS) as grade:
        assert [grade(fill_in(release(SUMS), answers)).points for answers in (RIGHT, {}, RIGHT)] == [5, 0, 5]


def test_the_size_of_a_class_does_not_decide_how_many_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, judged = Room(tmp_path), []
    for number in range(20):
        room.hand_in(f"s{number}", RIGHT)

    @contextmanager
    def without_running(*_: Any) -> Iterator[Any]:
        yield lambda name, notebook, folder: judged.append(folder) or notebook

    monkeypatch.setattr(batch, "interpreter", without_running)
    work = assignment.load(room.source)
    submissions = handed_in.find(room.handed_in, work.name, room.name)
    results = batch.Results(room.gradebook, work.name, room.name)
    for number, _ in enumerate(batch.grade(work, submissions, results, jobs=2), 1):
        # While those that are ready are entered, as many again begin.
        assert len(judged) <= number + 2 * 2 * batch.WAITING
    assert len(judged) == number == 20
