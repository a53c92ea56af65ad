"""Seats and orders, and an event to sell."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

EVENT, ROWS, SEATS_PER_ROW, PRICE_CENTS = "opening-night", "ABCDEFGHIJ", 20, 4500


def upgrade() -> None:
    seats = op.create_table(
        "seats",
        sa.Column("event", sa.String, primary_key=True),
        sa.Column("seat", sa.String, primary_key=True),
        sa.Column("price_cents", sa.Integer, nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("seat", sa.String, nullable=False),
        sa.Column("buyer", sa.String, nullable=False),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["event", "seat"], ["seats.event", "seats.seat"]),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'declined', 'cancelled')", name="known_status"),
    )
    op.create_index(
        "one_live_order_per_seat",
        "orders",
        ["event", "seat"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'confirmed')"),
    )
    op.bulk_insert(
        seats,
        [
            {"event": EVENT, "seat": f"{row}{number}", "price_cents": PRICE_CENTS}
            for row in ROWS
            for number in range(1, SEATS_PER_ROW + 1)
        ],
    )


def downgrade() -> None:
    op.drop_table("orders")
    op.drop_table("seats")
