"""What a check has in hand: `shop`, `pages`, `visitors`, `http`, `faults`, `load`, `ledger`, `measure`, `footprints`,
`seed`, `eventually`.

A check says what a right shop does; each of these turns what a wrong shop does into a failed verdict with numbers.
"""

import asyncio
import inspect
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from breakwater import ledger as ledgers
from breakwater.buyer import Buyer
from breakwater.checks.footprints import Footprints
from breakwater.checks.http import Http
from breakwater.checks.measure import Measure
from breakwater.checks.pages import Pages
from breakwater.checks.scene import Observed, Scene
from breakwater.checks.shop import POLL_S, Shop
from breakwater.checks.weather import Faults
from breakwater.engines import Engine
from breakwater.errors import CourseError
from breakwater.ledger import prices
from breakwater.ledger.invariants import Invariant
from breakwater.load import Run, browse_and_buy, opened
from breakwater.load.traffic import Traffic

SCENE = pytest.StashKey[Scene]()


class Load:
    """Many visitors at once: an open loop, whose waits count from the moment at which each meant to ask."""

    def __init__(self, scene: Scene, seed: str) -> None:
        self._scene, self._seed = scene, seed

    async def __call__(self, *, rate: float, seconds: float, traffic: Traffic = browse_and_buy) -> Run:
        """Let visitors come for `seconds`, `rate` a second on average; return when the last one has left.

        The weather is that of the `faults` around it. What buyers are told is held against the ledger like any other.

        Raises:
            GeneratorSaturated: the generator was itself the bottleneck. The check is unknown, then.
        """
        engine, buyer = self._scene.engine, self._scene.buyer
        run = await opened.drive(engine, buyer, rate=rate, seconds=seconds, seed=self._seed, traffic=traffic)
        if run.saturated:
            raise opened.GeneratorSaturated(run.saturated)
        return replace(run, faults=tuple(self._scene.faults))


class Ledger(ledgers.Ledger):
    """The ledger of a check: keeps how long the books took to balance."""

    def __init__(self, scene: Scene, invariants: Sequence[Invariant]) -> None:
        super().__init__(scene.engine, scene.buyer, invariants, scene.faults)
        self._scene = scene

    async def balances(self, within_s: float = 5.0) -> float:
        took_s = await super().balances(within_s)
        self._scene.note("books balanced", took_s, within_s)
        return took_s


def _processes(engine: Engine) -> list[int]:
    """The processes of a shop's services, wherever they were started; none while nobody can tell."""
    with suppress(CourseError):
        return [row.pid for row in engine.status() if row.pid]
    return []


@pytest.fixture
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """One check's scene, kept on the check for the judge."""
    judge = request.config.stash[JUDGE]
    async with Buyer(judge.engine.endpoint("gateway")) as buyer:
        scene = Scene(judge.engine, buyer, processes=lambda: _processes(judge.engine), hurries=judge.job.hurries)
        request.node.stash[SCENE] = scene
        pulse = asyncio.create_task(scene.watch_ourselves())
        yield scene
        pulse.cancel()
        with suppress(asyncio.CancelledError):
            await pulse


@pytest.fixture
def shop(scene: Scene, request: pytest.FixtureRequest) -> Shop:
    seats: dict[str, list[str]] = defaultdict(list)
    for event, seat in prices.load():
        seats[event].append(seat)
    for free in seats.values():
        draw(request, "seats").shuffle(free)
    return Shop(scene, seats)


@pytest.fixture
def pages(scene: Scene, measure: Measure) -> Pages:
    return Pages(scene, measure)


@pytest.fixture
async def http(scene: Scene) -> AsyncIterator[Http]:
    async with Http(scene.engine) as http:
        yield http


@pytest.fixture
def footprints(scene: Scene) -> Footprints:
    return Footprints(scene.engine)


@pytest.fixture
def faults(scene: Scene) -> Faults:
    return Faults(scene)


@pytest.fixture
def load(scene: Scene, request: pytest.FixtureRequest) -> Load:
    return Load(scene, f"{request.config.stash[JUDGE].job.seed}/{request.node.name}")


@pytest.fixture
def ledger(scene: Scene, request: pytest.FixtureRequest) -> Ledger:
    return Ledger(scene, request.config.stash[JUDGE].invariants)


@pytest.fixture
def measure(scene: Scene) -> Measure:
    return Measure(scene)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> random.Random:
    """What a check draws from: the same for the same class seed and check."""
    return draw(request, "check")


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """`await eventually(condition, within_s=…, says=…)`: wait until it holds, or fail with what `says` states."""
    return until


async def until(condition: Callable[[], Any], *, within_s: float, says: str) -> None:
    deadline = time.monotonic() + within_s
    while True:
        holds = condition()
        if await holds if inspect.isawaitable(holds) else holds:
            return
        if time.monotonic() >= deadline:
            raise Observed(says)
        await asyncio.sleep(POLL_S)


def draw(request: pytest.FixtureRequest, purpose: str) -> random.Random:
    return random.Random(f"{request.config.stash[JUDGE].job.seed}/{request.node.name}/{purpose}")


# Set by the judge (plugin.py), which runs the checks.
JUDGE = pytest.StashKey[Any]()
