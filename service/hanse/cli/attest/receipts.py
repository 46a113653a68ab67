"""A receipt for something fetched here and now: it is in the log that everybody sees, unaltered."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hanse.audit.checkpoint import Verifier, read_verifier
from hanse.audit.proof import Proof, read_proof
from hanse.audit.tree import leaf_hash
from hanse.cli.attest.finding import Finding, Suite, judge, skip
from hanse.cli.attest.ledger import KEY, checkpoint, extends
from hanse.cli.attest.line import Line, Reply
from hanse.cli.attest.visitor import NEEDS_CLIENT, Client, Visitor, code, governed
from hanse.client.receipts import About, Receipt, read_receipt
from hanse.errors import HanseError

PAUSE_SECONDS: Final = 1.0
IN_LOG: Final = "the log holds what was fetched"
UNALTERED: Final = "an altered receipt proves nothing"


@dataclass(frozen=True, slots=True)
class _Held:
    """What a visitor got: the receipt, and the key the log signs with."""

    visitor: Visitor
    receipt: Receipt
    verifier: Verifier


def receipts(client: Client | None, wait: float) -> Suite:
    """Return the checks of a receipt; a proof may take `wait` seconds to come."""

    def checks(line: Line) -> Iterator[Finding]:
        if client is None:
            yield from _untried(NEEDS_CLIENT)
            return
        key = line.get(KEY)
        if key.status != 200:
            yield from _untried("it publishes no log")
            return
        visitor = Visitor.of(line, client)
        path = governed(visitor) if visitor.token else ""
        if not path:
            yield from _untried(visitor.fault or "the client may read nothing under a protocol")
            return
        yield from _fetched(visitor, path, key.body, wait)

    return checks


def _untried(why: str) -> Iterator[Finding]:
    for rule, name in (("L03", IN_LOG), ("L04", UNALTERED), ("L02", "one log for everybody")):
        yield skip(rule, name, why)


def _fetched(visitor: Visitor, path: str, key: bytes, wait: float) -> Iterator[Finding]:
    line = visitor.line
    before = checkpoint(line, key)
    answer = visitor.get(path)
    receipt = read_receipt(dict(answer.headers), About(line.base, "", "", "", ""))
    had = code(answer)
    if answer.status in {401, 403}:
        yield from _untried(f"the client got nothing: {had}")
        return
    yield judge("L03", "an answer comes with a receipt", receipt is not None, "Audit-Receipt", had)
    if receipt is None:
        yield from _untried("no receipt")
        return
    held = _Held(visitor, receipt, read_verifier(key.decode("ascii").strip()))
    yield from _entry(held)
    reply = _proof(held, wait)
    proof = _read(reply)
    yield judge("L03", "its proof comes", proof is not None, f"in {wait:.0f} s", code(reply))
    if proof is None:
        yield skip("L04", UNALTERED, "no proof")
        yield skip("L02", "one log for everybody", "no proof")
        return
    good = _proves(held, proof, receipt.leaf)
    yield judge("L03", IN_LOG, good, "a proof that holds", "one that does not")
    altered = f"{int(receipt.leaf, 16) ^ 1:064x}"
    yield judge("L04", UNALTERED, not _proves(held, proof, altered), "no proof", "a proof")
    now = checkpoint(line, key)
    for name, older, newer in (
        ("the log of the proof goes on from the one seen before", before, proof.checkpoint),
        ("the log of the proof is the one that everybody sees", proof.checkpoint, now),
    ):
        if older is None and now is not None:
            yield skip("L02", name, "there was no checkpoint yet")
            continue
        one = older is not None and newer is not None and older.size <= newer.size
        same = one and extends(line, older, newer)  # type: ignore[arg-type]
        yield judge("L02", name, same, "a proof", "none")


def _entry(held: _Held) -> Iterator[Finding]:
    """Check who may read the entry, and that it is the one of the receipt."""
    ref, visitor = held.receipt.ref, held.visitor
    reply = visitor.get(f"/v1/receipts/{ref}/entry")
    same = reply.status == 200 and leaf_hash(reply.body).hex() == held.receipt.leaf
    yield judge("L03", "the entry is the one of the receipt", same, held.receipt.leaf, code(reply))
    told = reply.json()
    who: Mapping[str, Any] = told.get("who", {}) if isinstance(told, dict) else {}
    own = who.get("client") == visitor.client.client_id
    yield judge("L03", "the entry says who asked", own, visitor.client.client_id, "another")
    for path in (f"/v1/receipts/{ref}", f"/v1/receipts/{ref}/entry"):
        status = visitor.line.get(path).status
        yield judge("T33", "nobody else reads it", status in {401, 404}, "401, 404", status)
    other = f"{int(ref, 16) ^ 1:032x}"
    reply = visitor.get(f"/v1/receipts/{other}")
    name = "an altered reference is none"
    yield judge("L04", name, reply.status == 404, "404", code(reply))


def _proof(held: _Held, wait: float) -> Reply:
    until = time.monotonic() + wait
    while True:
        reply = held.visitor.get(f"/v1/receipts/{held.receipt.ref}")
        if reply.status == 401:  # tokens are short: the wait may outlast one
            fresh = Visitor.of(held.visitor.line, held.visitor.client)
            held.visitor.token = fresh.token or held.visitor.token
        if reply.status == 200 or time.monotonic() >= until:
            return reply
        time.sleep(PAUSE_SECONDS)


def _read(reply: Reply) -> Proof | None:
    try:
        return read_proof(reply.body) if reply.status == 200 else None
    except HanseError:
        return None


def _proves(held: _Held, proof: Proof, leaf: str) -> bool:
    try:
        proof.check(bytes.fromhex(leaf), held.verifier)
    except HanseError:
        return False
    return True
