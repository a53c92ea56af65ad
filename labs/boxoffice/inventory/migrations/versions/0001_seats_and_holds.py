"""Seats and holds, and an event to sell."""

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
        "holds",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("seat", sa.String, nullable=False),
        sa.Column("buyer", sa.String, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["event", "seat"], ["seats.event", "seats.seat"]),
    )
    op.create_index("holds_by_seat", "holds", ["event", "seat"])
    op.bulk_insert(
        seats,
        [
            {"event": EVENT, "seat": f"{row}{number}", "price_cents": PRICE_CENTS}
            for row in ROWS
            for number in range(1, SEATS_PER_ROW + 1)
        ],
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_table("seats")
