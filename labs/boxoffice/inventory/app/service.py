"""Inventory's interface: contracts/proto/inventory.proto says what it promises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.message import Message

from .plan import HoldGone, NoSuchSeat, SeatingPlan, SeatTaken
from .rpc import inventory_pb2 as rpc
from .rpc.inventory_pb2_grpc import InventoryServicer

LONGEST_S = 600
Context = grpc.aio.ServicerContext


class Refused(Exception):
    """Raise it to end a call with `code` and one sentence for its caller."""

    def __init__(self, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Inventory(InventoryServicer):
    def __init__(self, plan: SeatingPlan) -> None:
        self._plan = plan

    async def ListSeats(self, request: rpc.ListSeatsRequest, context: Context) -> Message | None:
        return await _answered(self._list, request, context)

    async def Hold(self, request: rpc.HoldRequest, context: Context) -> Message | None:
        return await _answered(self._hold, request, context)

    async def Sell(self, request: rpc.SellRequest, context: Context) -> Message | None:
        return await _answered(self._sell, request, context)

    async def Release(self, request: rpc.ReleaseRequest, context: Context) -> Message | None:
        return await _answered(self._release, request, context)

    async def _list(self, request: rpc.ListSeatsRequest) -> Message:
        rows = await self._plan.seats(request.event)
        if not rows:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"There is no event {request.event}.")
        seats = [rpc.Seat(seat=row.seat, price_cents=row.price_cents, taken=taken) for row, taken in rows]
        return rpc.ListSeatsResponse(seats=seats)

    async def _hold(self, request: rpc.HoldRequest) -> Message:
        hold_id, place = _id(request.hold_id), (request.event, request.seat, request.buyer)
        if not 1 <= request.ttl_s <= LONGEST_S:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"ttl_s is not between 1 and {LONGEST_S}.")
        try:
            hold, price_cents = await self._plan.hold(hold_id, *place, request.ttl_s)
        except NoSuchSeat:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"{request.event} has no seat {request.seat}.") from None
        except SeatTaken:
            raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"Seat {request.seat} is taken.") from None
        if (hold.event, hold.seat, hold.buyer) != place:
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, f"Hold {hold_id} is of another seat or buyer.")
        return rpc.HoldResponse(price_cents=price_cents, expires_at=hold.expires_at)

    async def _sell(self, request: rpc.SellRequest) -> Message:
        try:
            await self._plan.sell(_id(request.hold_id))
        except HoldGone:
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, f"There is no hold {request.hold_id}.") from None
        return rpc.SellResponse()

    async def _release(self, request: rpc.ReleaseRequest) -> Message:
        await self._plan.release(_id(request.hold_id))
        return rpc.ReleaseResponse()


async def _answered(work: Callable[[Any], Awaitable[Message]], request: Message, context: Context) -> Message | None:
    """Do the work and return its answer. What has begun is carried out, whether or not its caller stays for it."""
    try:
        return await asyncio.shield(work(request))
    except Refused as refused:
        await context.abort(refused.code, refused.detail)  # raises


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "hold_id is no UUID.") from None
