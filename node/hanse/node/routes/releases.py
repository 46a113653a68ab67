"""`/v1/datasets/{slug}/releases`: which editions there are, and the signed manifest of each."""

import typing
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy import Engine

from hanse.auth.principal import Principal
from hanse.cube.contract import Access
from hanse.node.door import Door
from hanse.node.releases import manifest, tables
from hanse.node.releases.tables import ReleaseRow
from hanse.node.tables import read_moment
from hanse.store.session import reading
from hanse.wire import Manifest, ReleaseLine, Releases

MEDIA_TYPE = "application/jose"


class Node(typing.Protocol):
    """What these routes need of the running node."""

    @property
    def engine(self) -> Engine:
        """The node's database."""

    @property
    def home(self) -> Path:
        """The node's folder."""

    @property
    def door(self) -> Door:
        """Who decides what may be known."""

    @property
    def principal(self) -> Callable[[Request], Awaitable[Principal]]:
        """The dependency that says who asks."""


def routes(node: Node) -> APIRouter:
    """Return the routes; what is not open is answered to whoever a protocol opens it for."""
    router = APIRouter(prefix="/v1/datasets/{slug}/releases", tags=["releases"])
    caller = Depends(node.principal)

    @router.get("")
    def releases(slug: str, principal: Principal = caller) -> Releases:
        """Every release of a dataset, newest first; withdrawn ones stay, with their reason."""
        offer = node.door.offer(principal, slug)
        with reading(node.engine) as session:
            rows = tables.history(session, offer.slug)
        return Releases(dataset=slug, current=offer.release_id, releases=[_line(r) for r in rows])

    @router.get("/{release_id}")
    def release(
        slug: str,
        release_id: str,
        response: Response,
        principal: Principal = caller,
        purpose: Annotated[str | None, Header()] = None,
    ) -> Manifest:
        """The manifest of a release."""
        row = _opened(node, principal, (slug, release_id), purpose)
        response.headers["ETag"] = f'"{row.digest}"'
        return manifest.load(node.home, row.digest)

    @router.get("/{release_id}/manifest.jws", response_class=Response)
    def signed(
        slug: str,
        release_id: str,
        principal: Principal = caller,
        purpose: Annotated[str | None, Header()] = None,
    ) -> Response:
        """The manifest as the node signed it; its payload's SHA-256 is the release's digest."""
        row = _opened(node, principal, (slug, release_id), purpose)
        text = manifest.statement(manifest.folder_of(node.home, row.digest))
        return Response(text, media_type=MEDIA_TYPE, headers={"ETag": f'"{row.digest}"'})

    return router


def _opened(
    node: Node, principal: Principal, names: tuple[str, str], purpose: str | None
) -> ReleaseRow:
    """Return a release; of governed data only to whoever a protocol opens something of it.

    A manifest counts cells, and counts of governed data are not for strangers.
    """
    slug, release_id = names
    offer = node.door.offer(principal, slug)
    if offer.contract.access is not Access.OPEN:
        node.door.permitted(principal, slug, purpose)
    with reading(node.engine) as session:
        return tables.find(session, slug, release_id)


def _line(row: ReleaseRow) -> ReleaseLine:
    return ReleaseLine.model_validate(
        {
            "release_id": row.release_id,
            "release_no": row.release_no,
            "manifest": row.digest,
            "published_at": read_moment(row.published_at),
            "kind": row.kind,
            "reason": row.withdrawn_reason or row.reason,
            "state": row.state,
            "withdrawn_at": read_moment(row.withdrawn_at) if row.withdrawn_at else None,
        }
    )
