"""A notebook is run as a kernel of IPython's would run it, each in a process of its own."""

import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from autograder import confined
from autograder.notebooks.execution import Interpreter
from autograder.notebooks.imports import libraries
from tests.autograder.notebooks import ENDED, SHORT, Run, graded, notebook, told
from tests.waiting import until

pytestmark = pytest.mark.sandbox


SHOWN = {
    "the last line gives a result": ("1 + 1", "2"),
    "a semicolon keeps it to itself": ("1 + 1;", ""),
    "the last result is at hand": ("40 + 1", "_ + 1", "42"),
    "all results are at hand": ("'a'", "Out[1] + In[1]", "\"a'a'\""),
    "what is printed": ("print('a')\nprint('b', end='')", "a\nb"),
    "a shell command": ("!echo from the shell", "from the shell\r\n"),
    "a shell command's lines": ("lines = !printf 'a\\nb'", "list(lines)", "['a', 'b']"),
    "a cell for bash": ("%%bash\necho there", "there\n"),
    "a cell that is captured": ("%%capture said\nprint('x')", "said.stdout", "'x\\n'"),
    "a program's output": ("import subprocess\nsubprocess.run(['echo', 'x']).returncode", "x\n0"),
    "what is written past Python": ("import os\nos.write(1, b'raw');", "raw"),
    "what is awaited": ("import asyncio\nawait asyncio.sleep(0, 'late')", "'late'"),
    "a task goes on in the next cell": (
        "import asyncio\ntask = asyncio.create_task(asyncio.sleep(0.05, 'done'))",
        "await task",
        "'done'",
    ),
    "a loop runs already": (
        "import asyncio\nnever = asyncio.sleep(0)\nasyncio.run(never)",
        "RuntimeError: asyncio.run() cannot be called from a running event loop",
    ),
    "a variable in a command": ("word = 'said'", "!echo {word}", "said\r\n"),
    "exit is no end": ("exit()", "1", "1"),
    "quit is no end": ("quit", "1", "1"),
    "sys.exit is no end": ("import sys\nsys.exit(3)", "1", "1"),
    "a mistake in the syntax": ("x = = 1", "SyntaxError: invalid syntax (<ipython-input-1-1197c20a9c92>, line 1)"),
    "a mistake in one line lets the next cell run": ("1 / 0", "2", "2"),
    "the working folder": ("import os\nos.getcwd()", "'/submission/ada/ps1'"),
    "where it runs": ("import os\nos.environ['NBGRADER_EXECUTION']", "'autograde'"),
    "a name of the course's package": ("from breakwater import shop\nshop.up()", ""),
    "help": ("len?", ""),
    "what a class pickles": (
        "import pickle\nclass Point: pass\ntype(pickle.loads(pickle.dumps(Point()))).__name__",
        "'Point'",
    ),
    "loopback": (
        "import socket\nwith socket.create_server(('127.0.0.1', 0)) as s:\n"
        "    socket.create_connection(s.getsockname()).close()",
        "",
    ),
    "another process": (
        "import multiprocessing\ncontext = multiprocessing.get_context('fork')\n"
        "with context.Pool(2) as pool: found = pool.map(abs, [-1, 2])\nfound",
        "[1, 2]",
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_cell_shows_what_it_would_show_in_a_kernel(run: Run, name: str) -> None:
    *cells, shown = SHOWN[name]
    assert run(*cells)[-1] == shown


def test_an_error_has_ipythons_traceback(run: Run) -> None:
    run("def fails():\n    raise ValueError('no')\nfails()")
    [error] = run.cells[0].outputs
    assert (error.ename, error.evalue) == ("ValueError", "no")
    assert "raise ValueError" in re.sub(r"\x1b\[[\d;]*m", "", "".join(error.traceback))
    assert run.cells[0].execution_count == 1


def test_nobody_answers_what_is_asked(run: Run) -> None:
    assert run("input('name? ')", "import getpass\ngetpass.getpass()")[0].startswith("StdinNotImplementedError")


RICH = """
from IPython.display import HTML, display
display(HTML("<b>x</b>"))
class Rich:
    def _repr_html_(self): return "<i>y</i>"
    def _repr_png_(self): return b"png"
Rich()
"""


def test_rich_results_keep_their_kinds(run: Run) -> None:
    run(RICH)
    shown, result = run.cells[0].outputs
    assert (shown.output_type, shown.data["text/html"]) == ("display_data", "<b>x</b>")
    assert (result.output_type, result.data["text/html"], result.data["image/png"]) == (
        "execute_result",
        "<i>y</i>",
        "cG5n",
    )


@pytest.mark.parametrize("first", ["%matplotlib inline\n", ""])
def test_a_figure_is_shown_at_the_end_of_its_cell(run: Run, first: str) -> None:
    run(first + "from matplotlib import pyplot as plt\nplt.plot([1, 2])\nprint('before')", "len(plt.get_fignums())")
    printed, figure = run.cells[0].outputs
    assert printed.text == "before\n"
    assert {"image/png", "text/plain"} == set(figure.data)
    assert told(run.cells[1]) == "0"


def test_displays_are_updated_and_cleared(run: Run) -> None:
    run(
        "from IPython.display import clear_output, display\nhandle = display('first', display_id=True)",
        "handle.update('second')",
        "print('gone')\nclear_output()\nprint('stays')",
        "print('gone too')\nclear_output(wait=True)\nprint('instead')",
    )
    assert [told(cell) for cell in run.cells] == ["'second'", "", "stays\n", "instead\n"]


def test_each_notebook_draws_other_random_numbers(run: Run) -> None:
    drawing = "import random, numpy\n(random.random(), float(numpy.random.random()))"
    assert run(drawing) != run(drawing)


def test_what_lies_beside_a_notebook_is_there_as_a_copy(run: Run, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "numbers.csv").write_text("1,2\n")
    (folder / "helper.py").write_text("answer = 42\n")
    (folder / "link").symlink_to("/etc/passwd")
    found = run(
        "open('data/numbers.csv').read()",
        "from helper import answer\nanswer",
        "open('data/numbers.csv', 'w').write('mine'); open('new', 'w').write('x')",
        "import os\nsorted(os.listdir())",
    )
    assert found[:2] == ["'1,2\\n'", "42"]
    assert "'link'" not in found[3]
    assert (folder / "data" / "numbers.csv").read_text() == "1,2\n"
    assert sorted(path.name for path in folder.iterdir()) == ["data", "helper.py", "link"]


def test_a_test_catches_what_is_printed_by_what_it_tests(run: Run) -> None:
    test = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as said: shout()\n"
    said = run(
        "def shout():\n    for n in range(300): print('hey', n)",
        graded("said", test + "assert said.getvalue().splitlines()[-1] == 'hey 299'\nprint('shown')"),
    )
    assert said[1] == "shown\n"


INSIDE = {
    "a magic": "found = %timeit -n1 -r1 -o -q half(2)\nassert found.loops == 1",
    "a mocked builtin": (
        "from unittest.mock import patch\nwith patch('builtins.input', return_value='3'): assert asks() == 6"
    ),
    "a file that a cell wrote": "assert open('note').read() == 'x'",
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_test_that_has_to_runs_in_the_learners_process(
    interpreter: Interpreter, run: Run, folder: Path, name: str
) -> None:
    cells = (
        "def half(n): return n / 2",
        "def asks(): return 2 * int(input())\nopen('note', 'w').write('x');",
        graded("outside", "assert half(2) == 1"),
        graded("inside", INSIDE[name]),
        graded("never", "assert half(2) == 7"),
    )
    inside = interpreter.judged_inside(notebook(*cells), folder, SHORT)
    assert inside == {"inside"}
    said = run(*cells, inside=inside)
    assert (said[2], said[3]) == ("", "")
    assert said[4].startswith("AssertionError")


def test_a_test_that_runs_inside_finds_python_as_it_was(run: Run) -> None:
    forges = (
        "import ast, builtins, math, sys\nbuiltins.AssertionError = Exception\nmath.floor = lambda x: 3\n"
        "builtins.sum = lambda x: 3\nsys.modules['json'] = math\n"
        "class No(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(No())",
    )
    test = "import json, math\nassert (sum([]), math.floor(1.5), json.loads('1')) == (0, 1, 1)\nassert 1 == 2, 'seen'"
    said = run(*forges, graded("t", test), "sum([])", inside=frozenset({"t"}))
    assert said[1:] == ["AssertionError: seen", "3"]


def test_notebooks_run_side_by_side(interpreter: Interpreter, tmp_path: Path) -> None:
    results: dict[int, list[str]] = {}

    def one(number: int) -> None:
        folder = tmp_path / f"s{number}" / "ps1"
        folder.mkdir(parents=True)
        cells = (f"mine = {number}", "import time\ntime.sleep(0.2)", graded("mine", f"assert mine == {number}"), "mine")
        results[number] = [told(cell) for cell in interpreter.run(notebook(*cells), folder).cells]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: ["", "", "", str(number)] for number in range(6)}


def test_a_library_that_starts_threads_is_left_out(tmp_path: Path, folder: Path, monkeypatch: Any) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("BREAKWATER_UNSANDBOXED", "1")
    monkeypatch.setattr(confined, "INSIDE", f"{confined.INSIDE}:{tmp_path}")
    with Interpreter(["threaded", "decimal"]) as interpreter:
        cells = ("import sys\n('threaded' in sys.modules, 'decimal' in sys.modules)",)
        assert Run(interpreter, folder)(*cells) == ["(False, True)"]


def test_without_a_sandbox_the_same_runs_unconfined(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("BREAKWATER_UNSANDBOXED", "1")
    (folder / "data").write_text("x")
    with Interpreter() as interpreter:
        run = Run(interpreter, folder)
        said = run("open('data').read()", "import os\nos._exit(0)", graded("x", "assert 1 == 1"), "1 + 1")
    assert said[0] == "'x'"
    assert said[1].startswith(ENDED)
    assert said[2:] == ["", "2"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_warm_process_that_died_is_started_again(folder: Path, which: int) -> None:
    with Interpreter() as interpreter:
        run = Run(interpreter, folder)
        assert run("1") == ["1"]
        process = interpreter._processes[which]
        process.kill()
        process.wait()
        assert run("2") == ["2"]


def test_nothing_is_left_of_an_interpreter_that_is_closed_while_it_starts() -> None:
    for _ in range(5):
        interpreter = Interpreter(["a_name_of_this_test"])
        interpreter._started()
        interpreter.close()
    until(lambda: not [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_of_this_test(pid)])


def _is_of_this_test(pid: str) -> bool:
    try:
        return "a_name_of_this_test" in Path("/proc", pid, "cmdline").read_text()
    except OSError:
        return False


def test_libraries_are_found_by_name() -> None:
    cells = ("import numpy as np\nfrom os import path", "%matplotlib inline\nimport json.decoder", "x = = 1")
    assert libraries(notebook(*cells)) == ("matplotlib.pyplot", "numpy", "os", "json.decoder")
