"""The payments service, as orders sees it."""

import asyncio
from uuid import UUID

import httpx

from . import logs

DEADLINE_S = 0.8  # for the whole call: connection, request, answer


class Declined(Exception):
    """The card was declined: the money was not taken."""


class Unknown(Exception):
    """No definite answer came: the money may have been taken, or may be in a while."""


class Payments:
    def __init__(self, url: str) -> None:
        # No timeout in the client: its timeouts run anew with every byte. The deadline below is for the whole call.
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def pay(self, order_id: UUID, amount_cents: int, card: str) -> None:
        """Pay for an order, and return when it is paid. Safe to repeat. Raises Declined or Unknown."""
        payment = {"order_id": str(order_id), "amount_cents": amount_cents, "card": card}
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._client.post("/payments", json=payment)
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unknown from error
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise Declined
        if answer.status_code != httpx.codes.CREATED:
            raise Unknown

    async def close(self) -> None:
        await self._client.aclose()
