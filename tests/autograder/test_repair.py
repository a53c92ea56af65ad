"""Repair: whatever a learner did to the cells, afterwards those that were released are there, once, as they were."""

from typing import Any

import nbformat
import pytest
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.nbgraderformat import MetadataValidator

from autograder.notebooks.released import from_source
from autograder.notebooks.repair import grade_id, repair
from breakwater.errors import BadInput
from tests.autograder.sources import RIGHT, SUMS, check, copy, exercise, fill_in, release, source, task

RELEASED = from_source(SUMS)
HANDED_OUT = release(SUMS)


def repaired(notebook: Any) -> dict[str, Any]:
    """The cells of a notebook after its repair, by name."""
    repair(notebook, RELEASED)
    return {name: cell for cell in notebook.cells if (name := grade_id(cell))}


def position(notebook: Any, name: str) -> int:
    return next(number for number, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def test_answers_stay_and_hidden_tests_come_back() -> None:
    cells = repaired(fill_in(HANDED_OUT, RIGHT))
    assert cells["total"].source == RIGHT["total"]
    assert "[-41, 83]" not in str(HANDED_OUT)
    assert "total([-41, 83]) == 42" in cells["total-hidden"].source


def test_an_edited_test_is_put_back() -> None:
    cells = repaired(fill_in(HANDED_OUT, RIGHT | {"total-public": "assert True", "essay": "Nothing to do."}))
    assert cells["total-public"].source == "assert total([1, 2]) == 3"
    assert cells["essay"].source == "Write an essay below."


def test_a_deleted_cell_is_put_back_behind_its_predecessor() -> None:
    notebook = fill_in(HANDED_OUT, RIGHT)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in ("total", "total-public", "essay")]
    repair(notebook, RELEASED)
    names = [grade_id(cell) for cell in notebook.cells]
    assert names == ["total", "total-public", None, *list(RELEASED.cells)[2:]]


def test_the_last_copy_counts_and_the_others_become_plain() -> None:
    notebook = fill_in(HANDED_OUT, RIGHT)
    first = copy(notebook).cells[position(notebook, "total")]
    first.source, first.id = "def total(numbers): return 0", "copy"
    notebook.cells.insert(0, first)
    cells = repaired(notebook)
    assert cells["total"].source == RIGHT["total"]
    assert "nbgrader" not in notebook.cells[0].metadata


def test_a_changed_kind_is_put_back() -> None:
    notebook = fill_in(HANDED_OUT, RIGHT)
    at = position(notebook, "total-public")
    notebook.cells[at] = new_markdown_cell("x", metadata=notebook.cells[at].metadata, id="total-public")
    at = position(notebook, "why")
    notebook.cells[at] = new_code_cell("my answer", metadata=notebook.cells[at].metadata, id="why")
    cells = repaired(notebook)
    assert (cells["total-public"].cell_type, cells["total-public"].outputs) == ("code", [])
    assert (cells["why"].cell_type, cells["why"].source, "outputs" in cells["why"]) == ("markdown", "my answer", False)
    nbformat.validate(notebook)


def test_tags_and_points_and_flags_have_no_say() -> None:
    notebook = fill_in(HANDED_OUT, RIGHT)
    cell = notebook.cells[position(notebook, "total-public")]
    cell.metadata["tags"] = ["skip-execution"]
    cell.metadata["nbgrader"] |= {"points": 1000, "solution": True, "locked": False, "schema_version": 99}
    cells = repaired(notebook)
    assert "tags" not in cells["total-public"].metadata
    assert cells["total-public"].metadata["nbgrader"] == RELEASED.cells["total-public"].metadata()


def test_cells_of_another_assignment_become_plain() -> None:
    notebook = source(check("foreign", "1000", points=1000))
    assert set(repaired(notebook)) == set(RELEASED.cells)


def test_a_notebook_without_cell_ids_gets_none() -> None:
    notebook = copy(HANDED_OUT)
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    notebook.cells = notebook.cells[:3]
    repair(notebook, RELEASED)
    nbformat.validate(notebook)


def test_the_kernel_is_that_of_the_release() -> None:
    notebook = copy(HANDED_OUT)
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash"}
    repair(notebook, RELEASED)
    assert notebook.metadata["kernelspec"]["name"] == "python3"


CELLS = st.sampled_from(range(len(HANDED_OUT.cells)))
METADATA = st.one_of(
    st.none(),
    st.integers(),
    st.dictionaries(st.sampled_from(["grade_id", "grade", "solution", "task", "points"]), st.none() | st.booleans()),
    st.builds(lambda name: {"grade_id": name, "points": 9}, st.sampled_from([*RELEASED.cells, "x", ""])),
)
KINDS = st.sampled_from([new_code_cell, new_markdown_cell, new_raw_cell])


@settings(deadline=None, max_examples=150)
@given_by(
    order=st.lists(CELLS, max_size=14), strange=st.lists(st.tuples(KINDS, st.text(max_size=9), METADATA), max_size=5)
)
def test_whatever_was_done_to_it_it_can_be_judged_and_repairing_again_changes_nothing(
    order: list[int], strange: list[tuple[Any, str, Any]]
) -> None:
    notebook = copy(HANDED_OUT)
    known = [copy(HANDED_OUT.cells[number]) for number in order]
    notebook.cells = [*known, *(make(text, metadata={"nbgrader": about}) for make, text, about in strange)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{number}"
    repair(notebook, RELEASED)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    names = [name for cell in notebook.cells if (name := grade_id(cell))]
    assert sorted(names) == sorted(RELEASED.cells)
    for cell in notebook.cells:
        if (name := grade_id(cell)) and RELEASED.cells[name].locked:
            assert cell.source == RELEASED.cells[name].source
    once = copy(notebook)
    repair(notebook, RELEASED)
    assert notebook == once


def test_a_task_that_its_source_leaves_unlocked_is_one() -> None:
    released = from_source(source(task("essay", "Write.", locked=False)))
    notebook = copy(HANDED_OUT)
    repair(notebook, released)
    MetadataValidator().validate_nb(notebook)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("1 + 1",), "no cell of it is graded"),
        ((exercise("a", "x = 1"),), "no cell of it is graded"),
        ((check("a", "assert True"), check("a", "assert True")), "Notebook failed to validate"),
        ((check("a", "### BEGIN SOLUTION\nassert True"),), "solution"),
    ],
)
def test_what_is_no_source_is_told_so(cells: tuple[Any, ...], says: str) -> None:
    notebook = source(*cells)
    with pytest.raises(BadInput, match=f"^It is no nbgrader source: .*{says}"):
        from_source(notebook)
