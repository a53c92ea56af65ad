"""Settlement: bring every order to its end.

The request of a buyer tries once. Whatever it leaves pending, because no definite answer came or because the
process died, is tried again here until payments says yes or no. An order is never ended by a guess.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from . import logs
from .book import OrderBook
from .models import Order
from .payments import Declined, Payments, Unknown

PAUSE_S = (0.1, 0.3)
FIRST_BATCH, LARGEST_BATCH = 4, 64
log = logging.getLogger(__name__)


async def settle(order: Order, card: str, book: OrderBook, payments: Payments) -> Order:
    """Try once to pay for a pending order. Return it as it then stands: still pending if nothing is certain."""
    try:
        await payments.pay(order.id, order.amount_cents, card)
    except Declined:
        return await book.end(order.id, "declined")
    except Unknown:
        return order
    return await book.end(order.id, "confirmed")


@asynccontextmanager
async def running(book: OrderBook, payments: Payments) -> AsyncIterator[None]:
    """Settle overdue orders in the background meanwhile."""
    task = asyncio.create_task(_settle_overdue(book, payments))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _settle_overdue(book: OrderBook, payments: Payments) -> None:
    batch = FIRST_BATCH
    while True:
        try:
            orders = await asyncio.gather(*(_again(order, book, payments) for order in await book.claim(batch)))
            # A few at first, to see how payments is; more as long as all goes well. All that is sent to a service
            # that hangs arrives there at once when it recovers.
            all_ended = all(order.status != "pending" for order in orders)
            batch = min(4 * batch, LARGEST_BATCH) if all_ended else FIRST_BATCH
        except Exception:
            log.exception("a round of settlement failed")
        await asyncio.sleep(random.uniform(*PAUSE_S))


async def _again(order: Order, book: OrderBook, payments: Payments) -> Order:
    logs.request_id.set(f"settle:{order.id}")
    order = await settle(order, order.card or "", book, payments)
    log.info("tried again", extra={"fields": {"order": str(order.id), "status": order.status}})
    return order
