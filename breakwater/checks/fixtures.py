"""What a check has in its hands: `shop`, `faults`, `load`, `ledger`, `measure`, `seed`, `eventually`.

A check says what a right shop does; each of these turns what a wrong shop does into a failed verdict with numbers.
"""

import asyncio
import inspect
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from breakwater import ledger as ledgers
from breakwater.buyer import GOOD_CARD, Answer, Buyer, OrderSeen
from breakwater.checks.scene import Observed, Scene, slowest
from breakwater.checks.weather import Faults
from breakwater.ledger.invariants import Invariant
from breakwater.load import Run, browse_and_buy, opened
from breakwater.load.traffic import Traffic

POLL_S = 0.1
SCENE = pytest.StashKey[Scene]()
ROWS, SEATS_A_ROW = "ABCDEFGHIJ", 20


class Shop:
    """The shop as buyers meet it. Each purchase takes a seat of its own unless it names one."""

    def __init__(self, scene: Scene, seats: Sequence[str]) -> None:
        self._scene, self._seats = scene, iter(seats)

    async def buy(self, seat: str | None = None, *, card: str = GOOD_CARD, patience_s: float = 10.0) -> Answer:
        """One buyer asks for one seat and waits, `patience_s` seconds at most."""
        return await self._scene.buyer.buy(seat or next(self._seats), card=card, patience_s=patience_s)

    async def buyers(self, *buyers: Mapping[str, Any], patience_s: float = 10.0) -> list[Answer]:
        """Several buyers at once; returns when all have an answer or have lost patience.

        Each is given by what `buy` takes, `{}` for one with a good card who takes any seat.
        """
        return list(await asyncio.gather(*(self.buy(**{"patience_s": patience_s, **buyer}) for buyer in buyers)))

    async def order(self, order_id: str) -> OrderSeen:
        """What the shop says about an order."""
        return await self._scene.buyer.order(order_id)

    async def end_of(self, answer: Answer, within_s: float = 5.0) -> str | None:
        """How this purchase ended: `confirmed`, `declined`, `cancelled`; `pending` or None if it did not."""
        if answer.status == 201:
            return "confirmed"
        if answer.status != 202 or not answer.order_id:
            return None
        deadline = time.monotonic() + within_s
        while True:
            order = await self.order(answer.order_id)
            if order.ended or time.monotonic() >= deadline:
                return order.status
            await asyncio.sleep(POLL_S)

    async def sale(self, count: int = 3, *, when: str = "on a sunny day", within_s: float = 5.0) -> list[Answer]:
        """`count` buyers at once who must all be sold their seat: told 201, or 202 and confirmed in `within_s`.

        Raises:
            Observed: fewer were.
        """
        answers = await self.buyers(*[{}] * count)
        ends = await asyncio.gather(*(self.end_of(answer, within_s) for answer in answers))
        unsold = [(answer, end) for answer, end in zip(answers, ends, strict=True) if end != "confirmed"]
        if unsold:
            answer, end = unsold[0]
            then = f", and the order was {end or 'not to be seen'} {within_s:.0f} s later" if answer.order_id else ""
            sold = f"{count - len(unsold)} of {count} buyers were sold a seat (needed: all)"
            raise Observed(f"{when}, {sold}; one was told {answer.told}{then}", about=answer)
        return answers

    async def sells_again(self, within_s: float = 3.0) -> float:
        """Buyers come, one after another, until one is sold a seat; returns the seconds until that one was answered.

        Raises:
            Observed: nobody was sold a seat, and told so, within `within_s`.
        """
        begun = time.monotonic()
        answer = None
        while answer is None or time.monotonic() - begun < within_s:
            answer = await self.buy()
            answered_s = time.monotonic() - begun
            if await self.end_of(answer) == "confirmed":
                self._scene.note("sold again", answered_s, within_s)
                if answered_s > within_s:
                    waited = f"the first to be sold a seat was told so {answered_s:.1f} s after the trouble ended"
                    raise Observed(f"{waited} (allowed: {within_s:.1f} s)", about=answer)
                return answered_s
            await asyncio.sleep(POLL_S)
        trouble = f"nobody was sold a seat in the {within_s:.1f} s after the trouble ended; one was told {answer.told}"
        raise Observed(trouble, about=answer)


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


class Measure:
    """Holds quantities to their bounds, and keeps each with its margin."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def at_most(
        self, what: str, value: float, bound: float, *, unit: str = "s", says: str = "", about: Answer | None = None
    ) -> None:
        """Record `value`; raise Observed, with `says` if given, where it is above `bound`."""
        self._scene.note(what, value, bound, unit)
        if value > bound:
            allowed = f"(allowed: {bound:.1f} {unit})"
            late_by_s = value - bound if unit == "s" else None
            raise Observed(f"{says or f'{what}: {value:.1f} {unit}'} {allowed}", about=about, late_by_s=late_by_s)

    def wait(self, answers: Answer | Sequence[Answer], bound_s: float, *, when: str) -> None:
        """Hold the longest of these buyers' waits to `bound_s`. `when` says what the weather was.

        Who is told something that is no outcome of the contract is not answered, however quickly.
        """
        waited = [answers] if isinstance(answers, Answer) else answers
        for answer in waited:
            if answer.trouble and answer.status is not None:
                raise Observed(f"{when}, a buyer was told {answer.trouble}", about=answer)
        longest = slowest(waited)
        answered = longest.status is not None
        says = f"waited {longest.elapsed_s:.1f} s for an answer" if answered else "had no answer after"
        says += "" if answered else f" {longest.elapsed_s:.1f} s"
        self.at_most(
            "longest wait of a buyer", longest.elapsed_s, bound_s, says=f"{when}, a buyer {says}", about=longest
        )


class Ledger(ledgers.Ledger):
    """The ledger of a check: keeps how long the books took to balance."""

    def __init__(self, scene: Scene, invariants: Sequence[Invariant]) -> None:
        super().__init__(scene.engine, scene.buyer, invariants, scene.faults)
        self._scene = scene

    async def balances(self, within_s: float = 5.0) -> float:
        took_s = await super().balances(within_s)
        self._scene.note("books balanced", took_s, within_s)
        return took_s


@pytest.fixture
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """One check's scene, kept on the check for the judge."""
    judge = request.config.stash[JUDGE]
    async with Buyer(judge.engine.endpoint("gateway")) as buyer:
        scene = Scene(judge.engine, buyer)
        request.node.stash[SCENE] = scene
        pulse = asyncio.create_task(scene.watch_ourselves())
        yield scene
        pulse.cancel()
        with suppress(asyncio.CancelledError):
            await pulse


@pytest.fixture
def shop(scene: Scene, request: pytest.FixtureRequest) -> Shop:
    seats = [f"{row}{number}" for row in ROWS for number in range(1, SEATS_A_ROW + 1)]
    draw(request, "seats").shuffle(seats)
    return Shop(scene, seats)


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
