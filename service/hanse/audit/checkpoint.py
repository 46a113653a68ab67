"""Signed checkpoints: what a log stood at, in one text that anybody can check with one key.

C2SP signed-note and tlog-checkpoint; cosignatures as in tlog-cosignature v1. Ed25519. A signature
by a key or of a type that is not known here is passed over, as the note format asks.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hanse.audit.tree import HASH_BYTES
from hanse.errors import Invalid

NOTE, COSIGNATURE = b"\x01", b"\x04"
"""Types of signature: a log's own (Ed25519 note) and a witness's (Ed25519, with a time)."""

NOTE_BYTES_MAX: Final = 16_384
SIGNATURES_MAX: Final = 32
SIZE_MAX: Final = 2**63 - 1

_SIGNATURE: Final = re.compile(r"\u2014 (?P<name>[^\s+]{1,255}) (?P<value>[A-Za-z0-9+/=]{8,400})")
_VERIFIER: Final = re.compile(
    r"(?P<name>[^\s+]{1,255})\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]{44,48})"
)
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH: Final = "\u2014"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, the id of its key, and its bytes."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line as it stands under a note."""
        return f"{_DASH} {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it; `text` ends in a newline."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        return self.text + "\n" + "".join(each.line for each in self.signatures)

    def also(self, more: Iterable[Signature]) -> "Note":
        """Return the note with further signatures; one that is there already is not put twice."""
        merged = dict.fromkeys((*self.signatures, *more))
        return replace(self, signatures=tuple(merged))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, its size, its root, and lines of its own."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        told = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in told)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name; its id names both (C2SP signed-note)."""

    name: str
    key: bytes
    kind: bytes = NOTE

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the digest over name, type and key."""
        named = self.name.encode() + b"\n" + self.kind + self.key
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        coded = base64.b64encode(self.kind + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{coded}"

    def cosigner(self) -> "Verifier":
        """Return the same key as that of a witness."""
        return replace(self, kind=COSIGNATURE)

    def signed(self, note: Note) -> Signature | None:
        """Return the signature of this key under a note, where it holds."""
        for each in note.signatures:
            ours = each.name == self.name and each.key_id == self.key_id
            if ours and self._holds(each.value, note.text):
                return each
        return None

    def _holds(self, value: bytes, text: str) -> bool:
        message, signature = text.encode(), value
        if self.kind == COSIGNATURE:
            if len(value) != 72 or not any(value[:8]):
                return False
            message = _cosigned(int.from_bytes(value[:8]), text)
            signature = value[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def verifier_of(name: str, jwk: Mapping[str, str]) -> Verifier:
    """Return a log's public key as its node publishes it (an Ed25519 JWK)."""
    coded = jwk["x"]
    return Verifier(name, base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under a name."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, seed: bytes) -> "Signer":
        """Return the signer with a key of 32 bytes."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_jwk(cls, name: str, text: str) -> "Signer":
        """Return the signer with the key of a private Ed25519 JWK, as JSON text (RFC 8037)."""
        coded = json.loads(text)["d"]
        return cls.of(name, base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))

    @property
    def verifier(self) -> Verifier:
        """What others check its notes with."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> Note:
        """Return the signed checkpoint."""
        value = self.key.sign(checkpoint.text.encode())
        return Note(checkpoint.text, (Signature(self.name, self.verifier.key_id, value),))

    def cosign(self, note: Note, seconds: int) -> Signature:
        """Return a witness's signature that the note was seen at `seconds` since 1970.

        Raises `ValueError` for a time that is none: zero means nothing was checked.
        """
        if seconds <= 0:
            raise ValueError("time")
        value = self.key.sign(_cosigned(seconds, note.text))
        key_id = self.verifier.cosigner().key_id
        return Signature(self.name, key_id, seconds.to_bytes(8) + value)


def _cosigned(seconds: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def origin_of(base_url: str, suffix: str = "") -> str:
    """Return a log's origin: its node's address without a scheme, `/audit`, and a suffix.

    The suffix changes only when entries were lost for good.
    """
    return f"{base_url.partition('://')[2].rstrip('/')}/audit{suffix}"


def read_verifier(text: str) -> Verifier:
    """Read a public key as `name+id+base64`; raises `Invalid` where it does not hold together."""
    found = _VERIFIER.fullmatch(text.strip())
    coded = _bytes(found["key"]) if found else None
    if found is None or coded is None or len(coded) != 33 or coded[:1] not in (NOTE, COSIGNATURE):
        raise Invalid("AUDIT_KEY")
    verifier = Verifier(found["name"], coded[1:], coded[:1])
    if verifier.key_id.hex() != found["id"]:
        raise Invalid("AUDIT_KEY")
    return verifier


def read_note(content: bytes) -> Note:
    """Read a signed note; raises `Invalid` (AUDIT_NOTE) for anything else."""
    try:
        whole = content[: NOTE_BYTES_MAX + 1].decode()
    except UnicodeDecodeError as fault:
        raise Invalid("AUDIT_NOTE") from fault
    text, gap, signed = whole.rpartition("\n\n")
    lines = signed.split("\n")
    odd = any(ord(each) < 32 and each != "\n" for each in whole)
    if len(content) > NOTE_BYTES_MAX or not gap or not text or odd or lines.pop() or not lines:
        raise Invalid("AUDIT_NOTE")
    return Note(text + "\n", read_signatures(lines))


def read_signatures(lines: Sequence[str]) -> tuple[Signature, ...]:
    """Read signature lines; raises `Invalid` (AUDIT_NOTE) for a line that is none."""
    if len(lines) > SIGNATURES_MAX:
        raise Invalid("AUDIT_NOTE")
    found = []
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        value = _bytes(match["value"]) if match else None
        if match is None or value is None or len(value) < 5:
            raise Invalid("AUDIT_NOTE")
        found.append(Signature(match["name"], value[:4], value[4:]))
    return tuple(found)


def read_checkpoint(note: Note) -> Checkpoint:
    """Read a note's text as a checkpoint; raises `Invalid` (AUDIT_NOTE) for another text."""
    lines = note.text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise Invalid("AUDIT_NOTE")
    origin, size, coded, *extensions = lines
    root = _bytes(coded)
    if root is None or len(root) != HASH_BYTES or int(size) > SIZE_MAX:
        raise Invalid("AUDIT_NOTE")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def _bytes(text: str) -> bytes | None:
    """Return what canonical base64 holds; None for another spelling of it."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if base64.b64encode(value).decode() == text else None
