"""Receipts: what nodes gave to this user, kept here, and the proof that their logs say so.

A node answers with the reference and the hash of the entry it wrote before its first byte. Kept
beside it is the id of the exchange, which both logs name. Once the node has signed a checkpoint
over the entry, its proof can be fetched: from then on the node cannot deny what it gave. Each
account has a drawer of its own: a node proves to nobody what it gave to another.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hanse.audit.checkpoint import Verifier, origin_of, verifier_of
from hanse.audit.proof import PROOF_BYTES_MAX, read_proof
from hanse.client.answers import expect
from hanse.client.settings import write_private
from hanse.errors import Conflict, Invalid
from hanse.outbound import Answer, Origin

DRAWER: Final = "receipts"
"""The folder of drawers, in that of kept answers."""

_RECEIPT: Final = re.compile(r"(?P<ref>[0-9a-f]{32});(?P<leaf>[0-9a-f]{64})")
_EXCHANGE: Final = re.compile(r"[0-9a-f-]{16,64}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a node said it wrote down of one answer; `proof` is "" until it was fetched.

    `purpose` is what was asked for: who signs in to fetch the proof says it again.
    """

    ref: str
    leaf: str
    node: str
    agency: str
    dataset: str
    release: str
    at: str
    exchange: str = ""
    proof: str = ""
    purpose: str = ""

    @property
    def document(self) -> Mapping[str, str]:
        """The receipt as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class About:
    """What an answer is about: whose it is, when it came (ISO 8601, UTC), and for what."""

    node: str
    agency: str
    dataset: str
    release: str
    at: str
    purpose: str = ""


def read_receipt(headers: Mapping[str, str], about: About) -> Receipt | None:
    """Return the receipt of an answer, by its headers in lower case; None where it has none."""
    found = _RECEIPT.fullmatch(headers.get("audit-receipt", ""))
    if found is None:
        return None
    given = headers.get("exchange-id", "")
    exchange = given if _EXCHANGE.fullmatch(given) else ""
    return Receipt(**found.groupdict(), **asdict(about), exchange=exchange)


@dataclass(frozen=True, slots=True)
class Drawer:
    """The receipts of one account, for its owner alone; `folder` holds the drawers of all.

    Receipts from before there were accounts lie loose in the folder. Whoever gets the proof of one
    is whose it is: from then on it lies in their drawer.
    """

    folder: Path
    account: str

    def keep(self, receipt: Receipt) -> None:
        """Keep a receipt, whole or not at all."""
        name = f"{receipt.ref}.json"
        write_private(self._own / name, json.dumps(receipt.document) + "\n")
        if self.account:
            (self.folder / name).unlink(missing_ok=True)

    def all(self) -> tuple[Receipt, ...]:
        """Return every receipt, the newest first; a damaged file is passed over."""
        return tuple(sorted(self._read(), key=lambda each: each.at, reverse=True))

    @property
    def _own(self) -> Path:
        return self.folder / quote(self.account, safe="@")

    def _read(self) -> Iterator[Receipt]:
        for file in [file for place in {self.folder, self._own} for file in place.glob("*.json")]:
            try:
                yield Receipt(**json.loads(file.read_text("utf-8")))
            except (OSError, ValueError, TypeError):
                continue


def account_of(client: str, issuers: Sequence[str]) -> str:
    """Return the name of a client's account, "" for nobody's.

    The first issuer is part of it: two catalogues may each have a client of one name.
    """
    if not client:
        return ""
    issuer = str(Origin.of(issuers[0])).partition("://")[2] if issuers else ""
    return f"{client}@{issuer}"


def proven(receipt: Receipt, answer: Answer, jwks: Sequence[Mapping[str, str]]) -> Receipt:
    """Return the receipt with its proof, where that holds under a key of the node.

    Raises `Invalid` for a proof that does not, `Conflict` (RECEIPT_EARLY) while no checkpoint
    covers it, and what the node said where it gave none.
    """
    if answer.status == 409:
        raise Conflict("RECEIPT_EARLY")
    content = expect(answer).body[: PROOF_BYTES_MAX + 1]
    proof = read_proof(content)
    origin = proof.checkpoint.origin
    if not origin.startswith(origin_of(receipt.node)):
        raise Invalid("AUDIT_SIGNATURE", origin=origin)
    keys = [verifier_of(origin, jwk) for jwk in jwks]
    log = next((key for key in keys if key.signed(proof.note)), None)
    proof.check(bytes.fromhex(receipt.leaf), log or Verifier(origin, b""))
    return replace(receipt, proof=content.decode())
