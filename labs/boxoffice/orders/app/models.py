"""The tables. Their history is in migrations/."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Index, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Order(Base):
    """One buyer's wish for one seat. `status`: pending, then one of confirmed, declined, cancelled.

    `hold_id` names the hold in the inventory under which the seat is bought.
    """

    __tablename__ = "orders"
    __table_args__ = (
        # A hold is for one purchase. An order that ended without a seat leaves it to another.
        Index(
            "one_live_order_per_hold",
            "hold_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'confirmed')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hold_id: Mapped[UUID]
    event: Mapped[str]
    seat: Mapped[str]
    buyer: Mapped[str]
    amount_cents: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
