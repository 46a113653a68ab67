"""One entry of the log: a closed schema, its canonical bytes, and people as salted commitments.

Bytes are those of RFC 8785: every name is ASCII and no number is a fraction, so sorted keys without
blanks are canonical. An entry holds no figure, token, name, e-mail address or network address.
Changing what a field means is another `v`; earlier versions stay readable for ever.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from hanse.audit.tree import leaf_hash
from hanse.errors import Invalid

VERSION: Final = 1
BODY_BYTES_MAX: Final = 65_536
SALT_BYTES: Final = 32
TEXT_MAX: Final = 300
INTEGER_MAX: Final = 2**53 - 1
"""Beyond it, readers of JSON do not agree on a number (RFC 8785 §3.2.2.3)."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
NOBODY_BY_NAME: Final[Mapping[str, str]] = MappingProxyType({})

KINDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "decision": frozenset(
            {
                "dataset",
                "release",
                "release_id",
                "action",
                "format",
                "filter",
                "rows",
                "hidden",
                "credential",
                "user",
            }
        ),
        "release": frozenset(
            {"dataset", "release", "release_id", "event", "kind", "reason", "cells"}
        ),
        "suppression": frozenset({"dataset", "release", "release_id", "event", "count", "reason"}),
        "protocol": frozenset({"protocol", "version", "content", "event", "state", "before"}),
        "statement": frozenset({"protocol", "version", "content", "event", "statement", "party"}),
        "profile": frozenset({"profile", "content", "event"}),
        "key": frozenset({"event", "key", "purpose"}),
        "client": frozenset({"event", "client", "key", "scopes"}),
        "token": frozenset(
            {"event", "token", "client", "protocol", "scopes", "expires", "resource"}
        ),
        "login": frozenset({"event", "role", "method", "provider"}),
        "role": frozenset({"event", "role", "before"}),
        "break-glass": frozenset({"event", "reason", "minutes"}),
        "member": frozenset({"event", "agency", "peer", "key", "party", "count"}),
        "revocation": frozenset({"event", "what", "name", "number"}),
        "copy": frozenset({"event", "agency", "party", "protocol", "version", "content", "count"}),
        "audit": frozenset(
            {"event", "report", "ref", "count", "before", "reason", "first", "last", "protocol"}
        ),
        "restore": frozenset({"event", "size", "witnessed", "first", "last", "origin", "reason"}),
    }
)
"""Every kind of entry, with what it may say; both only ever grow within a version."""

ROLES: Final = frozenset({"by", "second", "about"})
"""What a person may be to an entry: who did it, who agreed, whom it is about."""

_EXCHANGE: Final = re.compile(r"[0-9a-f][0-9a-f-]{14,62}[0-9a-f]")


@dataclass(frozen=True, slots=True)
class Who:
    """The organisation behind an entry; `key` is the thumbprint its token was bound to."""

    client: str | None = None
    kbo: str | None = None
    key: str | None = None


NOBODY: Final = Who()


@dataclass(frozen=True, slots=True)
class Why:
    """The agreement and the purpose; `content` is the digest of the protocol's text."""

    protocol: str | None = None
    version: int | None = None
    content: str | None = None
    purpose: str | None = None


NO_REASON: Final = Why()


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down. `what` holds names of `KINDS[kind]` alone.

    `decision` is "allow", "deny" or "" where nothing was decided; `code` is that of a refusal and
    `checks` are the checks that failed. `people` maps roles to identities, which never reach the
    body: it holds commitments to them.
    """

    kind: str
    what: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    who: Who = NOBODY
    why: Why = NO_REASON
    decision: str = ""
    code: str = ""
    checks: Sequence[Mapping[str, Any]] = ()
    exchange: str = ""
    register: str = ""
    people: Mapping[str, str] = field(default_factory=lambda: NOBODY_BY_NAME)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it is stored: its reference, its bytes, and what opens its commitments.

    `secrets` are (role, identity, salt), for a table that can be erased.
    """

    ref: str
    body: bytes
    secrets: tuple[tuple[str, str, bytes], ...] = ()

    @property
    def leaf(self) -> bytes:
        """The hash of the entry in the tree."""
        return leaf_hash(self.body)

    @property
    def receipt(self) -> str:
        """What the recipient keeps: the value of `Audit-Receipt`."""
        return f"{self.ref};{self.leaf.hex()}"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every entry carries beside its content: when (RFC 3339, UTC), and by which software."""

    ref: str
    when: str
    software: str


def seal(entry: Entry, stamp: Stamp, randomness: Any) -> Sealed:
    """Return an entry as it is stored. `randomness(n)` gives n fresh bytes, for salts.

    Raises `Invalid` (AUDIT_ENTRY) for a kind, a field or a value that the schema does not have.
    """
    secrets = tuple(
        (role, identity, randomness(SALT_BYTES)) for role, identity in sorted(entry.people.items())
    )
    people = {role: commitment(identity, salt) for role, identity, salt in secrets}
    _check(entry)
    document: dict[str, Any] = {
        "v": VERSION,
        "kind": entry.kind,
        "ref": stamp.ref,
        "when": stamp.when,
        "software": stamp.software,
        "what": _kept(entry.what),
    }
    who, why = entry.who, entry.why
    parts = (
        ("who", {"client": who.client, "kbo": who.kbo, "key": who.key}),
        (
            "why",
            {
                "protocol": why.protocol,
                "version": why.version,
                "content": why.content,
                "purpose": why.purpose,
            },
        ),
        ("people", people),
    )
    for name, members in parts:
        kept = _kept(members)
        if kept:
            document[name] = kept
    said = {
        "decision": entry.decision,
        "code": entry.code,
        "exchange": entry.exchange,
        "register": entry.register,
    }
    document |= {name: text for name, text in said.items() if text}
    if entry.checks:
        document["checks"] = entry.checks
    return Sealed(stamp.ref, encode(document), secrets)


def commitment(identity: str, salt: bytes) -> str:
    """Return what stands for a person: without the salt, nobody can tell whom."""
    return hashlib.sha256(salt + identity.encode()).hexdigest()


def exchange(given: str) -> str:
    """Return an exchange id as a peer sent it, "" for what is none."""
    return given if _EXCHANGE.fullmatch(given) else ""


def read(body: bytes) -> Mapping[str, Any]:
    """Return an entry's document; raises `Invalid` for bytes that are none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Invalid("AUDIT_ENTRY", part="body") from fault
    if not isinstance(document, dict) or document.get("v") != VERSION:
        raise Invalid("AUDIT_ENTRY", part="v")
    return document


_encoder: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=dict
)


def encode(document: Mapping[str, Any]) -> bytes:
    """Return canonical bytes; raises `Invalid` for what has none, or too many."""
    try:
        body = _encoder.encode(document).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        raise Invalid("AUDIT_ENTRY", part="value") from fault
    if len(body) > BODY_BYTES_MAX:
        raise Invalid("AUDIT_ENTRY", part="size")
    return body


def _check(entry: Entry) -> None:
    known = KINDS.get(entry.kind)
    if known is None:
        raise Invalid("AUDIT_ENTRY", part="kind")
    if not known.issuperset(entry.what):
        raise Invalid("AUDIT_ENTRY", part="what")
    if not ROLES.issuperset(entry.people):
        raise Invalid("AUDIT_ENTRY", part="people")
    if entry.decision not in ("", "allow", "deny"):
        raise Invalid("AUDIT_ENTRY", part="decision")
    _plain(entry.what)
    _plain(entry.checks)


def _plain(value: object) -> None:
    """Raise `Invalid` for a fraction, a huge number, a long text or a key that is not ASCII."""
    if isinstance(value, str):
        fine = len(value) <= TEXT_MAX
    elif value is None or isinstance(value, int):
        fine = value is None or abs(value) <= INTEGER_MAX
    elif isinstance(value, Mapping):
        fine = all(isinstance(name, str) and name.isascii() for name in value)
        _all_plain(value.values())
    else:
        fine = isinstance(value, list | tuple)
        _all_plain(value if isinstance(value, list | tuple) else ())
    if not fine:
        raise Invalid("AUDIT_ENTRY", part="value")


def _all_plain(values: Iterable[object]) -> None:
    for each in values:
        _plain(each)


def _kept(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
