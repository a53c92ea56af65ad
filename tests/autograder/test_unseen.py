"""Where hidden tests stay hidden, what a notebook shows is what it shows without them; its points are as they were."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.notebooks import _shown, unseen
from autograder.notebooks.score import points_of_test
from tests.autograder.notebooks import Run, graded, notebook

HIDDEN = "### BEGIN HIDDEN TESTS\nassert f(4815) == 4816\n### END HIDDEN TESTS"
REMEMBERS = "asked = []\ndef f(x):\n    asked.append(x)\n    return x + 1"
AGAIN = graded("again", "got = f(2)\nassert got == 3, f'{got} is not 3'")

OUTPUTS = st.lists(
    st.one_of(
        st.builds(_shown.result, st.sampled_from(["1", "2", "0.5", "7", "nan", "a text"])),
        st.builds(_shown.error, st.sampled_from(["AssertionError", "NotJudged"]), st.text(max_size=3)),
        st.just({"output_type": "stream", "name": "stdout", "text": "said"}),
    ),
    max_size=3,
)


@given(first=OUTPUTS, second=OUTPUTS, source=st.sampled_from(["assert f(1)", f"assert f(1)\n{HIDDEN}"]))
def test_what_is_shown_gives_the_points_that_were_earned(first: Any, second: Any, source: str) -> None:
    cell = graded("it", source, points=2)
    cell.outputs = first
    assert points_of_test(unseen.shown(cell, second), 2) == points_of_test(first, 2)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "later",
    [
        ["print(asked)"],
        [graded("last", "assert f(1) == 0, str(asked)")],
        [graded("last", "asked[-1] + 0.5")],
        ["from IPython.display import display\ndisplay(len(asked) and asked[-1])"],
        ["raise ValueError(asked)"],
        ["def f(x):\n    raise type(f'E{asked[-1]}', (Exception,), {})", graded("last", "f(1)")],
    ],
    ids=["printed", "in an error of a test", "as points", "displayed", "in an error", "as an error's name"],
)
def test_what_a_hidden_test_asked_is_shown_nowhere(run: Run, later: list[Any]) -> None:
    run(REMEMBERS, graded("it", HIDDEN), *later, hides=True)
    assert "4815" not in json.dumps([cell.outputs for cell in run.cells[2:]])
    run(REMEMBERS, graded("it", HIDDEN), *later)
    assert "4815" in json.dumps([cell.outputs for cell in run.cells[2:]])


@pytest.mark.sandbox
def test_what_a_public_test_says_is_shown(run: Run) -> None:
    *_, said = run("def f(x):\n    return x + 2", graded("it", HIDDEN), AGAIN, hides=True)
    assert said == "AssertionError: 4 is not 3"


@pytest.mark.sandbox
def test_a_test_that_fails_only_after_a_hidden_one_says_so(run: Run) -> None:
    *_, said = run(
        "seen = []\ndef f(x):\n    seen.append(x)\n    return x + len(seen)", graded("it", HIDDEN), AGAIN, hides=True
    )
    assert said == f"AssertionError: {unseen.ONLY_AFTER}"


@pytest.mark.sandbox
def test_why_a_cell_was_not_judged_is_shown_and_takes_its_time_once(run: Run) -> None:
    ends = graded("ends", "assert f(3) == 4")
    said = run(
        "import os, time\ndef f(x):\n    if x == 3: os._exit(3)\n    return x + 1",
        graded("it", HIDDEN),
        "print('begins')\ntime.sleep(60)",
        ends,
        AGAIN,
        hides=True,
    )
    assert said[2] == "CellTimeoutError: no end after 1.5 s"
    assert "exit status 3" in said[3]
    assert said[4] == ""


NOT_MINE, OURS = [False, True, True], _shown.error("AssertionError", "", ["its test", "----> 1 got = f(2)", ": "])


def test_nothing_runs_twice_where_nothing_is_shown() -> None:
    cells = notebook("def f(x): return x + 1", graded("it", HIDDEN), AGAIN).cells
    assert not unseen.is_told(cells, NOT_MINE)
    cells[2].outputs = [OURS]
    assert not unseen.is_told(cells, NOT_MINE)
    cells[2].outputs = [_shown.error("AssertionError", "4815")]
    assert unseen.is_told(cells, NOT_MINE)


def test_an_error_that_may_be_forged_is_not_taken_for_one_that_says_nothing() -> None:
    cells = notebook("f", graded("it", f"assert f(2)\n{HIDDEN}"), AGAIN).cells
    cells[0].outputs = [_shown.error("AssertionError", "", ["4815", ": "])]
    assert unseen.is_told(cells, NOT_MINE)
    cells[0].outputs, cells[2].outputs = [], [OURS]
    assert unseen.is_told(cells, [False, True, False]), "a test that ran beside the learner's code"
    cells[2].outputs, cells[1].outputs = [], [_shown.error("GOT_4815", "", ["its test", "----> 1 assert f(2)", ": "])]
    assert unseen.is_told(cells, NOT_MINE), "a class of errors can be called as one likes"
