"""The inventory by its own interface, in the naive shop: holds, their ends, and who is let finish."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import pytest

from breakwater import paths
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.faults.latency import Latency
from tests.boxoffice.conftest import load
from tests.waiting import eventually

pytestmark = pytest.mark.shop
CODE = grpc.StatusCode


class Inventory:
    """A caller. Each method answers with the reply, or with the code of the refusal."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._rpc = load("inventory", "rpc.inventory_pb2")

    async def hold(self, seat: str, hold_id: str = "", *, ttl_s: int = 60, **how: Any) -> Any:
        given = {"event": "opening-night", "buyer": "ann", "hold_id": hold_id or str(uuid4())}
        return await self._call("Hold", {**given, "seat": seat, "ttl_s": ttl_s, **how.pop("but", {})}, **how)

    async def sell(self, hold_id: str) -> Any:
        return await self._call("Sell", {"hold_id": hold_id})

    async def release(self, hold_id: str) -> Any:
        return await self._call("Release", {"hold_id": hold_id})

    async def taken(self, seat: str) -> bool:
        listed = await self._call("ListSeats", {"event": "opening-night"})
        return {row.seat: row.taken for row in listed.seats}[seat]

    async def free(self, seat: str) -> bool:
        return not await self.taken(seat)

    async def _call(self, method: str, values: dict[str, Any], **how: Any) -> Any:
        request, reply = getattr(self._rpc, f"{method}Request"), getattr(self._rpc, f"{method}Response")
        call = self._channel.unary_unary(
            f"/boxoffice.inventory.v1.Inventory/{method}",
            request_serializer=request.SerializeToString,
            response_deserializer=reply.FromString,
        )
        try:
            return await call(request(**values), **{"timeout": 10, **how})
        except grpc.aio.AioRpcError as error:
            return error.code()


@pytest.fixture
async def inventory(naive) -> AsyncIterator[Inventory]:
    async with grpc.aio.insecure_channel(naive.endpoint("inventory").removeprefix("grpc://")) as channel:
        yield Inventory(channel)


async def test_the_same_hold_asked_for_again_is_the_same(inventory):
    hold_id = str(uuid4())
    first, *more = [await inventory.hold("A1", hold_id) for _ in range(3)]
    assert first.price_cents == 4500
    assert more == [first, first]


async def test_the_same_hold_asked_for_at_once_is_one(inventory):
    for seat in [f"J{number}" for number in range(1, 21)]:
        hold_id = str(uuid4())
        answers = await asyncio.gather(*(inventory.hold(seat, hold_id) for _ in range(40)))
        assert [answer for answer in answers if answer != answers[0]] == []
        assert answers[0].price_cents == 4500


async def test_a_seat_that_is_held_is_refused_to_another(inventory):
    await inventory.hold("A3")
    assert await inventory.hold("A3") is CODE.ALREADY_EXISTS
    assert await inventory.taken("A3")


@pytest.mark.parametrize(
    ("but", "code"),
    [
        ({"seat": "Z1"}, CODE.NOT_FOUND),
        ({"event": "closing-night"}, CODE.NOT_FOUND),
        ({"hold_id": "mine"}, CODE.INVALID_ARGUMENT),
        ({"ttl_s": 0}, CODE.INVALID_ARGUMENT),
        ({"ttl_s": 601}, CODE.INVALID_ARGUMENT),
    ],
)
async def test_what_cannot_be_held_is_refused(inventory, but, code):
    assert await inventory.hold("A4", but=but) is code


@pytest.mark.parametrize("but", [{"seat": "A6"}, {"buyer": "bob"}])
async def test_a_hold_is_of_one_seat_for_one_buyer(inventory, but):
    hold_id = str(uuid4())
    await inventory.hold("A5", hold_id)
    assert await inventory.hold("A5", hold_id, but=but) is CODE.FAILED_PRECONDITION
    await inventory.release(hold_id)


async def test_a_hold_expires_and_cannot_be_sold_then(inventory):
    hold_id = str(uuid4())
    await inventory.hold("A7", hold_id, ttl_s=1)
    assert await inventory.hold("A7") is CODE.ALREADY_EXISTS
    await eventually(lambda: inventory.free("A7"))
    assert await inventory.sell(hold_id) is CODE.FAILED_PRECONDITION
    assert (await inventory.hold("A7")).price_cents == 4500
    assert await inventory.hold("A7", hold_id) is CODE.ALREADY_EXISTS


async def test_a_sold_seat_stays_sold_until_it_is_released(inventory):
    hold_id = str(uuid4())
    await inventory.hold("A8", hold_id, ttl_s=1)
    for _ in range(2):
        assert not isinstance(await inventory.sell(hold_id), CODE)
    assert not (await inventory.hold("A8", hold_id)).HasField("expires_at")
    for _ in range(2):
        assert not isinstance(await inventory.release(hold_id), CODE)
    assert not await inventory.taken("A8")
    assert await inventory.sell(hold_id) is CODE.FAILED_PRECONDITION


async def test_it_can_be_asked_for_its_health_as_a_container_is(naive):
    command = [sys.executable, "-m", "app.health", naive.endpoint("inventory").removeprefix("grpc://")]
    done = await asyncio.to_thread(subprocess.run, command, cwd=paths.BOXOFFICE / "inventory", timeout=20, check=False)
    assert done.returncode == 0


async def test_who_left_is_worked_for_all_the_same(inventory, naive):
    """The flaw `inventory-works-for-nobody`."""
    with naive.inject(Latency("inventory", "postgres", 0.2)):
        assert await inventory.hold("A9", timeout=0.1) is CODE.DEADLINE_EXCEEDED
    await eventually(lambda: inventory.taken("A9"))


async def test_what_has_begun_is_finished_before_it_stops(inventory, naive):
    await inventory.hold("A11")  # so that there is a connection to the database, and a call takes less than the grace
    with naive.inject(Latency("inventory", "postgres", 0.1)):
        begun = asyncio.create_task(inventory.hold("A10"))
        await eventually(lambda: asyncio.to_thread(under_way, naive))
        stopping = asyncio.create_task(asyncio.to_thread(naive.restart, "inventory"))
        held = await begun
    await stopping
    assert not isinstance(held, CODE), held
    assert await inventory.taken("A10")


def under_way(shop: EmbeddedEngine) -> bool:
    """Whether some call to inventory waits for its answer."""
    latest = [each for each in shop.trace() if each.callee == "inventory"][-1:]
    return any(each.answered_at is None for each in latest)
