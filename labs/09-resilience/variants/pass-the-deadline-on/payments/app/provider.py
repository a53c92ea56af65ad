"""The card provider, as payments sees it."""

import asyncio
from uuid import UUID

import httpx

from . import logs

LINES = 4  # connections at a time: the provider allows no more this evening
PATIENCE_S = 3.0


class NotCaptured(Exception):
    """The money was not taken."""


class Declined(NotCaptured):
    """The card was declined."""


class Provider:
    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=LINES)
        self._client = httpx.AsyncClient(
            base_url=url, timeout=PATIENCE_S, limits=limits, event_hooks={"request": [logs.pass_on]}
        )

    async def capture(self, order_id: UUID, amount_cents: int, card: str, time_left_s: float) -> str:
        """Take the money for an order, at most once, and return the capture's id. Raises NotCaptured.

        After `time_left_s` seconds nobody waits for the answer any more, and the line is free for somebody else.
        """
        wanted = {"reference": str(order_id), "amount_cents": amount_cents, "card": card}
        try:
            async with asyncio.timeout(time_left_s):
                answer = await self._client.post("/captures", json=wanted, headers={"Idempotency-Key": str(order_id)})
        except (TimeoutError, httpx.HTTPError) as error:
            raise NotCaptured from error
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise Declined
        if answer.status_code != httpx.codes.CREATED:
            raise NotCaptured
        return str(answer.json()["id"])

    async def close(self) -> None:
        await self._client.aclose()
