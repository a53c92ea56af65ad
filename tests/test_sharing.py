"""Tests that run at a time get in one another's way as little as can be, and end at about the same time."""

import pytest

from breakwater import paths
from tests.sharing import LONG, next_scope, scope_of

SHORT = ["tests/test_imports.py", "tests/site/test_build.py"]


@pytest.mark.parametrize(
    ("file", "scope"),
    [
        ("tests/autograder/test_grade.py", "sandbox"),
        ("tests/compose/test_checks.py", "containers"),
        ("tests/site/test_build.py", "tests/site/test_build.py"),
    ],
)
def test_files_that_share_a_part_of_the_machine_run_one_after_another(file: str, scope: str) -> None:
    assert scope_of(file) == scope


def test_the_long_begin() -> None:
    assert next_scope([*SHORT, *reversed(LONG)], running=SHORT) == LONG[0]
    assert next_scope(SHORT, running=LONG) == SHORT[0]


def test_beside_containers_run_the_short_while_there_are_some() -> None:
    assert next_scope([*SHORT, *LONG[1:]], running=["containers"]) == SHORT[0]
    assert next_scope(LONG[1:], running=["containers"]) == LONG[1]


def test_the_long_are_there() -> None:
    files = {str(file.relative_to(paths.ROOT)) for file in paths.ROOT.glob("tests/*/test_*.py")}
    assert {scope_of(file) for file in files} >= set(LONG)
