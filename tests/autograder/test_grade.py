"""`course grade` from end to end: module 09, real shops in the sandbox, the gradebook, and what is left running."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.runner import lay_over
from tests.proven import is_proven
from tests.waiting import until

pytestmark = [pytest.mark.sandbox, pytest.mark.shop]

MODULE = "09-resilience"
REFERENCE = paths.SOLUTIONS / MODULE / "boxoffice"
# The record proves what the right answer's checks say: while it is current, who hands in is judged by a few.
SOME = ["slow-payment", "dead-catalog", "09-h2"] if is_proven() else []
LOOP = "while True:\n    pass\n"
BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
# The naive shop fails every check; with this, most of them at the first sale, before there is any weather.
REFUSES = """

@app.middleware("http")
async def refuse(request, call_next):
    if request.method == "POST":
        return Response('{"title": "no"}', 503, media_type="application/problem+json")
    return await call_next(request)
"""


def hand_in(where: Path, student: str, files: Path | None = None) -> Path:
    """Lay a submission without lessons: the naive shop, with `files` laid over it. Returns its shop."""
    return lay_over(files, where / student / MODULE / "shop")


def spoil(shop: Path, name: str, *, first: str = "", last: str = "") -> None:
    """Put text before and after that of a file."""
    file = shop / name
    file.write_text(first + file.read_text() + last)


def judged(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks by which a submission was judged."""
    return [check for check in row["checks"] if check["max_points"] and (check["id"] in SOME or not SOME)]


@dataclass(frozen=True)
class Class:
    root: Path

    def grade(self, submissions: Path, *options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", "from breakwater.cli import main; main()", "grade", "09"]
        command += ["--submissions", str(submissions), "--class", str(self.root), "--json", *options]
        command += [word for check in SOME for word in ("-k", check)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def graded(self, submissions: Path) -> tuple[dict[str, Any], int]:
        process = self.grade(submissions)
        out, err = process.communicate()
        assert out, err
        return {row["student"]: row for row in json.loads(out)["submissions"]}, process.returncode

    def is_done(self, student: str) -> bool:
        """Whether the grader has finished with a student."""
        file = self.root / "judged" / MODULE / f"{student}.json"
        return file.exists() and json.loads(file.read_text())["done"]

    def grades(self) -> dict[str, dict[str, float | None]]:
        """Student → check → automatic score, from gradebook.db itself."""
        rows = """
            SELECT s.student_id, b.name, g.auto_score FROM grade g
            JOIN submitted_notebook n ON n.id = g.notebook_id JOIN notebook o ON o.id = n.notebook_id
            JOIN submitted_assignment s ON s.id = n.assignment_id
            JOIN base_cell b ON b.id = g.cell_id WHERE o.name = 'lab' AND b.name != 'lab-summary'"""
        found: dict[str, dict[str, float | None]] = {}
        with sqlite3.connect(self.root / "gradebook.db") as database:
            for student, check, score in database.execute(rows):
                found.setdefault(student, {})[check] = score
        return found


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> tuple[Class, dict[str, Any], int, Path]:
    """Six submissions, graded."""
    folder = tmp_path_factory.mktemp("six")
    source = folder / "in"
    right = hand_in(source, "right", REFERENCE).parent
    for lesson in (paths.MODULES / MODULE).glob("lesson*.ipynb"):
        shutil.copy(lesson, right)
    spoil(hand_in(source, "refuses"), "orders/app/main.py", last=REFUSES)
    (source / "empty" / MODULE).mkdir(parents=True)
    spoil(hand_in(source, "syntax"), "orders/app/main.py", first="def broken(:\n")
    spoil(hand_in(source, "bomb"), "payments/app/main.py", first=BOMB)
    room = Class(folder / "class")
    room.graded(source)
    # Who loops is waited for until nobody would take it for a slow machine: in a test, not that long.
    spoil(hand_in(source, "loop"), "orders/app/main.py", first=LOOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_START_S", "5")
        said, status = room.graded(source)
    assert not [row["trouble"] for row in said.values() if row["trouble"]]
    return room, said, status, source


def test_each_has_a_verdict_and_a_reason(six: Any) -> None:
    _, said, status, _ = six
    assert status == (2 if SOME else 0), {student: row["reason"] for student, row in said.items()}
    verdicts = {student: {check["verdict"] for check in judged(row)} for student, row in said.items()}
    assert verdicts.pop("right") == {"passed"}
    assert verdicts == {key: {"failed"} for key in ("refuses", "empty", "syntax", "loop", "bomb")}
    reasons = {student: row["reason"] for student, row in said.items()}
    left = len([check for check in said["right"]["checks"] if check["max_points"]]) - len(SOME)
    assert reasons["right"] == (f"passed so far; {left} checks are not judged yet" if SOME else "all checks passed")
    assert reasons["empty"].startswith("no shop was handed in")
    assert "orders/app/main.py, line 1: invalid syntax" in reasons["syntax"]
    assert "orders did not start" in reasons["loop"]
    assert reasons["bomb"].startswith("the shop was stopped: more than")
    assert reasons["refuses"].startswith("slow-payment: before payments became slow, 0 of 3 buyers were sold a seat")
    assert "lesson-1-the-answer-that-never-came.ipynb: it was not handed in, 0 points" in reasons["refuses"]


def test_the_gradebook_holds_the_points(six: Any) -> None:
    room, said, _, _ = six
    grades = room.grades()
    assert set(grades) == set(said)
    for student, row in said.items():
        scores = {check["id"]: None if check["verdict"] == "unknown" else check["points"] for check in row["checks"]}
        assert grades[student] == {check["id"]: scores[check["id"]] for check in row["checks"] if check["max_points"]}
    assert [grades["right"][check["id"]] for check in judged(said["right"])] == [
        check["max_points"] for check in judged(said["right"])
    ]


def test_nothing_is_left_running(six: Any) -> None:
    room, _, _, _ = six
    assert not [pid for pid, words in _command_lines() if str(room.root) in words]


def test_a_re_run_resumes_all(six: Any) -> None:
    room, said, _, source = six
    began = time.monotonic()
    again, _ = room.graded(source)
    assert all(row["resumed"] for row in again.values())
    assert {s: row["score"] for s, row in again.items()} == {s: row["score"] for s, row in said.items()}
    assert time.monotonic() - began < sum(row["seconds"]["lab"] for row in said.values())


def test_hidden_checks_tell_no_sentence_and_no_number(six: Any) -> None:
    room, said, _, _ = six
    hidden = [check for row in said.values() for check in row["checks"] if check["hidden"]]
    assert hidden
    assert all(not check["sentence"] and not check["evidence"] for check in hidden)
    for student in said:
        judged = json.loads((room.root / "judged" / MODULE / f"{student}.json").read_text())
        page = (room.root / "feedback" / student / MODULE / "index.html").read_text()
        for check in judged["report"]["checks"]:
            if check["hidden"] and check["sentence"]:
                assert check["sentence"] not in page


def test_a_killed_grader_leaves_nothing_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKWATER_START_S", "5")
    source, room = tmp_path / "in", Class(tmp_path / "class")
    (source / "ann" / MODULE).mkdir(parents=True)
    spoil(hand_in(source, "bea"), "orders/app/main.py", first=LOOP)
    process = room.grade(source)
    until(lambda: room.is_done("ann") and _services_in(process.pid), 120)
    family = _family(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not [member for member in family if _is_alive(member)], 20)
    said, status = room.graded(source)
    assert (status, said["ann"]["resumed"], said["bea"]["resumed"]) == (2 if SOME else 0, True, False)
    assert {check["verdict"] for check in judged(said["bea"])} == {"failed"}


def test_bad_input_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for arguments, says in {
        ("9x", "--submissions", str(tmp_path)): "No module is called `9x`.",
        ("13", "--submissions", str(tmp_path)): "13-capstone is not built yet",
        ("09", "--submissions", str(tmp_path / "nowhere")): "is not a folder",
        ("09", "--submissions", str(tmp_path / "in")): "holds no submissions",
        ("09", "-k", "slow-paymnt"): "`slow-paymnt` is no check of 09-resilience. Did you mean `slow-payment`?",
        ("09", "--student", "eve"): "`eve` has handed nothing in.",
    }.items():
        command = [sys.executable, "-c", "from breakwater.cli import main; main()", "grade", *arguments]
        done = subprocess.run([*command, "--class", str(tmp_path / "c")], capture_output=True, text=True)
        assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr
        assert says in done.stderr


def test_a_submission_for_another_module_is_refused_and_the_status_tells(tmp_path: Path) -> None:
    (tmp_path / "in" / "ann" / MODULE).mkdir(parents=True)
    (tmp_path / "in" / "bea" / "04-apis").mkdir(parents=True)
    process = Class(tmp_path / "class").grade(tmp_path / "in")
    out, _ = process.communicate()
    assert process.returncode == 3
    assert json.loads(out)["refused"] == [
        {"source": "bea", "reason": "bea holds no folder 09-resilience, but 04-apis."}
    ]
    assert [row["student"] for row in json.loads(out)["submissions"]] == ["ann"]


Member = tuple[int, str]  # a process: its id, and when it started


def _family(pid: int) -> list[Member]:
    """The process, its children, theirs, and so on, in whatever namespace."""
    children: dict[int, list[int]] = {}
    for each, _ in _command_lines():
        if (parent := _stat(each, 3)) is not None:
            children.setdefault(int(parent), []).append(each)
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        found.append((one, _stat(one, 21) or ""))
    return found


def _services_in(pid: int) -> list[Member]:
    """The members of the family that run in a namespace below the job's: a learner's services."""
    levels = {member: _namespace(member[0]) for member in _family(pid)}
    return [member for member, level in levels.items() if level >= 3]


def _namespace(pid: int) -> int:
    """How many process namespaces deep a process is: 1 on the machine, 2 in a job, 3 behind a service's walls."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return len(next(line for line in text.splitlines() if line.startswith("NSpid:")).split()) - 1


def _is_alive(member: Member) -> bool:
    pid, started = member
    return _stat(pid, 21) == started and _stat(pid, 2) != "Z"


def _stat(pid: int, field: int) -> str | None:
    """One field of /proc/PID/stat, counted from 0; None if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return ["", "", *text.rpartition(")")[2].split()][field]


def _command_lines() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
            except OSError:
                continue
