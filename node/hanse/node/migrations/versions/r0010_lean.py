"""An entry of the log takes less on the disk: its moment is a number, and nobody looks by client.

The moment in a body's row is a copy to look it up by, in milliseconds since 1970 as in its
reference; the entry itself says it in full. Bodies are squeezed in a second way from here on; those
that are there stay as they are.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from hanse.audit.packing import unpack

revision = "r0010"
down_revision: str | None = "r0009"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COPIES = ("kind", "at", "client", "dataset", "protocol", "exchange", "outcome")
_PAGE = 500
_NUMBER = (
    "CAST(strftime('%s', substr(at, 1, 19)) AS INTEGER) * 1000 + CAST(substr(at, 21, 3) AS INTEGER)"
)
"""The milliseconds of a moment as this database wrote it: ISO 8601, UTC, with microseconds."""


def upgrade() -> None:
    """Write every moment as a number; drop the index that no question uses."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_audit_body_client", "audit_body")
        op.execute(
            "ALTER TABLE audit_body ALTER COLUMN at TYPE bigint "
            "USING floor(extract(epoch FROM at::timestamptz) * 1000)::bigint"
        )
        return
    _made_anew(BIG, _NUMBER, ("at", "dataset", "protocol", "exchange"))


def downgrade() -> None:
    """Write moments out again, and every body: what was there before reads the first way only."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("ALTER TABLE audit_body ALTER COLUMN at TYPE varchar(32) USING at::text")
        op.create_index("ix_audit_body_client", "audit_body", ["client"])
    else:
        _made_anew(
            sa.String(32), "CAST(at AS TEXT)", ("at", "client", "dataset", "protocol", "exchange")
        )
    kept = sa.LargeBinary() if postgresql else sa.Text()
    table = sa.table(
        "audit_body",
        sa.column("idx", sa.BigInteger()),
        *(sa.column(name, sa.Text()) for name in _COPIES),
        sa.column("body", kept),
    )
    last = -1
    while rows := _page(table, last):
        last = rows[-1]["idx"]
        op.execute(sa.delete(table).where(table.c.idx.in_([row["idx"] for row in rows])))
        for row in rows:
            op.execute(sa.insert(table).values(_written_out(row, postgresql)))


def _page(table: sa.TableClause, after: int) -> list[dict[str, Any]]:
    asked = sa.select(table).where(table.c.idx > after).order_by(table.c.idx).limit(_PAGE)
    return [dict(row) for row in op.get_bind().execute(asked).mappings()]


def _written_out(row: dict[str, Any], postgresql: bool) -> dict[str, Any]:
    at = datetime.fromtimestamp(int(row["at"]) / 1000, UTC).isoformat(timespec="microseconds")
    held = row["body"]
    plain = held.encode() if isinstance(held, str) else unpack(bytes(held))
    return {**row, "at": at, "body": plain if postgresql else plain.decode(errors="replace")}


def _made_anew(moment: Any, written: str, looked_up: tuple[str, ...]) -> None:
    """Make SQLite's table with another column `at`: it alters none in place."""
    op.create_table(
        "audit_body_anew",
        sa.Column("idx", BIG, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("client", sa.String(63)),
        sa.Column("dataset", sa.String(63)),
        sa.Column("protocol", sa.String(140)),
        sa.Column("exchange", sa.String(64)),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_audit_body"),
    )
    names = ("idx", *_COPIES, "body")
    into, of = (
        sa.table(name, *map(sa.column, names)) for name in ("audit_body_anew", "audit_body")
    )
    read = [sa.literal_column(written) if name == "at" else of.c[name] for name in names]
    op.execute(into.insert().from_select(names, sa.select(*read).order_by(of.c.idx)))
    op.drop_table("audit_body")
    op.rename_table("audit_body_anew", "audit_body")
    for column in looked_up:
        op.create_index(f"ix_audit_body_{column}", "audit_body", [column])
    op.execute(
        "CREATE TRIGGER audit_body_no_update BEFORE UPDATE ON audit_body "
        "BEGIN SELECT RAISE(ABORT, 'audit_body is never changed'); END"
    )
