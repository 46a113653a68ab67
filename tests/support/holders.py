"""Somebody who holds a key that a protocol of a node names, and shows it with every request."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jws
from joserfc.jwk import ECKey
from tests.support import agreed, forge, proofs
from tests.support.callers import BASE_URL, CATALOGUE, CLOSED, NOW, House, house

from hanse.auth.issuer.assertion import ASSERTION_TYPE
from hanse.store.session import transaction

CLIENT = "monitor"
PROTOCOL = "urn:protocol:aalst:2026-009"
FORM = """
schema: 1
id: {id}
version: 1
parties:
  - {{role: supplier, kbo: "0207437468"}}
  - {{role: recipient, kbo: "0207725597", client_id: {client}, keys: [{keys}]{bearer}}}
basis: {{kind: legal_protocol}}
purposes: [statistiek]
data:
  datasets: [{dataset}]
  indicators: all
  levels: [gemeente]
  areas: all
  periods: all
  formats: [json, csv, parquet, arrow]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""
DATA = f"/v1/datasets/{CLOSED}/data?level=gemeente@2025&purpose=statistiek"


def bound_house(folder: Path, *keys: ECKey, bearer: bool = False, **settings: object) -> House:
    """Return a node whose closed dataset one protocol opens to whoever holds one of `keys`."""
    built = house(folder, **settings)
    named = ", ".join(key.thumbprint() for key in keys)
    told = {"id": PROTOCOL, "client": CLIENT, "keys": named, "dataset": CLOSED}
    text = FORM.format(**told, bearer=", bearer: true" if bearer else "")
    with transaction(built.node.engine) as session:
        agreed.in_force(session, built.home, text, NOW)
    return built


@dataclass
class Holder:
    """Holds `key`; asks the node of `house` with tokens of its catalogue."""

    house: House
    key: ECKey = field(default_factory=proofs.key)
    base: str = BASE_URL

    @property
    def now(self) -> int:
        return int(self.house.clock().timestamp())

    def token(self, **claims: object) -> str:
        """Return a token of the real catalogue, bound to this key."""
        base = {"iss": CATALOGUE, "aud": self.base, "iat": self.now, "exp": self.now + 300}
        who = {"sub": CLIENT, "client_id": CLIENT, "cnf": {"jkt": self.key.thumbprint()}}
        return forge.token(payload=forge.claims(**{**base, **who, **claims}))

    def proof(self, token: str, path: str, method: str = "GET", **claims: object) -> str:
        """Return a proof about one request; `claims` change it, None takes one away."""
        told = proofs.claims(method, self.base + path.partition("?")[0], self.now, token)
        kept = {name: value for name, value in {**told, **claims}.items() if value is not None}
        return proofs.proof(self.key, kept)

    def headers(self, token: str, path: str, method: str = "GET") -> dict[str, str]:
        """Return the headers of one right request."""
        proof = self.proof(token, path, method)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def assertion(self, issuer: str, **claims: object) -> str:
        """Return a client assertion for an issuer, its key named by thumbprint."""
        told: dict[str, object] = {
            "iss": CLIENT,
            "sub": CLIENT,
            "aud": issuer,
            "iat": self.now,
            "exp": self.now + 60,
            "jti": secrets.token_hex(8),
        }
        head = {"alg": "ES256", "kid": self.key.thumbprint()}
        content = json.dumps({**told, **claims})
        return jws.serialize_compact(head, content, self.key, algorithms=["ES256"])

    def form(self, **changes: str) -> dict[str, str]:
        """Return the form of a token request at the node itself."""
        base = {
            "grant_type": "client_credentials",
            "scope": "dataset:read",
            "resource": self.base,
            "client_assertion_type": ASSERTION_TYPE,
            "purpose": "statistiek",
        }
        assertion = {} if "client_assertion" in changes else self._asserted()
        return {**base, **assertion, **changes}

    def _asserted(self) -> dict[str, str]:
        return {"client_assertion": self.assertion(self.base)}

    async def ask_token(
        self, client: httpx.AsyncClient, proof: str | None = "", **changes: str
    ) -> httpx.Response:
        """Ask the node for a token; `proof` "" makes a right one, None sends none."""
        told = proofs.claims("POST", f"{self.base}/oauth/token", self.now)
        made = proofs.proof(self.key, told) if proof == "" else proof
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        sent = headers if made is None else {**headers, "DPoP": made}
        return await client.post(
            "/oauth/token", content=urlencode(self.form(**changes)), headers=sent
        )


def problem(answer: httpx.Response) -> Any:
    """Return the code of a refusal."""
    return answer.json()["code"]
