"""The payments service, as orders sees it."""

from uuid import UUID

import httpx

from . import logs


class NotPaid(Exception):
    """The money was not taken."""


class Declined(NotPaid):
    """The card was declined."""


class Payments:
    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def pay(self, order_id: UUID, amount_cents: int, card: str) -> None:
        """Pay for an order, and return when it is paid. Raises NotPaid."""
        payment = {"order_id": str(order_id), "amount_cents": amount_cents, "card": card}
        try:
            answer = await self._client.post("/payments", json=payment)
        except httpx.HTTPError as error:
            raise NotPaid from error
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise Declined
        if answer.status_code != httpx.codes.CREATED:
            raise NotPaid

    async def close(self) -> None:
        await self._client.aclose()
