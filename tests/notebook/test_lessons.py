"""Each lesson, with its solutions, runs from top to bottom on a real shop, as a learner would run it."""

import os
from pathlib import Path

import pytest

from autograder.markup import to_notebook
from breakwater import paths

LESSONS = sorted(paths.SOLUTIONS.glob("*/lesson*.md"))
CELL_S = 180
pytestmark = pytest.mark.shop


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
def test_a_lesson_runs_from_top_to_bottom(lesson: Path, tmp_path: Path) -> None:
    from nbclient import NotebookClient

    notebook = to_notebook(lesson)
    os.makedirs(folder := tmp_path / "work" / lesson.parent.name)
    NotebookClient(notebook, timeout=CELL_S, resources={"metadata": {"path": str(folder)}}).execute()
    shown = [kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert "text/html" in shown, "nothing was drawn"
