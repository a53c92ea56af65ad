"""The neighbours of `orders` on a stage, without a container around them."""

import asyncio
import json

from breakwater.engines.trial.actors.neighbours import HELD, Neighbours

PAYMENT = {"order_id": "1", "amount_cents": 4500, "card": "4242424242424242"}


async def asked(neighbours: Neighbours, **changed: str) -> int:
    status, _ = await neighbours._answer("POST", "/payments", json.dumps(PAYMENT | changed).encode())
    return status


async def test_payments_takes_the_money_of_every_card_but_one() -> None:
    neighbours = Neighbours("token")
    assert await asked(neighbours) == 201
    assert await asked(neighbours, card="4000000000000002") == 402


async def test_payments_answers_when_the_judge_lets_it() -> None:
    neighbours = Neighbours("token")
    neighbours._done("shut")
    waiting = asyncio.create_task(asked(neighbours))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (neighbours.asked, waiting.done()) == (1, False)
    neighbours._done("open")
    assert await waiting == 201


async def test_what_it_does_not_know_it_says() -> None:
    assert (await Neighbours("token")._answer("POST", "/refunds", b"{}"))[0] == 404


def test_a_seat_is_held_at_a_price() -> None:
    """As protobuf writes a message whose first field is a number: the field, then seven bits a byte, lowest first."""
    field, low, high = HELD
    assert field == 1 << 3 | 0
    assert (low & 0x7F) | high << 7 == 4500
