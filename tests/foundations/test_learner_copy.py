"""What a class is given: the course without `solutions/` and without the grader. All of a learner's commands work."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakwater import paths

SETUP = (
    "Makefile",
    ".ci/install",
    "pyproject.toml",
    "requirements-lab.lock",
    "requirements-core.lock",
    "requirements-uv.lock",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner's copy of the course."""
    root = tmp_path_factory.mktemp("copy") / "course"
    root.mkdir()
    for name in ("breakwater", "labs", "modules"):
        if (paths.ROOT / name).exists():
            shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(paths.COURSE_TOML, root)
    return root


@pytest.fixture
def environment(copy: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    own = {"PYTHONPATH": str(copy), "BREAKWATER_WORK": str(tmp_path / "work")}
    with tempfile.TemporaryDirectory(prefix="s-") as state:  # short: sockets lie there
        yield os.environ | own | {"BREAKWATER_STATE": state}


def course(environment: dict[str, str], *arguments: str, status: int = 0) -> str:
    """Run `course` as it stands in the copy, with no grader to import."""
    code = "import sys; sys.modules['autograder'] = None\nfrom breakwater import paths\n"
    code += "assert not paths.SOLUTIONS.exists()\nfrom breakwater.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=environment["PYTHONPATH"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stdout + done.stderr


def test_a_learner_finds_the_way(environment: dict[str, str]) -> None:
    assert "submit" in course(environment, "--help")
    assert not re.search(r"^│ grade ", course(environment, "--help"), re.MULTILINE)
    assert len(json.loads(course(environment, "syllabus", "--json"))["modules"]) == 13
    assert json.loads(course(environment, "doctor", "python", "git", "--json"))["findings"]


def test_a_learner_starts_edits_and_submits(environment: dict[str, str], tmp_path: Path) -> None:
    course(environment, "start", "09")
    edited = tmp_path / "work/shop/orders/app/main.py"
    edited.write_text(edited.read_text() + "\n# mine\n")
    assert "+# mine" in course(environment, "diff", "09")
    assert json.loads(course(environment, "submit", "09", "--name", "Ada", "--json"))["learner"] == "Ada"
    course(environment, "reset", "09")
    assert "# mine" not in edited.read_text()


def test_the_reference_is_told_to_be_elsewhere(environment: dict[str, str]) -> None:
    said = course(environment, "start", "09", "--base", "reference", status=3)
    assert said.startswith("The reference of 09-resilience is not in this copy of the course")
    assert said.count("\n") == 1
    course(environment, "start", "09", "--base", "naive")


@pytest.mark.shop
def test_a_learner_runs_and_checks_the_shop(environment: dict[str, str], tmp_path: Path) -> None:
    try:
        services = json.loads(course(environment, "shop", "up", "--json"))["services"]
        assert {service["state"] for service in services if not service["name"].endswith("-migrate")} == {"healthy"}
    finally:
        course(environment, "shop", "down")
    report = json.loads(course(environment, "check", "09", "-k", "dead-catalog", "--json", status=1))
    assert (report["failed"], report["unknown"]) == (1, 0)
    assert "this copy of the course has no hidden checks" in course(environment, "check", "09", "--hidden", status=3)
    assert course(environment, "hint", "09", "dead-catalog")


def test_what_a_class_is_given_can_set_itself_up() -> None:
    from autograder.release import LEARNERS

    for name in SETUP:
        assert (paths.ROOT / name).exists()
        assert name.split("/")[0] in LEARNERS
