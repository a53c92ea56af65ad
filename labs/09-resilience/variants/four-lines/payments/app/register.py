"""The register: everything that is kept in the database, in short transactions."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from .models import Payment


class Register:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def record(self, order_id: UUID, amount_cents: int, capture_id: str) -> None:
        """Write down that the money for an order was taken. Whoever writes the same again changes nothing."""
        payment = insert(Payment).values(capture_id=capture_id, order_id=order_id, amount_cents=amount_cents)
        async with self._session.begin() as session:
            await session.execute(payment.on_conflict_do_nothing())

    async def answers(self) -> None:
        """Return if the database answers; raise what it raises otherwise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
