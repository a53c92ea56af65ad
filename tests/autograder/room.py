"""A class whose notebooks are graded by `course grade --source`: source, submissions and gradebook in one folder."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from autograder import cli
from tests.autograder.sources import SUMS, fill_in, release, write

COURSE = [sys.executable, "-c", "from breakwater.cli import main; main()"]
INSTRUCTORS = typer.Typer()
cli.register(INSTRUCTORS)


class Room:
    """An instructor's folder: a source, submissions, a gradebook."""

    def __init__(self, root: Path, assignment: Any = SUMS, name: str = "sums") -> None:
        self.root, self.name = root, name
        self.source = write(assignment, root / "source" / "ps1" / f"{name}.ipynb")
        self.handed_in = root / "submitted"
        self.gradebook = root / "gradebook.db"
        self.released = release(assignment)

    def hand_in(self, student: str, answers: dict[str, str]) -> Path:
        return write(fill_in(self.released, answers), self.handed_in / student / "ps1" / f"{self.name}.ipynb")

    def words(self, *options: str) -> list[str]:
        words = ["grade", "--source", self.source, "--submissions", self.handed_in, "--gradebook", self.gradebook]
        return [*map(str, words), *options]

    def command(self, *options: str) -> list[str]:
        return [*COURSE, *self.words(*options)]

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.command(*options), capture_output=True, text=True)

    def grade(self, *options: str, status: int = 0) -> dict[str, Any]:
        """Student → what was reported about the submission. The command runs in this process, which has imported it."""
        done = CliRunner().invoke(INSTRUCTORS, self.words("--json", *options))
        assert done.exit_code == status, done.exception or done.stderr
        return {row["student"]: row for row in json.loads(done.stdout)["submissions"]}

    def scores(self) -> dict[tuple[str, str], tuple[float | None, bool]]:
        """(student, cell) → (automatic score, whether it waits for a person), from gradebook.db itself."""
        rows = """
            SELECT s.student_id, b.name, g.auto_score, g.needs_manual_grade FROM grade g
            JOIN submitted_notebook n ON n.id = g.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
            JOIN base_cell b ON b.id = g.cell_id"""
        with sqlite3.connect(self.gradebook) as database:
            return {(student, cell): (score, bool(waits)) for student, cell, score, waits in database.execute(rows)}
