"""Asking a running shop until its books balance."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from breakwater.buyer import Buyer
from breakwater.engines import Engine
from breakwater.ledger import prices as price_list
from breakwater.ledger.interleaving import FaultWindow
from breakwater.ledger.invariants import Invariant
from breakwater.ledger.judge import Breach, Case, Finding, find, judge
from breakwater.ledger.record import Record, Seat, order_ids

POLL_S = 0.1
SETTLED_S = 0.5  # what was held up on a link arrives within milliseconds after it heals
LEAST_S = 2.0  # so long at least a shop is given from the first look on
PENDING = "pending"
AT_ONCE = 16  # questions; more would only wait in the gateway, and run out of patience there

T = TypeVar("T")
R = TypeVar("R")


class Unbalanced(AssertionError):
    """The books do not balance. `why` states the facts of the first breach, `evidence` its interleaving.

    A right shop that is too slow is not done in time either, hence `by_time`.
    """

    by_time = True

    def __init__(self, breaches: Sequence[Breach], after: str) -> None:
        first = breaches[0]
        super().__init__(f"{after} the books do not balance: {first.what}{_others(breaches)}")
        self.breaches = tuple(breaches)
        self.why = first.facts
        self.evidence = (first.interleaving,) if first.events else ()


@dataclass(frozen=True)
class Outcome:
    """How the books stood in the end. `seconds`: for how long something was wrong, from the end of the trouble on."""

    record: Record
    breaches: tuple[Breach, ...]
    seconds: float


class Ledger:
    """Judges one running shop by what `buyer` was told, the provider's books and the shop's public interface.

    `prices` is what each seat costs; by default what the contract lists.
    """

    def __init__(
        self,
        engine: Engine,
        buyer: Buyer,
        invariants: Sequence[Invariant],
        faults: Sequence[FaultWindow] = (),
        prices: Mapping[Seat, int] | None = None,
    ) -> None:
        self._engine, self._buyer, self._invariants, self._faults = engine, buyer, invariants, faults
        self._prices = price_list.load() if prices is None else prices

    async def look(self) -> Case:
        """One look at everything. Raises CourseError where the engine or the provider does not answer."""
        return await self._with_trace(await self._record())

    async def breaches(self) -> list[Breach]:
        """What is wrong at this moment."""
        return judge(await self.look(), self._invariants)

    async def balances(self, within_s: float = 5.0) -> float:
        """Wait until nothing is wrong, and stays so for a moment; return for how many seconds something was.

        `within_s` counts from the end of the trouble, or from now where there was none.

        Raises:
            Unbalanced: something is still wrong then.
        """
        end = await self.settled(within_s)
        if end.breaches:
            after = "after the trouble ended" if self._trouble_ended() else "later"
            raise Unbalanced(end.breaches, f"{end.seconds:.1f} s {after}")
        return end.seconds

    async def settled(self, within_s: float = 5.0) -> Outcome:
        """As `balances`, and return how it ended in either case."""
        called = time.time()
        begun = self._trouble_ended() or called
        deadline = max(begun + within_s, called + LEAST_S)
        balanced_since: float | None = None
        right_at = begun
        was_wrong = False
        pending: deque[str] = deque()
        while True:
            looked_at = time.time()
            if looked_at < deadline and await self._is_pending(pending):
                await asyncio.sleep(POLL_S)
                continue
            record = await self._record()
            wrong = list(find(record, self._invariants))
            pending.extend(_pending(record, wrong))
            is_wrong, now = bool(wrong), time.time()
            if is_wrong:
                balanced_since = None
            elif balanced_since is None:
                right_at, balanced_since = looked_at, now
            was_wrong = was_wrong or is_wrong
            if balanced_since and (now - balanced_since >= SETTLED_S or await self._stood_still(looked_at, record)):
                return Outcome(record, (), max(0.0, right_at - begun) if was_wrong else 0.0)
            if is_wrong and looked_at >= deadline:  # what was read before it may have been mended in time
                breaches = judge(await self._with_trace(record), self._invariants)
                return Outcome(record, tuple(breaches), now - begun)
            await asyncio.sleep(POLL_S)

    async def _is_pending(self, orders: "deque[str]") -> bool:
        """Whether one of these orders is still pending; those that have ended are struck off.

        That is one question. A whole look asks for every order, and keeps a shop that is busy from ending them.
        """
        while orders:
            if (await self._buyer.order(orders[0])).status == PENDING:
                return True
            orders.popleft()
        return False

    def _trouble_ended(self) -> float | None:
        """When the last fault healed, or the last buyer asked after that: from then on the shop's time counts."""
        healed_at = max((fault.healed_at for fault in self._faults if fault.healed_at), default=None)
        return healed_at and max([healed_at, *(answer.asked_at for answer in self._buyer.told)])

    async def _stood_still(self, looked_at: float, record: Record) -> bool:
        """Whether the look itself, as one at thousands of orders, took the moment in which nothing more may come."""
        if time.time() - looked_at < SETTLED_S:
            return False
        now = Record.of((), await self._books())
        return (now.captures, now.refunds) == (record.captures, record.refunds)

    async def _books(self) -> Any:
        return await asyncio.to_thread(self._engine.provider, "GET", "/books")

    async def _record(self) -> Record:
        """What the three accounts say now, of the events that somebody asked for; of all, if nobody did."""
        books = await self._books()
        orders = await _each(self._buyer.order, order_ids(self._buyer.told, books))
        asked_for = {answer.event for answer in self._buyer.told} | {hold.event for hold in self._buyer.held}
        events = asked_for | {order.event for order in orders if order.status} or {event for event, _ in self._prices}
        seen_at = time.time()
        lists = await _each(self._buyer.seats, sorted(events))
        due = {(event, seat): cents for (event, seat), cents in self._prices.items() if event in events}
        record = Record.of(self._buyer.told, books, orders, lists, due)
        return replace(record, held=tuple(self._buyer.held), seen_at=seen_at)

    async def _with_trace(self, record: Record) -> Case:
        return Case(record, await asyncio.to_thread(self._engine.trace), tuple(self._faults))


async def _each(look: Callable[[T], Awaitable[R]], things: Iterable[T]) -> list[R]:
    """Look at each, a few at once."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(thing: T) -> R:
        async with limit:
            return await look(thing)

    return list(await asyncio.gather(*(one(thing) for thing in things)))


def _pending(record: Record, wrong: Iterable[Finding]) -> list[str]:
    """The orders that have not ended, and in which something is wrong as long as they have not."""
    named = {order for finding in wrong for order in finding.orders}
    return [order for order, seen in record.orders.items() if order in named and seen.status == PENDING]


def _others(breaches: Sequence[Breach]) -> str:
    """How many more there are, beside the first: orders, where all are of orders."""
    more = len({breach.orders or breach.seat for breach in breaches}) - 1
    thing = "order" if all(breach.orders for breach in breaches) else "breach"
    plural = "" if more == 1 else "es" if thing == "breach" else "s"
    return f" (and {more} more {thing}{plural})" if more else ""
