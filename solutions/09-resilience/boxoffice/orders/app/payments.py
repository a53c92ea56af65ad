"""The payments service, as orders sees it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx

from . import logs
from .breaker import Breaker

DEADLINE_S = 0.6  # for the whole call: connection, request, answer
OPENS_AFTER, TRIAL_EVERY_S = 5, 0.5


class Declined(Exception):
    """The card was declined: the money was not taken."""


class Unknown(Exception):
    """No definite answer came, or nobody was asked: the money may have been taken, or may be in a while."""


class Payments:
    def __init__(self, url: str) -> None:
        # No timeout in the client: its timeouts run anew with every byte. The deadline below is for the whole call.
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})
        self._breaker = Breaker(opens_after=OPENS_AFTER, trial_every_s=TRIAL_EVERY_S)

    @property
    def is_worth_asking(self) -> bool:
        """Whether the next call would be made at all."""
        return self._breaker.would_admit

    async def pay(self, order_id: UUID, amount_cents: int, card: str) -> None:
        """Pay for an order, and return when it is paid. Safe to repeat. Raises Declined or Unknown."""
        if not self._breaker.admit():
            raise Unknown
        try:
            is_paid = await self._ask({"order_id": str(order_id), "amount_cents": amount_cents, "card": card})
        except Unknown:
            self._breaker.failed()
            raise
        self._breaker.succeeded()  # no is an answer as well
        if not is_paid:
            raise Declined

    async def _ask(self, payment: dict[str, Any]) -> bool:
        """Whether it is paid; no means that the card was declined. Raises Unknown."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._client.post("/payments", json=payment)
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unknown from error
        if answer.status_code not in (httpx.codes.CREATED, httpx.codes.PAYMENT_REQUIRED):
            raise Unknown
        return answer.status_code == httpx.codes.CREATED

    async def close(self) -> None:
        await self._client.aclose()
