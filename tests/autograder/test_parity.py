"""Our grader gives the scores that plain nbgrader gives, in its stock configuration, but where we chose otherwise.

What nbgrader says is recorded (see `parity.record`); what we chose, and why, stands in `parity.choices`.
"""

import json
from typing import Any

import pytest
from traitlets.config import Config

from autograder import autograde
from autograder.gradebook.book import Gradebook
from autograder.handed_in import HandedIn
from autograder.notebooks.assignment import Assignment, load
from autograder.notebooks.judge import judge_submission
from autograder.notebooks.running import interpreter
from tests.autograder.parity.choices import CHOICES
from tests.autograder.parity.learners import LEARNERS
from tests.autograder.parity.notebooks import NOTEBOOKS
from tests.autograder.parity.record import ASSIGNMENT, RECORDED, digest, lay, read

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    recorded = json.loads(RECORDED.read_text())
    assert recorded["digest"] == digest(), "record anew: python -m tests.autograder.parity.record"
    return dict(recorded)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("parity")
    lay(root)
    folder = root / "source" / ASSIGNMENT
    loaded = {name: load(folder / f"{name}.ipynb") for name in NOTEBOOKS}
    released = {name: each.notebooks[name] for name, each in loaded.items()}
    sources = {name: each.sources[name] for name, each in loaded.items()}
    work = Assignment(ASSIGNMENT, released, Config(), sources, folder)
    with Gradebook(root / "gradebook.db") as book, interpreter(work) as run:
        for name, entered in released.items():
            book.enter(ASSIGNMENT, name, entered)
        for learner in LEARNERS:
            submitted = root / "submitted" / learner / ASSIGNMENT
            one = HandedIn(learner, {name: submitted / f"{name}.ipynb" for name in NOTEBOOKS}, submitted)
            found = judge_submission(work, one, run, root / "autograded" / learner / ASSIGNMENT)
            book.save(ASSIGNMENT, learner, found, submitted_at=one.submitted_at())
    return read(root / "gradebook.db")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_the_scores_are_nbgraders(ours: dict[str, Any], theirs: dict[str, Any], notebook: str, learner: str) -> None:
    assert ours["grades"][notebook][learner] == theirs["grades"][notebook][learner]
    assert ours["comments"][notebook].get(learner) == theirs["comments"][notebook].get(learner)


@pytest.mark.parametrize("name", CHOICES)
def test_where_we_chose_otherwise(theirs: dict[str, Any], name: str) -> None:
    choice = CHOICES[name]
    found = autograde(choice.source, choice.submitted).cells
    assert {cell: score.points for cell, score in found.items()} == choice.scores
    assert theirs["choices"][name] != choice.scores, "nbgrader does the same: this is no choice of ours"
