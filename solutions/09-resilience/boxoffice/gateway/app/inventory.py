"""The inventory, as the gateway sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import grpc

from . import logs
from .problems import Problem
from .rpc import inventory_pb2 as rpc
from .rpc.inventory_pb2_grpc import InventoryStub

HOLD_S = 120  # for a buyer to find the card
DEADLINE_S = 2.0
PLACES = 20
CONNECT_AGAIN = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
MEANS = {
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
}


class Inventory:
    def __init__(self, url: str) -> None:
        self._channel = grpc.aio.insecure_channel(urlsplit(url).netloc, options=CONNECT_AGAIN)
        self._stub = InventoryStub(self._channel)
        self._places = asyncio.Semaphore(PLACES)

    async def seats(self, event: str) -> Sequence[rpc.Seat]:
        """Return an event's seats. Raises a Problem: 404 if there is no such event, 502 or 504 if no answer came."""
        listed = await self._ask(self._stub.ListSeats, rpc.ListSeatsRequest(event=event))
        return listed.seats

    async def hold(self, hold_id: UUID, event: str, seat: str, buyer: str) -> tuple[int, datetime]:
        """Hold a seat; return its price in cents, and until when. Raises a Problem: 404, 409, 502 or 504."""
        wanted = rpc.HoldRequest(hold_id=str(hold_id), event=event, seat=seat, buyer=buyer, ttl_s=HOLD_S)
        held = await self._ask(self._stub.Hold, wanted)
        return held.price_cents, held.expires_at.ToDatetime(UTC)

    async def close(self) -> None:
        await self._channel.close()

    async def _ask(self, method: Callable[..., Awaitable[Any]], request: object) -> Any:
        """Call a method, with the id of the request that came in. Raises a Problem if it fails."""
        metadata = [(logs.HEADER.lower(), logs.request_id.get())]
        try:
            async with asyncio.timeout(DEADLINE_S), self._places:
                return await method(request, metadata=metadata)
        except TimeoutError as error:
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "inventory is silent: nothing is known.") from error
        except grpc.aio.AioRpcError as error:
            if status := MEANS.get(error.code()):
                raise Problem(status, error.details() or status.phrase) from error
            raise Problem(HTTPStatus.BAD_GATEWAY, "No answer came from inventory: nothing is known.") from error
