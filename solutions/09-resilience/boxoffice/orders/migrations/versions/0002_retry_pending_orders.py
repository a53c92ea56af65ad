"""What it takes to ask payments again: the card, until the order ends, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Orders that are pending already have no card, so nobody can ask again for them: they are left to a person.
    op.add_column("orders", sa.Column("card", sa.String))
    op.add_column(
        "orders", sa.Column("retry_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    )
    op.create_index("pending_by_retry_at", "orders", ["retry_at"], postgresql_where=sa.text("status = 'pending'"))


def downgrade() -> None:
    op.drop_index("pending_by_retry_at", "orders")
    op.drop_column("orders", "retry_at")
    op.drop_column("orders", "card")
