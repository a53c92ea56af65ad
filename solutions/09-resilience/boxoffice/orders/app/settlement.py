"""Settlement: bring every order to its end.

The request of a buyer tries once. Whatever it leaves pending, because no definite answer came or because the
process died, is tried again here until payments says yes or no. An order is never ended by a guess. While the breaker
says that payments is not worth asking, orders are only written down, and wait.

The seat is sold to the order before any money moves, and so waits for it however long that takes. An order ends
without its seat only when inventory has said that the seat is free.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from . import logs
from .book import OrderBook
from .inventory import HoldGone, Inventory, NoAnswer
from .models import Order
from .payments import Declined, Payments, Unknown

PAUSE_S = (0.1, 0.3)
LARGEST_BATCH = 8
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Neighbours:
    """Those who are asked to settle an order. Each answer of theirs can be asked for again."""

    inventory: Inventory
    payments: Payments


async def settle(order: Order, card: str, book: OrderBook, ask: Neighbours) -> Order:
    """Try once to pay for a pending order. Return it as it then stands: still pending if nothing is certain."""
    try:
        await ask.inventory.sell(order.hold_id)
        status = await _paid(order, card, ask)
    except HoldGone:  # nobody was asked for money: that is done only once the seat is sold to the order
        status = "cancelled"
    except (Unknown, NoAnswer):
        return order
    return await book.end(order.id, status)


async def _paid(order: Order, card: str, ask: Neighbours) -> str:
    """Pay, or let the seat go; return how the order ends. Raises Unknown or NoAnswer."""
    try:
        await ask.payments.pay(order.id, order.amount_cents, card)
    except Declined:
        await ask.inventory.release(order.hold_id)
        return "declined"
    return "confirmed"


@asynccontextmanager
async def running(book: OrderBook, ask: Neighbours) -> AsyncIterator[None]:
    """Settle overdue orders in the background meanwhile."""
    task = asyncio.create_task(_settle_overdue(book, ask))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _settle_overdue(book: OrderBook, ask: Neighbours) -> None:
    batch = 1
    while True:
        ended = 0
        try:
            due = await book.claim(batch) if ask.payments.is_worth_asking else []
            orders = await asyncio.gather(*(_again(order, book, ask) for order in due))
            ended = sum(order.status != "pending" for order in orders)
        except Exception:
            log.exception("a round of settlement failed")
        # One at first, to see how payments is; more as long as all goes well, and never more than it can do while we
        # wait: what comes too late has to be asked for again. Where much is due, there is no pause.
        is_well = ended == batch
        batch = min(2 * batch, LARGEST_BATCH) if is_well else 1
        if not is_well:
            await asyncio.sleep(random.uniform(*PAUSE_S))


async def _again(order: Order, book: OrderBook, ask: Neighbours) -> Order:
    logs.request_id.set(f"settle:{order.id}")
    order = await settle(order, order.card or "", book, ask)
    log.info("tried again", extra={"fields": {"order": str(order.id), "status": order.status}})
    return order
