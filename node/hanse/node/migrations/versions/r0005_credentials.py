"""Credentials of clients that cannot prove a key, and the assertions and proofs that were used."""

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision: str | None = "r0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "spent",
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("jti", sa.String(200), nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner", "jti", name="pk_spent"),
    )
    op.create_index("ix_spent_expires_at", "spent", ["expires_at"])
    op.create_table(
        "feed_token",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("datasets", sa.String, nullable=False),
        sa.Column("dialects", sa.String, nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_feed_token"),
        sa.UniqueConstraint("digest", name="uq_feed_token_digest"),
    )
    op.create_index("ix_feed_token_client", "feed_token", ["client"])


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("feed_token")
    op.drop_table("spent")
