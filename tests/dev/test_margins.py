"""Margins: by how much right answers hold a bound, and wrong ones miss it."""

from typing import Any

import pytest

from breakwater.checks.verdict import CheckResult, Measurement, Report
from breakwater.dev.margins import margins, thin
from tests.dev.reports import F, P, S, report, variant


@pytest.mark.parametrize(
    ("measurement", "ratio"),
    [
        (Measurement("wait", 0.5, 2.0, "s"), 4.0),
        (Measurement("wait", 8.0, 2.0, "s"), 0.25),
        (Measurement("wait", 0.0, 2.0, "s"), 1000.0),
        (Measurement("sales", 40.0, 10.0, "/s", at_most=False), 4.0),
        (Measurement("sales", 0.0, 10.0, "/s", at_most=False), 0.001),
    ],
)
def test_a_ratio_tells_how_far_inside(measurement: Measurement, ratio: float) -> None:
    assert measurement.inside_by == pytest.approx(ratio)


def test_thin_margins_are_findings_on_either_side(tree: Any) -> None:
    runs = [
        (variant(tree, "reference"), report(P, P, wait_s=1.5)),
        (variant(tree, "wrong/thin"), report(F, P, wait_s=3.0)),
    ]
    sides = [one.what for one in thin(tree.module, margins(runs))]
    assert sides == [
        "stays-lit: reference lies only 1.33× inside the bound of the wait",
        "stays-lit: wrong/thin lies only 1.50× outside the bound of the wait",
    ]


def test_an_answer_that_may_lose_a_check_has_no_margin_there(tree: Any) -> None:
    tree.change(f"{S}/wrong/thin.patch", "Loses: stays-lit\nMay lose: 42-h1", "Loses: 42-h1\nMay lose: stays-lit")
    [found] = margins([(variant(tree, "wrong/thin"), report(F, P, wait_s=3.0))])
    assert (found.what, found.outside) == ("the wait", None)


def test_counts_have_no_margin(tree: Any) -> None:
    check = CheckResult("stays-lit", P, 2, 2, "S.", "", 0.1, measurements=(Measurement("captures", 1, 1, "captures"),))
    assert margins([(variant(tree, "reference"), Report("42-lantern", "embedded", (check,)))]) == []
