"""A proof that stands alone: an entry's place in a log, the way to the root, the checkpoint.

C2SP tlog-proof v1: a few lines of text. With the entry's bytes and a public key, anybody can check
it without asking anybody.
"""

import base64
import binascii
import re
from collections.abc import Sequence
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
from hanse.audit.tree import HASH_BYTES, PROOF_MAX, verify_inclusion
from hanse.errors import Invalid

HEAD: Final = "c2sp.org/tlog-proof@v1"
MEDIA_TYPE: Final = "text/plain; charset=utf-8"
PROOF_BYTES_MAX: Final = NOTE_BYTES_MAX + 8_192

_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is at `index` of the log that `note` is the checkpoint of."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        coded = (base64.b64encode(each).decode() for each in self.hashes)
        head = "".join(f"{line}\n" for line in (HEAD, f"index {self.index}", *coded))
        return f"{head}\n{self.note}"

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log stood at."""
        return read_checkpoint(self.note)

    def check(self, leaf: bytes, log: Verifier, witnesses: Sequence[Verifier] = ()) -> int:
        """Return how many of the witnesses cosigned, where the proof holds for an entry's hash.

        Raises `Invalid`: AUDIT_SIGNATURE where the log's key did not sign, AUDIT_PROOF where the
        entry is not in the tree.
        """
        if log.signed(self.note) is None or self.checkpoint.origin != log.name:
            raise Invalid("AUDIT_SIGNATURE", origin=log.name)
        told = self.checkpoint
        if not verify_inclusion(leaf, self.index, told.size, self.hashes, told.root):
            raise Invalid("AUDIT_PROOF", index=self.index)
        return sum(each.signed(self.note) is not None for each in witnesses)


def read_proof(content: bytes) -> Proof:
    """Read a proof; raises `Invalid` (AUDIT_PROOF_FORM) for anything else."""
    head, gap, note = content.partition(b"\n\n")
    try:
        title, place, *lines = head.decode("ascii").split("\n")
        hashes = tuple(base64.b64decode(line, validate=True) for line in lines)
        index = _INDEX.fullmatch(place)
    except (UnicodeDecodeError, binascii.Error, ValueError) as fault:
        raise Invalid("AUDIT_PROOF_FORM") from fault
    odd = len(content) > PROOF_BYTES_MAX or not gap or title != HEAD or len(hashes) > PROOF_MAX
    if odd or index is None or {len(each) for each in hashes} - {HASH_BYTES}:
        raise Invalid("AUDIT_PROOF_FORM")
    opened = read_note(note)
    read_checkpoint(opened)
    return Proof(int(index[1]), hashes, opened)
