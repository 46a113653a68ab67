"""A client the server knows: it signs in with its key, and proves that key with each request."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from hanse.cli.attest.line import Line, Reply
from hanse.client.keys import ClientKey
from hanse.client.signin import ASSERTION_TYPE, Credentials, Grant, Tokens
from hanse.errors import HanseError
from hanse.outbound import Origin, Outbound

NEEDS_CLIENT: Final = "needs --client-id and --key"
TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 an address
_FORM: Final = ("content-type", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Client:
    """Who signs in for the checks, and which private networks it may reach to do so."""

    client_id: str
    key: ClientKey
    issuers: tuple[str, ...]
    purpose: str = ""
    networks: tuple[str, ...] = ()


@dataclass(slots=True)
class Visitor:
    """A client with a token for one server; `fault` says why it has none."""

    line: Line
    client: Client
    kind: str = ""
    token: str = field(default="", repr=False)
    fault: str = ""
    nonce: str = ""

    @classmethod
    def of(cls, line: Line, client: Client, protocol: str = "") -> "Visitor":
        """Sign in, for one protocol where it is named."""
        made = cls(line, client)
        try:
            made.kind, made.token = asyncio.run(_signed_in(client, line.base, protocol)).split(" ")
        except HanseError as fault:
            made.fault = f"{fault.code} {fault.parameters.get('error', '')}".strip()
        return made

    def get(self, path: str, **proof: Any) -> Reply:
        """Ask with this token and a new proof about this address; `proof` changes the proof."""
        reply = self.shown(path, self.told(path, **proof))
        if reply.status == 401 and self.heard(reply):
            reply = self.shown(path, self.told(path, **proof))
        return reply

    def shown(self, path: str, proof: str, value: str = "") -> Reply:
        """Ask with exactly this proof, "" for none, and this credential, else the token."""
        credential = ("authorization", value or f"{self.kind} {self.token}")
        return self.line.get(path, [credential, ("dpop", proof)] if proof else [credential])

    def told(self, path: str, **changes: Any) -> str:
        """Return a proof about a request; "" where the token is bound to no key."""
        if self.kind != "DPoP":
            return ""
        return self.proof(self.line.base + path.partition("?")[0], self.token, **changes)

    def proof(
        self,
        url: str,
        token: str,
        *,
        method: str = "GET",
        ago: float = 0,
        key: ClientKey | None = None,
    ) -> str:
        """Return a proof of possession as the client would make it, so long ago."""
        at = time.time() - ago
        credentials = Credentials("", key or self.client.key, ())
        tokens = Tokens(Outbound(), credentials, clock=lambda: at)
        origin = Origin.of(self.line.base)
        tokens.note(origin, {"dpop-nonce": self.nonce})
        return tokens.proof(origin, method, url, token)["DPoP"]

    def heard(self, reply: Reply) -> bool:
        """Keep the number that the server wants in the next proof; say whether it gave a new."""
        given = reply.header("dpop-nonce")
        new, self.nonce = bool(given) and given != self.nonce, given or self.nonce
        return new

    def assertion(self) -> str:
        """Return a signed assertion for the issuer of this server."""
        credentials = Credentials(self.client.client_id, self.client.key, ())
        return Tokens(Outbound(), credentials).assertion(self.line.base)

    def ask_token(self, assertion: str, proof: str) -> Reply:
        """Ask the issuer of this server for a token."""
        form = {
            "grant_type": "client_credentials",
            "scope": "dataset:read",
            "resource": self.line.base,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "purpose": self.client.purpose,
        }
        told = urlencode({name: value for name, value in form.items() if value})
        return self.line.ask("POST", TOKEN_PATH, [_FORM, ("dpop", proof)], told.encode("ascii"))


def governed(visitor: Visitor) -> str:
    """Return where figures under a protocol are read; "" where this client may know of none."""
    listed = objects(visitor.get("/v1/datasets"), "datasets")
    slugs = [each.get("slug") for each in listed if each.get("access") == "protocol"]
    return f"/v1/datasets/{slugs[0]}/data?extent=permitted&format=json" if slugs else ""


def objects(reply: Reply, name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list in a JSON answer; none where it is another."""
    told = reply.json() if reply.status == 200 else None
    listed = told.get(name) if isinstance(told, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def code(reply: Reply) -> str:
    """Return the status of an answer, and the code of a refusal."""
    told = reply.json() if reply.status >= 400 else None
    given = told.get("code") or told.get("error") if isinstance(told, dict) else None
    return f"{reply.status} {given}" if isinstance(given, str) else str(reply.status)


async def _signed_in(client: Client, resource: str, protocol: str) -> str:
    async with Outbound(networks=client.networks) as way:
        tokens = Tokens(way, Credentials(client.client_id, client.key, client.issuers))
        grant = Grant(resource, purpose=client.purpose, protocol=protocol)
        return (await tokens.header(grant))["Authorization"]
