"""Orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("hold_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("seat", sa.String, nullable=False),
        sa.Column("buyer", sa.String, nullable=False),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'declined', 'cancelled')", name="known_status"),
    )
    op.create_index(
        "one_live_order_per_hold",
        "orders",
        ["hold_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'confirmed')"),
    )


def downgrade() -> None:
    op.drop_table("orders")
