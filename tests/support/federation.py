"""A catalogue with one member and one client, in a temporary folder: where tokens come from."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import Engine
from tests.support.asgi import Reply, exchange

from hanse.auth.issuer.assertion import ASSERTION_TYPE
from hanse.catalog import clients, members, migrations, oauth
from hanse.catalog.clients import NewClient
from hanse.catalog.settings import CatalogSettings
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, SigningKey, sign
from hanse.store import engine as store
from hanse.store.session import transaction
from hanse.web import Site, create

BASE = "https://node-gent.example"
NODE = "https://gent.example"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Clock:
    """A clock that stands still until it is told to go on."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())


@dataclass
class Catalogue:
    """A catalogue's application and what tests do with it."""

    home: Path
    clock: Clock = field(default_factory=Clock)
    keys: Mapping[str, ECKey] = field(
        default_factory=lambda: {name: ECKey.generate_key("P-256") for name in ("prov", "stad")}
    )
    node_key: SigningKey = field(default_factory=SigningKey.generate)

    def __post_init__(self) -> None:
        self.settings = CatalogSettings(home=self.home, base_url=BASE)
        self.home.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = store.create(self.settings.database)
        migrations.upgrade(self.engine)
        self.app: FastAPI = create(Site("Catalogue", BASE))
        self.app.include_router(oauth.routes(self.settings, self.engine, self.clock))
        with transaction(self.engine) as session:
            asked = self.enrolment()
            row = members.enrol(session, asked, catalogue=BASE, now=self.clock())
            members.approve(session, row.agency, row.fingerprint, self.clock())
        for name in self.keys:
            self.register(name)

    def register(self, name: str, scopes: str = "dataset:read theme:onderwijs:read") -> None:
        public = {**self.keys[name].as_dict(private=False), "kid": f"{name}-1"}
        new = NewClient(name, "0253973219", "Provincie", {"keys": [public]}, scopes)
        with transaction(self.engine) as session:
            clients.register(session, new, self.clock())

    def enrolment(self, **changes: object) -> str:
        document = {
            "schema": 1,
            "catalogue": BASE,
            "agency": "NIS44021",
            "name": "Gent",
            "kbo": "0207451227",
            "base_url": NODE,
            "keys": [self.node_key.public_jwk()],
            "issued_at": self.clock().isoformat(),
        }
        return sign(canonical({**document, **changes}), ENROLMENT, self.node_key)

    def claims(self, **changes: object) -> dict[str, object]:
        now = self.clock.seconds
        base: dict[str, object] = {
            "iss": "prov",
            "sub": "prov",
            "aud": BASE,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(8),
        }
        return {name: value for name, value in {**base, **changes}.items() if value is not None}

    def assertion(self, key: str = "prov", **changes: object) -> str:
        header = {"alg": "ES256", "kid": f"{key}-1"}
        content = json.dumps(self.claims(**changes))
        return jws.serialize_compact(header, content, self.keys[key], algorithms=["ES256"])

    def form(self, **changes: str | None) -> dict[str, str]:
        base: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "scope": "dataset:read",
            "resource": NODE,
            "client_assertion_type": ASSERTION_TYPE,
            "purpose": "statistiek",
        }
        if "client_assertion" not in changes:
            base["client_assertion"] = self.assertion()
        return {name: value for name, value in {**base, **changes}.items() if value is not None}

    async def post(self, body: bytes | dict[str, str], **how: object) -> Reply:
        content = urlencode(body).encode() if isinstance(body, dict) else body
        headers = [
            (b"content-type", str(how.pop("content_type", FORM)).encode()),
            (b"content-length", str(len(content)).encode()),
            *how.pop("headers", ()),  # type: ignore[misc]
        ]
        return await exchange(
            self.app,
            "/oauth/token",
            method=str(how.pop("method", "POST")),
            headers=headers,
            chunks=[content],
            **how,  # type: ignore[arg-type]
        )
