"""The inventory, as orders sees it."""

import logging
from urllib.parse import urlsplit
from uuid import UUID

import grpc

from . import logs
from .rpc import inventory_pb2 as rpc
from .rpc.inventory_pb2_grpc import InventoryStub

HOLD_S = 60  # more than a payment takes; a seat that nobody releases is free after it
CONNECT_AGAIN = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
log = logging.getLogger(__name__)


class NoSuchSeat(Exception):
    """The event has no such seat."""


class SeatTaken(Exception):
    """Somebody else has the seat."""


class NotSold(Exception):
    """The seat was not sold: its hold has expired, or no answer came."""


class NoAnswer(Exception):
    """Nobody knows whether the seat is held; if it is, the hold expires."""


class Inventory:
    def __init__(self, url: str) -> None:
        self._channel = grpc.aio.insecure_channel(urlsplit(url).netloc, options=CONNECT_AGAIN)
        self._stub = InventoryStub(self._channel)

    async def hold(self, hold_id: UUID, event: str, seat: str, buyer: str) -> int:
        """Hold a seat, and return its price in cents. Raises NoSuchSeat, SeatTaken or NoAnswer."""
        wanted = rpc.HoldRequest(hold_id=str(hold_id), event=event, seat=seat, buyer=buyer, ttl_s=HOLD_S)
        try:
            held = await self._stub.Hold(wanted, metadata=_metadata())
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise NoSuchSeat from error
            if error.code() in (grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.FAILED_PRECONDITION):
                raise SeatTaken from error
            raise NoAnswer from error
        return int(held.price_cents)

    async def sell(self, hold_id: UUID) -> None:
        """Make a hold last for ever. Raises NotSold."""
        try:
            await self._stub.Sell(rpc.SellRequest(hold_id=str(hold_id)), metadata=_metadata())
        except grpc.aio.AioRpcError as error:
            raise NotSold from error

    async def release(self, hold_id: UUID) -> None:
        """Set a held seat free, now if possible; else it is free when the hold expires."""
        try:
            await self._stub.Release(rpc.ReleaseRequest(hold_id=str(hold_id)), metadata=_metadata())
        except grpc.aio.AioRpcError:
            log.warning("a seat was not released", extra={"fields": {"hold": str(hold_id)}})

    async def close(self) -> None:
        await self._channel.close()


def _metadata() -> list[tuple[str, str]]:
    """Let the call that goes out carry the id of the request that came in."""
    return [(logs.HEADER.lower(), logs.request_id.get())]
