"""The seating plan: everything that is kept in the database, in short transactions."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from .models import Hold, Seat


class NoSuchSeat(Exception):
    """The event has no such seat."""


class SeatTaken(Exception):
    """Somebody else has the seat."""


class HoldGone(Exception):
    """There is no such hold, or it has expired."""


class SeatingPlan:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)
        # A look is one statement, and needs no transaction around it.
        looking = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._look = async_sessionmaker(looking, expire_on_commit=False)

    async def seats(self, event: str) -> list[tuple[Seat, bool]]:
        """Return the event's seats, each with whether it is taken; an empty list if there is no such event."""
        taken = exists().where(Hold.event == Seat.event, Hold.seat == Seat.seat, _stands())
        async with self._look() as session:
            rows = await session.execute(select(Seat, taken).where(Seat.event == event).order_by(Seat.seat))
            return [(seat, is_taken) for seat, is_taken in rows]

    async def hold(self, hold_id: UUID, event: str, seat: str, buyer: str, ttl_s: int) -> tuple[Hold, int]:
        """Keep a seat for somebody; return the hold and the price in cents. A hold that stands already stays as it is.

        Raises NoSuchSeat or SeatTaken.
        """
        hold = await self._find(hold_id)
        if hold is None and await self._is_taken(hold_id, event, seat):
            raise SeatTaken
        price_cents = await self._price_cents(event, seat)
        return hold or await self._write(hold_id, event, seat, buyer, ttl_s), price_cents

    async def sell(self, hold_id: UUID) -> None:
        """Make a hold last for ever. Raises HoldGone."""
        lasting = update(Hold).where(Hold.id == hold_id, _stands()).values(expires_at=None).returning(Hold.id)
        async with self._session.begin() as session:
            if await session.scalar(lasting) is None:
                raise HoldGone

    async def release(self, hold_id: UUID) -> None:
        """Set a seat free; nothing happens if there is no such hold."""
        async with self._session.begin() as session:
            await session.execute(delete(Hold).where(Hold.id == hold_id))

    async def answers(self) -> None:
        """Return if the database answers; raise what it raises otherwise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def _find(self, hold_id: UUID) -> Hold | None:
        async with self._look() as session:
            return await session.scalar(select(Hold).where(Hold.id == hold_id, _stands()))

    async def _is_taken(self, hold_id: UUID, event: str, seat: str) -> bool:
        """Whether another has the seat. This very hold may have been written since it was looked for."""
        async with self._look() as session:
            of_another = exists().where(Hold.event == event, Hold.seat == seat, Hold.id != hold_id, _stands())
            return bool(await session.scalar(select(of_another)))

    async def _price_cents(self, event: str, seat: str) -> int:
        async with self._look() as session:
            row = await session.get(Seat, (event, seat))
        if row is None:
            raise NoSuchSeat
        return row.price_cents

    async def _write(self, hold_id: UUID, event: str, seat: str, buyer: str, ttl_s: int) -> Hold:
        of_it = or_(Hold.id == hold_id, and_(Hold.event == event, Hold.seat == seat))
        until = func.now() + timedelta(seconds=ttl_s)
        new = insert(Hold).values(id=hold_id, event=event, seat=seat, buyer=buyer, expires_at=until)
        # The same hold, asked for twice at once, is written once.
        once = new.on_conflict_do_update(index_elements=["id"], set_={"id": hold_id}).returning(Hold)
        async with self._session.begin() as session:
            await session.execute(delete(Hold).where(of_it, ~_stands()))
            return (await session.scalars(once)).one()


def _stands() -> ColumnElement[bool]:
    """Whether a hold was sold, or has not expired yet."""
    return or_(Hold.expires_at.is_(None), Hold.expires_at > func.now())
