"""nbgrader's pipeline with our parts in it: what each kind of notebook scores, and what a gradebook then holds.

The lab's verdicts are given (see grade_with_a_fake_judge.py); notebooks run in the sandbox.
"""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

MODULE = "42-sample"
FAKE = Path(__file__).with_name("grade_with_a_fake_judge.py")
RIGHT = {
    "total": "def total(numbers):\n    return sum(numbers)",
    "double": "def double(number):\n    return 2 * number",
}
VERDICTS = ("eve=unknown,failed", "bob=failed,passed")
NOTEBOOKS = {
    "ada": {},
    "bob": {"total": "import warnings\n\ndef total(numbers):\n    warnings.warn('!')\n    return 3 if numbers else 0"},
    "eve": {"total": "import os\nos._exit(0)"},
    "fay": {"total": "import os\nwhile True:\n    os.fork()"},
    "gus": {"total": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"},
    "hal": {"total": "def total(numbers):\n    print('x' * 200_000_000)\n    return sum(numbers)"},
    "ivy": {"total": "while True: pass"},
    # Asked by a hidden test, it tells what with, in an error that is called as ours.
    "ned": {
        "total": "class NotJudged(Exception):\n    pass\n\ndef total(numbers):\n"
        "    if numbers not in ([], [1, 2]):\n        raise NotJudged(repr(numbers))\n    return sum(numbers)"
    },
}


def grade(course: Any, source: Path) -> dict[str, Any]:
    return {row["student"]: row for row in told(course, source, *VERDICTS)["rows"]}


def told(course: Any, source: Path, *options: str) -> dict[str, Any]:
    return times(course, source, options)[0]


def times(course: Any, source: Path, *each: Sequence[str]) -> list[dict[str, Any]]:
    """Grade several times, with these options; what was told each time."""
    words = [word for options in each for word in ("--then", *options)][1:]
    command = [sys.executable, str(FAKE), str(source), *words]
    done = subprocess.run(command, cwd=course.root, env=course.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def graded(released: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A graded class, and what `grade` said about it."""
    folder = tmp_path_factory.mktemp("graded")
    course = type(released)(released.root, {"BREAKWATER_CLASS": str(folder / "class")})
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.Execute.timeout = 3\n")  # no test waits half a minute
    for student, answers in NOTEBOOKS.items():
        course.hand_in(folder / "in", student, RIGHT | answers)
    course.hand_in(folder / "in", "jim", RIGHT)
    (folder / "in" / "jim" / MODULE / "lesson.ipynb").unlink()
    (course.hand_in(folder / "in", "kim", RIGHT) / "lesson.ipynb").write_text("no notebook")
    (course.hand_in(folder / "in", "lea", RIGHT) / "lesson.ipynb").write_text('{"cells": []}')
    _meddle(course.hand_in(folder / "in", "mia", RIGHT) / "lesson.ipynb")
    said = grade(course, folder / "in")
    assert not [row["trouble"] for row in said.values() if row["trouble"]]
    return Graded(course, folder / "class", folder / "in", said)


def _meddle(lesson: Path) -> None:
    """Delete one graded cell, copy another, keep a third from running, and spoil the metadata of two more."""
    notebook = json.loads(lesson.read_text())
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in notebook["cells"]}
    notebook["cells"].remove(cells["total-hidden"])
    notebook["cells"].insert(0, json.loads(json.dumps(cells["double"])) | {"source": "x = 1", "id": "copy"})
    cells["double"]["source"] = "def double(number):\n    return 0"
    cells["double-public"]["metadata"]["tags"] = ["skip-execution"]
    cells["why"]["metadata"]["nbgrader"] = "mine"
    notebook["cells"][1]["metadata"]["nbgrader"] = {"schema_version": 99, "grade_id": "total", "points": 1000}
    lesson.write_text(json.dumps(notebook))


class Graded:
    def __init__(self, course: Any, room: Path, source: Path, said: dict[str, Any]) -> None:
        self.course, self.room, self.source, self.said = course, room, source, said

    def grades(self) -> dict[tuple[str, str], tuple[float | None, bool]]:
        """(student, cell) → (automatic score, whether it waits for a person), from gradebook.db itself."""
        rows = """
            SELECT s.student_id, b.name, g.auto_score, g.needs_manual_grade FROM grade g
            JOIN submitted_notebook n ON n.id = g.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
            JOIN base_cell b ON b.id = g.cell_id"""
        with sqlite3.connect(self.room / "gradebook.db") as database:
            return {(student, cell): (score, bool(waits)) for student, cell, score, waits in database.execute(rows)}

    def comments(self) -> dict[str, str]:
        rows = """
            SELECT s.student_id, c.auto_comment FROM comment c JOIN base_cell b ON b.id = c.cell_id
            JOIN submitted_notebook n ON n.id = c.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
            WHERE b.name = 'lab-summary'"""
        with sqlite3.connect(self.room / "gradebook.db") as database:
            return dict(database.execute(rows).fetchall())


def test_each_notebook_scores_what_it_earned(graded: Any) -> None:
    grades = graded.grades()
    cells = ("total-public", "total-hidden", "double-public")
    scores = {student: tuple(grades[student, cell][0] for cell in cells) for student in graded.said}
    assert scores == {
        "ada": (1, 2, 4),
        "bob": (1, 0, 4),  # a warning is no wrong answer; the hidden test sees through the constant
        "eve": (0, 0, 4),  # ended the interpreter, which costs that answer and no other
        "fay": (0, 0, 4),
        "gus": (0, 0, 4),
        "hal": (1, 2, 4),  # prints without measure, and answers right
        "ivy": (0, 0, 4),
        "jim": (0, 0, 0),
        "kim": (0, 0, 0),
        "lea": (0, 0, 0),
        "mia": (1, 2, 0),
        "ned": (1, 0, 4),
    }


def test_a_lab_scores_what_the_judge_said(graded: Any) -> None:
    grades = graded.grades()
    assert (grades["ada", "sells"], grades["ada", "42-h1"]) == ((2, False), (3, False))
    assert (grades["bob", "sells"], grades["bob", "42-h1"]) == ((0, False), (3, False))


def test_an_unknown_check_has_no_score_and_waits_for_a_person(graded: Any) -> None:
    grades = graded.grades()
    assert (grades["eve", "sells"], grades["eve", "42-h1"]) == ((None, True), (0, False))


def test_only_what_is_not_known_is_judged_again_or_what_is_asked_for(released: Any, tmp_path: Path) -> None:
    course = type(released)(released.root, {"BREAKWATER_CLASS": str(tmp_path / "class")})
    for student in ("ada", "eve"):
        course.hand_in(tmp_path / "in", student, RIGHT)

    steps: list[tuple[list[str], dict[str, list[str]], dict[str, str]]] = [
        # options, who is asked what, and what is then known of ada and eve
        (["--only=sells", "eve=unknown,failed"], {"ada": ["sells"], "eve": ["sells"]}, {"ada": "p?", "eve": "??"}),
        (["--only=sells", "eve=unknown,failed"], {"eve": ["sells"]}, {"ada": "p?", "eve": "??"}),
        (["eve=unknown,failed"], {"ada": ["42-h1"], "eve": ["sells", "42-h1"]}, {"ada": "pp", "eve": "?f"}),
        (["eve=passed,passed"], {"eve": ["sells"]}, {"ada": "pp", "eve": "pf"}),
        (["ada=failed,failed"], {}, {"ada": "pp", "eve": "pf"}),
        (
            ["--only=sells", "--force", "ada=failed,failed"],
            {"ada": ["sells"], "eve": ["sells"]},
            {"ada": "fp", "eve": "pf"},
        ),
    ]
    said = times(course, tmp_path / "in", *(options for options, *_ in steps))
    short = {"passed": "p", "failed": "f", "unknown": "?"}
    for (options, asked, known), one in zip(steps, said, strict=True):
        assert dict(one["asked"]) == asked, options
        checks = {
            row["student"]: {check["id"]: short[check["verdict"]] for check in row["checks"]} for row in one["rows"]
        }
        assert {student: found["sells"] + found["42-h1"] for student, found in checks.items()} == known, options


def test_several_are_judged_at_once_where_no_check_measures_time(course: Any, tmp_path: Path) -> None:
    card = course.root / "labs" / MODULE / "lab.toml"
    card.write_text(card.read_text() + "measures_time = false\n")
    assert course.run("release", "42").returncode == 0
    for student in ("ada", "bob", "eve", "fay"):
        course.hand_in(tmp_path / "in", student, RIGHT)
    rows = told(course, tmp_path / "in", "--meet", "bob=failed,passed")["rows"]
    assert {row["student"]: row["score"] for row in rows} == {"ada": 12, "bob": 10, "eve": 12, "fay": 12}


def test_an_answer_waits_for_a_person_unless_there_is_none(graded: Any) -> None:
    assert graded.grades()["ada", "why"] == (0, False)


def test_the_gradebook_holds_a_reason_for_each(graded: Any) -> None:
    comments = graded.comments()
    assert set(comments) == set(graded.said)
    assert comments["bob"].startswith(
        "sells: failed, 0 of 2. the buyer waited 5.2 s. orders waited 5.0 s for <payments>"
    )
    assert "lesson.ipynb: it was not handed in, 0 points" in comments["jim"]
    assert "lesson.ipynb: it is no notebook, 0 points" in comments["kim"]
    assert "SECRET" not in "".join(comments.values())
    assert all(row["reason"] for row in graded.said.values())


def test_a_cell_that_could_not_be_judged_says_why(graded: Any) -> None:
    for student, says in {
        "eve": "this cell ended the interpreter",
        "gus": "this cell could not be interrupted",
        "ivy": "CellTimeoutError",
    }.items():
        assert says in (graded.room / "autograded" / student / MODULE / "lesson.ipynb").read_text()


def test_feedback_is_there_and_tells_no_secret(graded: Any) -> None:
    for student in graded.said:
        pages = list((graded.room / "feedback" / student / MODULE).glob("*.html"))
        assert {"index.html", "lab.html"} <= {page.name for page in pages}
        assert "SECRET" not in "".join(page.read_text() for page in pages)
        assert "[-41, 83]" not in "".join(page.read_text() for page in pages)
    page = (graded.room / "feedback" / "bob" / MODULE / "index.html").read_text()
    assert "A seat is sold on a sunny day." in page
    assert "orders waited 5.0 s for &lt;payments&gt;" in page
    assert "orders waited … s" not in page  # a passed hidden check tells no mechanism
    assert "orders waited … s" in (graded.room / "feedback" / "eve" / MODULE / "index.html").read_text()


def test_feedback_links_to_nbgraders_pages_and_their_cells(graded: Any) -> None:
    folder = graded.room / "feedback" / "bob" / MODULE
    links = re.findall(r'<a href="([^"#]+)#?([^"]*)"', (folder / "index.html").read_text())
    assert ("lesson.html", "total-hidden") in links
    for page, anchor in links:
        assert not anchor or f'name="{anchor}"' in (folder / page).read_text()


def test_feedback_is_written_anew_with_what_a_person_gave(graded: Any, tmp_path: Path) -> None:
    shutil.copytree(graded.room, tmp_path / "class")
    course = type(graded.course)(graded.course.root, {"BREAKWATER_CLASS": str(tmp_path / "class")})
    with sqlite3.connect(tmp_path / "class" / "gradebook.db") as database:
        of = "cell_id IN (SELECT id FROM base_cell WHERE name = 'why')"
        database.execute(f"UPDATE grade SET manual_score = 2.5, needs_manual_grade = 0 WHERE {of}")
        database.execute(f"UPDATE comment SET manual_comment = 'Nearly: <say> why.' WHERE {of}")
    (tmp_path / "class" / "submitted" / "bob" / MODULE / "report.json").unlink()
    done = course.run("feedback", "42")
    assert (done.returncode, done.stdout) == (3, f"{len(graded.said) - 1} written\n")
    assert done.stderr.startswith("bob: ")
    page = (tmp_path / "class" / "feedback" / "ada" / MODULE / "index.html").read_text()
    assert "2.5 of 3 points" in page
    assert "Nearly: &lt;say&gt; why." in page
    told = json.loads(course.run("feedback", "42", "--json").stdout)
    assert (list(told["failed"]), len(told["written"])) == (["bob"], len(graded.said) - 1)


def test_a_hidden_test_that_failed_is_told_without_its_input(graded: Any) -> None:
    page = (graded.room / "feedback" / "bob" / MODULE / "lesson.html").read_text()
    assert "A hidden test of this cell did not pass." in page


def test_grading_again_does_nothing_and_says_the_same(graded: Any) -> None:
    before = (graded.room / "gradebook.db").read_bytes()
    again = grade(graded.course, graded.source)
    assert (graded.room / "gradebook.db").read_bytes() == before
    assert all(row["resumed"] for student, row in again.items() if student != "eve")
    told = [{k: v for k, v in row.items() if k not in ("resumed", "seconds")} for row in again.values()]
    assert told == [{k: v for k, v in r.items() if k not in ("resumed", "seconds")} for r in graded.said.values()]


def test_plain_nbgrader_keeps_the_scores_and_needs_no_trust(graded: Any, tmp_path: Path) -> None:
    before = graded.grades()
    shutil.copytree(graded.room, tmp_path / "class", symlinks=True)
    submitted = tmp_path / "class" / "submitted"
    for student in ("fay", "gus", "ivy"):  # whose cells have to be waited for
        shutil.rmtree(submitted / student)
    forged = submitted / "bob" / MODULE / "report.json"
    forged.write_text(forged.read_text().replace(r"\"points\": 0", r"\"points\": 2"))
    shutil.copy(submitted / "ada" / MODULE / "report.json", submitted / "mia" / MODULE / "report.json")
    env = graded.course.environment(BREAKWATER_CLASS=str(tmp_path / "class"))
    command = [Path(sys.executable).with_name("nbgrader"), "autograde", MODULE, "--force"]
    done = subprocess.run(command, cwd=graded.course.root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    after = Graded(graded.course, tmp_path / "class", graded.source, graded.said).grades()
    lab = ("sells", "42-h1")
    for student in ("bob", "mia"):  # one report was edited, one is another student's: no score, a person has to look
        assert [after.pop((student, cell)) for cell in lab] == [(None, True), (None, True)]
        for cell in lab:
            before.pop((student, cell))
    assert after == before


def test_a_manual_mark_survives_grading_again(graded: Any, tmp_path: Path) -> None:
    shutil.copytree(graded.room, tmp_path / "class", symlinks=True)
    course = type(graded.course)(graded.course.root, {"BREAKWATER_CLASS": str(tmp_path / "class")})
    mark = (
        "from nbgrader.api import Gradebook\n"
        f"with Gradebook('sqlite:///{tmp_path}/class/gradebook.db') as book:\n"
        f"    book.find_grade('sells', 'lab', '{MODULE}', 'eve').manual_score = 1.5; book.db.commit()\n"
    )
    course.python(mark)
    assert grade(course, graded.source)["eve"]["notebooks"]["lab"]["score"] == 1.5


def test_a_release_that_no_longer_fits_the_gradebook_is_told(course: Any, tmp_path: Path) -> None:
    assert course.run("release").returncode == 0
    course.hand_in(tmp_path / "in", "ada", RIGHT)
    grade(course, tmp_path / "in")
    lesson = course.root / "solutions" / MODULE / "lesson.md"
    lesson.write_text(lesson.read_text() + '\n```python test="later" points=1\nassert True\n```\n')
    done = course.run("grade", "42")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr
    assert "there are submissions associated with it" in done.stderr


def test_without_the_sandbox_if_the_instructor_says_so(released: Any, tmp_path: Path) -> None:
    here = {"BREAKWATER_CLASS": str(tmp_path / "class"), "BREAKWATER_UNSANDBOXED": "1"}
    course = type(released)(released.root, here)
    course.hand_in(tmp_path / "in", "ada", RIGHT)
    said = grade(course, tmp_path / "in")["ada"]
    assert (said["trouble"], said["score"]) == ("", 12)


def test_two_commands_do_not_grade_one_class(released: Any, tmp_path: Path) -> None:
    course = type(released)(released.root, {"BREAKWATER_CLASS": str(tmp_path / "class")})
    hold = "from autograder.classroom import Classroom\nwith Classroom.here().alone():\n    print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], cwd=course.root, env=course.environment(), stdin=-1, stdout=-1, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = course.run("grade", "42")
        assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
        assert "Another command is collecting or grading" in done.stderr
        holder.communicate("\n")
    assert course.run("grade", "42").returncode == 0


def test_formgrader_opens_the_submissions(graded: Any, tmp_path: Path) -> None:
    with _server(graded.course, tmp_path) as get:
        [assignment] = get("formgrader/api/assignments")
        assert (assignment["name"], assignment["num_submissions"]) == (MODULE, len(graded.said))
        rows = {row["student"]: row for row in get(f"formgrader/api/submitted_notebooks/{MODULE}/lab")}
        assert {student: row["score"] for student, row in rows.items()}["bob"] == 3
        assert rows["eve"]["needs_manual_grade"] is True
        for student, says in {"bob": "the buyer waited 5.2 s", "eve": "unknown"}.items():
            page = get(f"formgrader/submissions/{rows[student]['id']}/?index=0")
            assert says in page


class _server:
    """A Jupyter server with nbgrader's extension, in the course's folder."""

    def __init__(self, course: Any, scratch: Path) -> None:
        self.course, self.scratch = course, scratch

    def __enter__(self) -> Any:
        env = self.course.environment(JUPYTER_CONFIG_DIR=str(self.scratch), JUPYTER_RUNTIME_DIR=str(self.scratch))
        options = ("--allow-root", "--no-browser", "--ServerApp.port=0", "--IdentityProvider.token=t")
        command = [Path(sys.executable).with_name("jupyter"), "server", *options]
        said = (self.scratch / "log").open("w")
        self.process = subprocess.Popen(command, cwd=self.course.root, env=env, stdout=said, stderr=said)
        self.url = next(self._urls())
        return self._get

    def _urls(self) -> Iterator[str]:
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            for file in self.scratch.glob("jpserver-*.json"):
                if (text := file.read_text()) and _listens(told := json.loads(text)):
                    yield told["url"]
            time.sleep(0.05)
        raise AssertionError((self.scratch / "log").read_text())

    def _get(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Authorization": "token t"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if "/api/" in path else re.sub(r"\s+", " ", text)

    def __exit__(self, *exc: object) -> None:
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=30)


def _listens(server: Any) -> bool:
    """Whether a connection is taken; Jupyter writes its file of information before it listens."""
    with socket.socket() as client:
        return client.connect_ex((server["hostname"], server["port"])) == 0
