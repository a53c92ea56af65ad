"""What a notebook tries against the cells that test it: they run elsewhere, and meet plain data alone."""

import os
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.notebooks.execution import Interpreter
from autograder.notebooks.score import score_cell
from autograder.preprocessors import Execute
from breakwater.errors import EngineTrouble

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox]
TEST = "assert mean([1, 2, 6]) == 3\n### BEGIN HIDDEN TESTS\nassert mean([4]) == 4\n### END HIDDEN TESTS"

EQUAL = """
class Equal:
    def __eq__(self, other): return True
def mean(items): return Equal()
"""
NO_ASSERTS = """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())
get_ipython().input_transformers_post.append(lambda lines: ["pass"])
get_ipython().run_cell = get_ipython().run_cell_async = lambda *args, **options: None
def mean(items): return 0
"""
READS_THE_TEST = """
import inspect, gc, sys
seen = []
def mean(items):
    seen.append([frame.code_context for frame in inspect.stack()])
    found = [text for text in gc.get_objects() if isinstance(text, str) and "HIDDEN" + " TESTS" in text]
    print("FOUND", len(found))
    if found:
        return 3 if len(items) == 3 else 4
    return 0
"""
PATCHES = """
import builtins, json, operator, sys, types
from interpreter.crossing import channel, line, objects, sides
builtins.AssertionError = type("AssertionError", (Exception,), {})
line.Line._say_before = line.Line._say
def say(self, message):
    if "raised" in message:
        message = {"answer": message["answer"], "value": None}
    if "value" in message:
        message["value"] = [{"$": "mine", "number": 7, "kind": "class", "name": "int"}, []]
    self._say_before(message)
line.Line._say = say
def mean(items): return 0
"""
HANGS_UP = """
import os
def mean(items):
    for number in range(3, 64):
        try: os.close(number)
        except OSError: pass
"""
LIES_ABOUT_THE_LINE = """
import gc, json, socket, struct
def say(messages):
    for connection in [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
        for message in messages:
            data = json.dumps(message).encode()
            try: connection.sendall(struct.pack("!I", len(data)) + data)
            except OSError: pass
def mean(items):
    say([{"outputs": []}, {"done": 1}, {"result": {"text/plain": "1"}, "count": 1}, {"error": "x"}])
    say([{"answer": number, "value": [3, []]} for number in range(1, 9)])
    return 0
say([{"done": 9}, {"result": {"text/plain": "1"}}])
"""
STUBBORN = """
def mean(items):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
ATTACKS = {
    "equal to everything": EQUAL,
    "no asserts in this kernel": NO_ASSERTS,
    "reads the test": READS_THE_TEST,
    "patches its end of the line": PATCHES,
    "hangs up": HANGS_UP,
    "lies about the line": LIES_ABOUT_THE_LINE,
    "ends": "import os\ndef mean(items): os._exit(0)",
    "raises what passes for an end": "def mean(items): raise SystemExit(0)",
    "never ends": "def mean(items):\n    while True: pass",
    "never ends, and will not be told": STUBBORN,
}
SABOTAGE = ("no asserts in this kernel", "lies about the line", "patches its end of the line")  # of all that follows
RIGHT = "def total(items): return sum(items)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "autograded" / "eve" / "42-sample"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_value_earns_nothing_and_costs_its_own_question_alone(folder: Path, attack: str) -> None:
    test = graded("mean", TEST)
    after = graded("total", "assert total([1, 2, 3]) == 6")
    cells = [new_code_cell(RIGHT), new_code_cell(ATTACKS[attack]), test, new_code_cell(RIGHT), after]
    notebook = new_notebook(cells=cells)
    Execute(timeout=5).preprocess(notebook, {"metadata": {"path": str(folder)}})
    forged, honest = notebook.cells[2], notebook.cells[4]
    assert score(forged) == 0, forged.outputs
    assert "FOUND 0" in str(forged.outputs) or attack != "reads the test"
    assert forged.source == TEST
    if attack not in SABOTAGE:
        assert score(honest) == 1, honest.outputs


def graded(name: str, source: str) -> Any:
    told = {
        "schema_version": 3,
        "grade_id": name,
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 1,
    }
    return new_code_cell(source, metadata={"nbgrader": told})


def score(cell: Any) -> float | None:
    return score_cell(cell).points


def test_that_a_judge_did_not_start_is_no_learners_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.notebooks.execution.sys.executable", "/bin/false")
    with Interpreter() as interpreter, pytest.raises(EngineTrouble, match=r"ended|gone"):
        interpreter.run(new_notebook(cells=[new_code_cell("1")]), folder)


def test_a_test_sees_what_a_learner_printed_and_made(folder: Path) -> None:
    cells = [
        new_code_cell("def f(x):\n    print('asked', x)\n    return x"),
        graded("f", "kept = f(2)\nassert kept == 2"),
        graded("g", "kept / 4"),
    ]
    notebook = new_notebook(cells=cells)
    Execute(timeout=20).preprocess(notebook, {"metadata": {"path": str(folder)}})
    assert "asked 2" in str(notebook.cells[1].outputs)
    assert (score(notebook.cells[1]), score(notebook.cells[2])) == (1, 0.5)
    assert os.listdir(folder) == []
