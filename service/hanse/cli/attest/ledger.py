"""The server's log: its checkpoint is signed by its key, and each extends the one before."""

import base64
import binascii
import time
from collections.abc import Iterator
from typing import Final

from hanse.audit.checkpoint import Checkpoint, Verifier, read_checkpoint, read_note, read_verifier
from hanse.audit.tree import verify_consistency
from hanse.cli.attest.finding import Finding, judge, skip
from hanse.cli.attest.line import Line
from hanse.cli.attest.trust import NODE, role
from hanse.errors import HanseError

TRIES: Final = 4
TRY_SECONDS: Final = 1.0
KEY: Final = "/v1/audit/key"
NEWEST: Final = "/v1/audit/checkpoint"
GUESS: Final = "/v1/receipts/00000000000000000000000000000000"


def log(line: Line) -> Iterator[Finding]:
    """Check the log as anybody can: signature, growth, and that entries are for their party."""
    key = line.get(KEY)
    if key.status == 404 or not _stands(line):
        why = "it publishes none" if key.status == 404 else "nothing is in it yet"
        yield skip("L01", "the checkpoint is signed by the log's key", why)
        yield skip("L02", "each checkpoint extends the last", why)
        return
    yield _own_key(line, key.body)
    first = checkpoint(line, key.body)
    yield judge(
        "L01", "the checkpoint is signed by the log's key", first is not None, "signed", "not"
    )
    line.get("/v1/datasets/attest-none/data")
    second = checkpoint(line, key.body)
    if first is not None and second is not None:
        grown = second.size >= first.size
        yield judge("L02", "the log never shrinks", grown, f">= {first.size}", second.size)
        yield judge(
            "L02",
            "each checkpoint extends the last",
            extends(line, first, second),
            "a proof",
            "none",
        )
        if first.size:
            half = Checkpoint(first.origin, first.size, bytes(32))
            lied = extends(line, half, second)
            yield judge("L02", "a made-up root is no part of it", not lied, "no proof", "a proof")
    for path in (GUESS, f"{GUESS}/entry"):
        status = line.get(path).status
        yield judge(
            "T33", "an entry is for its own party", status in {401, 403, 404}, "401, 404", status
        )


def _stands(line: Line) -> bool:
    """Say whether there is a checkpoint; a log that has just begun is given a moment."""
    for _ in range(TRIES):
        if line.get(NEWEST).status != 404:
            return True
        time.sleep(TRY_SECONDS)
    return False


def _own_key(line: Line, key: bytes) -> Finding:
    """Check that the log is signed with a key that the node's statements are signed with."""
    name = "the log's key is one of the node's own"
    if role(line) != NODE:
        return skip("L01", name, "a catalogue's log has a key apart; pin it by its line")
    try:
        held = read_verifier(key.decode("ascii").strip())
    except (HanseError, ValueError):
        return judge("L01", name, False, "a key", "none")
    told = line.get("/v1/jwks").json()
    listed = told.get("keys", []) if isinstance(told, dict) else []
    own = {each.get("x") for each in listed if isinstance(each, dict)}
    coded = base64.urlsafe_b64encode(held.key).rstrip(b"=").decode("ascii")
    return judge("L01", name, coded in own, "among /v1/jwks", "another")


def checkpoint(line: Line, key: bytes) -> Checkpoint | None:
    """Return the newest checkpoint where the log's key signed it."""
    answer = line.get(NEWEST)
    try:
        verifier: Verifier = read_verifier(key.decode("ascii").strip())
        note = read_note(answer.body)
        return read_checkpoint(note) if verifier.signed(note) is not None else None
    except (HanseError, ValueError):
        return None


def extends(line: Line, old: Checkpoint, new: Checkpoint) -> bool:
    """Say whether the server proves that one checkpoint goes on from another."""
    answer = line.get(f"/v1/audit/consistency?old={old.size}&size={new.size}")
    try:
        proof = [base64.b64decode(text, validate=True) for text in answer.body.split()]
    except binascii.Error:
        return False
    right = answer.status == 200
    return right and verify_consistency(old.size, new.size, proof, old.root, new.root)
