"""The tables. Their history is in migrations/."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Seat(Base):
    __tablename__ = "seats"

    event: Mapped[str] = mapped_column(primary_key=True)
    seat: Mapped[str] = mapped_column(primary_key=True)
    price_cents: Mapped[int]


class Order(Base):
    """One buyer's wish for one seat. `status`: pending, then one of confirmed, declined, cancelled."""

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(["event", "seat"], ["seats.event", "seats.seat"]),
        # Whoever inserts first has the seat. An order that ended without it sets it free.
        Index(
            "one_live_order_per_seat",
            "event",
            "seat",
            unique=True,
            postgresql_where=text("status IN ('pending', 'confirmed')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str]
    seat: Mapped[str]
    buyer: Mapped[str]
    amount_cents: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
