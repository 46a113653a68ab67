"""Protocols, and the decisions made under them."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision: str | None = "r0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "protocol",
        sa.Column("id", sa.String(140), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("content_hash", sa.String(72), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_protocol"),
    )
    op.create_index("ix_protocol_state", "protocol", ["state"])
    op.create_table(
        "decision",
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("client", sa.String(63)),
        sa.Column("party", sa.String(20)),
        sa.Column("thumbprint", sa.String(43)),
        sa.Column("purpose", sa.String(63)),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("manifest", sa.String(72), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("protocol", sa.String(140)),
        sa.Column("protocol_version", sa.Integer),
        sa.Column("content_hash", sa.String(72)),
        sa.Column("register_hash", sa.String(72), nullable=False),
        sa.Column("rows", sa.Integer),
        sa.Column("asked", sa.String, nullable=False),
        sa.Column("checks", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_decision"),
    )
    for column in ("at", "client", "dataset"):
        op.create_index(f"ix_decision_{column}", "decision", [column])


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("decision")
    op.drop_table("protocol")
