"""What a notebook may use, and what it costs to use more: the question that did it, and no other."""

from time import monotonic

import pytest

from autograder.notebooks.execution import Limits
from tests.autograder.notebooks import ENDED, SHORT, Run, graded

pytestmark = pytest.mark.sandbox


def test_whoever_ends_the_process_loses_its_own_question_alone(run: Run) -> None:
    said = run(
        "def f(x): return x",
        "print('before')\nimport os\nos._exit(3)",
        graded("f", "kept = f(1)\nassert kept == 1"),
        "def g(x):\n    import ctypes\n    return ctypes.string_at(0)",
        graded("g", "assert g(1) == 1"),
        "def h(x): return 2 * x",
        graded("h", "assert h(kept) == 2"),
        "import os\nos.kill(os.getpid(), 9)\nos.abort()",
        graded("f-again", "assert f(2) == 2"),
    )
    assert said == [
        "",
        f"before\n{ENDED} (exit status 3).",
        "",
        "",
        f"{ENDED} (SIGSEGV).",
        "",
        "",
        said[7],
        "",
    ]
    assert said[7].startswith(ENDED)


def test_what_tests_kept_of_a_lost_process_is_made_anew(run: Run) -> None:
    said = run(
        "class Account:\n    cents = 5",
        graded("made", "account = Account()\naccount.cents = 7"),
        "import os\nos._exit(0)",
        graded("kept", "assert account.cents == 7"),
    )
    assert (said[1], said[3]) == ("", "")


def test_a_process_is_not_started_again_for_ever(run: Run) -> None:
    said = run(*["import os\nos._exit(0)"] * 5, "1", limits=Limits(cell_s=2, restarts=3))
    assert all(each.startswith(ENDED) for each in said[:4])
    assert said[4:] == ["NotJudged: the interpreter was ended again and again."] * 2


LOOPS = {
    "a loop": "while True: pass",
    "a wait": "import time\ntime.sleep(60)",
    "an await": "import asyncio\nawait asyncio.sleep(60)",
    "a task": "import asyncio\nasync def spins():\n    while True: pass\nawait asyncio.create_task(spins())",
    "a program": "!sleep 60",
}
STUBBORN = {
    "one that catches all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "one that hears no signal": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    "one in C": "sum(range(10 ** 12))",
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_cell_whose_time_is_over_is_interrupted(run: Run, name: str) -> None:
    patient = Limits(cell_s=1.0, grace_s=10.0)
    said = run("x = 1", f"y = 2\nprint('begun')\n{LOOPS[name]}", graded("x", "assert x + y == 3"), limits=patient)
    assert said[1].startswith("begun\n")
    assert said[1].endswith("CellTimeoutError: no end after 1 s")
    assert said[2] == ""


@pytest.mark.parametrize("name", STUBBORN)
def test_a_cell_that_is_not_to_be_interrupted_loses_its_process(run: Run, name: str) -> None:
    began = monotonic()
    said = run("x = 1", f"print('begun')\n{STUBBORN[name]}", graded("x", "assert x == 1"))
    assert said[1] in (
        "begun\nNotJudged: this cell could not be interrupted.",
        "begun\nKeyboardInterrupt: CellTimeoutError: no end after 1.5 s",  # where it was hit between two `try`s
    )
    assert said[2] == ""
    assert monotonic() - began < SHORT.cell_s + 5  # on a busy machine


TESTS = {
    "the code under test loops": "assert f() == 1",
    "the test itself loops": "while True: pass",
    "the test itself waits": "import asyncio\nawait asyncio.sleep(60)",
    "the test swallows what ends it": "while True:\n    try: f()\n    except BaseException: pass",
}


@pytest.mark.parametrize("name", TESTS)
def test_a_test_ends_when_its_time_is_over(run: Run, name: str) -> None:
    said = run("def f():\n    while True: pass", "def g(): return 2", graded("f", TESTS[name]), graded("g", "g() / 4"))
    assert "CellTimeoutError" in said[2] or "NotJudged" in said[2], said[2]
    assert said[3] == "0.5"


def test_a_notebook_has_an_end_too(run: Run) -> None:
    said = run(*["import time\ntime.sleep(0.6)"] * 4, graded("x", "assert True"), limits=Limits(notebook_s=1.0))
    assert said[0] == ""
    assert said[-1] == "NotJudged: the notebook had run for 1 s before this cell's turn came."


def test_what_a_cell_shows_has_bounds(run: Run) -> None:
    bombs = (
        "print('x' * 50_000_000)",
        "import sys\nfor _ in range(400_000): print('y' * 100)",
        "import os\nos.write(1, b'z' * 5_000_000);",
    )
    said = run(*bombs, graded("x", "assert 1 == 1"), limits=Limits(cell_s=20, shown=1 << 20))
    assert all(len(each) <= 1 << 20 for each in said)
    assert said[-1] == ""


def test_memory_has_bounds(run: Run) -> None:
    said = run("held = 'x'\nheld = held * (1 << 40)", "held", limits=Limits(memory=1 << 30))
    assert "MemoryError" in said[0]
    assert said[1] == "'x'"


TAKES = """
import os, signal, sys, time
def takes(megabytes, orphaned):
    if os.fork() == 0:
        if orphaned and os.fork():
            os._exit(0)
        held = bytearray(megabytes << 20)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(60)
"""


@pytest.mark.parametrize("orphaned", [False, True])
def test_what_a_notebooks_processes_take_together_has_bounds(run: Run, orphaned: bool) -> None:
    bomb = f"{TAKES}\nfor _ in range(4): takes(300, {orphaned})\ntime.sleep(60)"
    said = run(bomb, graded("x", "assert 1 == 1"), limits=Limits(memory=1 << 30))
    assert said == ["NotJudged: what this cell started took more than 1024 MB of memory.", ""]


def test_what_processes_share_is_counted_once(run: Run) -> None:
    said = run(f"{TAKES}\nfor _ in range(20): takes(1, False)\ntime.sleep(1)\n'all'", limits=Limits(memory=1 << 30))
    assert said == ["'all'"]


@pytest.mark.parametrize("call", ["os.memfd_create('x')", "ctypes.CDLL(None).shmget(0, 4096, 0o1666)"])
def test_memory_that_belongs_to_no_process_is_refused(run: Run, call: str) -> None:
    (said,) = run(f"import ctypes, os\n{call}")
    assert said in ("PermissionError: [Errno 1] Operation not permitted", "-1")
