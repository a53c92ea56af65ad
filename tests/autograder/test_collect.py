"""What is handed in is taken by allow-list; what cannot be taken is refused, and the others go on."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from breakwater import submission

MODULE = "42-sample"


def collect(course: Any, source: Path) -> Any:
    done = course.run("collect", "42", source, "--json")
    return json.loads(done.stdout), done.returncode


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def archive(
    course: Any, tmp_path: Path, learner: str, *, module: str = MODULE, at: str = "2026-03-01T10:00:00+00:00"
) -> Path:
    folder = course.hand_in(tmp_path / f"made-{learner}-{at[:10]}", "x")
    target = tmp_path / "in" / f"{module}-{learner}-{at[:10]}.zip"
    submission.pack({"": folder, "shop": folder / "shop"}, target, module=module, learner=learner, submitted_at=at)
    return target


def test_folders_are_taken_by_allow_list(fresh_class: Any, tmp_path: Path) -> None:
    folder = fresh_class.hand_in(tmp_path / "in", "ada")
    for name in ("notes.txt", "report.json", "lab.ipynb", "extra.ipynb", "shop/__pycache__/x.pyc", "shop/.git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    told, status = collect(fresh_class, tmp_path / "in")
    assert (told["taken"], told["refused"], status) == (["ada"], [], 0)
    taken = fresh_class.room / "submitted" / "ada" / MODULE
    assert files(taken) == {"lesson.ipynb", "lab.ipynb", "shop/orders/app/main.py"}
    released = fresh_class.root / "modules" / MODULE / "lab.ipynb"
    assert (taken / "lab.ipynb").read_bytes() == released.read_bytes()


def test_archives_are_taken_and_the_latest_counts(fresh_class: Any, tmp_path: Path) -> None:
    archive(fresh_class, tmp_path, "Ada L", at="2026-03-02T10:00:00+01:00")
    archive(fresh_class, tmp_path, "Ada L", at="2026-03-01T10:00:00+01:00")
    told, status = collect(fresh_class, tmp_path / "in")
    assert (told["taken"], status) == (["ada-l"], 0)
    taken = fresh_class.room / "submitted" / "ada-l" / MODULE
    assert (taken / "timestamp.txt").read_text() == "2026-03-02T10:00:00+01:00\n"
    assert "shop/orders/app/main.py" in files(taken)


def test_one_that_is_refused_does_not_stop_the_others(fresh_class: Any, tmp_path: Path) -> None:
    source = tmp_path / "in"
    fresh_class.hand_in(source, "ada")
    (fresh_class.hand_in(source, "bob").rename(source / "bob" / "43-later"))
    os.symlink("/etc/passwd", fresh_class.hand_in(source, "cyd") / "shop" / "passwd")
    (fresh_class.hand_in(source, "dan") / "shop" / "large").write_bytes(b"\0" * (submission.MAX_BYTES + 1))
    fresh_class.hand_in(source, "eve*")
    os.mkfifo(fresh_class.hand_in(source, "fay") / "shop" / "pipe")
    (fresh_class.hand_in(source, "ivy") / "shop" / "/".join("d" * 60)).mkdir(parents=True)
    (source / "torn.zip").write_bytes(b"PK\3\4 not really")
    archive(fresh_class, tmp_path, "gus", module="43-later")
    (fresh_class.hand_in(source, "hal") / "timestamp.txt").write_text("soon")
    told, status = collect(fresh_class, source)
    assert (told["taken"], status) == (["ada"], 3)
    reasons = {row["source"]: row["reason"] for row in told["refused"]}
    assert reasons["bob"] == "bob holds no folder 42-sample, but 43-later."
    assert "shop/passwd is a link" in reasons["cyd"]
    assert "are the limit" in reasons["dan"]
    assert "`eve*` is no student id" in reasons["eve*"]
    assert "shop/pipe is a link or a special file" in reasons["fay"]
    assert reasons["ivy"] == "shop holds folders more than 50 deep."
    assert "damaged" in reasons["torn.zip"]
    assert "is a submission for 43-later, not for 42-sample" in reasons["43-later-gus-2026-03-01.zip"]
    assert "timestamp.txt holds no time" in reasons["hal"]
    assert all("\n" not in reason for reason in reasons.values())
    assert [path.name for path in (fresh_class.room / "submitted").iterdir()] == ["ada"]


def test_a_notebook_that_is_none_is_set_aside(fresh_class: Any, tmp_path: Path) -> None:
    for student, text in {
        "ada": "not JSON",
        "bob": '{"cells": 1}',
        "cyd": "[" * 100_000,
    }.items():
        (fresh_class.hand_in(tmp_path / "in", student) / "lesson.ipynb").write_text(text)
    told, status = collect(fresh_class, tmp_path / "in")
    assert (len(told["taken"]), status) == (3, 0)
    for student in told["taken"]:
        assert "lesson.unreadable" in files(fresh_class.room / "submitted" / student / MODULE)


def test_collecting_again_keeps_what_is_there(fresh_class: Any, tmp_path: Path) -> None:
    fresh_class.hand_in(tmp_path / "in", "ada")
    collect(fresh_class, tmp_path / "in")
    report = fresh_class.room / "submitted" / "ada" / MODULE / "report.json"
    report.write_text("the judge's")
    collect(fresh_class, tmp_path / "in")
    assert report.read_text() == "the judge's"


def test_bad_input_is_told_in_one_line(fresh_class: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, says in {
        ("42", tmp_path / "nowhere"): "is not a folder",
        ("42", tmp_path / "empty"): "holds no submissions",
        ("43", tmp_path / "empty"): "43-later is not built yet",
        ("sampel", tmp_path / "empty"): "Did you mean `sample`?",
    }.items():
        done = fresh_class.run("collect", *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr
        assert says in done.stderr


TAKEN_OVER = """
if __name__ == "__main__":
    import json, os, socket, sys
    _, archive, into, module = sys.argv
    os.mkdir(into)
    os.symlink("/etc/passwd", f"{into}/lesson.ipynb")
    seen = [place for place in (ROOT, into) if os.path.exists(place)]
    try:
        open(f"{ROOT}/left", "w")
    except OSError as error:
        seen.append(type(error).__name__)
    told = {"student": "bob", "submitted_at": "2026-03-01T10:00:00+00:00"}
    if "ada" in archive:
        told = {"refused": f"{seen} {socket.if_nameindex()}\\n\\x1b[2J"}
    print(json.dumps(told) if "cleo" not in archive else "[" * 100_000)
"""


@pytest.mark.sandbox
def test_whoever_took_the_unpacking_over_gets_no_further(course: Any, tmp_path: Path) -> None:
    assert course.run("release").returncode == 0
    for learner in ("ada", "bob", "cleo"):
        archive(course, tmp_path, learner)
    (course.root / "autograder" / "_unpack.py").write_text(f"ROOT = {str(course.root)!r}\n{TAKEN_OVER}")
    told, status = collect(course, tmp_path / "in")
    assert (told["taken"], status) == ([], 3)
    ada, bob, cleo = (row["reason"] for row in told["refused"])
    assert ada == "['/opt/unpack/out/42-sample', 'FileNotFoundError'] [(1, 'lo')][2J"
    assert bob == "lesson.ipynb is a link or a special file; a submission holds regular files only."
    assert cleo.endswith("could not be unpacked within 1024 MiB and 60 s.")
    assert not (course.root / "left").exists()
    assert list((course.room / "submitted").iterdir()) == []


def test_a_program_that_was_handed_in_can_still_be_run(fresh_class: Any, tmp_path: Path) -> None:
    folder = fresh_class.hand_in(tmp_path / "in", "ada")
    (folder / "shop" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "shop" / "run.sh").chmod(0o4755)
    collect(fresh_class, tmp_path / "in")
    taken = fresh_class.room / "submitted" / "ada" / MODULE
    modes = [oct((taken / name).stat().st_mode & 0o7777) for name in ("shop/run.sh", "lesson.ipynb")]
    assert modes == ["0o755", "0o644"]
