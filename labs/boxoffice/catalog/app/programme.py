"""The programme: everything that is kept in the database, in short transactions."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from .models import Event


class Programme:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def events(self) -> Sequence[Event]:
        """Return all events, the next one first."""
        async with self._session() as session:
            return (await session.scalars(select(Event).order_by(Event.starts_at, Event.id))).all()

    async def find(self, event_id: str) -> Event | None:
        async with self._session() as session:
            return await session.get(Event, event_id)

    async def after(self, event: Event, count: int) -> Sequence[Event]:
        """Return the events that come next after this one, `count` at most."""
        later = select(Event).where(Event.starts_at > event.starts_at).order_by(Event.starts_at, Event.id).limit(count)
        async with self._session() as session:
            return (await session.scalars(later)).all()

    async def answers(self) -> None:
        """Return if the database answers; raise what it raises otherwise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
