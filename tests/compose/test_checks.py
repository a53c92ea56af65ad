"""The checks of a lab judge the same on this engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.runner import CheckJob, lay_over, run_checks
from breakwater.checks.verdict import Verdict
from tests.proven import is_proven

pytestmark = [pytest.mark.shop, pytest.mark.compose, pytest.mark.usefixtures("docker")]

LAB = "09-resilience"
# The record proves what both shops' checks say, if not on this engine: while it is current, and so nothing of the
# engine has changed either, a fault of each kind is enough here.
SOME = ("slow-payment", "answer-lost", "dead-catalog") if is_proven() else ()


def judged(shop: Path, select: Sequence[str] = ()) -> dict[str, Verdict]:
    report = run_checks(CheckJob(LAB, shop, engine="compose", select=tuple(select)))
    return {check.id: check.verdict for check in report.checks}


def test_the_naive_shop_fails_by_verdicts(tmp_path: Path, docker: Any) -> None:
    verdicts = judged(lay_over(None, tmp_path / "shop"), SOME)
    assert verdicts.pop("starts", Verdict.PASSED) is Verdict.PASSED
    assert set(verdicts.values()) == {Verdict.FAILED}


def test_the_reference_passes(tmp_path: Path, docker: Any) -> None:
    verdicts = judged(lay_over(paths.SOLUTIONS / LAB / "boxoffice", tmp_path / "shop"), SOME)
    assert set(verdicts.values()) == {Verdict.PASSED}
