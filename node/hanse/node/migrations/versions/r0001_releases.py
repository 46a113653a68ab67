"""Datasets, releases, tombstones, proposals, the outbox and the feed."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables of publishing."""
    op.create_table(
        "dataset",
        sa.Column("slug", sa.String(63), nullable=False),
        sa.Column("contract_text", sa.String(), nullable=False),
        sa.Column("contract_digest", sa.String(72), nullable=False),
        sa.Column("access", sa.String(16), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("theme", sa.String(100), nullable=False),
        sa.Column("current_no", sa.Integer(), nullable=True),
        sa.Column("current_id", sa.String(32), nullable=True),
        sa.Column("current_digest", sa.String(72), nullable=True),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_dataset"),
    )
    op.create_index("ix_dataset_access", "dataset", ["access"])
    op.create_index("ix_dataset_theme", "dataset", ["theme"])
    op.create_table(
        "release",
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(72), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("withdrawn_at", sa.String(32), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_reason", sa.String(), nullable=False),
        sa.Column("difference", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["dataset.slug"], name="fk_release_dataset"),
        sa.PrimaryKeyConstraint("dataset", "release_no", name="pk_release"),
        sa.UniqueConstraint("dataset", "release_id", name="uq_release_dataset_release_id"),
    )
    op.create_index("ix_release_digest", "release", ["digest"])
    op.create_table(
        "tombstone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tombstone"),
    )
    op.create_index("ix_tombstone_dataset", "tombstone", ["dataset"])
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(72), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(100), nullable=False),
        sa.Column("proposed_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("approved_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index("ix_proposal_dataset", "proposal", ["dataset"])
    op.create_index("ix_proposal_state", "proposal", ["state"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("dataset", sa.String(63), nullable=True),
        sa.Column("release_id", sa.String(32), nullable=True),
        sa.Column("manifest", sa.String(72), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("cursor", name="uq_outbox_cursor"),
    )
    op.create_index("ix_outbox_dataset", "outbox", ["dataset"])
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("content_digest", sa.String(72), nullable=False),
        sa.Column("slugs", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
    )


def downgrade() -> None:
    """Take the tables of publishing away."""
    for table in ("feed", "outbox", "proposal", "tombstone", "release", "dataset"):
        op.drop_table(table)
