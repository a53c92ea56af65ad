"""The pytest plugin that judges: it brings up the shop, runs each check on a fresh one, and gives the verdicts."""

import asyncio
import functools
import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Literal, cast

import pytest
from _pytest.runner import runtestprotocol

from breakwater import ledger
from breakwater.checks import ends, fixtures, hints, items, overlay
from breakwater.checks.ends import CheckTookTooLong, End
from breakwater.checks.job import STARTS, CheckJob, Planned
from breakwater.checks.verdict import CheckResult, Measurement, Verdict
from breakwater.engines import BUILT, Engine, ServiceStatus
from breakwater.errors import BadInput, ShopDidNotStart, did_you_mean

NEEDS = "needs: "
NEEDS_STARTS = End(Verdict.FAILED, f"{NEEDS}starts")
LONG_S = 20.0  # a shop that took longer to fail did not end by itself
LAST_LINES = 4
LIMIT_S = 60.0  # for one try of one check; the longest patience of a buyer is far below

Ended = list[tuple[str, BaseException]]
ENDS = pytest.StashKey[Ended]()


class Judge:
    """Judges one shop. `plan` is called once, with the checks in the order of their files; `emit` once a check.

    Checks that need one another run together; `turns` gives the numbers of those groups that are this judge's to run.
    """

    def __init__(
        self,
        job: CheckJob,
        engine: Engine,
        plan: Callable[[list[Planned]], None],
        emit: Callable[[CheckResult], None],
        turns: Iterable[int],
    ) -> None:
        self.job, self.engine = job, engine
        self.invariants = ledger.load()
        self.bad_input: BadInput | None = None
        self._plan, self._emit, self._turns = plan, emit, turns
        self._checks: list[Planned] = []
        self._groups: list[list[pytest.Item]] = []
        self._verdicts: dict[str, Verdict] = {}
        self._is_fresh = False

    # Which checks there are, and in which order they run.

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[fixtures.JUDGE] = self

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any]) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo and not self.bad_input:
            self.bad_input = BadInput(items.broken_file(node.path, call.excinfo.value))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self._groups = self._choose(items)
        items[:] = chain.from_iterable(self._groups)

    def _choose(self, collected: list[pytest.Item]) -> list[list[pytest.Item]]:
        known = {items.check_id(item): item for item in collected}
        select = self.job.select
        for name in select:
            if name not in {STARTS.id, *known} and not self.bad_input:
                hint = did_you_mean(name, known) or f" There are: {', '.join(known)}."
                self.bad_input = BadInput(f"{self.job.module} has no check `{name}`.{hint}")
        known = items.touched(known, self.job.edited)
        if select:
            known = {name: item for name, item in known.items() if name in select}
        self._checks = [items.planned(item) for item in known.values()]
        for item in known.values():
            _bound(item)
        return items.in_random_order(known, f"{self.job.seed}/{self.job.module}", self.job.first)

    def pytest_runtestloop(self) -> bool:
        """Bring the shop up, and run the checks on it, in place of pytest's own loop."""
        if self.bad_input:
            return True
        if not self.job.helps:
            self._plan([STARTS, *self._checks])
        begun = time.monotonic()
        try:
            end = self._start()
        except BadInput as error:
            self.bad_input = error
            return True
        if not self.job.helps:
            self._give(STARTS, end, time.monotonic() - begun)
        if end.verdict is Verdict.PASSED:
            self._take_turns()
        elif not self.job.helps:  # who helps leaves the turns to the others
            for check in self._checks:
                self._give(check, NEEDS_STARTS if end.verdict is Verdict.FAILED else end, 0.0)
        return True

    def _take_turns(self) -> None:
        for turn in self._turns:
            if turn >= len(self._groups):
                return
            for item in self._groups[turn]:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    def _start(self) -> End:
        begun = time.monotonic()
        end = self._up()
        # Who ends at once ends at once again. Who was merely not ready in time may have met a busy machine.
        if end.verdict is Verdict.UNKNOWN or (end.verdict is Verdict.FAILED and time.monotonic() - begun > LONG_S):
            end = self._up(again=True)
        return end

    def _up(self, *, again: bool = False) -> End:
        try:
            if again:
                self.engine.down()
            rows = self.engine.up()
        except ShopDidNotStart as error:
            broken = overlay.syntax_error(self.job.shop)
            message = f"{error.service or 'the shop'} did not start: {broken}" if broken else str(error)
            return self._did_not_start(Verdict.FAILED, message, error)
        except BadInput:
            raise
        except Exception as error:
            return End(Verdict.UNKNOWN, f"the engine could not bring up the shop: {error}")
        self._is_fresh = True
        return End(Verdict.PASSED, _came_up(rows))

    def _did_not_start(self, verdict: Verdict, message: str, error: ShopDidNotStart) -> End:
        """What to tell of a service that did not come up: without the paths of our copy, and logs that are gone."""
        ours = f"{self.job.shop}/"
        lines = [line.replace(ours, "").rstrip() for line in error.last_lines if line.strip()]
        return End(verdict, message.partition(" See: ")[0].replace(ours, ""), evidence=tuple(lines[-LAST_LINES:]))

    # One check: a fresh shop, two tries at most, a verdict.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        begun = time.monotonic()
        end = self._missing(item)
        if end is None:
            end = first = self._try(item, nextitem)
            if first.verdict is Verdict.UNKNOWN:
                end = self._try(item, nextitem, again=True)
            if end.verdict is Verdict.UNKNOWN and end.message != first.message:
                end = replace(end, message=f"{first.message}; and then: {end.message}")
        scene = item.stash.get(fixtures.SCENE, None)
        measured = tuple(scene.measurements) if scene else ()
        self._give(items.planned(item), end, time.monotonic() - begun, measured)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> pytest.TestReport:
        """Keep what ended this phase; the report, which pytest wants to have, says no more than that.

        Pytest's own would render the traceback: it parses sources, and that can fail while another thread runs.
        """
        if call.excinfo:
            item.stash[ENDS].append((call.when, call.excinfo.value))
        outcome: Literal["passed", "failed"] = "failed" if call.excinfo else "passed"
        phase = cast(Literal["setup", "call", "teardown"], call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, phase)

    def _missing(self, item: pytest.Item) -> End | None:
        """The end of a check that cannot run because another one, which it needs, did not pass."""
        for name in items.needs(item):
            verdict = self._verdicts.get(name, Verdict.PASSED)
            if verdict is not Verdict.PASSED:
                return End(verdict, f"{NEEDS}{name}")
        return None

    def _try(self, item: pytest.Item, nextitem: pytest.Item | None, *, again: bool = False) -> End:
        if trouble := self._freshen(again):
            return trouble
        ended: Ended = []
        item.stash[ENDS] = ended
        if fixtures.SCENE in item.stash:
            del item.stash[fixtures.SCENE]
        runtestprotocol(item, nextitem=nextitem, log=False)
        return ends.read(ended, item.stash.get(fixtures.SCENE, None), item.path)

    def _freshen(self, again: bool) -> End | None:
        """Give the next try a fresh shop; return how the try ended where there is none."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if is_fresh:
            return None
        try:
            if again:
                self.engine.down()
                self.engine.up()
            else:
                self.engine.reset()
        except ShopDidNotStart as error:
            return self._did_not_start(Verdict.FAILED if again else Verdict.UNKNOWN, str(error), error)
        except Exception as error:
            return End(Verdict.UNKNOWN, f"the engine could not give this check a fresh shop: {error}")
        return None

    def _give(self, check: Planned, end: End, seconds: float, measured: tuple[Measurement, ...] = ()) -> None:
        self._verdicts[check.id] = end.verdict
        passed = end.verdict is Verdict.PASSED
        self._emit(
            CheckResult(
                id=check.id,
                verdict=end.verdict,
                points=check.points if passed else 0.0,
                max_points=check.points,
                sentence=check.sentence,
                message=end.message or _told(measured),
                seconds=round(seconds, 2),
                outcome=check.outcome,
                hidden=check.hidden,
                why=end.why,
                evidence=end.evidence,
                next="" if passed or end.message.startswith(NEEDS) else hints.next_step(self.job.module, check),
                measurements=measured,
                doubtful=end.is_doubtful,
            )
        )


def _came_up(rows: Sequence[ServiceStatus]) -> str:
    seconds = max((row.seconds for row in rows), default=0.0)
    if rows and all(row.state == BUILT for row in rows):
        return f"the image of {', '.join(row.name for row in rows)} was built in {seconds:.1f} s"
    return f"{len(rows)} services were healthy within {seconds:.1f} s"


def _told(measured: tuple[Measurement, ...]) -> str:
    """The numbers of a check that passed, the worst of each kind."""
    worst: dict[str, Measurement] = {}
    for m in measured:
        worst[m.what] = max(m, worst.get(m.what, m), key=lambda each: each.value if each.at_most else -each.value)
    return "; ".join(f"{m.what}: {m.value:.1f} {m.unit} {m.allowed}" for m in worst.values())


def _bound(item: Any) -> None:
    """Give the check's function its limit of time, and hold every answer that it saw to the contract."""
    function, limit_s = item.obj, items.limit_s(item, LIMIT_S)
    if not inspect.iscoroutinefunction(function):
        return

    @functools.wraps(function)
    async def bounded(*args: Any, **kwargs: Any) -> None:
        try:
            async with asyncio.timeout(limit_s) as limit:
                await function(*args, **kwargs)
        except TimeoutError as error:
            if limit.expired():
                raise CheckTookTooLong(f"this check was not done after {limit_s:.0f} s") from error
            raise
        if scene := item.stash.get(fixtures.SCENE, None):
            scene.hold_to_contract()

    item.obj = bounded
