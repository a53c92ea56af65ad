"""The payments service, as orders sees it."""

import asyncio
import random
from uuid import UUID

import httpx

from . import logs

ATTEMPTS = 3
PATIENCE_S = 1.0  # for each attempt
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 4.0


class NotPaid(Exception):
    """The money was not taken."""


class Declined(NotPaid):
    """The card was declined."""


class Payments:
    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def pay(self, order_id: UUID, amount_cents: int, card: str) -> None:
        """Pay for an order, and return when it is paid. Raises NotPaid after the last attempt."""
        payment = {"order_id": str(order_id), "amount_cents": amount_cents, "card": card}
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))))
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await self._client.post("/payments", json=payment)
            except (TimeoutError, httpx.HTTPError):
                continue
            if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
                raise Declined
            if answer.status_code == httpx.codes.CREATED:
                return
        raise NotPaid

    async def close(self) -> None:
        await self._client.aclose()
