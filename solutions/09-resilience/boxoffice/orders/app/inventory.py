"""The inventory, as orders sees it."""

from urllib.parse import urlsplit
from uuid import UUID

import grpc

from . import logs
from .rpc import inventory_pb2 as rpc
from .rpc.inventory_pb2_grpc import InventoryStub

DEADLINE_S = 1.0
SOLD_WITHIN_S = 0.5  # less, since the order is written down by then, and it is tried again
HOLD_S = 3  # it is sold to the order at once; a seat whose order was never written down is free after it
CONNECT_AGAIN = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]


class NoSuchSeat(Exception):
    """The event has no such seat."""


class SeatTaken(Exception):
    """Somebody else has the seat."""


class HoldGone(Exception):
    """There is no such hold, or it has expired."""


class NoAnswer(Exception):
    """No definite answer came: what was asked for may have been done, or may be in a while."""


class Inventory:
    def __init__(self, url: str) -> None:
        self._channel = grpc.aio.insecure_channel(urlsplit(url).netloc, options=CONNECT_AGAIN)
        self._stub = InventoryStub(self._channel)

    async def hold(self, hold_id: UUID, event: str, seat: str, buyer: str) -> int:
        """Hold a seat, and return its price in cents. Raises NoSuchSeat, SeatTaken or NoAnswer."""
        wanted = rpc.HoldRequest(hold_id=str(hold_id), event=event, seat=seat, buyer=buyer, ttl_s=HOLD_S)
        try:
            held = await self._stub.Hold(wanted, timeout=DEADLINE_S, metadata=_metadata())
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise NoSuchSeat from error
            if error.code() in (grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.FAILED_PRECONDITION):
                raise SeatTaken from error
            raise NoAnswer from error
        return int(held.price_cents)

    async def sell(self, hold_id: UUID) -> None:
        """Make a hold last until it is released. Safe to repeat. Raises HoldGone or NoAnswer."""
        try:
            await self._stub.Sell(rpc.SellRequest(hold_id=str(hold_id)), timeout=SOLD_WITHIN_S, metadata=_metadata())
        except grpc.aio.AioRpcError as error:
            raise (HoldGone if error.code() == grpc.StatusCode.FAILED_PRECONDITION else NoAnswer) from error

    async def release(self, hold_id: UUID) -> None:
        """Set a seat free, held or sold. Safe to repeat. Raises NoAnswer."""
        try:
            await self._stub.Release(rpc.ReleaseRequest(hold_id=str(hold_id)), timeout=DEADLINE_S, metadata=_metadata())
        except grpc.aio.AioRpcError as error:
            raise NoAnswer from error

    async def close(self) -> None:
        await self._channel.close()


def _metadata() -> list[tuple[str, str]]:
    """Let the call that goes out carry the id of the request that came in."""
    return [(logs.HEADER.lower(), logs.request_id.get())]
