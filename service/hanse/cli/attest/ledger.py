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
from hanse.errors import HanseError

TRIES: Final = 4
TRY_SECONDS: Final = 1.0
KEY: Final = "/v1/audit/key"
NEWEST: Final = "/v1/audit/checkpoint"
GUESS: Final = "/v1/receipts/00000000000000000000000000000000"


def log(line: Line) -> Iterator[Finding]:
    """Check the log as anybody can: signature, growth, and that entries are for their party."""
    key = line.get(KEY)
    if key.status == 404:
        yield skip("T33", "log", "it publishes none")
        return
    if not _stands(line):
        yield skip("T33", "log", "nothing is in it yet")
        return
    first = _checkpoint(line, key.body)
    yield judge(
        "T33", "the checkpoint is signed by the log's key", first is not None, "signed", "not"
    )
    line.get("/v1/datasets/attest-none/data")
    second = _checkpoint(line, key.body)
    if first is not None and second is not None:
        grown = second.size >= first.size
        yield judge("T34", "the log never shrinks", grown, f">= {first.size}", second.size)
        yield judge(
            "T34",
            "each checkpoint extends the last",
            _extends(line, first, second),
            "a proof",
            "none",
        )
        if first.size:
            half = Checkpoint(first.origin, first.size, bytes(32))
            lied = _extends(line, half, second)
            yield judge("T34", "a made-up root is no part of it", not lied, "no proof", "a proof")
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


def _checkpoint(line: Line, key: bytes) -> Checkpoint | None:
    answer = line.get(NEWEST)
    try:
        verifier: Verifier = read_verifier(key.decode("ascii").strip())
        note = read_note(answer.body)
        return read_checkpoint(note) if verifier.signed(note) is not None else None
    except (HanseError, ValueError):
        return None


def _extends(line: Line, old: Checkpoint, new: Checkpoint) -> bool:
    answer = line.get(f"/v1/audit/consistency?old={old.size}&size={new.size}")
    try:
        proof = [base64.b64decode(text, validate=True) for text in answer.body.split()]
    except binascii.Error:
        return False
    right = answer.status == 200
    return right and verify_consistency(old.size, new.size, proof, old.root, new.root)
