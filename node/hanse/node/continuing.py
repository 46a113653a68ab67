"""Signed addresses for clients that drop their credentials: the next page, the file of a table.

An address names who asked and for what; at every use the register of that moment decides again, and
a feed token that was revoked in between opens nothing any more.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from hanse.auth import links
from hanse.auth.links import Link
from hanse.auth.principal import FEED_SCOPES, NOBODY, Principal, of_feed
from hanse.errors import Invalid, Unauthenticated
from hanse.node import credentials
from hanse.node.readers import Reader
from hanse.node.running import Node
from hanse.store.session import reading

LIFE_SECONDS: Final = 3_600


class Stale(Invalid):
    """An address whose time is over, or that was never made here: begin again."""


def seal(node: Node, reader: Reader, protocol: str, question: str, state: Mapping[str, Any]) -> str:
    """Return the text that stands for going on with a question; good for an hour."""
    now = node.publisher.clock().timestamp()
    told = {"state": state, "purpose": reader.purpose or reader.principal.purpose}
    link = Link(
        client=reader.principal.client_id or "",
        credential=reader.principal.credential or "",
        protocol=protocol,
        object=json.dumps(told, separators=(",", ":"), sort_keys=True),
        query=links.digest_of(question),
        expires_at=int(now) + LIFE_SECONDS,
    )
    return links.seal(link, credentials.secret(node.home), now)


def reader_of(node: Node, reader: Reader, text: str) -> Reader:
    """Return who goes on reading: whoever brings credentials as themselves, else whom a link names.

    Raises `Stale` for an address that was not made here within the hour.
    """
    link = _opened(node, text)
    purpose = reader.purpose or json.loads(link.object)["purpose"]
    principal = reader.principal
    if not principal.known and link.client:
        principal = _named(node, link)
    return Reader(principal, purpose, reader.form)


def unseal(node: Node, reader: Reader, question: str, text: str) -> Mapping[str, Any]:
    """Return where to go on; raises `Stale` for an address of another question or reader."""
    link = _opened(node, text)
    other = (reader.principal.client_id or "") != link.client
    if other or link.query != links.digest_of(question):
        raise Stale("LINK_STALE")
    state: Mapping[str, Any] = json.loads(link.object)["state"]
    return state


def _opened(node: Node, text: str) -> Link:
    now = node.publisher.clock().timestamp()
    try:
        return links.unseal(text, credentials.secret(node.home), now)
    except Unauthenticated as fault:
        raise Stale("LINK_STALE") from fault


def _named(node: Node, link: Link) -> Principal:
    """Return who a link names, as they stand now; nobody where their credential is gone."""
    if link.client in node.guard.revoked().clients:
        return NOBODY
    if not link.credential:
        return Principal(client_id=link.client, scopes=FEED_SCOPES)
    with reading(node.engine) as session:
        row = session.get(credentials.FeedTokenRow, link.credential)
        if row is None or row.client != link.client or not row.live(node.publisher.clock()):
            return NOBODY
        grant = credentials.grant_of(row, node.door.register())
    # An address says nothing of where its reader sits: a token of one network has to come itself.
    return NOBODY if grant is None or grant.networks is not None else of_feed(grant)
