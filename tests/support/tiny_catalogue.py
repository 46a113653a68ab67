"""A second, minimal implementation of a catalogue: members, index, and a strict token endpoint."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.errors import JoseError
from tests.support import proofs
from tests.support.peers import LOOPBACK
from tests.support.tiny_node import TinyNode
from tests.support.tiny_server import Request, Response, Servers

from hanse.client.keys import ClientKey
from hanse.client.line import Line
from hanse.client.signin import ASSERTION_TYPE, Credentials
from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import AREAS, SigningKey, sign


class TinyCatalogue:
    """Knows its nodes and one client; issues opaque tokens that only the node asked for accepts."""

    def __init__(self, nodes: Sequence[TinyNode], client: ClientKey, client_id: str) -> None:
        self.nodes, self.client, self.client_id = nodes, client, client_id
        self.url = ""
        self.asked: list[dict[str, str]] = []
        self.assertions: set[str] = set()
        self.seen: list[Request] = []
        self.mood = "well"
        self.tables: dict[str, str] = {}
        self.key = SigningKey.generate()
        self.expires_in = 300

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        if request.path == "/oauth/token":
            return self._token(request)
        if request.path == "/.well-known/oauth-authorization-server":
            issuer = "http://127.0.0.9:3" if self.mood == "poses" else self.url
            elsewhere = self.mood == "sends elsewhere"
            endpoint = ("http://127.0.0.9:4" if elsewhere else self.url) + "/oauth/token"
            return _json({"issuer": issuer, "token_endpoint": endpoint, "newer_than_us": True})
        if request.path == "/v1/members":
            return _json({"members": [node.member() for node in self.nodes]})
        if request.path.startswith("/v1/areas"):
            return self._areas(request.path.removeprefix("/v1/areas").removeprefix("/"))
        if request.path == "/v1/datasets":
            lines = [line for node in self.nodes for line in node.indexed()]
            return _json({"datasets": lines, "total": len(lines), "page": 1, "pages": 1})
        if request.path.startswith("/v1/indicators/"):
            return self._indicator(request.path.rpartition("/")[2])
        if request.path == "/v1/search":
            return _json(self._search(request.query.get("q", "")))
        return _json({"code": "NOT_FOUND"}, 404)

    def _indicator(self, indicator: str) -> Response:
        lines = [line for node in self.nodes for line in node.publications(indicator)]
        if not lines:
            return _json({"code": "NOT_FOUND"}, 404)
        text = {"nl": indicator}
        subject = {"id": indicator, "name": text, "description": text, "unit": "kWh"}
        return _json({**subject, "concept": None, "publications": lines})

    def _search(self, q: str) -> dict[str, Any]:
        hit = {
            "id": q,
            "name": {"nl": q},
            "description": {"nl": q},
            "unit": "kWh",
            "concept": False,
            "themes": ["energie"],
            "levels": ["gemeente@2025"],
            "access": ["open"],
            "agencies": [node.agency for node in self.nodes],
            "states": ["published"],
            "first_period": "2018",
            "last_period": "2021",
            "definitions": 1,
        }
        hits = [hit] if q != "niets" else []
        if not q:
            entries = [line for node in self.nodes for line in node.indexed()]
            ids = sorted({each["id"] for line in entries for each in line["dataset"]["indicators"]})
            hits = [{**hit, "id": each} for each in ids]
        counted = {"question": q, "total": len(hits), "page": 1, "pages": 1, "widened": False}
        return {**counted, "hits": hits, "facets": {}}

    def _token(self, request: Request) -> Response:
        fields = parse_qs(request.body.decode("ascii"), strict_parsing=True)
        form = {name: values[0] for name, values in fields.items() if len(values) == 1}
        self.asked.append(form)
        node = next((each for each in self.nodes if each.url == form.get("resource")), None)
        if len(form) != len(fields) or node is None or not self._is_client(form):
            return _json({"error": "invalid_client"}, 400)
        token = f"token-{len(self.asked)}"
        node.tokens[token] = form.get("purpose", "")
        told = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.mood != "binds nothing":
            address = f"{self.url}/oauth/token"
            node.bound[token] = proofs.holder(request.headers.get("dpop", ""), "POST", address)
            told |= {"token_type": "DPoP"}
        return _json(told)

    def _areas(self, sha256: str) -> Response:
        """Answer with the list of area tables, or with one of them."""
        by_digest = {digest(text.encode()): text for text in self.tables.values()}
        if sha256:
            return Response(200, {"Content-Type": "text/csv"}, by_digest[sha256].encode())
        files = [
            {"name": name, "sha256": digest(text.encode()), "bytes": len(text.encode())}
            for name, text in self.tables.items()
        ]
        told = {
            "schema": 1,
            "catalogue": self.url,
            "version": digest(canonical(files)),
            "issued_at": "2026-03-02T09:00:00Z",
            "files": files,
        }
        signed = sign(canonical(told), AREAS, self.key)
        return Response(200, {"Content-Type": "application/jose"}, signed.encode("ascii"))

    def _is_client(self, form: dict[str, str]) -> bool:
        """Check the assertion as an issuer must: header, audience, life, single use."""
        key = self.client.key
        try:
            token = jwt.decode(form["client_assertion"], key, algorithms=["Ed25519", "ES256"])
        except (JoseError, ValueError, KeyError):
            return False
        claims = token.claims
        sound = (
            set(token.header) == {"alg", "kid", "typ"}
            and claims["iss"] == claims["sub"] == self.client_id
            and claims["aud"] == self.url
            and 0 < claims["exp"] - claims["iat"] <= 60
            and form["client_assertion_type"] == ASSERTION_TYPE
            and form["grant_type"] == "client_credentials"
            and claims["jti"] not in self.assertions
        )
        self.assertions.add(claims["jti"])
        return bool(sound)


def _json(document: object, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


@dataclass(slots=True)
class TinyWorld:
    """A federation that runs: its servers, catalogue and nodes, and a line into it."""

    servers: Servers
    catalogue: TinyCatalogue
    nodes: list[TinyNode]
    line: Line

    def kill(self, agency: str) -> None:
        """End one node as a process that dies would."""
        self.servers.kill(next(node.url for node in self.nodes if node.agency == agency))


@contextmanager
def world(
    nodes: list[TinyNode], hosts: Sequence[str] = (), *, signed_in: bool = True, **line: Any
) -> Iterator[TinyWorld]:
    """Run a catalogue and these nodes on loopback; one registered client may sign in."""
    key = ClientKey.generate()
    catalogue = TinyCatalogue(nodes, key, "provincie")
    with Servers() as servers:
        catalogue.url = servers.listen(catalogue)
        for at, node in enumerate(nodes):
            node.url = servers.listen(node, hosts[at] if hosts else "127.0.0.1")
            node.issuers = [catalogue.url]
        credentials = Credentials("provincie", key, (catalogue.url,)) if signed_in else None
        with Line.open(credentials, networks=LOOPBACK, **line) as opened:
            yield TinyWorld(servers, catalogue, nodes, opened)
