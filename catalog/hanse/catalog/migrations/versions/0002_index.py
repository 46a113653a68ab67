"""The index of what nodes publish, and how every look at a node went."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "index_tombstone",
    "index_period",
    "index_level",
    "index_indicator",
    "index_dataset",
    "index_look",
    "index_revision",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "index_revision",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("value", sa.Integer(), nullable=False),
    )
    op.create_table(
        "index_look",
        sa.Column("agency", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        *(_text(name) for name in ("snapshot", "etag", "issued_at", "applied_at", "checked_at")),
        *(_text(name) for name in ("confirmed_at", "code", "parameters")),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _text("alarm"),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_table(
        "index_dataset",
        *_dataset_key(),
        _text("theme"),
        _text("access"),
        _text("release_id"),
        sa.Column("release_no", sa.Integer(), nullable=False),
        _text("manifest"),
        _text("published_at"),
        sa.Column("absent", sa.Boolean(), nullable=False),
        _text("entry"),
        _text("body"),
    )
    op.create_table(
        "index_indicator",
        *_dataset_key(),
        sa.Column("indicator", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(64), nullable=False),
        *(_text(name) for name in ("theme", "state", "definition_version", "body")),
    )
    op.create_table(
        "index_level", *_dataset_key(), sa.Column("level", sa.String(64), primary_key=True)
    )
    op.create_table(
        "index_period", *_dataset_key(), sa.Column("period", sa.String(32), primary_key=True)
    )
    op.create_table(
        "index_tombstone",
        sa.Column("agency", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("release_no", sa.Integer(), primary_key=True),
        _text("at"),
        _text("body"),
    )
    _index("index_look", "revision")
    _index("index_dataset", "theme", "access", "manifest", "published_at")
    _index("index_indicator", "indicator", "subject", "theme", "state")
    _index("index_level", "level")
    _index("index_period", "period")


def downgrade() -> None:
    """Drop the tables."""
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _dataset_key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("agency", sa.String(64), primary_key=True),
        sa.Column("slug", sa.String(64), primary_key=True),
    )


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
