"""What the parties of a protocol said, each with its signature; their keys; who joined what.

The state of a protocol is no column any more: it is what its statements and the calendar make of
it. A protocol from before has no statements, so it is a draft until its parties sign it.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision: str | None = "r0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.drop_index("ix_protocol_state", "protocol")
    with op.batch_alter_table("protocol") as protocol:
        protocol.drop_column("state")
        protocol.add_column(_text("proposed_by", 100, ""))
        protocol.add_column(_text("seal", None, ""))
    with op.batch_alter_table("protocol") as protocol:
        protocol.alter_column("proposed_by", server_default=None)
        protocol.alter_column("seal", server_default=None)
    op.create_table(
        "statement",
        _text("digest", 72),
        _text("protocol", 140),
        sa.Column("version", sa.Integer, nullable=False),
        _text("text"),
        _text("person", 100),
        _text("kept_at", 32),
        sa.PrimaryKeyConstraint("digest", name="pk_statement"),
    )
    op.create_index("ix_statement_protocol", "statement", ["protocol"])
    op.create_table(
        "partner_key",
        _text("kbo", 20),
        _text("kid", 43),
        _text("x", 60),
        _text("state", 16),
        _text("added_at", 32),
        _text("seal"),
        sa.PrimaryKeyConstraint("kbo", "kid", name="pk_partner_key"),
    )
    op.create_table(
        "authorisation",
        _text("number", 63),
        *(_text(name) for name in ("committee", "source", "conditions", "url")),
        _text("granted_on", 10),
        sa.PrimaryKeyConstraint("number", name="pk_authorisation"),
    )
    op.create_table(
        "accession",
        _text("number", 63),
        _text("kbo", 20),
        _text("since", 10),
        _text("until", 10),
        _text("evidence", 72),
        _text("changed_at", 32),
        _text("seal"),
        sa.PrimaryKeyConstraint("number", "kbo", name="pk_accession"),
    )


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("accession", "authorisation", "partner_key", "statement"):
        op.drop_table(table)
    with op.batch_alter_table("protocol") as protocol:
        protocol.drop_column("seal")
        protocol.drop_column("proposed_by")
        protocol.add_column(_text("state", 16, "draft"))
    with op.batch_alter_table("protocol") as protocol:
        protocol.alter_column("state", server_default=None)
    op.create_index("ix_protocol_state", "protocol", ["state"])


def _text(name: str, size: int | None = None, filled: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(size), nullable=False, server_default=filled)
