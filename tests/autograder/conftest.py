"""A small course of its own for each session: our packages, the shop, and one module with two checks."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths

HERE = Path(__file__).parent
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
