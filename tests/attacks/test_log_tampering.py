"""Somebody who owns the node's database rewrites its log: a hash chain does not see it, a witness
does.

The attacker takes the triggers away and computes every hash anew.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.logs import ORIGIN, Ledger, ledger, rewritten

from hanse.audit.checkpoint import read_checkpoint, read_note
from hanse.audit.packing import pack, unpack
from hanse.audit.tree import consistency, nodes_of
from hanse.audit.witness import Seen, Submission, judge
from hanse.errors import Conflict
from hanse.node import checkpoints, inspection, sequencer
from hanse.store.session import reading

ENTRIES = 1_000


def edited(bodies: list[str]) -> list[str]:
    return [*bodies[:500], bodies[500].replace("set-500", "set-x"), *bodies[501:]]


def deleted(bodies: list[str]) -> list[str]:
    return bodies[:500] + bodies[501:]


def inserted(bodies: list[str]) -> list[str]:
    return [*bodies[:500], bodies[3], *bodies[500:]]


def swapped(bodies: list[str]) -> list[str]:
    return [*bodies[:500], bodies[501], bodies[500], *bodies[502:]]


def truncated(bodies: list[str]) -> list[str]:
    return bodies[:900]


def replaced(bodies: list[str]) -> list[str]:
    return [body.replace("klant", "ander") for body in bodies]


ATTACKS = {
    "edit one": edited,
    "delete one": deleted,
    "insert one": inserted,
    "swap two": swapped,
    "truncate": truncated,
    "rewrite all": replaced,
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A log of a thousand entries."""
    made = ledger(tmp_path_factory.mktemp("log"))
    made.write(ENTRIES)
    made.checkpoint()
    return made


def bodies_of(held: Ledger) -> list[str]:
    owned = held.owned()
    rows = owned.execute("SELECT body FROM audit_body ORDER BY idx").fetchall()
    owned.close()
    return [unpack(body).decode() for (body,) in rows]


def chain_is_whole(bodies: list[str], chain: list[str]) -> bool:
    """Say whether a hash chain in the same database holds: each link over the one before."""
    link = ""
    for body, kept in zip(bodies, chain, strict=True):
        link = hashlib.sha256((link + body).encode()).hexdigest()
        if link != kept:
            return False
    return True


def chain_of(bodies: list[str]) -> list[str]:
    links = [""]
    for body in bodies:
        links.append(hashlib.sha256((links[-1] + body).encode()).hexdigest())
    return links[1:]


def attacked(honest: Ledger, folder: Path, bodies: list[str]) -> Ledger:
    """Return a log in which the attacker made these bodies the truth, signed by the node's key."""
    again = ledger(folder)
    again.write(max(len(bodies), 1))
    owned = again.owned()
    rewritten(owned, bodies)
    owned.close()
    again.checkpoint()
    return Ledger(again.engine, honest.signer, again.file)


def offered(held: Ledger, old: int) -> Submission:
    with reading(held.engine) as session:
        note = checkpoints.newest(session).note
        told = read_checkpoint(note)
        known = old <= told.size
        proof = checkpoints.grown(session, old, told.size) if known else ()
    return Submission(old, proof, note, told)


def seen_of(held: Ledger) -> Seen:
    with reading(held.engine) as session:
        stood = checkpoints.newest(session)
    return Seen(stood.size, stood.root)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_witness_sees_what_a_chain_in_the_same_database_does_not(
    name: str, honest: Ledger, tmp_path: Path
) -> None:
    attack: Callable[[list[str]], list[str]] = ATTACKS[name]
    bodies = attack(bodies_of(honest))
    assert bodies != bodies_of(honest)
    forged = attacked(honest, tmp_path, bodies)
    # To its own eyes the forged log is perfect, and so is a chain that was computed anew.
    assert inspection.inspect(forged.engine, forged.signer.verifier).entries == len(bodies)
    assert chain_is_whole(bodies, chain_of(bodies))
    seen = seen_of(honest)
    assert seen.size == ENTRIES
    honestly = judge(offered(forged, ENTRIES), seen)
    shortened = judge(offered(forged, min(len(bodies), ENTRIES)), seen)
    assert {honestly.status, shortened.status} <= {400, 409, 422}
    if len(bodies) == ENTRIES:
        assert honestly.evidence
    if name == "truncate":
        assert shortened.status == 409


def test_appending_is_no_attack(honest: Ledger, tmp_path: Path) -> None:
    bodies = bodies_of(honest)
    grown = attacked(honest, tmp_path, [*bodies, *bodies[:100]])
    assert judge(offered(grown, ENTRIES), seen_of(honest)).status == 200


def test_no_proof_the_attacker_may_make_up_helps(honest: Ledger, tmp_path: Path) -> None:
    bodies = replaced(bodies_of(honest))
    forged = attacked(honest, tmp_path, [*bodies, "{}"])
    seen, made = seen_of(honest), offered(forged, ENTRIES)
    leaves = [hashlib.sha256(b"\x00" + body.encode()).digest() for body in bodies_of(honest)]
    true = consistency(ENTRIES, ENTRIES + 1, nodes_of([*leaves, bytes(32)]))
    for proof in (made.proof, tuple(true), (), (seen.root,)):
        again = Submission(ENTRIES, proof, made.note, made.checkpoint)
        assert judge(again, seen).status == 422


OTHER = pack(b'{"kind":"release","v":1,"what":{"dataset":"set-x"}}').hex()

TAMPERED = (
    (f"UPDATE audit_body SET body = x'{OTHER}' WHERE idx = 7", 7, "hash"),  # noqa: S608 ours
    ("UPDATE audit_body SET body = '{\"v\":1}' WHERE idx = 7", 7, "hash"),
    ("UPDATE audit_body SET body = x'01ffff' WHERE idx = 7", 7, "hash"),
    ("UPDATE audit_body SET body = substr(body, 1, 40) WHERE idx = 7", 7, "hash"),
    ("UPDATE audit_body SET body = zeroblob(9) WHERE idx = 7", 7, "hash"),
    ("UPDATE audit_entry SET leaf = zeroblob(32) WHERE idx = 7", 7, "hash"),
    ("DELETE FROM audit_entry WHERE idx = 7", 7, "gap"),
    ("UPDATE audit_checkpoint SET root = zeroblob(32)", None, ""),
    ("UPDATE audit_checkpoint SET note = replace(note, '20\n', '19\n')", 20, "signature"),
    ("UPDATE audit_checkpoint SET note = 'x'", 20, "checkpoint"),
    ("DELETE FROM audit_body; DELETE FROM audit_entry WHERE idx > 17", 18, "root"),
    ("UPDATE audit_node SET hash = zeroblob(32)", 20, "nodes"),
)


@pytest.mark.parametrize(("sql", "index", "fault"), TAMPERED)
def test_a_clumsy_hand_is_found_by_the_log_itself(
    sql: str, index: int | None, fault: str, tmp_path: Path
) -> None:
    held = ledger(tmp_path)
    held.write(20)
    held.checkpoint()
    owned = held.owned()
    owned.executescript(sql)
    owned.close()
    if index is None:  # the signed note says the same as before: a column beside it proves nothing
        assert inspection.inspect(held.engine, held.signer.verifier).entries == 20
        return
    with pytest.raises(Conflict) as caught:
        inspection.inspect(held.engine, held.signer.verifier)
    assert caught.value.code == "AUDIT_TAMPERED"
    assert caught.value.parameters == {"index": index, "fault": fault}


def test_a_log_that_shrank_below_its_checkpoint_signs_no_other(tmp_path: Path) -> None:
    held = ledger(tmp_path)
    held.write(20)
    held.checkpoint()
    owned = held.owned()
    owned.execute("DELETE FROM audit_entry WHERE idx > 9")
    owned.close()
    with pytest.raises(Conflict, match="AUDIT_SHRUNK"):
        held.checkpoint()


def test_a_restored_copy_is_told_how_far_it_had_come(tmp_path: Path) -> None:
    held = ledger(tmp_path)
    held.write(30)
    held.checkpoint()
    seen = Seen(40, bytes(32))  # the witness saw ten entries more, before the restore
    assert judge(offered(held, 30), seen).status == 409
    assert judge(offered(held, 30), seen).size == 40
    assert judge(offered(held, 40), seen).status == 400


def test_two_copies_that_both_go_on_are_evidence(tmp_path: Path) -> None:
    copies = [ledger(tmp_path / name) for name in _made(tmp_path)]
    copies[0].write(5)
    copies[1].write(5)  # the same number of other references
    for each in copies:
        each.checkpoint()
    verdict = judge(offered(copies[1], 5), seen_of(copies[0]))
    assert (verdict.status, verdict.evidence) == (422, True)


def _made(folder: Path) -> tuple[str, str]:
    for name in ("een", "twee"):
        (folder / name).mkdir()
    return "een", "twee"


def test_the_log_speaks_for_its_own_origin(honest: Ledger) -> None:
    with reading(honest.engine) as session:
        note = read_note(checkpoints.all(session)[0].note.encode())
        assert sequencer.size(session) == ENTRIES
    assert read_checkpoint(note).origin == ORIGIN
