"""Our parts of nbgrader's pipeline, as `nbgrader autograde` calls them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from autograder import preprocessors
from tests.autograder.notebooks import told
from tests.autograder.sources import check, copy, exercise, fill_in, release, solved, source, write

pytestmark = pytest.mark.sandbox

MOCKS = "from unittest.mock import patch\nwith patch('builtins.input', return_value='3'):\n    assert asks() == 6"
ASKING = source(exercise("asks", "def asks():\n" + solved("    return 2 * int(input())")), check("mocks", MOCKS))


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    preprocessors._kept.close()


def grade(root: Path, assignment: Any, body: str) -> str:
    """Run a submission to a course in `root`; return what its test showed."""
    write(assignment, root / "source" / "ps1" / "asking.ipynb")
    (folder := root / "autograded" / "ada" / "ps1").mkdir(parents=True, exist_ok=True)
    handed_in = fill_in(release(assignment), {"asks": f"def asks():\n    return {body}"})
    about = {"metadata": {"path": str(folder)}, "nbgrader": {"assignment": "ps1", "notebook": "asking"}}
    config = Config({"CourseDirectory": {"root": str(root)}})
    ran, _ = preprocessors.Execute(config=config).preprocess(handed_in, about)
    return told(ran.cells[-1])


def test_a_test_that_has_to_runs_in_the_learners_process(tmp_path: Path) -> None:
    assert grade(tmp_path, ASKING, "2 * int(input())") == ""
    assert grade(tmp_path, ASKING, "0") == "AssertionError: "


def test_a_source_that_changed_decides_anew(tmp_path: Path) -> None:
    changed = copy(ASKING)
    changed.cells[-1].source = "assert asks() == 6"
    changed.cells[0].source = changed.cells[0].source.replace("2 * int(input())", "6")
    assert grade(tmp_path, changed, "6") == ""
    assert grade(tmp_path, ASKING, "2 * int(input())") == ""
