"""A new module: its files, what is left to write, and that its lab runs at once."""

import json
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.dev.content import Content
from breakwater.dev.scaffold import scaffold
from breakwater.dev.static import check_course
from breakwater.errors import BadInput

ID = "43-night-shift"


def test_a_scaffold_says_exactly_what_is_left_to_write(tree: Any) -> None:
    written = scaffold(tree.root, ID)
    content = Content(tree.root)
    found = [str(one) for one in check_course(content, [content.find("43")])]
    assert {one.split(": ")[1] for one in found} == {
        "to-write",
        "answers-enough",
        "file-missing",
        "flaw-check",
        "lab-toml",
        "notebook-current",
        "record-current",
    }
    missing = [one for one in found if "file-missing" in one]
    assert missing == [f"solutions/{ID}/boxoffice/**/*: file-missing: there is no such file; write it"]
    for name in written:
        assert "TO WRITE" not in tree.read(name) or any(one.startswith(f"{name}:") for one in found), name


def test_the_syllabus_has_the_new_module_after_the_others(tree: Any) -> None:
    scaffold(tree.root, ID)
    modules = Content(tree.root).syllabus.modules
    assert [module.id for module in modules] == ["42-lantern", ID]
    assert not modules[-1].built
    assert [track.id for track in Content(tree.root).syllabus.tracks] == ["all"]


def test_nothing_but_the_module_and_the_syllabus_changes(tree: Any) -> None:
    before = {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()}
    scaffold(tree.root, ID)
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert changed == {tree.root / "course.toml"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("night", "`night` is no module id: two digits, a hyphen, small letters, as in 14-topic."),
        ("43-Night", "`43-Night` is no module id: two digits, a hyphen, small letters, as in 14-topic."),
        ("42-torch", "42-lantern has the number 42 already: choose another one."),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused(tree: Any, name: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        scaffold(tree.root, name)
    assert str(caught.value) == message


def test_an_existing_folder_is_never_written_over(tree: Any) -> None:
    tree.write(f"labs/{ID}/README.md", "mine")
    with pytest.raises(BadInput, match=f"labs/{ID} exists already"):
        scaffold(tree.root, ID)
    assert tree.read(f"labs/{ID}/README.md") == "mine"


PROGRAM = """
import json, sys
from pathlib import Path
from breakwater.checks.runner import CheckJob, lay_over, run_checks
job = CheckJob("14-night-shift", lay_over(None, Path(sys.argv[1])), hidden=True, seed="s")
print(json.dumps(run_checks(job).to_json()))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the course, with a Python of its own whose `breakwater` is the copy's."""
    for name in ("breakwater", "labs"):
        shutil.copytree(paths.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(paths.COURSE_TOML, tmp_path / "course.toml")
    venv.create(tmp_path / ".venv", symlinks=True)
    (site,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    (site / "course.pth").write_text(f"{tmp_path}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.shop
def test_a_scaffolded_lab_runs_on_the_naive_shop(copy: Path) -> None:
    scaffold(copy, "14-night-shift")
    command = [copy / ".venv" / "bin" / "python", "-c", PROGRAM, copy / "shop"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    checks = {check["id"]: (check["verdict"], check["message"]) for check in json.loads(done.stdout)["checks"]}
    assert {name: verdict for name, (verdict, _) in checks.items()} == {
        "starts": "passed",
        "sunny-day": "passed",
        "14-h1": "passed",
    }, checks
