"""Judging one submitted shop: the checks run outside it, in a job of the sandbox, and say one of three verdicts.

*Unknown* is trouble of ours, so it is tried again. After a second time the reference is judged in the same slot:
if that passes, the trouble came with the submission, and the verdict is *failed*, with the reason. A check has its
limit of time (see `breakwater.checks.plugin`), and so has the whole: what was known when that was over stays known.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder import sandbox
from autograder.labs import labbook, public, trials
from breakwater import lab, paths
from breakwater.checks.runner import settle
from breakwater.checks.verdict import CheckResult, Report, Verdict, result_from

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
    left = _unknown(first.report)
    second = _attempt(module, shop, seed, left)
    report = _joined(first.report, second.report)
    if second.final:
        return report, second.trouble
    control = _attempt(module, paths.SOLUTIONS / module / "boxoffice", seed, _unknown(report)).report
    found = {check.id: check.verdict for check in control.checks}
    return settle(report, lambda check: found.get(check, Verdict.UNKNOWN)), second.trouble


def _attempt(module: str, shop: Path, seed: str, select: Sequence[str]) -> Attempt:
    isolate = not sandbox.is_unsandboxed()
    task = {"module": module, "shop": str(shop.resolve()), "seed": seed, "isolate": isolate, "select": list(select)}
    env = {name: os.environ[name] for name in PASSED_THROUGH if name in os.environ}
    env["BREAKWATER_CACHE"] = str(paths.cache().parent.resolve())  # what initdb made, once for all submissions
    start = f"import sys; sys.path.insert(0, {str(paths.ROOT)!r}); from autograder.labs._work import main; main()"
    command = [sys.executable, "-c", start]
    if not lab.load(module).builds:
        return read(module, sandbox.run_in_job(command, stdin=json.dumps(task), env=env))
    with trials.trial() as more:
        told, limits = json.dumps(task), trials.LIMITS
        return read(module, sandbox.run_in_job(command, stdin=told, env=env | more, limits=limits, network=True))


def read(module: str, ended: sandbox.JobResult) -> Attempt:
    """What is known after a job: all of it, or, of one that ran out of time, the checks that had ended."""
    told = list(_told(ended.output))
    if ended.breach:
        stopped = f"the shop was stopped: {ended.breach}"
        # Too many processes, or too much memory, is the submission's doing whenever it is run; slowness may be ours.
        if "no end" not in ended.breach:
            return Attempt(all_alike(module, Verdict.FAILED, stopped), stopped)
        known = Report(module, "embedded", tuple(result_from(each["check"]) for each in told if "check" in each))
        report = _joined(known, all_alike(module, Verdict.UNKNOWN, stopped))
        left = report.count(Verdict.UNKNOWN)
        return Attempt(report, stopped if left else "", final=not left)
    said = told[-1] if told else {}
    if "report" in said:
        report = Report.from_json(said["report"])
        return Attempt(report, final=not report.count(Verdict.UNKNOWN))
    lines = ended.errors.strip().splitlines() or [f"exit status {ended.status}"]
    why = said.get("refusal") or said.get("trouble") or f"the judge ended without a report: {lines[-1]}"
    return Attempt(all_alike(module, Verdict.UNKNOWN, why), why, final=False)


def _told(output: str) -> Iterator[dict[str, Any]]:
    """What a job has said, in order; a line that was cut is left out."""
    for line in output.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def _unknown(report: Report) -> list[str]:
    return [check.id for check in report.checks if check.verdict is Verdict.UNKNOWN]


def _joined(first: Report, second: Report) -> Report:
    """For each check, the first verdict of the two that is known."""
    found = {check.id: check for check in first.checks}
    for check in second.checks:
        if check.id not in found or found[check.id].verdict is Verdict.UNKNOWN:
            found[check.id] = check
    return replace(second, checks=tuple(found.values()))


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
