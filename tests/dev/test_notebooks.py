"""The notebooks' part of the contract: graded cells tell a solved exercise from an untouched one."""

from typing import Any

import pytest

from breakwater.dev.proof import prove_notebooks

contract = pytest.importorskip("autograder.contract")
LESSON = "solutions/42-lantern/lesson.md"
pytestmark = pytest.mark.sandbox


@pytest.fixture
def found(tree: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(contract, "_release_is_committed", lambda module: ())
    return lambda: [str(finding) for finding in contract.prove_module(tree.module)]


def test_a_sound_lesson_has_no_finding(found: Any) -> None:
    assert found() == []


def test_a_solution_that_fails_its_test_is_named(tree: Any, found: Any) -> None:
    tree.change(LESSON, "return 1", "return 2")
    assert found() == [
        f"{LESSON}:41: notebook-grades: `glass-public` earns 0 of 1 points with the solutions of the lesson; "
        "mend the solution, or the test"
    ]


def test_a_test_that_an_untouched_exercise_passes_is_named(tree: Any, found: Any) -> None:
    tree.change(LESSON, 'assert glass(), "it is open"', "assert glass")
    assert found() == [
        f"{LESSON}:45: notebook-grades: `glass-hidden` earns 1 of 1 points before anything is written; sharpen the test"
    ]


def test_a_lesson_that_cannot_be_read_is_one_finding(tree: Any, found: Any) -> None:
    tree.change(LESSON, "points=1", "pionts=1")
    (line,) = found()
    assert line.startswith("solutions/42-lantern: notebook-runs: its notebooks cannot be made or run: ")
    assert "unknown key `pionts`. Did you mean `points`?" in line


def test_the_contract_is_found_through_its_entry_point(tree: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(contract, "prove", lambda module: asked.append(module) or [])
    assert list(prove_notebooks(tree.module)) == []
    assert asked == ["42-lantern"]
