"""The order book: everything that is kept in the database, in short transactions.

None of them spans a call over the network: a connection that waits for somebody else is lost to all others.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from .models import Order

RETRY_AFTER_S = (0.9, 1.2)  # longer than one attempt takes, and never the same for all


class HoldUsed(Exception):
    """Another order buys under the same hold."""


class OrderBook:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def place(self, order: Order, *, due_at_once: bool = False) -> Order:
        """Write down a pending order and return it. Raises HoldUsed.

        `due_at_once` leaves its payment to whoever claims it; otherwise there is time for a first attempt before.
        """
        order.retry_at = func.now() if due_at_once else _later()
        try:
            async with self._session.begin() as session:
                session.add(order)
        except IntegrityError:  # the unique index: another was first
            raise HoldUsed from None
        return order

    async def end(self, order_id: UUID, status: str) -> Order:
        """Bring a pending order to its end and return it; one that has ended stays as it is."""
        async with self._session.begin() as session:
            pending = update(Order).where(Order.id == order_id, Order.status == "pending")
            await session.execute(pending.values(status=status, card=None))
            return await session.get_one(Order, order_id)

    async def claim(self, at_most: int) -> list[Order]:
        """Return pending orders whose attempt is due. Nobody else gets them until they are due again."""
        due = (
            select(Order.id)
            .where(Order.status == "pending", Order.card.is_not(None), Order.retry_at <= func.now())
            .order_by(Order.retry_at)
            .limit(at_most)
            .with_for_update(skip_locked=True)
            .cte()
        )
        claim = update(Order).where(Order.id.in_(select(due.c.id))).values(retry_at=_later()).returning(Order)
        async with self._session.begin() as session:
            return list(await session.scalars(claim))

    async def pending(self) -> int:
        """Return how many orders have not ended."""
        async with self._session() as session:
            return await session.scalar(select(func.count()).where(Order.status == "pending")) or 0

    async def find(self, order_id: UUID) -> Order | None:
        async with self._session() as session:
            return await session.get(Order, order_id)

    async def answers(self) -> None:
        """Return if the database answers; raise what it raises otherwise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


def _later() -> ColumnElement[datetime]:
    """Return the database's time at which the next attempt is due."""
    return func.now() + timedelta(seconds=random.uniform(*RETRY_AFTER_S))
