"""What of a report may be read by the one whose submission it is about.

Of a hidden check: its verdict, its points, the outcome that it tests, and the mechanism, without any number or name
that it drew. Not its sentence, its message or its evidence, which would tell what it tries. Of what it measured, only
what a public check holds to the same bound, and only roughly: a wait to the end would tell the delay that was drawn.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from breakwater.checks.verdict import CheckResult, Measurement, Report, Verdict
from breakwater.dev.mask import mask

Bound = tuple[str, float, str]  # what, the bound, its unit

NEEDS = "needs: "  # how the message of a check begins that was not tried, since another one did not pass
TROUBLE = "the trouble was ours: your instructor will look at it"
LEFT_OUT = "not judged yet"


def view(report: Report, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The report as it is signed and shown: `checks`, a row each, and `summary`, a line each.

    `notes` are lines about the rest of the submission, e.g. a notebook that is missing.
    """
    open_bounds = {_bound(m) for check in report.checks if not check.hidden for m in check.measurements}
    open_needs = {f"{NEEDS}{check.id}" for check in report.checks if not check.hidden}
    checks = [_hidden(check, open_bounds, open_needs) if check.hidden else _shown(check) for check in report.checks]
    summary = [_line(row) for row in checks if row["max_points"] or row["verdict"] != Verdict.PASSED]
    return {"checks": checks, "summary": [*summary, *notes]}


def _shown(check: CheckResult) -> dict[str, Any]:
    return _common(check) | {
        "sentence": check.sentence,
        "message": check.message,
        "why": check.why if check.why != check.message else "",
        "evidence": list(check.evidence),
        "next": check.next,
        "measured": [asdict(m) for m in worst(check.measurements)],
    }


def _hidden(check: CheckResult, open_bounds: Collection[Bound], open_needs: Collection[str]) -> dict[str, Any]:
    why = "" if check.verdict is Verdict.PASSED else mechanism(check)
    message = {Verdict.PASSED: "passed", Verdict.FAILED: "did not pass", Verdict.UNKNOWN: TROUBLE}[check.verdict]
    is_told = check.message in open_needs if check.verdict is Verdict.FAILED else check.message == LEFT_OUT
    message = check.message if is_told else message
    measured = [asdict(_roughly(m)) for m in worst(check.measurements) if _bound(m) in open_bounds]
    told = {"sentence": "", "message": message, "why": why, "evidence": [], "next": "", "measured": measured}
    return _common(check) | told


def worst(measured: Sequence[Measurement]) -> list[Measurement]:
    """Of each quantity, the measurement that is nearest to its bound, or farthest beyond it."""
    found: dict[str, Measurement] = {}
    for m in measured:
        kept = found.setdefault(m.what, m)
        if (m.value - kept.value > 0) == m.at_most:
            found[m.what] = m
    return list(found.values())


def _bound(measured: Measurement) -> Bound:
    return measured.what, measured.bound, measured.unit


def _roughly(measured: Measurement) -> Measurement:
    """The measurement as a multiple of its bound, in one figure."""
    return replace(measured, value=float(f"{measured.value / measured.bound:.1g}") * measured.bound)


def mechanism(check: CheckResult) -> str:
    """Why a hidden check did not pass, without what it drew."""
    return mask(check.why).replace("#", "…")


def _common(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.id,
        "verdict": check.verdict.value,
        "points": check.points,
        "max_points": check.max_points,
        "outcome": check.outcome,
        "hidden": check.hidden,
    }


def _line(row: dict[str, Any]) -> str:
    said = ". ".join(filter(None, (row["message"], row["why"]))) if row["verdict"] != Verdict.PASSED else ""
    name = f"{row['id']}{' (hidden)' if row['hidden'] else ''}"
    return f"{name}: {row['verdict']}, {row['points']:g} of {row['max_points']:g}{f'. {said}' if said else ''}"
