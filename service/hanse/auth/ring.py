"""The keys an issuer signs with: which one now, which one next, which are still published.

A new key is published before it signs and stays published after its last token has expired, so that
a rotation fails no request: nodes have it in hand before they meet it. Immutable values; the ring
in use is replaced as a whole.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hanse.auth.tokens import MAX_LIFE_SECONDS
from hanse.errors import Invalid

PUBLISH_AHEAD_SECONDS: Final = 24 * 3600
JWKS_MAX_AGE_SECONDS: Final = 3600
KEEP_SECONDS: Final = MAX_LIFE_SECONDS + JWKS_MAX_AGE_SECONDS
ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class RingKey:
    """A signing key: signs from `use_from`, is published until `retire_at` (None: no end)."""

    key: ECKey
    kid: str
    use_from: int
    retire_at: int | None = None

    def public_jwk(self) -> dict[str, str]:
        """Return the public half as it is published."""
        public = {name: str(value) for name, value in self.key.as_dict(private=False).items()}
        return {**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    def document(self) -> dict[str, Any]:
        """Return the private form, for a file only its owner reads."""
        private = self.key.as_dict(private=True)
        return {"key": private, "use_from": self.use_from, "retire_at": self.retire_at}


@dataclass(frozen=True, slots=True)
class Ring:
    """An issuer's signing keys, oldest first. Moments are whole seconds since 1970."""

    keys: tuple[RingKey, ...]

    @classmethod
    def start(cls, now: int) -> "Ring":
        """Return a ring with one key that signs at once."""
        return cls((_new_key(now),))

    def signing(self, now: int) -> RingKey:
        """Return the newest key whose time has come."""
        return next(key for key in reversed(self.keys) if key.use_from <= now)

    def published(self, now: int) -> list[dict[str, str]]:
        """Return the public keys that tokens of now, of before and of soon are verified with."""
        return [
            key.public_jwk() for key in self.keys if key.retire_at is None or now < key.retire_at
        ]

    def rotated(self, now: int, ahead_seconds: int = PUBLISH_AHEAD_SECONDS) -> "Ring":
        """Return the ring with a next key; the others retire when nothing they signed can be valid.

        `ahead_seconds` of 0 is for a key that was stolen: nodes then look the new one up at once.
        """
        following = _new_key(now + ahead_seconds)
        end = following.use_from + KEEP_SECONDS
        kept = [
            replace(key, retire_at=end if key.retire_at is None else key.retire_at)
            for key in self.keys
            if key.retire_at is None or now < key.retire_at
        ]
        return Ring((*kept, following))

    def without(self, kid: str) -> "Ring":
        """Return the ring without a key that was stolen; its tokens end with it."""
        kept = tuple(key for key in self.keys if key.kid != kid)
        if not kept or len(kept) == len(self.keys):
            raise Invalid("KEY_RING", kid=kid[:64])
        return Ring(kept)


def _new_key(use_from: int) -> RingKey:
    key = ECKey.generate_key("P-256")
    return RingKey(key, key.thumbprint(), use_from)


def save(ring: Ring, path: Path) -> None:
    """Write the ring to a file only its owner reads, whole or not at all."""
    write_secret(path, _text(ring))


def start(path: Path, now: int) -> None:
    """Make a ring with one key that signs at once, unless there is one."""
    make_secret(path, _text(Ring.start(now)))


def _text(ring: Ring) -> str:
    return json.dumps({"keys": [key.document() for key in ring.keys]})


def load(path: Path) -> Ring:
    """Read a ring back; raises `Invalid` when the file is absent or no ring."""
    try:
        entries = json.loads(path.read_text("ascii"))["keys"]
        keys = tuple(_read(entry) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, JoseError) as fault:
        raise Invalid("KEY_RING", kid="-") from fault
    if not keys:
        raise Invalid("KEY_RING", kid="-")
    return Ring(keys)


def _read(entry: Mapping[str, Any]) -> RingKey:
    key = ECKey.import_key(entry["key"])
    retire_at = entry["retire_at"]
    return RingKey(
        key, key.thumbprint(), int(entry["use_from"]), None if retire_at is None else int(retire_at)
    )


class RingFile:
    """The ring on disk, read again when another process rotated it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, Ring] | None = None

    def current(self) -> Ring:
        """Return the ring as it is now."""
        version = self._path.stat().st_mtime_ns
        read = self._read
        if read is None or read[0] != version:
            read = self._read = (version, load(self._path))
        return read[1]


def make_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads unless it is there; of several at once, one is."""
    if path.exists():
        return
    made = path.with_name(f".{path.name}.{os.getpid()}.new")
    write_secret(made, text)
    with suppress(FileExistsError):
        os.link(made, path)
    made.unlink()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads: beside the old one, synced, then in its place."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
