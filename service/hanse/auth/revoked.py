"""The list of what was revoked before it expired: numbered, signed, pulled by every node.

A catalogue numbers each revocation and signs the whole list anew whenever it is asked. A node takes
a list only with its anchor's signature, never an older one than it has, and knows how old the one
it has is. The copy on disk lets it start without the catalogue.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hanse.auth.compact import decode, moment, read_object
from hanse.auth.ring import write_secret
from hanse.auth.tokens import LEEWAY_SECONDS, NOTHING_REVOKED, Revocations
from hanse.errors import HanseError, Invalid
from hanse.policies.canonical import canonical
from hanse.policies.signatures import SigningKey, sign, verify

STATEMENT: Final = "hanse-revocations+jws"
"""The `typ` of a signed list (RFC 8725 §3.11: no other statement can pass for it)."""

PATH: Final = "/v1/revocations"
PULL_SECONDS: Final = 60.0
MAX_CHARACTERS: Final = 2_000_000
KINDS: Final = ("clients", "keys", "protocols", "tokens")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as its catalogue signed it. `issued_at` is seconds since 1970."""

    sequence: int
    issued_at: float
    revoked: Revocations


def statement(
    catalogue: str,
    sequence: int,
    issued_at: int,
    revoked: Mapping[str, Sequence[str]],
    key: SigningKey,
) -> str:
    """Return the signed list; `revoked` has the names of each of `KINDS`."""
    lists = {kind: sorted(revoked.get(kind, ())) for kind in KINDS}
    document = {
        "schema": 1,
        "catalogue": catalogue,
        "sequence": sequence,
        "issued_at": issued_at,
        **lists,
    }
    return sign(canonical(document), STATEMENT, key)


def read(text: str, catalogue: str, anchor: Sequence[dict[str, str]]) -> RevocationList:
    """Return a list of `catalogue`, signed by one of `anchor` (empty: the transport is trusted).

    Raises `Invalid` with one wording for every fault.
    """
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError("too long")
        found = read_object(verify(text, STATEMENT, anchor) if anchor else _payload(text))
        if found["schema"] != 1 or found["catalogue"] != catalogue:
            raise ValueError("not this catalogue's")
        sequence = found["sequence"]
        if type(sequence) is not int or sequence < 0:
            raise ValueError("sequence")
        names = {kind: _names(found[kind]) for kind in KINDS}
        issued_at = moment(found["issued_at"])
    except (HanseError, ValueError, TypeError, KeyError, IndexError, RecursionError) as fault:
        raise Invalid("REVOCATIONS_UNREADABLE") from fault
    revoked = Revocations(names["tokens"], names["clients"], names["keys"], names["protocols"])
    return RevocationList(sequence, issued_at, revoked)


def _payload(text: str) -> bytes:
    return decode(text.split(".")[1])


def _names(listed: object) -> frozenset[str]:
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise ValueError("names")
    return frozenset(listed)


class RevocationFeed:
    """What is revoked, as far as this process knows.

    `fetch` returns the text of the newest list or raises a `HanseError`; `path` is the copy on
    disk; `anchor` holds the keys that must have signed it; `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        path: Path,
        clock: Callable[[], float],
        catalogue: str,
        anchor: Sequence[dict[str, str]] = (),
    ) -> None:
        self._fetch = fetch
        self._path = path
        self._clock = clock
        self._catalogue = catalogue
        self._anchor = tuple(anchor)
        self._lock = threading.Lock()
        self._next_try = 0.0
        self._held: RevocationList | None = None
        self._since = clock()
        self._from_disk()

    def current(self) -> Revocations:
        """Return what is revoked; waits for nothing."""
        return NOTHING_REVOKED if self._held is None else self._held.revoked

    @property
    def sequence(self) -> int:
        """The number of the list in force, 0 while there is none."""
        return 0 if self._held is None else self._held.sequence

    def age(self) -> float:
        """Return the seconds since the list in force was signed.

        Where there never was one, since this node first asked.
        """
        since = self._since if self._held is None else self._held.issued_at
        return max(0.0, self._clock() - since)

    def is_fresh(self, limit_seconds: float) -> bool:
        """Say whether the list is no older than that; asks for a newer one, at most once a minute,
        before it says no.
        """
        if self.age() <= limit_seconds:
            return True
        self.pull()
        return self.age() <= limit_seconds

    def pull(self) -> bool:
        """Ask for the newest list unless that was just done; say whether it was taken."""
        with self._lock:
            now = self._clock()
            if now < self._next_try:
                return False
            self._next_try = now + PULL_SECONDS / 2
            try:
                text = self._fetch()
                self._take(read(text, self._catalogue, self._anchor), now)
            except HanseError as fault:
                log.warning("revocations.not_taken", extra={"code": fault.code})
                return False
            self._to_disk(text)
            return True

    def _take(self, found: RevocationList, now: float) -> None:
        held = self._held
        older = held is not None and (
            found.sequence < held.sequence or found.issued_at < held.issued_at
        )
        # An old list would let what was revoked in again; one from the future would never age.
        if older or found.issued_at > now + LEEWAY_SECONDS:
            raise Invalid("REVOCATIONS_UNREADABLE")
        self._held = found

    def _from_disk(self) -> None:
        try:
            kept: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
            self._since = min(float(kept["since"]), self._since)
            if kept["statement"]:
                self._held = read(kept["statement"], self._catalogue, self._anchor)
        except FileNotFoundError:
            self._to_disk("")
        except (OSError, ValueError, TypeError, KeyError, RecursionError, HanseError):
            log.warning("revocations.copy_unreadable")

    def _to_disk(self, text: str) -> None:
        try:
            write_secret(self._path, json.dumps({"since": self._since, "statement": text}))
        except OSError:
            log.warning("revocations.not_kept")
