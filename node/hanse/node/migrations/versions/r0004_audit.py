"""The log of decisions, its checkpoints and its witnesses.

Leaves stay for ever, in `audit_entry`; bodies beside them expire, and what links a body to a person
can be erased. Triggers stop mistakes, by whoever owns the database too; witnesses stop malice.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision: str | None = "r0003"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
HASH = sa.LargeBinary(32)

FROZEN = ("audit_entry", "audit_node", "audit_checkpoint")
"""Tables whose rows are never changed and never go."""


def upgrade() -> None:
    """Make the tables, their guards, and entries of the decisions there were."""
    _log_tables()
    _witness_tables()
    kept = _old_decisions()
    op.drop_table("decision")
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()
    for ref, body in kept:
        insert = sa.text("INSERT INTO audit_pending (ref, body) VALUES (:ref, :body)")
        op.get_bind().execute(insert, {"ref": ref, "body": body})


def _log_tables() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_pending"),
    )
    op.create_index("ix_audit_pending_ref", "audit_pending", ["ref"])
    op.create_table(
        "audit_entry",
        sa.Column("idx", BIG, nullable=False, autoincrement=False),
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("leaf", HASH, nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_ref", "audit_entry", ["ref"], unique=True)
    op.create_table(
        "audit_body",
        sa.Column("idx", BIG, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("client", sa.String(63)),
        sa.Column("dataset", sa.String(63)),
        sa.Column("protocol", sa.String(140)),
        sa.Column("exchange", sa.String(64)),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_audit_body"),
    )
    for column in ("at", "client", "dataset", "protocol", "exchange"):
        op.create_index(f"ix_audit_body_{column}", "audit_body", [column])
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("hash", HASH, nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_audit_node"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", BIG, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_checkpoint"),
    )
    op.create_table(
        "audit_person",
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("identity", sa.String(200), nullable=False),
        sa.Column("salt", HASH, nullable=False),
        sa.PrimaryKeyConstraint("ref", "role", name="pk_audit_person"),
    )
    op.create_index("ix_audit_person_identity", "audit_person", ["identity"])


def _witness_tables() -> None:
    op.create_table(
        "audit_cosignature",
        sa.Column("size", BIG, nullable=False, autoincrement=False),
        sa.Column("witness", sa.String(255), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name="pk_audit_cosignature"),
    )
    op.create_table(
        "audit_witness",
        sa.Column("witness", sa.String(255), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("fault", sa.String(40), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("witness", name="pk_audit_witness"),
    )
    op.create_table(
        "witness_log",
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_witness_log"),
    )
    op.create_table(
        "witness_evidence",
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("size", BIG, nullable=False, autoincrement=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("origin", "size", "root", name="pk_witness_evidence"),
    )


def _old_decisions() -> list[tuple[str, str]]:
    rows = op.get_bind().execute(sa.text("SELECT * FROM decision ORDER BY ref")).mappings()
    return [(row["ref"], _body(dict(row))) for row in rows]


def _body(row: dict[str, Any]) -> str:
    failed = [
        {name: str(check[name])[:80] for name in ("name", "wanted", "had", "clause")}
        for check in json.loads(row["checks"])
        if not check["passed"]
    ]
    what = {
        "dataset": row["dataset"],
        "release": row["manifest"],
        "release_id": row["release_id"],
        "action": row["action"],
        "format": row["format"],
        "filter": json.loads(row["asked"]),
        "rows": row["rows"],
    }
    why = {
        "protocol": row["protocol"],
        "version": row["protocol_version"],
        "content": row["content_hash"],
        "purpose": row["purpose"],
    }
    who = {"client": row["client"], "kbo": row["party"], "key": row["thumbprint"]}
    document: dict[str, Any] = {
        "v": 1,
        "kind": "decision",
        "ref": row["ref"],
        "when": row["at"],
        "software": "hanse 0.1.0",
        "what": _kept(what),
        "decision": "deny" if row["code"] else "allow",
        "register": row["register_hash"],
    }
    more = {"who": _kept(who), "why": _kept(why), "code": row["code"], "checks": failed}
    document |= {name: value for name, value in more.items() if value}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _kept(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _guard_sqlite() -> None:
    for table in FROZEN:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
            )
    op.execute(
        "CREATE TRIGGER audit_body_no_update BEFORE UPDATE ON audit_body "
        "BEGIN SELECT RAISE(ABORT, 'audit_body is never changed'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_next BEFORE INSERT ON audit_entry "
        "WHEN NEW.idx <> (SELECT coalesce(max(idx), -1) + 1 FROM audit_entry) "
        "BEGIN SELECT RAISE(ABORT, 'audit_entry has no gaps'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_pending_moved BEFORE DELETE ON audit_pending "
        "WHEN NOT EXISTS (SELECT 1 FROM audit_entry WHERE ref = OLD.ref) "
        "BEGIN SELECT RAISE(ABORT, 'audit_pending moves, it does not go'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_pending_no_update BEFORE UPDATE ON audit_pending "
        "BEGIN SELECT RAISE(ABORT, 'audit_pending is never changed'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_never() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE FUNCTION audit_next() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.idx <> (SELECT coalesce(max(idx), -1) + 1 FROM audit_entry) THEN "
        "RAISE EXCEPTION 'audit_entry has no gaps' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION audit_moved() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NOT EXISTS (SELECT 1 FROM audit_entry WHERE ref = OLD.ref) THEN "
        "RAISE EXCEPTION 'audit_pending moves, it does not go' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN OLD; END $$"
    )
    for table, events in (
        *((table, "UPDATE OR DELETE") for table in FROZEN),
        ("audit_body", "UPDATE"),
        ("audit_pending", "UPDATE"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_never BEFORE {events} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_never()"
        )
    for table in (*FROZEN, "audit_body", "audit_pending"):
        op.execute(
            f"CREATE TRIGGER {table}_never_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_never()"
        )
    op.execute(
        "CREATE TRIGGER audit_entry_next BEFORE INSERT ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION audit_next()"
    )
    op.execute(
        "CREATE TRIGGER audit_pending_moved BEFORE DELETE ON audit_pending "
        "FOR EACH ROW EXECUTE FUNCTION audit_moved()"
    )


def downgrade() -> None:
    """Take the tables away again; the log goes with them."""
    for table in (
        "witness_evidence",
        "witness_log",
        "audit_witness",
        "audit_cosignature",
        "audit_person",
        "audit_checkpoint",
        "audit_node",
        "audit_body",
        "audit_entry",
        "audit_pending",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("audit_moved", "audit_next", "audit_never"):
            op.execute(f"DROP FUNCTION {name}()")
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
