"""Feed tokens for one network, and for one purpose that their tools cannot say."""

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision: str | None = "r0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the columns; what was made before is narrowed by neither."""
    networks = sa.Column("networks", sa.String, nullable=False, server_default="[]")
    purpose = sa.Column("purpose", sa.String(63), nullable=False, server_default="")
    for column in (networks, purpose):
        op.add_column("feed_token", column)
    with op.batch_alter_table("feed_token") as table:
        table.alter_column("networks", server_default=None)
        table.alter_column("purpose", server_default=None)


def downgrade() -> None:
    """Take the columns away again."""
    with op.batch_alter_table("feed_token") as table:
        table.drop_column("purpose")
        table.drop_column("networks")
