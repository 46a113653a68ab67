"""The catalogue's own log: entries in a tree, checkpoints, what witnesses signed.

Triggers stop mistakes, by whoever owns the database too; witnesses stop malice.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
HASH = sa.LargeBinary(32)
FROZEN = ("log_entry", "log_body", "log_node", "log_checkpoint", "log_cosignature")
"""Tables whose rows are never changed and never go."""


def upgrade() -> None:
    """Make the tables and their guards."""
    op.create_table(
        "log_entry",
        sa.Column("idx", BIG, nullable=False, autoincrement=False),
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("leaf", HASH, nullable=False),
        sa.PrimaryKeyConstraint("idx"),
        sa.UniqueConstraint("ref"),
    )
    op.create_table(
        "log_body",
        sa.Column("idx", BIG, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("idx"),
    )
    for column in ("kind", "at"):
        op.create_index(f"ix_log_body_{column}", "log_body", [column])
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("position", BIG, nullable=False, autoincrement=False),
        sa.Column("hash", HASH, nullable=False),
        sa.PrimaryKeyConstraint("level", "position"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", BIG, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", BIG, nullable=False, autoincrement=False),
        sa.Column("witness", sa.String(255), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("size", "witness"),
    )
    _guard_postgresql() if op.get_bind().dialect.name == "postgresql" else _guard_sqlite()


def _guard_sqlite() -> None:
    for table in FROZEN:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
            )
    op.execute(
        "CREATE TRIGGER log_entry_next BEFORE INSERT ON log_entry "
        "WHEN NEW.idx <> (SELECT coalesce(max(idx), -1) + 1 FROM log_entry) "
        "BEGIN SELECT RAISE(ABORT, 'log_entry has no gaps'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION log_never() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE FUNCTION log_next() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.idx <> (SELECT coalesce(max(idx), -1) + 1 FROM log_entry) THEN "
        "RAISE EXCEPTION 'log_entry has no gaps' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER {table}_never BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION log_never()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_never()"
        )
    op.execute(
        "CREATE TRIGGER log_entry_next BEFORE INSERT ON log_entry "
        "FOR EACH ROW EXECUTE FUNCTION log_next()"
    )


def downgrade() -> None:
    """Take the tables away again; the log goes with them."""
    for table in reversed(FROZEN):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("log_next", "log_never"):
            op.execute(f"DROP FUNCTION {name}()")
