"""A day without faults on the naive shop: only what its listed flaws break is broken, and a reader can see how."""

import asyncio

import pytest

from bench.ledger import listed, open_hall, sell
from breakwater import ledger
from breakwater.buyer import Buyer
from breakwater.ledger import judge
from breakwater.ledger.interleaving import LONGEST

pytestmark = pytest.mark.shop
PURCHASES, PAIRS = 200, 20


async def test_many_buyers_of_their_own_seats_leave_balanced_books(planter):
    prices = await open_hall(planter.engine, PURCHASES)
    async with Buyer(planter.engine.endpoint("gateway"), patience_s=30.0) as buyer:
        await sell(buyer, PURCHASES)
        assert {answer.status for answer in buyer.told} == {201, 402, 409}
        end = await ledger.Ledger(planter.engine, buyer, ledger.load(), prices=prices).settled()
    assert [breach.what for breach in end.breaches] == []
    assert len(end.record.captures) > PURCHASES / 2


async def test_two_buyers_of_one_seat_break_what_a_listed_flaw_breaks_and_the_steps_can_be_followed(planter):
    """Inventory looks whether a seat is free, and then takes it: many pairs, for a pair may miss each other."""
    async with Buyer(planter.engine.endpoint("gateway")) as buyer:
        for number in range(1, PAIRS + 1):
            await asyncio.gather(buyer.buy(f"J{number}"), buyer.buy(f"J{number}"))
        case = await ledger.Ledger(planter.engine, buyer, ledger.load()).look()
    breaches = judge(case, ledger.load())
    assert {breach.invariant for breach in breaches} == {"no-seat-is-sold-twice"}
    assert "no-seat-is-sold-twice" in listed()
    for breach in breaches:
        texts = [event.text for event in breach.events]
        asked = [texts.index(f"orders → inventory Inventory/Hold for buyer {n}") for n in (1, 2)]
        told = [texts.index(f"inventory → orders (OK) for buyer {n}") for n in (1, 2)]
        assert max(asked) < min(told), "both had asked before either was told"
        assert len(texts) <= LONGEST
