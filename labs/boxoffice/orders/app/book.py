"""The order book: everything that is kept in the database, in short transactions.

None of them spans a call over the network: a connection that waits for somebody else is lost to all others.
"""

from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from .models import Order


class HoldUsed(Exception):
    """Another order buys under the same hold."""


class OrderBook:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def place(self, order: Order) -> Order:
        """Write down a pending order and return it. Raises HoldUsed."""
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
            await session.execute(pending.values(status=status))
            return await session.get_one(Order, order_id)

    async def find(self, order_id: UUID) -> Order | None:
        async with self._session() as session:
            return await session.get(Order, order_id)

    async def answers(self) -> None:
        """Return if the database answers; raise what it raises otherwise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
