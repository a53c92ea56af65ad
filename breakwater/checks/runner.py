"""Having a shop judged: processes of their own run the checks, and their reports come back through pipes."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from typing import Any

from breakwater import engines, lab
from breakwater.checks.job import STARTS, CheckJob, Planned
from breakwater.checks.judges import Judges
from breakwater.checks.overlay import lay_over
from breakwater.checks.verdict import CheckResult, Report, Verdict, result_from
from breakwater.errors import BadInput, CourseError, EngineTrouble

__all__ = ["CheckJob", "lay_over", "run_checks", "settle"]

MOST_WORKERS = 4  # each has a shop, and a shop has 0.4 GB
ENDED = "the judge's process ended before this check did"

OnResult = Callable[[CheckResult], None]


def run_checks(
    job: CheckJob, *, within: Sequence[str] = (), on_result: OnResult | None = None, workers: int | None = None
) -> Report:
    """Judge the job's shop: `workers` judges share its checks, each a process with a shop of its own.

    None stands for as many as suit this machine. The judges and their shops die with this process. Where several
    share the checks, one whose end is unknown runs again, alone. `within` is put before each judge's command (a
    sandbox); `on_result` hears of each check when its verdict stands.

    Raises:
        BadInput: the engine, the check or the shop's description cannot be used.
        EngineTrouble: the judge's process ended before it had a plan.
    """
    job = suited(job)
    workers = min(workers or suitable_workers(job.engine), len(job.select) or MOST_WORKERS)
    with Judges(within) as judges:
        heard = share([job] * workers, judges, on_result)
    return again_alone(heard, job, within) if workers > 1 else heard.report(job)


def share(jobs: Sequence[CheckJob], judges: Judges, on_result: OnResult | None = None) -> "Heard":
    """Have the judges run the checks of these jobs, one each, which differ in their shop at most.

    The first one tells whether the shop starts; then the others help. Raises as `run_checks` does.
    """
    heard = Heard(on_result, shared=len(jobs) > 1)
    with ThreadPoolExecutor(len(jobs)) as pool:
        helpers: list[Future[None]] = []

        def help_out(job: CheckJob) -> None:
            with suppress(CourseError):  # the others take its turns
                judges.run(replace(job, helps=True), heard.take)

        def hear(kind: str, data: Any) -> None:
            heard.take(kind, data)
            if heard.of_start() is Verdict.PASSED and not helpers:
                helpers.extend(pool.submit(help_out, job) for job in jobs[1:])

        try:
            end = judges.run(jobs[0], hear)
            wait(helpers)
        except BaseException:
            judges.end()  # else the helpers would be waited for
            raise
    if heard.plan is None:
        raise EngineTrouble(f"The judge's process ended before it had a plan {end}")
    return heard


def again_alone(heard: "Heard", job: CheckJob, within: Sequence[str] = ()) -> Report:
    """The report of what was heard; first, what is in doubt since others ran beside it runs again with nothing beside.

    That is what ended *unknown*, and what *failed* by being slow when others had slowed it down.
    """
    for check in heard.doubtful():
        heard.tell(_alone(job, check, within))
    return heard.report(job)


def suited(job: CheckJob) -> CheckJob:
    """The job on the engine that its lab needs: one whose checks build images is judged on `images`, whatever it says.

    What is wrong with the module or its lab.toml is told by whoever reads the checks. Raises BadInput where there is
    no such engine.
    """
    with suppress(BadInput):
        if lab.load(job.module).builds:
            return replace(job, engine=engines.IMAGES)
    engines.find(job.engine)
    return job


def suitable_workers(engine: str) -> int:
    """How many judges at a time this machine can do with. Raises BadInput where there is no such engine."""
    can = int((os.cpu_count() or 1) * engines.find(engine, judging=True).shops_a_processor)
    return max(1, min(can, MOST_WORKERS))


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


class Heard:
    """What the judges of one shop have told so far. Where they share the work, an end in doubt is not told yet."""

    def __init__(self, on_result: OnResult | None, *, shared: bool) -> None:
        self.plan: list[Planned] | None = None
        self._results: dict[str, CheckResult] = {}
        self._on_result, self._shared = on_result, shared
        self._lock = threading.Lock()

    def take(self, kind: str, data: Any) -> None:
        """One piece of news. Raises BadInput or EngineTrouble where it says so."""
        if kind == "plan":
            self.plan = [Planned(**row) for row in data]
        elif kind == "bad_input":
            raise BadInput(data)
        elif kind == "trouble" and self.plan is None:
            raise EngineTrouble(data)
        elif kind == "check":
            result = result_from(data)
            if self._shared and _is_doubtful(result) and result.id != STARTS.id:
                self._results[result.id] = result
            else:
                self.tell(result)

    def tell(self, result: CheckResult) -> None:
        with self._lock:
            self._results[result.id] = result
            if self._on_result:
                self._on_result(result)

    def of_start(self) -> Verdict | None:
        start = self._results.get(STARTS.id)
        return start.verdict if start else None

    def doubtful(self) -> list[CheckResult]:
        """The checks that ended in trouble of ours, not at all, or in doubt, though the shop had started."""
        return [check for check in self._all() if _is_doubtful(check)] if self.of_start() is Verdict.PASSED else []

    def report(self, job: CheckJob) -> Report:
        checks = self._all()
        if job.select:
            checks = [check for check in checks if check.id in job.select or check.verdict is not Verdict.PASSED]
        return Report(job.module, job.engine, tuple(checks))

    def _all(self) -> list[CheckResult]:
        return [self._results.get(check.id) or _not_ended(check) for check in self.plan or ()]


def _alone(job: CheckJob, check: CheckResult, within: Sequence[str]) -> CheckResult:
    """The check's end when nothing runs beside it; the one that it had where the shop does not start again."""
    found = {each.id: each for each in run_checks(replace(job, select=(check.id,)), within=within).checks}
    return check if STARTS.id in found else found[check.id]


def _is_doubtful(check: CheckResult) -> bool:
    return check.verdict is Verdict.UNKNOWN or check.doubtful


def _not_ended(check: Planned) -> CheckResult:
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
