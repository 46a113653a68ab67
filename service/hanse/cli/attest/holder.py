"""A client the server knows: its token opens what it should, for its own key, and only once."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hanse.cli.attest.finding import Finding, Suite, judge
from hanse.cli.attest.forging import mutations
from hanse.cli.attest.line import Line
from hanse.client.keys import ClientKey
from hanse.client.signin import Credentials, Grant, Tokens
from hanse.outbound import Origin, Outbound

GUARDED: Final = "/v1/datasets"


@dataclass(frozen=True, slots=True)
class Client:
    """Who signs in for the checks, and which private networks it may reach to do so."""

    client_id: str
    key: ClientKey
    issuers: tuple[str, ...]
    purpose: str = ""
    networks: tuple[str, ...] = ()


def holder(client: Client) -> Suite:
    """Return the checks that need a client the server knows."""

    def checks(line: Line) -> Iterator[Finding]:
        kind, token = asyncio.run(_signed_in(client, line.base)).split(" ", 1)
        url = f"{line.base}{GUARDED}"
        right = _proof(client.key, url, token)
        good = _status(line, f"{kind} {token}", right)
        yield judge("T01", "a right token is taken", good == 200, "200", good)
        if kind == "DPoP":
            yield from _bound(line, client, token, right)
        for name, changed in mutations(token):
            status = _status(line, f"{kind} {changed}", _proof(client.key, url, changed))
            yield judge("T06", f"own token, {name}", status == 401, "401", status)
        shown = line.get(f"{GUARDED}?access_token={token}").status
        yield judge("T20", "own token in an address", shown == 400, "400", shown)

    return checks


def _bound(line: Line, client: Client, token: str, used: str) -> Iterator[Finding]:
    key, other = client.key, ClientKey.generate()
    url = f"{line.base}{GUARDED}"
    far = "https://attest.invalid/v1/datasets"
    rows = (
        ("74", "a bound token as bearer", f"Bearer {token}", ""),
        ("T01", "no proof", f"DPoP {token}", ""),
        ("T01", "a proof a second time", f"DPoP {token}", used),
        ("T01", "a proof by another key", f"DPoP {token}", _proof(other, url, token)),
        ("T01", "a proof for another address", f"DPoP {token}", _proof(key, far, token)),
        ("T01", "a proof for another method", f"DPoP {token}", _proof(key, url, token, "POST")),
        ("T01", "a proof for another token", f"DPoP {token}", _proof(key, url, f"{token}x")),
        ("T01", "a proof of an hour ago", f"DPoP {token}", _proof(key, url, token, ago=3_600)),
        ("T40", "a proof of in an hour", f"DPoP {token}", _proof(key, url, token, ago=-3_600)),
    )
    for rule, name, value, proof in rows:
        status = _status(line, value, proof)
        yield judge(rule, name, status == 401, "401", status)


def _status(line: Line, value: str, proof: str) -> int:
    headers = [("authorization", value)]
    return line.get(GUARDED, [*headers, ("dpop", proof)] if proof else headers).status


def _proof(key: ClientKey, url: str, token: str, method: str = "GET", ago: float = 0) -> str:
    at = time.time() - ago
    tokens = Tokens(Outbound(), Credentials("", key, ()), clock=lambda: at)
    return tokens.proof(Origin.of(url), method, url, token)["DPoP"]


async def _signed_in(client: Client, resource: str) -> str:
    async with Outbound(networks=client.networks) as way:
        tokens = Tokens(way, Credentials(client.client_id, client.key, client.issuers))
        grant = Grant(resource, purpose=client.purpose)
        return (await tokens.header(grant))["Authorization"]
