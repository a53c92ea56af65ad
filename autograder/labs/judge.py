"""Judging one submitted shop: the checks run outside it, in a job of the sandbox, and say one of three verdicts.

*Unknown* is trouble of ours, so it is tried again. After a second time the reference is judged in the same slot:
if that passes, the trouble came with the submission, and the verdict is *failed*, with the reason.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import sandbox
from autograder.labs import labbook, public
from breakwater import paths
from breakwater.checks.runner import settle
from breakwater.checks.verdict import CheckResult, Report, Verdict

EMPTY = "no shop was handed in: shop/ is absent or empty"
PASSED_THROUGH = ("BREAKWATER_PG_BIN", "BREAKWATER_START_S")


@dataclass(frozen=True)
class Judged:
    """A report, in one line why (for a person), and the seconds it took."""

    report: Report
    reason: str
    seconds: float


@dataclass(frozen=True)
class Attempt:
    """One run of the checks. `final` says that another run would come to the same."""

    report: Report
    trouble: str = ""
    final: bool = True


def judge(module: str, shop: Path, seed: str, select: Sequence[str] = ()) -> Judged:
    """Judge the shop in the folder `shop` by the module's checks, public and hidden, or by some of them.

    Raises:
        NoSandbox: this machine cannot confine it, and nobody said to do without.
        EngineTrouble: a job could not be run.
    """
    sandbox.require()
    began = time.monotonic()
    if not shop.is_dir() or not any(shop.iterdir()):
        report, trouble = all_alike(module, Verdict.FAILED, EMPTY), EMPTY
    else:
        report, trouble = _settled(module, shop, seed, select)
    return Judged(report, trouble or reason(report), round(time.monotonic() - began, 2))


def completed(report: Report, before: Report | None = None) -> Report:
    """All checks of the module: as `report` says, or else as `before` did, or else *unknown*, which has no score."""
    unknown = all_alike(report.module, Verdict.UNKNOWN, public.LEFT_OUT)
    said = {check.id: check for each in (before, report) if each for check in each.checks}
    checks = [said.pop(check.id, check) for check in unknown.checks]
    return replace(report, checks=(*said.values(), *checks))  # first whether the shop starts


def reason(report: Report) -> str:
    """In one line, the outcome of a report."""
    for verdict, says in ((Verdict.FAILED, ""), (Verdict.UNKNOWN, "trouble of ours: ")):
        found = [check for check in report.checks if check.verdict is verdict and check.message != public.LEFT_OUT]
        shown = next((check for check in found if not check.hidden), None)
        if shown:
            return f"{says}{shown.id}: {shown.message}"
        if found:
            return f"{says}{found[0].id} (hidden): {public.mechanism(found[0]) or 'did not pass'}"
    left = sum(check.message == public.LEFT_OUT for check in report.checks)
    return f"passed so far; {left} checks are not judged yet" if left else "all checks passed"


def _settled(module: str, shop: Path, seed: str, select: Sequence[str]) -> tuple[Report, str]:
    first = _attempt(module, shop, seed, select)
    if first.final:
        return first.report, first.trouble
    second = _attempt(module, shop, seed, select)
    if second.final:
        return second.report, second.trouble
    report = _known_of(first.report, second.report)
    control = _attempt(module, paths.SOLUTIONS / module / "boxoffice", seed, select).report
    found = {check.id: check.verdict for check in control.checks}
    return settle(report, lambda check: found.get(check, Verdict.UNKNOWN)), second.trouble


def _attempt(module: str, shop: Path, seed: str, select: Sequence[str]) -> Attempt:
    isolate = not sandbox.is_unsandboxed()
    task = {"module": module, "shop": str(shop.resolve()), "seed": seed, "isolate": isolate, "select": list(select)}
    env = {name: os.environ[name] for name in PASSED_THROUGH if name in os.environ}
    start = f"import sys; sys.path.insert(0, {str(paths.ROOT)!r}); from autograder.labs._work import main; main()"
    return _read(module, sandbox.run_in_job([sys.executable, "-c", start], stdin=json.dumps(task), env=env))


def _read(module: str, ended: sandbox.JobResult) -> Attempt:
    if ended.breach:
        # Too many processes, or too much memory, is the submission's doing whenever it is run; slowness may be ours.
        final = "no end" not in ended.breach
        verdict = Verdict.FAILED if final else Verdict.UNKNOWN
        stopped = f"the shop was stopped: {ended.breach}"
        return Attempt(all_alike(module, verdict, stopped), stopped, final)
    try:
        said = json.loads(ended.output)
    except ValueError:
        lines = ended.errors.strip().splitlines() or [f"exit status {ended.status}"]
        said = {"trouble": f"the judge ended without a report: {lines[-1]}"}
    if "report" in said:
        report = Report.from_json(said["report"])
        return Attempt(report, final=not report.count(Verdict.UNKNOWN))
    told = said.get("refusal") or said["trouble"]
    return Attempt(all_alike(module, Verdict.UNKNOWN, told), told, final=False)


def _known_of(first: Report, second: Report) -> Report:
    """For each check, the first verdict of the two that is known."""
    before = {check.id: check for check in first.checks if check.verdict is not Verdict.UNKNOWN}
    return replace(second, checks=tuple(before.get(check.id, check) for check in second.checks))


def all_alike(module: str, verdict: Verdict, message: str) -> Report:
    """A report in which every check has one verdict, for one reason."""
    checks = tuple(
        CheckResult(
            id=str(check.id),
            verdict=verdict,
            points=0.0,
            max_points=check.points or 0.0,
            sentence=check.sentence,
            message=message,
            seconds=0.0,
            outcome=check.outcome or "",
            hidden=check.hidden,
            why=message,
        )
        for check in labbook.checks_of(module)
    )
    return Report(module, "embedded", checks)
