"""Which of a source's imports a test has of its own: what a learner cannot put something else in place of."""

from autograder.notebooks.imports import helpers
from tests.autograder.sources import check, exercise, given, solved, source


def test_what_the_source_imports_to_compare_with_is_the_judges_own() -> None:
    found = helpers(
        source(
            "%matplotlib inline\nimport math, numpy as np, pandas.testing\nfrom math import isclose as near",
            "from numpy.testing import assert_allclose\nimport numpy.testing as testing",
            check("test", "assert near(f(), 1)\nimport statistics"),
        )
    )
    assert found == {
        "math": ("math", ""),
        "np": ("numpy", ""),
        "pandas": ("pandas", ""),
        "near": ("math", "isclose"),
        "assert_allclose": ("numpy.testing", "assert_allclose"),
        "testing": ("numpy.testing", ""),
        "statistics": ("statistics", ""),
    }


def test_what_a_locked_cell_defines_is_the_judges_own_too() -> None:
    found = helpers(
        source(
            given("near", "def near(a, b):\n    return abs(a - b) < 1\n\nclass Point: pass"),
            given("twice", "@cache\ndef cached(): pass\n\ndef again(): pass"),
            given("most", "most = 3\nleast = unit = 'g'\nlist = []\nlater = most"),
            "def open(): pass\nagain = 3\nopened = 7\nleast = 8",
        )
    )
    assert found == {
        "near": ("", "def near(a, b):\n    return abs(a - b) < 1"),
        "most": ("", "most = 3"),
        "unit": ("", "least = unit = 'g'"),
    }


def test_what_is_made_or_kept_in_the_learners_process_is_asked_for_there() -> None:
    found = helpers(
        source(
            "import random, math\nfrom math import sqrt, floor\nfrom unittest.mock import patch\nimport unittest.mock",
            exercise("root", solved("def sqrt(n): return n ** 0.5", indent="")),
            exercise("own", solved("from statistics import mean", indent="")),
            "floor = round",
        )
    )
    assert found == {"math": ("math", "")}
