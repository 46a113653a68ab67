"""Copies of protocols on their way between parties."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "exchange_copy",
        sa.Column("content_hash", sa.String(72), primary_key=True),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("left_by", sa.String(20), nullable=False),
        sa.Column("left_at", sa.String(40), nullable=False),
    )
    op.create_table(
        "exchange_party",
        sa.Column("content_hash", sa.String(72), primary_key=True),
        sa.Column("kbo", sa.String(20), primary_key=True),
    )
    op.create_table(
        "exchange_statement",
        sa.Column("content_hash", sa.String(72), primary_key=True),
        sa.Column("digest", sa.String(72), primary_key=True),
        sa.Column("text", sa.String(), nullable=False),
    )
    op.create_index("ix_exchange_copy_left_by", "exchange_copy", ["left_by"])
    op.create_index("ix_exchange_party_kbo", "exchange_party", ["kbo"])


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("exchange_statement", "exchange_party", "exchange_copy"):
        op.drop_table(table)
