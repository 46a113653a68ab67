"""Bodies of the log lie squeezed: bytes where there was text. What is there stays as it is.

SQLite keeps bytes in a column of text without ado, so nothing changes there.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from hanse.audit.packing import unpack

revision = "r0009"
down_revision: str | None = "r0008"
branch_labels: str | None = None
depends_on: str | None = None

_PAGE = 500


def upgrade() -> None:
    """Let the column take bytes; an entry of before is read by its first byte."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE audit_body ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8')"
        )


def downgrade() -> None:
    """Write every body out again: taken away and put back, for nothing here is ever updated."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    kept = sa.LargeBinary() if postgresql else sa.Text()
    columns = ("kind", "at", "client", "dataset", "protocol", "exchange", "outcome")
    table = sa.table(
        "audit_body",
        sa.column("idx", sa.BigInteger()),
        *(sa.column(name, sa.Text()) for name in columns),
        sa.column("body", kept),
    )
    last = -1
    while rows := _page(table, last):
        last = rows[-1]["idx"]
        op.execute(sa.delete(table).where(table.c.idx.in_([row["idx"] for row in rows])))
        for row in rows:
            held = row["body"]
            plain = held.encode() if isinstance(held, str) else unpack(bytes(held))
            body = plain if postgresql else plain.decode()
            op.execute(sa.insert(table).values({**row, "body": body}))
    if postgresql:
        op.execute(
            "ALTER TABLE audit_body ALTER COLUMN body TYPE text USING convert_from(body, 'UTF8')"
        )


def _page(table: sa.TableClause, after: int) -> list[dict[str, Any]]:
    asked = sa.select(table).where(table.c.idx > after).order_by(table.c.idx).limit(_PAGE)
    return [dict(row) for row in op.get_bind().execute(asked).mappings()]
