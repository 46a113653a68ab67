"""Keys of an issuer elsewhere: in memory and on disk, looked up rarely, never at a caller's will.

A node verifies offline: from memory, after a restart from disk, and with an issuer that is away for
up to a week. A stranger's made-up key name costs at most one look-up a minute. With a pinned
anchor, the document must carry a statement signed by it: whoever takes over the issuer's site
cannot swap its keys.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hanse.auth.keys import KeySet, VerificationKey, read_keys
from hanse.auth.ring import JWKS_MAX_AGE_SECONDS, write_secret
from hanse.errors import HanseError, Invalid
from hanse.policies.canonical import canonical
from hanse.policies.signatures import SigningKey, sign, verify

STATEMENT: Final = "hanse-jwks+jws"
"""The `typ` of a signed key document (RFC 8725 §3.11: no other statement can pass for it)."""

REFRESH_SECONDS: Final = JWKS_MAX_AGE_SECONDS / 4
RETRY_SECONDS: Final = 60.0
EMPTY_RETRY_SECONDS: Final = 5.0
"""Between two tries while no key is at hand at all: a node that starts before its catalogue."""

STALE_SECONDS: Final = 7 * 24 * 3600.0
MAX_DOCUMENT_CHARACTERS: Final = 100_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    keys: KeySet
    fetched_at: float


def in_background(work: Callable[[], None]) -> None:
    """Run a refresh beside the request that noticed it was due."""
    threading.Thread(target=work, name="hanse-jwks", daemon=True).start()


class KeyCache:
    """The keys of one issuer.

    `fetch` returns the text of its key document or raises a `HanseError`; `path` is the copy on
    disk; `anchor` holds the public keys that must have signed the document (empty: the transport is
    trusted); `clock` gives seconds since 1970; `spawn` runs a refresh that nobody waits for.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        path: Path,
        clock: Callable[[], float],
        anchor: Sequence[dict[str, str]] = (),
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._fetch = fetch
        self._path = path
        self._clock = clock
        self._anchor = tuple(anchor)
        self._spawn = spawn
        self._lock = threading.Lock()
        self._held = self._from_disk()
        self._next_try = 0.0

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key of that name; looks the document up again when that is due."""
        key = self.held(kid)
        if key is None:
            self._refresh()
            return self.held(kid)
        if self._due():
            self._spawn(self._refresh)
        return key

    def held(self, kid: str) -> VerificationKey | None:
        """Return the key of that name if it is at hand and not too old."""
        held = self._held
        if held is None or self._clock() - held.fetched_at > STALE_SECONDS:
            return None
        return held.keys.find(kid)

    def age(self) -> float | None:
        """Return how many seconds ago the keys were looked up; None when there are none."""
        held = self._held
        return None if held is None else self._clock() - held.fetched_at

    def warm(self) -> None:
        """Look the keys up unless they are at hand: at start, so that no caller waits for it."""
        if self._held is None or self._due():
            self._refresh()
        if self._held is None:
            self._next_try = 0.0  # the first caller may find an issuer that has come meanwhile

    def _due(self) -> bool:
        age = self.age()
        return age is not None and age >= REFRESH_SECONDS and self._clock() >= self._next_try

    def _refresh(self) -> None:
        with self._lock:
            now = self._clock()
            if now < self._next_try:
                return
            self._next_try = now + RETRY_SECONDS
            try:
                text = self._fetch()
                held = _Held(_read_document(text, self._anchor), now)
            except HanseError as fault:
                log.warning("jwks.refresh_failed", extra={"code": fault.code})
                if self._held is None:
                    self._next_try = now + EMPTY_RETRY_SECONDS
                return
            self._held = held
            self._to_disk(text, now)

    def _from_disk(self) -> _Held | None:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            keys = _read_document(kept["document"], self._anchor)
            return _Held(keys, min(float(kept["fetched_at"]), self._clock()))
        except (OSError, ValueError, TypeError, KeyError, RecursionError, HanseError):
            return None

    def _to_disk(self, text: str, now: float) -> None:
        try:
            write_secret(self._path, json.dumps({"fetched_at": now, "document": text}))
        except OSError:
            log.warning("jwks.not_kept", extra={"reason": "disk"})


class Issuers:
    """The issuers a service trusts, by their exact identifier."""

    def __init__(self, by_issuer: Mapping[str, "KeyCache | OwnKeys"]) -> None:
        self._by_issuer = dict(by_issuer)

    def find(self, issuer: str, kid: str) -> VerificationKey | None:
        """Return a trusted issuer's key, looking it up anew where that is due."""
        source = self._by_issuer.get(issuer)
        return None if source is None else source.find(kid)

    def held(self, issuer: str, kid: str) -> VerificationKey | None:
        """Return a trusted issuer's key if it is at hand."""
        source = self._by_issuer.get(issuer)
        return None if source is None else source.held(kid)


class OwnKeys:
    """The keys of an issuer in this very process: read anew each time, never fetched."""

    def __init__(self, published: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        self._published = published
        self._last: tuple[Sequence[Mapping[str, Any]], KeySet] | None = None

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key of that name."""
        published = self._published()
        if self._last is None or self._last[0] != published:
            self._last = (published, read_keys({"keys": list(published)}))
        return self._last[1].find(kid)

    held = find


def document(keys: Sequence[Mapping[str, str]], anchor: SigningKey | None) -> dict[str, Any]:
    """Return a key document (RFC 7517 §5), with its anchor's statement where there is one."""
    plain: dict[str, Any] = {"keys": [dict(key) for key in keys]}
    if anchor is None:
        return plain
    return {**plain, "statement": sign(canonical(plain), STATEMENT, anchor)}


def _read_document(text: str, anchor: Sequence[dict[str, str]]) -> KeySet:
    if not isinstance(text, str) or len(text) > MAX_DOCUMENT_CHARACTERS:
        raise Invalid("KEYS_UNREADABLE")
    try:
        found = json.loads(text)
        if anchor:
            found = json.loads(verify(found["statement"], STATEMENT, anchor))
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Invalid("KEYS_UNREADABLE") from fault
    return read_keys(found)
