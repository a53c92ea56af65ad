"""What a test sees of a notebook that ran, and whose fault it is to have no judge."""

import os
from pathlib import Path

import pytest

from autograder.notebooks.execution import Interpreter
from autograder.notebooks.score import score_cell
from breakwater.errors import EngineTrouble
from tests.autograder.notebooks import graded, notebook, told

pytestmark = pytest.mark.sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "autograded" / "eve" / "42-sample"
    folder.mkdir(parents=True)
    return folder


def test_that_a_judge_did_not_start_is_no_learners_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.notebooks.execution.sys.executable", "/bin/false")
    with Interpreter() as interpreter, pytest.raises(EngineTrouble, match=r"ended|gone"):
        interpreter.run(notebook("1"), folder)


def test_a_long_cell_crosses_in_any_script(folder: Path) -> None:
    ran = notebook(f"# {'я' * 4_000_000}\nx = 1", graded("x", "assert x == 1"))
    with Interpreter() as interpreter:
        ran = interpreter.run(ran, folder)
    assert score_cell(ran.cells[1]).points == 1


def test_an_error_that_cannot_be_told_is_one(folder: Path) -> None:
    explodes = "class Explodes:\n    def __str__(self): raise KeyError('no text')\n    __repr__ = __str__\n"
    ran = notebook(explodes + "def f(): raise ValueError(Explodes())", graded("f", "f()"))
    with Interpreter() as interpreter:
        ran = interpreter.run(ran, folder)
    assert told(ran.cells[1]) == "ValueError: <its text raises KeyError>"


def test_a_test_sees_what_a_learner_printed_and_made(folder: Path) -> None:
    ran = notebook(
        "def f(x):\n    print('asked', x)\n    return x",
        graded("f", "kept = f(2)\nassert kept == 2"),
        graded("g", "kept / 4"),
    )
    with Interpreter() as interpreter:
        ran = interpreter.run(ran, folder)
    assert "asked 2" in str(ran.cells[1].outputs)
    assert [score_cell(cell).points for cell in ran.cells[1:]] == [1, 0.5]
    assert os.listdir(folder) == []
