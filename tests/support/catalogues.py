"""A catalogue with members, in one line: its application, its nodes, what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from tests.support.feeds import NOW, FeedNode, Receive, Scope, Send

from hanse.catalog import members, migrations
from hanse.catalog.app import create_app
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.settings import CatalogSettings
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, sign
from hanse.store import engine as store
from hanse.store.session import transaction
from hanse.wire import Enrolment

BASE_URL = "http://127.0.0.1:8100"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.now

    def pass_(self, **given: float) -> None:
        """Let time pass."""
        self.now += timedelta(**given)


class Hosts:
    """Every node of a federation behind one transport, told apart by the host they are asked as."""

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self.apps = dict(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the node it is for; a host without a node does not connect."""
        host = dict(scope["headers"])[b"host"].decode("ascii")
        if host not in self.apps:
            raise httpx.ConnectError("nobody listens")
        await self.apps[host](scope, receive, send)


@dataclass
class Federation:
    """A catalogue's application and what it is made of."""

    app: FastAPI
    catalogue: Catalogue
    nodes: Sequence[FeedNode]
    clock: Clock
    hosts: Hosts

    def client(self) -> httpx.AsyncClient:
        """Return a caller of the catalogue's API and pages."""
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    def down(self, node: FeedNode) -> None:
        """Take a node off the net."""
        self.hosts.apps.pop(host_of(node), None)

    def up(self, node: FeedNode) -> None:
        """Bring a node back."""
        self.hosts.apps[host_of(node)] = node


def host_of(node: FeedNode) -> str:
    """Return the host and port a node is asked as."""
    return node.base_url.partition("://")[2]


def federation(
    home: Path, *nodes: FeedNode, database_url: str = "", network: bool = False, **given: Any
) -> Federation:
    """Return a catalogue with these nodes as active members; `network` leaves the sockets real."""
    settings = CatalogSettings(
        home=home, base_url=BASE_URL, database_url=database_url, _env_file=None, **given
    )
    home.mkdir(parents=True, exist_ok=True)
    register(settings, *nodes)
    hosts, clock = Hosts({host_of(node): node for node in nodes}), Clock()
    transport = None if network else httpx.ASGITransport(app=hosts)
    app = create_app(settings, clock=clock, transport=transport)
    return Federation(app, app.state.catalogue, nodes, clock, hosts)


def register(settings: CatalogSettings, *nodes: FeedNode) -> None:
    """Enrol nodes and approve them."""
    engine = store.create(settings.database)
    migrations.upgrade(engine)
    with transaction(engine) as session:
        for node in nodes:
            asked = enrolment(node, settings.issuer)
            row = members.enrol(session, asked, catalogue=settings.issuer, now=NOW)
            members.approve(session, node.agency, row.fingerprint, NOW)
    engine.dispose()


def enrolment(node: FeedNode, catalogue: str) -> str:
    """Return the statement by which a node asks to take part."""
    asked = Enrolment(
        catalogue=catalogue,
        agency=node.agency,
        name=node.name,
        kbo="0207437270",
        base_url=node.base_url,
        keys=[node.key.public_jwk()],
        issued_at=NOW,
    )
    document = canonical(asked.model_dump(mode="json", by_alias=True))
    return sign(document, ENROLMENT, node.key)
