"""Designs of a shop, right and wrong, for the model. Each docstring says what the design believes."""

import asyncio
import time
from typing import Any

from model import Declined, Lost, Order, World


def _end(world: World, order: Order, status: str) -> None:
    order["status"] = status
    world.orders[order["id"]] = order


async def naive(world: World, order: Order) -> int:
    """The answer will come, and no answer means not paid."""
    _end(world, order, "pending")
    try:
        await world.charge(order)
    except Declined:
        _end(world, order, "declined")
        return 402
    except Lost:
        _end(world, order, "cancelled")
        return 503
    _end(world, order, "confirmed")
    return 201


# Right, each in another way.


async def _settle(world: World, order: Order, deadline_s: float = 0.5) -> None:
    """Ask under one key until there is an answer; while nobody has one, one asks in half a second."""
    while order["status"] == "pending":
        if _is_worth_asking(world):
            await _ask(world, order, deadline_s)
        else:
            await asyncio.sleep(0.1)


async def _ask(world: World, order: Order, deadline_s: float = 0.5) -> None:
    try:
        await asyncio.wait_for(world.charge(order, order["id"]), deadline_s)
    except (Lost, TimeoutError):
        world.breaker_open, world.next_trial_at = True, time.monotonic() + 0.5
        return
    except Declined:
        _end(world, order, "declined")
    else:
        _end(world, order, "confirmed")
    world.breaker_open = False


def _is_worth_asking(world: World) -> bool:
    if world.breaker_open and time.monotonic() < world.next_trial_at:
        return False
    world.next_trial_at = time.monotonic() + 0.5
    return True


async def settles_later(world: World, order: Order) -> int:
    """Waits a little; then 202, and asks again under the same key."""
    _end(world, order, "pending")
    task = world.behind(_settle(world, order))
    await asyncio.wait({task}, timeout=0.8)
    return {"confirmed": 201, "declined": 402}.get(order["status"], 202)


async def accepts_at_once(world: World, order: Order) -> int:
    """Always 202; all work is done behind."""
    _end(world, order, "pending")
    world.behind(_settle(world, order))
    return 202


async def refuses_and_refunds(world: World, order: Order) -> int:
    """Waits a little; then 503, and gives back whatever turns up."""
    _end(world, order, "pending")
    try:
        await asyncio.wait_for(world.charge(order), 1.0)
    except Declined:
        _end(world, order, "declined")
        return 402
    except (Lost, TimeoutError):
        _end(world, order, "cancelled")
        world.behind(_refund_for_long(world, order))
        return 503
    _end(world, order, "confirmed")
    return 201


async def _refund_for_long(world: World, order: Order) -> None:
    for _ in range(300):
        world.refund(order)
        await asyncio.sleep(0.1)


async def breaks_the_circuit(world: World, order: Order) -> int:
    """After a failure it answers 503 without asking, and tries again after 1 s."""
    if world.breaker_open:
        return 503
    told = await refuses_and_refunds(world, order)
    if told == 503:
        world.breaker_open = True
        asyncio.get_running_loop().call_later(1.0, setattr, world, "breaker_open", False)
    return told


RIGHT = (settles_later, accepts_at_once, refuses_and_refunds, breaks_the_circuit)


# Wrong, each in another way.


async def refuses_everything(world: World, order: Order) -> int:
    """Whoever sells nothing makes no mistake."""
    return 503


async def accepts_and_forgets(world: World, order: Order) -> int:
    """202 means that it will be done."""
    _end(world, order, "pending")
    return 202


async def accepts_and_cancels(world: World, order: Order) -> int:
    """Every order came to an end."""
    _end(world, order, "cancelled")
    return 202


async def confirms_without_capture(world: World, order: Order) -> int:
    """The buyer is happy, and the money will come."""
    _end(world, order, "confirmed")
    return 201


async def declines_everybody(world: World, order: Order) -> int:
    """Switches the feature off, politely."""
    return 402


async def times_out_only(world: World, order: Order) -> int:
    """I gave up, so it did not happen."""
    _end(world, order, "pending")
    try:
        await asyncio.wait_for(world.charge(order), 1.0)
    except Declined:
        _end(world, order, "declined")
        return 402
    except (Lost, TimeoutError):
        _end(world, order, "cancelled")
        return 503
    _end(world, order, "confirmed")
    return 201


async def retries_without_key(world: World, order: Order) -> int:
    """A retry repeats the request."""
    _end(world, order, "pending")
    for _ in range(8):
        try:
            await asyncio.wait_for(world.charge(order), 0.25)
        except Declined:
            _end(world, order, "declined")
            return 402
        except (Lost, TimeoutError):
            continue
        _end(world, order, "confirmed")
        return 201
    _end(world, order, "cancelled")
    return 503


async def trips_for_ever(world: World, order: Order) -> int:
    """A guard that has closed stays closed."""
    if world.breaker_open:
        return 503
    told = await refuses_and_refunds(world, order)
    world.breaker_open = told == 503
    return told


async def asks_again_and_again(world: World, order: Order) -> int:
    """Asking more often gets an answer sooner."""
    _end(world, order, "pending")
    task = world.behind(_ask_again_and_again(world, order))
    await asyncio.wait({task}, timeout=0.8)
    return {"confirmed": 201, "declined": 402}.get(order["status"], 202)


async def _ask_again_and_again(world: World, order: Order) -> None:
    while order["status"] == "pending":
        await _ask(world, order)
        await asyncio.sleep(0.5 if order["status"] == "pending" else 0.0)


async def does_not_know(world: World, order: Order) -> int:
    """504 is an answer too."""
    _end(world, order, "pending")
    task = world.behind(_settle(world, order))
    await asyncio.wait({task}, timeout=0.4)
    return {"confirmed": 201, "declined": 402}.get(order["status"], 504)


async def one_at_a_time(world: World, order: Order) -> int:
    """A payment is short, and a lock is safe."""
    async with LOCK:
        return await settles_later(world, order)


async def changes_its_mind(world: World, order: Order) -> int:
    """Shows silence as cancelled, and confirms when the money turns up long after."""
    _end(world, order, "pending")
    world.behind(_change_its_mind(world, order))
    return 202


async def _change_its_mind(world: World, order: Order) -> None:
    try:
        await asyncio.wait_for(world.charge(order, order["id"]), 0.5)
        _end(world, order, "confirmed")
    except Declined:
        _end(world, order, "declined")
    except (Lost, TimeoutError):
        _end(world, order, "cancelled")
        await asyncio.sleep(4.0)
        order["status"] = "pending"  # which nobody is shown
        await _settle(world, order)


async def sells_at_one_cent(world: World, order: Order) -> int:
    """Paid is paid."""
    order["amount_cents"] = 1
    return await settles_later(world, order)


async def lists_and_sells_at_one_cent(world: World, order: Order) -> int:
    """Whoever changes the price everywhere has balanced books."""
    world.prices = dict.fromkeys(world.prices, 1)
    return await sells_at_one_cent(world, order)


async def never_frees_a_seat(world: World, order: Order) -> int:
    """Who wanted the seat once may come back."""
    world.stuck.add(order["seat"])
    return await settles_later(world, order)


async def lists_what_is_sold_as_free(world: World, order: Order) -> int:
    """The list is only for looking."""
    told = await settles_later(world, order)
    world.orders = _Unlisted(world.orders)
    return told


async def sells_what_looked_free(world: World, order: Order) -> int:
    """Free when I looked is free when I sell."""
    is_free = order["seat"] not in world.sold_to
    await world.asked(order, "orders", "inventory", f"GET /seats/{order['seat']}")
    if not is_free:
        return 409
    world.sold_to[order["seat"]] = order["id"]
    await world.asked(order, "orders", "inventory", f"POST /seats/{order['seat']}/sale")
    return await settles_later(world, order)


class _Unlisted(dict[str, Order]):
    """Orders that can be found, and that no list of seats is made from."""

    def values(self) -> Any:
        return ()


class _Lock:
    """An asyncio.Lock for whichever loop runs now."""

    def __init__(self) -> None:
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}

    async def __aenter__(self) -> None:
        await self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()).acquire()

    async def __aexit__(self, *error: object) -> None:
        self._locks[asyncio.get_running_loop()].release()


LOCK = _Lock()

# A wrong design → the checks that it must lose. It is judged by those and by PAYMENTS, and may lose more.
ALL = {"slow-payment", "hanging-payment", "answer-lost"}
PAYMENTS = {*ALL, "09-h1", "09-h2"}
WRONG = {
    naive: ALL,
    refuses_everything: ALL,
    accepts_and_forgets: ALL,
    accepts_and_cancels: ALL,
    confirms_without_capture: ALL,
    declines_everybody: ALL,
    times_out_only: ALL,
    retries_without_key: ALL,
    trips_for_ever: ALL | {"flapping-payment"},
    asks_again_and_again: {"retry-storm"},
    does_not_know: ALL,
    one_at_a_time: ALL - {"answer-lost"},
    changes_its_mind: {"slow-payment"},
    sells_at_one_cent: ALL,
    lists_and_sells_at_one_cent: ALL,
    never_frees_a_seat: ALL,
    lists_what_is_sold_as_free: ALL,
}
