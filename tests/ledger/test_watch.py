"""Waiting until the books balance: what is asked of the shop meanwhile, and what is told in the end."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from breakwater import ledger
from breakwater.buyer import Answer, OrderSeen, SeatsSeen

EVENT = "opening-night"
COUNT = 20


class Shop:
    """A shop whose buyers were all told 202; `states` says in what state an order is, by its number, when asked.

    It plays the engine, the provider and the buyer, as far as the ledger asks them.
    """

    held = ()

    def __init__(self, state: Callable[[int], str]) -> None:
        self._state = state
        self.told = [
            Answer(f"b{n}", EVENT, f"A{n}", "4", f"r{n}", time.time(), 0.1, 202, f"o{n}") for n in range(COUNT)
        ]

    async def order(self, order_id: str) -> OrderSeen:
        n = int(order_id[1:])
        return OrderSeen(order_id, self._state(n), EVENT, f"A{n}", f"b{n}", 4500)

    async def seats(self, event: str) -> SeatsSeen:
        return SeatsSeen(event)

    def provider(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return {"captures": [], "refunds": []}

    def trace(self) -> list[Any]:
        return []

    def books(self) -> ledger.Ledger:
        return ledger.Ledger(self, self, ledger.load(), prices={})  # type: ignore[arg-type]


async def test_while_orders_are_pending_one_of_them_is_asked_for_and_not_all() -> None:
    ends_at = time.time() + 1.5
    meanwhile: Counter[int] = Counter()

    def state(n: int) -> str:
        meanwhile[n] += time.time() < ends_at
        return "pending" if n == 7 and time.time() < ends_at else "cancelled"

    assert await Shop(state).books().balances(within_s=5.0) >= 1.2
    assert meanwhile[7] > 5
    assert {count for n, count in meanwhile.items() if n != 7} == {1}


async def test_what_was_wrong_when_nothing_is_pending_any_more_is_found() -> None:
    first = time.time() + 0.5
    shop = Shop(lambda n: "pending" if time.time() < first else "confirmed")  # and nobody was charged
    with pytest.raises(ledger.Unbalanced, match="a confirmed order has 0 captures"):
        await shop.books().balances(within_s=2.0)


async def test_what_stays_pending_is_told_with_all_that_is_pending() -> None:
    with pytest.raises(ledger.Unbalanced, match="and 19 more orders") as told:
        await Shop(lambda n: "pending").books().balances(within_s=1.0)
    assert len(told.value.breaches) == COUNT
