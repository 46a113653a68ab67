"""What is revoked, numbered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "revocation",
        sa.Column("sequence", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
    )
    op.create_index("ix_revocation_name", "revocation", ["name"])


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("revocation")
