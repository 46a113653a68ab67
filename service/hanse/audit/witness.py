"""What a witness decides: whether a checkpoint extends the last one it cosigned for that log.

C2SP tlog-witness, `add-checkpoint`. Pure: the witness's memory is handed in, and its new memory is
handed back, to be stored before anything is answered. A witness sees roots, never an entry.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.audit.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    Note,
    Verifier,
    read_checkpoint,
    read_note,
)
from hanse.audit.tree import EMPTY, HASH_BYTES, verify_consistency
from hanse.errors import Invalid

PROOF_LINES_MAX: Final = 63
REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4_096
SIZE_TYPE: Final = "text/x.tlog.size"

COSIGNED, MALFORMED, UNSIGNED, UNKNOWN, STALE, BROKEN = 200, 400, 403, 404, 409, 422
"""What a witness answers, by the protocol's own numbers."""

_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint offered to a witness, with the proof that it extends an older one."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @property
    def content(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(each).decode() for each in self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + str(self.note).encode()


@dataclass(frozen=True, slots=True)
class Seen:
    """The last checkpoint of a log that a witness cosigned."""

    size: int = 0
    root: bytes = EMPTY


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a witness answers; `size` is the one it last cosigned.

    `evidence` says that the log showed two different histories: that is kept, and alarmed about.
    """

    status: int
    size: int = 0
    evidence: bool = False


def read_submission(content: bytes) -> Submission:
    """Read the body of `add-checkpoint`; raises `Invalid` (AUDIT_NOTE) for anything else."""
    head, gap, note = content.partition(b"\n\n")
    if len(content) > REQUEST_BYTES_MAX or not gap:
        raise Invalid("AUDIT_NOTE")
    try:
        first, *lines = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (UnicodeDecodeError, binascii.Error, ValueError) as fault:
        raise Invalid("AUDIT_NOTE") from fault
    old = _OLD.fullmatch(first)
    if old is None or len(proof) > PROOF_LINES_MAX or {len(each) for each in proof} - {HASH_BYTES}:
        raise Invalid("AUDIT_NOTE")
    opened = read_note(note)
    return Submission(int(old[1]), proof, opened, read_checkpoint(opened))


Logs = Callable[[str], Sequence[Verifier]]
"""Gives the keys of a log by its origin; none where this witness does not know it."""


def admit(content: bytes, logs: Logs) -> Submission | Verdict:
    """Return a submission of a log that is known and signed it, else what is answered."""
    try:
        submission = read_submission(content)
    except Invalid:
        return Verdict(MALFORMED)
    keys = logs(submission.checkpoint.origin)
    if not keys:
        return Verdict(UNKNOWN)
    if not any(key.signed(submission.note) for key in keys):
        return Verdict(UNSIGNED)
    return submission


def judge(submission: Submission, seen: Seen) -> Verdict:
    """Return what is answered to a submission, given the last checkpoint that was cosigned."""
    new = submission.checkpoint
    if submission.old > new.size:
        return Verdict(MALFORMED, seen.size)
    if new.size == seen.size and new.root != seen.root:
        return Verdict(BROKEN, seen.size, evidence=True)
    if submission.old != seen.size:
        return Verdict(STALE, seen.size)
    held = verify_consistency(seen.size, new.size, submission.proof, seen.root, new.root)
    # A proof is not signed: that one is wrong says nothing about the log, only about who sent it.
    return Verdict(COSIGNED, new.size) if held else Verdict(BROKEN, seen.size)
