"""Seats and holds, and two events to sell: one in the hall, one in the open."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BLOCKS = (  # event, rows, seats a row, price in cents: as in contracts/prices.toml
    ("opening-night", "ABCDEFGHIJ", 20, 4500),
    ("quay-concert", "ABCDEFGHIJKLMNOPQRST", 30, 2500),
)


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
            {"event": event, "seat": f"{row}{number}", "price_cents": price_cents}
            for event, rows, seats_a_row, price_cents in BLOCKS
            for row in rows
            for number in range(1, seats_a_row + 1)
        ],
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_table("seats")
