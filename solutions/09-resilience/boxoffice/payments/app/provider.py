"""The card provider, as payments sees it."""

import asyncio
from uuid import UUID

import httpx

from . import logs

# Longer than our caller's patience: what is learned after the caller left is there when it asks again.
DEADLINE_S = 2.0


class Declined(Exception):
    """The card was declined: the money was not taken."""


class Unknown(Exception):
    """No definite answer came: the money may have been taken, or may be in a while."""


class Provider:
    def __init__(self, url: str) -> None:
        # No timeout in the client: its timeouts run anew with every byte. The deadline below is for the whole call.
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def capture(self, order_id: UUID, amount_cents: int, card: str) -> str:
        """Take the money for an order, at most once, and return the capture's id. Raises Declined or Unknown."""
        wanted = {"reference": str(order_id), "amount_cents": amount_cents, "card": card}
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._client.post("/captures", json=wanted, headers={"Idempotency-Key": str(order_id)})
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unknown from error
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise Declined
        if answer.status_code != httpx.codes.CREATED:
            # Even a 503, which took nothing itself: an earlier request for this order may still be under way.
            raise Unknown
        return str(answer.json()["id"])

    async def close(self) -> None:
        await self._client.aclose()
