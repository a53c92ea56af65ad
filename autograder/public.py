"""What of a report may be read by the one whose submission it is about.

Of a hidden check: its verdict, its points, the outcome that it tests, and the mechanism, without any number or name
that it drew. Not its sentence, its message or its evidence, which would tell what it tries.
"""

from collections.abc import Sequence
from typing import Any

from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.dev.mask import mask

TROUBLE = "the trouble was ours: your instructor will look at it"


def view(report: Report, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The report as it is signed and shown: `checks`, a row each, and `summary`, a line each.

    `notes` are lines about the rest of the submission, e.g. a notebook that is missing.
    """
    checks = [_hidden(check) if check.hidden else _shown(check) for check in report.checks]
    summary = [_line(row) for row in checks if row["max_points"] or row["verdict"] != Verdict.PASSED]
    return {"checks": checks, "summary": [*summary, *notes]}


def _shown(check: CheckResult) -> dict[str, Any]:
    return _common(check) | {
        "sentence": check.sentence,
        "message": check.message,
        "why": check.why if check.why != check.message else "",
        "evidence": list(check.evidence),
        "next": check.next,
    }


def _hidden(check: CheckResult) -> dict[str, Any]:
    why = "" if check.verdict is Verdict.PASSED else mechanism(check)
    message = {Verdict.PASSED: "passed", Verdict.FAILED: "did not pass", Verdict.UNKNOWN: TROUBLE}[check.verdict]
    return _common(check) | {"sentence": "", "message": message, "why": why, "evidence": [], "next": ""}


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
