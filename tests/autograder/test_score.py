"""Scores by nbgrader's own rules, but for the differences in the table of `autograder.notebooks.score`."""

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from autograder.notebooks.released import from_source
from autograder.notebooks.repair import repair
from autograder.notebooks.score import nothing, score, score_cell
from tests.autograder.sources import RIGHT, SUMS, check, fill_in, release

RELEASED = from_source(SUMS)


def judged(answers: dict[str, str], outputs: dict[str, list[Any]] | None = None) -> Any:
    """A repaired notebook, as if it had been run with these outputs."""
    notebook = fill_in(release(SUMS), answers)
    repair(notebook, RELEASED)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            cell.outputs = (outputs or {}).get(name, [])
    return notebook


def result(text: str) -> Any:
    return new_output("execute_result", {"text/plain": text})


def error(name: str = "AssertionError", said: str = "no") -> Any:
    return new_output("error", ename=name, evalue=said, traceback=[])


def test_each_cell_has_points_a_reason_and_may_wait_for_a_person() -> None:
    outputs = {"total-hidden": [error()], "double-part": [result("1.5")]}
    found = score(judged({name: text for name, text in RIGHT.items() if name != "draw"}, outputs))
    rows = {
        name: (cell.points, cell.max_points, cell.needs_manual_grade, cell.reason) for name, cell in found.cells.items()
    }
    assert rows == {
        "total-public": (1, 1, False, "passed"),
        "total-hidden": (0, 2, False, "AssertionError: no"),
        "double-part": (1.5, 2, False, "partial credit: 1.5 of 2"),
        "why": (None, 3, True, "a person has to say"),
        "draw": (0, 2, False, "no response"),
        "essay": (None, 4, True, "a person has to say"),
    }
    assert (found.points, found.max_points, found.needs_manual_grade) == (2.5, 14, True)


def test_who_wrote_nothing_is_told_so() -> None:
    comments = score(judged({})).comments
    assert {name for name, text in comments.items() if text == "No response."} == {"total", "double", "why", "draw"}
    assert set(score(judged(RIGHT)).comments.values()) == {None}


def test_where_nothing_was_judged_each_cell_has_0_and_the_reason() -> None:
    found = nothing(RELEASED, "it is no notebook")
    assert (found.points, found.max_points, found.needs_manual_grade) == (0, 14, False)
    assert {cell.reason for cell in found.cells.values()} == {"it is no notebook"}


TEXTS = st.one_of(
    st.floats(max_value=2).map(repr),
    st.sampled_from(["None", "True", "'2'", "[1]", "0", "2", " 1 ", "1_0e-1", "nan", "-0.0"]),
    st.text(min_size=1, max_size=8),
)
OUTPUTS = st.lists(
    st.one_of(
        TEXTS.map(result),
        st.just(error()),
        st.just(new_output("stream", text="said")),
        st.just(new_output("display_data", {"text/plain": "0"})),
    ),
    max_size=3,
)


@settings(deadline=None, max_examples=300)
@given(outputs=OUTPUTS)
def test_a_test_scores_as_nbgrader_scores_it(outputs: list[Any]) -> None:
    cell = cell_with(*outputs)
    try:
        expected, _ = determine_grade(cell, logging.getLogger("quiet"))
    except ValueError:  # partial credit above the points: a difference, see below
        expected = 2
    assert score_cell(cell).points == expected


def cell_with(*outputs: Any) -> Any:
    made = check("a", "f()", points=2)
    return new_code_cell("f()", metadata=made.metadata, outputs=list(outputs))


@pytest.mark.parametrize(
    ("output", "points"),
    [
        (new_output("stream", name="stderr", text="a warning"), 2),
        (result("2.0000000000000004"), 2),
        (result("np.float64(1.5)"), 1.5),
        (result("np.int64(1)"), 1),
        (result("np.longdouble('0.5')"), 0.5),
        (result("np.True_"), 2),
        (result(""), 2),
        (new_output("execute_result", {"image/png": "x"}), 2),
    ],
)
def test_where_it_differs_from_nbgrader(output: Any, points: float) -> None:
    assert score_cell(cell_with(output)).points == points
