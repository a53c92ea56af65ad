"""One check's scene: the shop, its buyers, the weather, and everything that was seen. Evidence is drawn from it."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from breakwater import contract
from breakwater.buyer import Buyer, Reply
from breakwater.checks.processors import Look, Share
from breakwater.checks.verdict import Measurement
from breakwater.engines import Engine, Exchange
from breakwater.ledger.interleaving import FaultWindow

PULSE_S = 0.05
LATE_S = 0.5  # by so much more than is due, somebody waits whose verdict is wanted soon
R = TypeVar("R", bound=Reply)


class Observed(AssertionError):
    """Something that the shop did and must not do.

    `about` is the purchase, or the page, that shows it, and `before` what had passed on a link and belongs to it;
    `measured` is what did not keep its bound, where that is it. `by_time` says that a right shop, too, does it where it
    is too slow: its own deadlines pass.
    """

    def __init__(
        self,
        message: str,
        *,
        about: Reply | None = None,
        before: Sequence[Exchange] = (),
        measured: Measurement | None = None,
        by_time: bool = False,
    ) -> None:
        super().__init__(message)
        self.by_time = by_time
        self.about = about
        self.before = tuple(before)
        self.measured = measured


@dataclass
class Scene:
    """What one check on one fresh shop has seen so far.

    `bystanders` are the request ids of buyers who may be told nothing: they are there to make a crowd. `stalled_s` is
    the longest time for which *we* stood still. `processes` gives those of the shop that this process did not start.
    One who `hurries` wants the verdict as soon as it is certain, and not how far a wait is beyond its bound.
    """

    engine: Engine
    buyer: Buyer
    faults: list[FaultWindow] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    bystanders: set[str] = field(default_factory=set)
    stalled_s: float = 0.0
    processes: Callable[[], Collection[int]] = tuple
    hurries: bool = False
    began: Look = field(init=False)

    def __post_init__(self) -> None:
        self.began = Look.now(self.processes())

    def share(self) -> Share:
        """What judge and shop have had of the processors so far."""
        return Share.between(self.began, Look.now(self.processes()))

    def patience_s(self, patience_s: float, within_s: float | None) -> float:
        """For how long somebody waits who has so much patience, where an answer is due `within_s`."""
        if not self.hurries or within_s is None:
            return patience_s
        return min(patience_s, within_s + LATE_S)

    def note(self, what: str, value: float, bound: float, unit: str = "s", *, floor: float = 0.0) -> None:
        """Keep a bounded quantity with its bound."""
        self.keep(Measurement(what, value, bound, unit, floor=floor))

    def keep(self, measured: Measurement) -> None:
        self.measurements.append(replace(measured, value=round(measured.value, 3)))

    def hold_to_contract(self) -> None:
        """Raise Observed if anybody was told something outside the contract."""
        for answer in self.buyer.told:
            if answer.trouble and not (answer.request_id in self.bystanders and contract.tells_nothing(answer.status)):
                by_time = contract.tells_nothing(answer.status)
                raise Observed(f"a buyer was told {answer.trouble}", about=answer, by_time=by_time)
        for held in self.buyer.held:
            if held.trouble:
                raise Observed(f"a buyer who asked for a hold was told {held.trouble}", about=held)
        for page in self.buyer.pages:
            if page.trouble:
                raise Observed(f"a visitor who asked for an event page was told {page.trouble}", about=page)

    async def watch_ourselves(self) -> None:
        """Notice for how long the judge itself was kept from running, or its clock was set; ends when cancelled."""
        while True:
            due, wall, clock = time.perf_counter() + PULSE_S, time.time(), time.perf_counter()
            await asyncio.sleep(PULSE_S)
            now = time.perf_counter()
            was_set_s = abs((time.time() - wall) - (now - clock))
            self.stalled_s = max(self.stalled_s, now - due, was_set_s)


def slowest(replies: Sequence[R]) -> R:
    """The answer that took longest; one that never came before one that did."""
    return max(replies, key=lambda reply: (reply.status is None, reply.elapsed_s))
