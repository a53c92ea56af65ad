"""The fixture `visitors`: a locustfile of the learner's shop meets an instrumented shop, and what arrives is judged.

Nothing counts that the file says, and nothing that it prints. See `generator` for where it runs.
"""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from typing import NoReturn

import pytest

from breakwater.checks import generator
from breakwater.checks.fixtures import JUDGE, draw
from breakwater.checks.generator import Generator, plain
from breakwater.checks.instrumented import Arrival, InstrumentedShop
from breakwater.checks.job import CheckJob
from breakwater.checks.scene import Observed, Scene
from breakwater.errors import EngineTrouble

POLL_S = 0.05
COMES_WITHIN_S = 30.0  # the first visitor, on a slow machine too
MOST_REQUESTS = 1_000  # of one run; who asks more often has shown enough
SHOWN = 6
NO_LOCUST = "Locust, which this check runs, is not installed. It comes with the lessons' packages: make start"


class Mistaken(Observed):
    """Something that visitors did and those that were described would not have done, with the proof."""

    def __init__(self, message: str, evidence: Sequence[str]) -> None:
        super().__init__(message)
        self.evidence = tuple(evidence)


@dataclass(frozen=True)
class Visit:
    """What one visitor asked for, in order. `number` counts visitors from 1, in the order in which they came."""

    number: int
    requests: tuple[Arrival, ...]

    @property
    def came_s(self) -> float:
        return self.requests[0].asked_s

    @property
    def left_s(self) -> float:
        """When the visitor had its last answer."""
        return self.requests[-1].answered_s

    @property
    def thought_s(self) -> list[float]:
        """How long it thought before each request but the first: from an answer to the next question."""
        pairs = zip(self.requests, self.requests[1:], strict=False)
        return [later.asked_s - sooner.answered_s for sooner, later in pairs]

    def fail(self, says: str) -> NoReturn:
        """Fail the check: `says` goes on after "visitor 3 ", and the visit is the evidence."""
        steps = [f"{each.asked_s - self.came_s:.2f} s {_shown(each)}" for each in self.requests[:SHOWN]]
        more = ["…"] if len(self.requests) > SHOWN else []
        proof = f"visitor {self.number}: {' · '.join(steps + more)}"
        raise Mistaken(plain(f"visitor {self.number} {says}"), [plain(proof)])


@dataclass(frozen=True)
class Arrivals:
    """What arrived, in order. Times are seconds since the first visitor came; the run ended at `ended_s`.

    It was `broken_off` where the file had not ended it by then.
    """

    requests: tuple[Arrival, ...]
    ended_s: float
    broken_off: bool = True

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """Everybody who came, in the order in which they did."""
        of: dict[str, list[Arrival]] = {}
        for request in self.requests:
            of.setdefault(request.visitor, []).append(request)
        return tuple(Visit(number, tuple(requests)) for number, requests in enumerate(of.values(), 1))


class Visitors:
    """Lets the visitors of a locustfile come."""

    def __init__(self, job: CheckJob, draw: random.Random) -> None:
        self._job, self._draw = job, draw

    async def __call__(self, file: str, *, users: int, seconds: float) -> Arrivals:
        """Run the shop's locustfile `file` for `seconds` from the first request on; return what arrived.

        Locust is told to start `users` at once; a file with a shape of its own overrules that.

        Raises:
            Observed: the shop has no such file, Locust cannot use it, or nobody came.
            EngineTrouble: Locust is not installed, or this machine could not start it.
        """
        if not (self._job.shop / file).is_file():
            raise Observed(f"the shop has no {file}; there is one to begin with in labs/boxoffice/{file}")
        if not find_spec("locust"):
            raise EngineTrouble(NO_LOCUST)
        shop = InstrumentedShop(self._draw, time.monotonic)
        running = generator.running(self._job.shop, file, users=users, isolate=self._job.isolate)
        async with running as locust, _serving(shop, locust.door):
            await _until_over(shop, locust, seconds)
            ended_s, had_ended = time.monotonic(), locust.has_ended
            await locust.end()
        if not shop.arrivals:
            raise _nobody_came(file, locust, had_ended=had_ended)
        return replace(_since_the_first(shop.arrivals, ended_s), broken_off=not had_ended)


async def _until_over(shop: InstrumentedShop, locust: Generator, seconds: float) -> None:
    """Return when the run is over, when the file has ended it, or when there is nothing more to learn."""
    over = time.monotonic() + COMES_WITHIN_S
    has_begun = False
    while not locust.has_ended and time.monotonic() < over and len(shop.arrivals) < MOST_REQUESTS:
        if shop.arrivals and not has_begun:
            has_begun, over = True, shop.arrivals[0].asked_s + seconds
        await asyncio.sleep(POLL_S)


def _since_the_first(arrivals: Sequence[Arrival], ended_s: float) -> Arrivals:
    first_s = min(each.asked_s for each in arrivals)
    found = (
        replace(each, asked_s=each.asked_s - first_s, answered_s=each.answered_s - first_s)
        for each in arrivals
        if each.asked_s <= ended_s
    )
    return Arrivals(tuple(sorted(found, key=lambda each: each.asked_s)), ended_s - first_s)


def _nobody_came(file: str, locust: Generator, *, had_ended: bool) -> Mistaken:
    lines = locust.last_lines
    if had_ended:
        return Mistaken(f"nobody came: Locust ended with {file}: {lines[-1] if lines else 'it said nothing'}", lines)
    return Mistaken(f"nobody came in the {COMES_WITHIN_S:.0f} s after Locust was started with {file}", lines)


def _shown(request: Arrival) -> str:
    seat = request.asked.get("seat") if isinstance(request.asked, dict) else None
    named = f" {str(seat)[:8]}" if seat else ""
    return f"{request.method[:8]} {request.path[:40]}{named} ({request.status})"


@asynccontextmanager
async def _serving(shop: InstrumentedShop, door: socket.socket) -> AsyncIterator[None]:
    """The instrumented shop, open at this door."""
    import uvicorn  # here, since it takes a tenth of a second that other checks need not wait for

    config = uvicorn.Config(
        shop, lifespan="off", ws="none", log_config=None, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]  # signals are the judge's
    opened = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await opened


@pytest.fixture
def visitors(scene: Scene, request: pytest.FixtureRequest) -> Visitors:
    return Visitors(request.config.stash[JUDGE].job, draw(request, "visitors"))
