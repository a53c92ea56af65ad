"""Asking a running shop until its books balance."""

import asyncio
import time
from collections.abc import Sequence

from breakwater.buyer import Buyer
from breakwater.engines import Engine
from breakwater.ledger.interleaving import FaultWindow
from breakwater.ledger.invariants import Invariant
from breakwater.ledger.judge import Breach, Case, judge
from breakwater.ledger.record import Record, order_ids

POLL_S = 0.25
SETTLED_S = 0.5  # what was held up on a link arrives within milliseconds after it heals
LEAST_S = 2.0  # so long at least a shop is given from the first look on


class Unbalanced(AssertionError):
    """The books do not balance. `why` states the facts of the first breach, `evidence` its interleaving."""

    def __init__(self, breaches: Sequence[Breach], after: str) -> None:
        first, more = breaches[0], len({breach.order_id for breach in breaches}) - 1
        others = f" (and {more} more order{'s' if more > 1 else ''})" if more else ""
        super().__init__(f"{after} the books do not balance: {first.what}{others}")
        self.breaches = tuple(breaches)
        self.why = first.facts
        self.evidence = (first.interleaving,) if first.interleaving else ()


class Ledger:
    """Judges one running shop by what `buyer` was told, the provider's books and the shop's public interface."""

    def __init__(
        self, engine: Engine, buyer: Buyer, invariants: Sequence[Invariant], faults: Sequence[FaultWindow] = ()
    ) -> None:
        self._engine, self._buyer, self._invariants, self._faults = engine, buyer, invariants, faults

    async def look(self) -> Case:
        """One look at everything. Raises CourseError where the engine or the provider does not answer."""
        books = await asyncio.to_thread(self._engine.provider, "GET", "/books")
        orders = await asyncio.gather(*(self._buyer.order(name) for name in order_ids(self._buyer.told, books)))
        exchanges = await asyncio.to_thread(self._engine.trace)
        record = Record.of(self._buyer.told, books, {order.id: order for order in orders})
        return Case(record, exchanges, tuple(self._faults))

    async def breaches(self) -> list[Breach]:
        """What is wrong at this moment."""
        return judge(await self.look(), self._invariants)

    async def balances(self, within_s: float = 5.0) -> float:
        """Wait until nothing is wrong, and stays so for a moment; return for how many seconds something was.

        `within_s` counts from the end of the trouble, or from now where there was none.

        Raises:
            Unbalanced: something is still wrong then.
        """
        called = time.time()
        healed_at = max((fault.healed_at for fault in self._faults if fault.healed_at), default=None)
        begun = healed_at or called
        deadline = max(begun + within_s, called + LEAST_S)
        balanced_since: float | None = None
        was_wrong = False
        while True:
            breaches = await self.breaches()
            now = time.time()
            was_wrong = was_wrong or bool(breaches)
            balanced_since = None if breaches else balanced_since or now
            if balanced_since is not None and now - balanced_since >= SETTLED_S:
                return balanced_since - begun if was_wrong else 0.0
            if breaches and now >= deadline:
                after = "after the trouble ended" if healed_at else "later"
                raise Unbalanced(breaches, f"{now - begun:.1f} s {after}")
            await asyncio.sleep(POLL_S)
