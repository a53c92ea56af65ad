"""A small course of its own for each session: our packages, the shop, and one module with two checks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.notebooks.execution import Interpreter
from breakwater import paths
from tests.autograder.notebooks import Run

HERE = Path(__file__).parent
collect_ignore = ["sample"]
MODULE = "42-sample"


@dataclass
class Course:
    """A course in a folder: run its command, look at its files."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, **env: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from breakwater.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, cwd=self.root, env=self.environment(**env), capture_output=True, text=True)

    def environment(self, **env: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("BREAKWATER_")}
        return inherited | {"PYTHONPATH": str(self.root)} | self.env | env

    def json(self, *arguments: str | Path, **env: str) -> Any:
        done = self.run(*arguments, "--json", **env)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @property
    def room(self) -> Path:
        return self.root / "class"

    def python(self, code: str) -> str:
        """Run Python with this course's packages; return what it printed."""
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=self.root, env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def hand_in(self, where: Path, student: str, answers: dict[str, str] | None = None) -> Path:
        """Lay a submission as nbgrader does: the released lesson with some answers, and a shop. Returns its folder."""
        folder = where / student / MODULE
        lesson = json.loads((self.root / "modules" / MODULE / "lesson.ipynb").read_text())
        for cell in lesson["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            cell["source"] = (answers or {}).get(name, cell["source"])
        write(folder / "lesson.ipynb", json.dumps(lesson))
        write(folder / "shop" / "orders" / "app" / "main.py", "app = None\n")
        return folder


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def make_course(root: Path) -> Course:
    """Lay a course into the folder `root`."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("breakwater", "autograder", "labs/boxoffice"):
        shutil.copytree(paths.ROOT / name, root / name, ignore=ignore)
    for name in ("nbgrader_config.py", "requirements.lock", "pyproject.toml", ".gitignore"):
        shutil.copy(paths.ROOT / name, root / name)
    shutil.copytree(HERE / "sample", root, dirs_exist_ok=True)
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")):
        subprocess.run(["git", *command], cwd=root, check=True)
    return Course(root)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course that a test may change."""
    return make_course(tmp_path / "course")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course that is released. Tests give it a class of their own (BREAKWATER_CLASS) and leave it as it is."""
    course = make_course(tmp_path_factory.mktemp("released") / "course")
    done = course.run("release")
    assert done.returncode == 0, done.stderr
    return course


@pytest.fixture
def fresh_class(released: Course, tmp_path: Path) -> Course:
    """The released course with an empty class of its own."""
    return ClassOf(released.root, {"BREAKWATER_CLASS": str(tmp_path / "class")})


class ClassOf(Course):
    @property
    def room(self) -> Path:
        return Path(self.env["BREAKWATER_CLASS"])


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    with Interpreter() as interpreter:
        yield interpreter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ada" / "ps1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def run(interpreter: Interpreter, folder: Path) -> Run:
    return Run(interpreter, folder)
