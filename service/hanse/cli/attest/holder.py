"""A client the server knows: its token opens what it should, for its own key, and only once."""

from collections.abc import Iterator
from typing import Final

from hanse.cli.attest.finding import Finding, Suite, judge, skip
from hanse.cli.attest.forging import mutations
from hanse.cli.attest.line import Line
from hanse.cli.attest.trust import NODE, role
from hanse.cli.attest.visitor import NEEDS_CLIENT, TOKEN_PATH, Client, Visitor, code
from hanse.client.keys import ClientKey

GUARDED: Final = "/v1/datasets"
METADATA: Final = "/.well-known/oauth-authorization-server"


def holder(client: Client | None) -> Suite:
    """Return the checks that need a client the server knows; without one none is tried."""

    def checks(line: Line) -> Iterator[Finding]:
        if client is None:
            for rule, name in (
                ("T01", "a right token, and a proof a second time"),
                ("T06", "own token, altered"),
                ("T20", "own token in an address"),
                ("T40", "a proof of in an hour"),
                ("A7", "an assertion a second time"),
            ):
                yield skip(rule, name, NEEDS_CLIENT)
            return
        yield from _at_the_issuer(line, client)
        if role(line) == NODE:
            yield from _at_the_door(line, client)
        else:
            yield skip("T01", "a right token", "a catalogue takes none")

    return checks


def _at_the_door(line: Line, client: Client) -> Iterator[Finding]:
    visitor = Visitor.of(line, client)
    signed_in = not visitor.fault
    yield judge("T01", "the client signs in with its key", signed_in, "a token", visitor.fault)
    if not signed_in:
        yield skip("T01", "a right token, and a proof a second time", "no token")
        return
    right = visitor.told(GUARDED)
    reply = visitor.shown(GUARDED, right)
    if reply.status == 401 and visitor.heard(reply):  # it wants its number in every proof
        right = visitor.told(GUARDED)
        reply = visitor.shown(GUARDED, right)
    yield judge("T01", "a right token is taken", reply.status == 200, "200", code(reply))
    yield judge("T01", "its token is bound to its key", bool(right), "DPoP", visitor.kind)
    if right:
        yield from _bound(visitor, right)
    token = visitor.token
    for name, changed in mutations(token):
        proof = visitor.proof(line.base + GUARDED, changed) if right else ""
        status = visitor.shown(GUARDED, proof, f"{visitor.kind} {changed}").status
        yield judge("T06", f"own token, {name}", status == 401, "401", status)
    shown = line.get(f"{GUARDED}?access_token={token}").status
    yield judge("T20", "own token in an address", shown == 400, "400", shown)


def _bound(visitor: Visitor, used: str) -> Iterator[Finding]:
    other, token = ClientKey.generate(), visitor.token
    url, far = visitor.line.base + GUARDED, "https://attest.invalid/v1/datasets"
    rows = (
        ("T01", "a bound token as bearer", f"Bearer {token}", ""),
        ("T01", "no proof", f"DPoP {token}", ""),
        ("T01", "a proof a second time", f"DPoP {token}", used),
        ("T01", "a proof by another key", "", visitor.proof(url, token, key=other)),
        ("T01", "a proof for another address", "", visitor.proof(far, token)),
        ("T01", "a proof for another method", "", visitor.proof(url, token, method="POST")),
        ("T01", "a proof for another token", "", visitor.proof(url, f"{token}x")),
        ("T01", "a proof of an hour ago", "", visitor.proof(url, token, ago=3_600)),
        ("T40", "a proof of in an hour", "", visitor.proof(url, token, ago=-3_600)),
    )
    for rule, name, value, proof in rows:
        status = visitor.shown(GUARDED, proof, value).status
        yield judge(rule, name, status == 401, "401", status)


def _at_the_issuer(line: Line, client: Client) -> Iterator[Finding]:
    """Send an assertion and a proof a second time to the issuer that this server is itself."""
    twice = "an assertion a second time"
    if line.get(METADATA).status != 200:
        yield skip("A7", twice, "it issues no tokens")
        return
    visitor, url = Visitor(line, client), f"{line.base}{TOKEN_PATH}"
    assertion, proof = visitor.assertion(), visitor.proof(url, "", method="POST")
    first = visitor.ask_token(assertion, proof)
    if "use_dpop_nonce" in code(first) and visitor.heard(first):
        assertion, proof = visitor.assertion(), visitor.proof(url, "", method="POST")
        first = visitor.ask_token(assertion, proof)
    if "invalid_client" in code(first):
        yield skip("A7", twice, "its issuer does not know this client")
        return
    again = visitor.ask_token(assertion, visitor.proof(url, "", method="POST"))
    refused = "invalid_client" in code(again)
    yield judge("A7", twice, refused, "invalid_client", code(again))
    spent = visitor.ask_token(visitor.assertion(), proof)
    refused = "invalid_dpop_proof" in code(spent)
    name = "a proof at the issuer a second time"
    yield judge("A7", name, refused, "invalid_dpop_proof", code(spent))
