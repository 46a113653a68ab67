"""Clients that cannot prove a key with every request."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; who was registered before proves a key."""
    told = sa.Column("bearer", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("client", told)
    with op.batch_alter_table("client") as table:
        table.alter_column("bearer", server_default=None)


def downgrade() -> None:
    """Take the column away again."""
    with op.batch_alter_table("client") as table:
        table.drop_column("bearer")
