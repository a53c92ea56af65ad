"""Reports of the shops of the made-up module, as the checks might give them."""

from typing import Any

from breakwater.checks.verdict import CheckResult, Measurement, Report, Verdict
from breakwater.dev.variants import Variant, variants

P, F, U = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
S = "solutions/42-lantern"


def result(name: str, verdict: Verdict, message: str = "", *, wait_s: float | None = None) -> CheckResult:
    points = {"starts": 0.0, "stays-lit": 2.0, "42-h1": 1.0}[name]
    measured = () if wait_s is None else (Measurement("the wait", wait_s, 2.0, "s"),)
    earned = points if verdict is P else 0.0
    return CheckResult(name, verdict, earned, points, "A sentence.", message, 0.1, measurements=measured)


def report(stays_lit: Verdict, hidden: Verdict, message: str = "", wait_s: float | None = None) -> Report:
    checks = (result("starts", P), result("stays-lit", stays_lit, message, wait_s=wait_s), result("42-h1", hidden))
    return Report("42-lantern", "embedded", checks)


def variant(tree: Any, name: str) -> Variant:
    return next(one for one in variants(tree.module) if one.name == name)
