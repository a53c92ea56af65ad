"""A module's notebooks, released and graded with the shipped configuration. Importing this takes seconds: do so late.

nbgrader itself makes the release and the feedback; grading keeps its formats and goes its own way (`notebook_judge`).
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from nbgrader import api
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import release
from autograder.classroom import LAB, Classroom
from autograder.gradebook.book import Gradebook
from autograder.handed_in import HandedIn
from autograder.labs import scores as lab_scores
from autograder.notebooks.assignment import Assignment
from autograder.notebooks.judge import judge_submission
from autograder.notebooks.running import interpreter
from breakwater import paths
from breakwater.errors import BadInput, EngineTrouble


@dataclass(frozen=True)
class Score:
    """What the gradebook holds of one notebook of a submission. `open` says that a person has to look at it."""

    notebook: str
    score: float
    max_score: float
    open: bool


def config() -> Config:
    """The shipped nbgrader_config.py, read anew."""
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(paths.ROOT))
    return loader.load_config()


def generate(module: str, source: Path, release: Path, *, register: bool = False) -> None:
    """Let nbgrader make a module's release from its staged source; with `register`, enter it in the gradebook.

    Raises:
        BadInput: nbgrader refuses; the message holds its last line.
    """
    told = config()
    told.CourseDirectory.source_directory = str(source)
    told.CourseDirectory.release_directory = str(release)
    told.SaveCells.enabled = register
    told.GenerateAssignment.no_database = not register
    with tools_on_path():
        _hold(_api(told).generate_assignment(module), f"nbgrader cannot release {module}")


@contextmanager
def grader(module: str, room: Classroom) -> Iterator[Callable[[str], None]]:
    """Yield what grades a student's notebooks, a lab's by its report, into the class's gradebook.

    It may raise EngineTrouble: they could not be run, and nothing was written.
    """
    with Gradebook(room.gradebook) as book:
        released = {name: book.released(module, name) for name in book.notebooks(module)}
    sources = dict(release.notebooks(module))
    work = Assignment(module, released, config(), sources, paths.BUILD / "source" / module)
    with Gradebook(room.gradebook) as book, interpreter(work) as run:

        def autograde(student: str) -> None:
            folder = room.submitted(module, student)
            handed_in = HandedIn(student, {name: folder / f"{name}.ipynb" for name in released}, folder)
            found = judge_submission(work, handed_in, run, room.autograded(module, student))
            if LAB in found:
                found[LAB] = lab_scores.of(module, student, found[LAB])
            book.save(module, student, found, submitted_at=handed_in.submitted_at(), penalty=work.penalty)

        yield autograde


def write_feedback(module: str, student: str) -> None:
    """Write nbgrader's feedback page of each notebook. Raises EngineTrouble."""
    said = _api(config()).generate_feedback(module, student)
    _hold(said, f"nbgrader cannot write feedback on {module} for {student}", EngineTrouble)


def scores(room: Classroom, module: str, student: str) -> list[Score]:
    """What the gradebook says about a submission, a row a notebook."""
    with api.Gradebook(f"sqlite:///{room.gradebook}") as gradebook:
        try:
            submission = gradebook.find_submission(module, student)
        except api.MissingEntry:
            return []
        rows = [
            Score(book.name, book.score, book.max_score, any(grade.needs_manual_grade for grade in book.grades))
            for book in submission.notebooks
        ]
    return sorted(rows, key=lambda row: row.notebook)


def _api(told: Config) -> NbGraderAPI:
    found = NbGraderAPI(config=told)
    found.log = logging.getLogger("autograder.nbgrader")
    found.log.setLevel(logging.WARNING)
    found.log.propagate = False
    warnings.filterwarnings("ignore", category=sqlalchemy.exc.SAWarning)  # nbgrader's own use of its database
    return found


@contextmanager
def tools_on_path() -> Iterator[None]:
    """nbgrader calls `alembic` by name, and leaves half a gradebook where PATH does not lead to it."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _hold(said: dict[str, Any], what: str, kind: type[BadInput] | type[EngineTrouble] = BadInput) -> None:
    """Raise, in one line, what nbgrader said in many."""
    if said["success"]:
        return
    if "KeyboardInterrupt" in said["error"]:  # which nbgrader catches like any other
        raise KeyboardInterrupt
    lines = [line.strip() for line in (said.get("log", "") + "\n" + said.get("error", "")).splitlines() if line.strip()]
    causes = [line for line in lines if ("Error" in line or "rror:" in line) and "NbGraderException" not in line]
    raise kind(f"{what}: {(causes or lines or ['no reason given'])[-1]}")
