"""Looking at a node's log from outside: is it signed, who cosigned, and did it only grow?

Whoever looks twice is a witness: what was seen is kept, and next time the node must prove that its
log extends it.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hanse.audit.checkpoint import (
    NOTE,
    Checkpoint,
    Note,
    Verifier,
    origin_of,
    read_checkpoint,
    read_note,
    read_verifier,
)
from hanse.audit.tree import EMPTY, verify_consistency
from hanse.client.answers import expect
from hanse.client.line import networks_of
from hanse.client.settings import write_private
from hanse.errors import Conflict, Invalid
from hanse.outbound import Ask, Limits, Origin, Outbound, Transport

LIMITS: Final = Limits(body_bytes=20_000)
Asking = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a log, and at which size it was seen before (0: never)."""

    origin: str
    size: int
    witnesses: int
    before: int


def look(url: str, keys: Sequence[str], folder: Path, transport: Transport | None = None) -> Looked:
    """Return what the log of the node at `url` stands at, held against what was seen before.

    `keys` are public keys that are trusted, of the log and of witnesses; without one, the key that
    the node shows is trusted the first time and compared afterwards. Raises `Invalid` for a
    signature that does not hold, `Conflict` for a log that does not extend what was seen.
    """
    return asyncio.run(_look(url.rstrip("/"), keys, folder, transport))


async def _look(url: str, keys: Sequence[str], folder: Path, transport: Transport | None) -> Looked:
    memory = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.txt"
    async with Outbound(networks=networks_of(url), transport=transport) as way:

        async def ask(path: str) -> bytes:
            return expect(await way.fetch(Ask(Origin.of(url), url + path, limits=LIMITS))).body

        known = _remembered(memory)
        shown = [*keys, *([known[0]] if known else [])] or [(await ask("/v1/audit/key")).decode()]
        trusted = [read_verifier(key) for key in shown]
        note = read_note(await ask("/v1/audit/checkpoint"))
        log = _log(note, trusted, url)
        told, before = read_checkpoint(note), known[1] if known else None
        await _extends(ask, before, told)
    write_private(memory, f"{log}\n{note}")
    cosigned = sum(each.signed(note) is not None for each in trusted if each.kind != NOTE)
    return Looked(told.origin, told.size, cosigned, before.size if before else 0)


def _remembered(memory: Path) -> tuple[str, Checkpoint] | None:
    try:
        key, _, note = memory.read_text("utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return key, read_checkpoint(read_note(note.encode()))


def _log(note: Note, trusted: Sequence[Verifier], url: str) -> Verifier:
    origin = read_checkpoint(note).origin
    for key in trusted:
        if key.name == origin and origin.startswith(origin_of(url)) and key.signed(note):
            return key
    raise Invalid("AUDIT_SIGNATURE", origin=origin)


async def _extends(ask: Asking, before: Checkpoint | None, told: Checkpoint) -> None:
    old = before or Checkpoint(told.origin, 0, EMPTY)
    if old.size > told.size:
        raise Conflict("AUDIT_SHRUNK", size=told.size, last=old.size)
    lines = (await ask(f"/v1/audit/consistency?old={old.size}&size={told.size}")).split()
    try:
        proof = [base64.b64decode(line, validate=True) for line in lines]
    except (binascii.Error, ValueError) as fault:
        raise Invalid("AUDIT_NOTE") from fault
    if not verify_consistency(old.size, told.size, proof, old.root, told.root):
        raise Conflict("AUDIT_TAMPERED", index=old.size, fault="consistency")
