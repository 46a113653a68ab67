"""`/v1/feed` and `/v1/changes`: what the node offers, signed, and what happened since a cursor."""

import typing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy import Engine

from hanse.node import outbox
from hanse.node.feed import Publisher, snapshot
from hanse.store.session import reading
from hanse.wire import Changes

MEDIA_TYPE = "application/jose"
CURSOR_MAX = 2**31 - 1
"""The largest number that the outbox can give an event."""


class Node(typing.Protocol):
    """What these routes need of the running node."""

    @property
    def engine(self) -> Engine:
        """The node's database."""

    @property
    def publisher(self) -> Publisher:
        """Who speaks in the feed."""


def routes(node: Node) -> APIRouter:
    """Return the routes; both are open: a feed holds only what strangers may know."""
    router = APIRouter(prefix="/v1", tags=["feed"])

    @router.get("/feed", response_class=Response, responses={304: {"description": "Unchanged."}})
    def feed(if_none_match: Annotated[str, Header()] = "") -> Response:
        """The node's whole snapshot as a compact JWS; the entity tag changes with its content."""
        found = snapshot(node.engine, node.publisher)
        headers = {"ETag": found.etag, "Cache-Control": "public, no-cache"}
        if found.etag in _tags(if_none_match):
            return Response(status_code=304, headers=headers)
        return Response(found.statement, media_type=MEDIA_TYPE, headers=headers)

    @router.get("/changes")
    def changes(since: Annotated[int, Query(ge=0, le=CURSOR_MAX)] = 0) -> Changes:
        """The events after `since`, oldest first; ask again with `next`."""
        with reading(node.engine) as session:
            events = outbox.since(session, since)
        return Changes(events=list(events), next=events[-1].cursor if events else since)

    return router


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
