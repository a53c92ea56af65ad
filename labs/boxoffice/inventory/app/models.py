"""The tables. Their history is in migrations/."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Seat(Base):
    __tablename__ = "seats"

    event: Mapped[str] = mapped_column(primary_key=True)
    seat: Mapped[str] = mapped_column(primary_key=True)
    price_cents: Mapped[int]


class Hold(Base):
    """A seat that somebody has: until `expires_at`, or for ever where that is empty."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["event", "seat"], ["seats.event", "seats.seat"]),
        Index("holds_by_seat", "event", "seat"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str]
    seat: Mapped[str]
    buyer: Mapped[str]
    expires_at: Mapped[datetime | None]
