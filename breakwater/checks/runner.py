"""Having a shop judged: a process of its own runs the checks, and its report comes back through a pipe."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TextIO

from breakwater import engines
from breakwater.checks.job import CheckJob, Planned
from breakwater.checks.overlay import lay_over
from breakwater.checks.verdict import CheckResult, Report, Verdict, result_from
from breakwater.errors import BadInput, EngineTrouble

__all__ = ["CheckJob", "give_up", "lay_over", "run_checks", "settle"]

START_S, CHECK_S = 180.0, 300.0  # after so long, for the start and for each check, the judge's process is given up
ENDED = "the judge's process ended before this check did"

OnResult = Callable[[CheckResult], None]

_judges: set["subprocess.Popen[str]"] = set()


def run_checks(job: CheckJob, *, within: Sequence[str] = (), on_result: OnResult | None = None) -> Report:
    """Judge the job's shop, in a process that dies with this one and takes the shop along.

    `within` is put before the process's command (a sandbox); `on_result` hears of each check as it ends.

    Raises:
        BadInput: the engine, the check or the shop's description cannot be used.
        EngineTrouble: the judge's process ended before it had a plan.
    """
    engines.find(job.engine)
    read_fd, write_fd = os.pipe()
    command = [*within, sys.executable, "-I", "-m", "breakwater.checks", str(write_fd)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said, os.fdopen(read_fd) as pipe:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                pass_fds=[write_fd],
                start_new_session=True,
                text=True,
            )
        finally:
            os.close(write_fd)
        with _bounded(process, job):
            _send(process, job)
            plan, results = _listen(pipe, on_result)
            status = process.wait()
        if plan is None:
            raise EngineTrouble(f"The judge's process ended before it had a plan ({_how(status)}): {_last_line(said)}")
    return _report(job, plan, results)


def give_up() -> None:
    """End every judge's process, and its shop with it, that another thread of this process waits for.

    That thread's `run_checks` then returns or raises as if the process had died, since it has.
    """
    for process in tuple(_judges):
        process.kill()


def settle(report: Report, control: Callable[[str], Verdict]) -> Report:
    """Turn each unknown check into a failed one if the reference passes it in the same slot.

    `control` runs the reference on one check, by its id. Nobody earns *unknown* by filling a disk.
    """

    def settled(check: CheckResult) -> CheckResult:
        if check.verdict is not Verdict.UNKNOWN or control(check.id) is not Verdict.PASSED:
            return check
        reason = f"{check.message}; on this machine, at that time, our own shop passed"
        return replace(check, verdict=Verdict.FAILED, points=0.0, message=reason)

    return replace(report, checks=tuple(settled(check) for check in report.checks))


@contextmanager
def _bounded(process: "subprocess.Popen[str]", job: CheckJob) -> Iterator[None]:
    """Kill the process when it takes far too long, and whenever this ends before it does."""
    budget_s = START_S + CHECK_S * (1 if job.select else 8)
    timer = threading.Timer(budget_s, process.kill)
    timer.daemon = True
    timer.start()
    _judges.add(process)
    try:
        yield
    finally:
        _judges.discard(process)
        timer.cancel()
        process.kill()
        process.wait()
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()


def _send(process: "subprocess.Popen[str]", job: CheckJob) -> None:
    """Hand over the job. The pipe stays open: its end tells the process that nobody waits any more."""
    assert process.stdin is not None, "the process was given a pipe"
    with suppress(BrokenPipeError):
        process.stdin.write(job.to_json() + "\n")
        process.stdin.flush()


def _listen(pipe: TextIO, on_result: OnResult | None) -> tuple[list[Planned] | None, dict[str, CheckResult]]:
    plan: list[Planned] | None = None
    results: dict[str, CheckResult] = {}
    for line in pipe:
        [(kind, data)] = json.loads(line).items()
        if kind == "plan":
            plan = [Planned(**row) for row in data]
        elif kind == "check":
            result = result_from(data)
            results[result.id] = result
            if on_result:
                on_result(result)
        elif kind == "bad_input":
            raise BadInput(data)
        elif kind == "trouble" and plan is None:
            raise EngineTrouble(data)
    return plan, results


def _report(job: CheckJob, plan: list[Planned], results: dict[str, CheckResult]) -> Report:
    checks = [results.get(check.id) or _unknown(check) for check in plan]
    if job.select:
        checks = [check for check in checks if check.id == job.select or check.verdict is not Verdict.PASSED]
    return Report(job.module, job.engine, tuple(checks))


def _unknown(check: Planned) -> CheckResult:
    return CheckResult(
        id=check.id,
        verdict=Verdict.UNKNOWN,
        points=0.0,
        max_points=check.points,
        sentence=check.sentence,
        message=ENDED,
        seconds=0.0,
        outcome=check.outcome,
        hidden=check.hidden,
    )


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def _last_line(said: Any) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
