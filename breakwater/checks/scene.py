"""One check's scene: the shop, its buyers, the weather, and everything that was seen. Evidence is drawn from it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from breakwater.buyer import Answer, Buyer
from breakwater.checks.verdict import Measurement
from breakwater.engines import Engine
from breakwater.ledger.interleaving import FaultWindow

PULSE_S = 0.05


class Observed(AssertionError):
    """Something that the shop did and must not do.

    `about` is the purchase that shows it; `late_by_s` by how much a wait was above its bound, where that is it.
    """

    def __init__(self, message: str, *, about: Answer | None = None, late_by_s: float | None = None) -> None:
        super().__init__(message)
        self.about = about
        self.late_by_s = late_by_s


@dataclass
class Scene:
    """What one check on one fresh shop has seen so far. `stalled_s`: the longest time for which *we* stood still."""

    engine: Engine
    buyer: Buyer
    faults: list[FaultWindow] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    stalled_s: float = 0.0

    def note(self, what: str, value: float, bound: float, unit: str = "s") -> None:
        """Keep a bounded quantity with its bound."""
        self.measurements.append(Measurement(what, round(value, 3), bound, unit))

    def hold_to_contract(self) -> None:
        """Raise Observed if any buyer was told something outside the contract."""
        for answer in self.buyer.told:
            if answer.trouble:
                raise Observed(f"a buyer was told {answer.trouble}", about=answer)
        for held in self.buyer.held:
            if held.trouble:
                raise Observed(f"a buyer who asked for a hold was told {held.trouble}")

    async def watch_ourselves(self) -> None:
        """Notice for how long the judge itself was kept from running; ends when cancelled."""
        while True:
            due = time.perf_counter() + PULSE_S
            await asyncio.sleep(PULSE_S)
            self.stalled_s = max(self.stalled_s, time.perf_counter() - due)


def slowest(answers: Sequence[Answer]) -> Answer:
    """The answer that took longest; one that never came before one that did."""
    return max(answers, key=lambda answer: (answer.status is None, answer.elapsed_s))
