"""The node's own pages: what it offers, and what each release changed. Rendered here, no script."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy import Engine
from starlette.responses import HTMLResponse

from hanse.cube.contract import Access
from hanse.dialects.heading import perturbed_in
from hanse.errors import NotFound
from hanse.messages import named, nearest
from hanse.node.pages.visitors import Visitors
from hanse.node.press import own_profiles
from hanse.node.releases import difference, manifest, tables
from hanse.node.releases.tables import ReleaseRow
from hanse.node.routes.question import Slug
from hanse.node.running import Node
from hanse.node.tables import read_moment
from hanse.node.world import Offer
from hanse.policies import profile as profiles
from hanse.store.session import reading
from hanse.web import render
from hanse.web.language import PageLanguage
from hanse.web.signin import Caller
from hanse.wire import Manifest

ReleaseId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]

NEWS_MAX = 20
"""How many releases the list of news names."""

LIST_MAX = 50
"""How many codes of one kind a page names; the manifest holds all of them."""


def routes(node: Node) -> APIRouter:
    """Return the pages; they show a reader what the API would tell the same reader."""
    router = APIRouter(include_in_schema=False)

    @router.get("/{lang}/")
    def offers(request: Request, lang: PageLanguage, caller: Caller) -> HTMLResponse:
        visible = node.door.visible(caller)
        return render(
            request,
            "node_offers.html",
            offers=[_line(node, offer, lang) for offer in visible],
            news=_news(node.engine, visible, lang),
            settings=node.settings,
            **Visitors(request.app.state.desk).page(request),
        )

    @router.get("/{lang}/datasets/{slug}/releases/{release_id}")
    def release(
        request: Request, lang: PageLanguage, slug: Slug, release_id: ReleaseId, caller: Caller
    ) -> HTMLResponse:
        row, described = _opened(node, caller, slug, release_id)
        return render(
            request,
            "node_release.html",
            release=described,
            digest=row.digest,
            row=row,
            profile=_profile(node, described, lang),
            perturbed=perturbed_in(described.sdc_method, lang),
            title=nearest(described.title, lang),
            description=nearest(described.description, lang),
            theme=named("theme", described.theme, lang),
            difference=difference.load(row.difference),
            limit=LIST_MAX,
            earlier=_earlier(node.engine, row),
            settings=node.settings,
            **Visitors(request.app.state.desk).page(request),
        )

    return router


def _opened(node: Node, caller: Caller, slug: str, release_id: str) -> tuple[ReleaseRow, Manifest]:
    offer = node.door.offer(caller, slug)
    if offer.contract.access is not Access.OPEN:
        node.door.permitted(caller, slug, None)
    with reading(node.engine) as session:
        row = tables.named(session, slug, release_id)
    return row, manifest.load(node.home, row.digest)


def _profile(node: Node, described: Manifest, lang: str) -> str:
    """Return what the profile is called; empty where the one it was published under is gone."""
    try:
        found = profiles.find(described.profile, own_profiles(node.home))
    except NotFound:
        return ""
    same = found.content_digest == described.profile_digest
    return nearest(found.title, lang) if same else ""


def _line(node: Node, offer: Offer, lang: str) -> dict[str, Any]:
    published = manifest.load(node.home, offer.digest) if offer.digest else None
    return {
        "slug": offer.slug,
        "title": nearest(offer.contract.title, lang),
        "description": nearest(offer.contract.description, lang),
        "theme": named("theme", offer.contract.theme, lang),
        "open": offer.contract.access is Access.OPEN,
        "release": published.release_id if published else None,
        "published_at": published.published_at if published else None,
    }


def _news(engine: Engine, offers: Iterable[Offer], lang: str) -> list[dict[str, Any]]:
    """Return what was published and withdrawn last, newest first."""
    told = []
    with reading(engine) as session:
        for offer in offers:
            told += [_told(row, offer, lang) for row in tables.history(session, offer.slug)]
    return sorted(told, key=lambda each: each["at"], reverse=True)[:NEWS_MAX]


def _told(row: ReleaseRow, offer: Offer, lang: str) -> dict[str, Any]:
    return {
        "slug": offer.slug,
        "title": nearest(offer.contract.title, lang),
        "open": offer.contract.access is Access.OPEN,
        "release": row.release_id,
        "withdrawn": row.state == tables.WITHDRAWN,
        "at": read_moment(row.withdrawn_at or row.published_at),
        "reason": row.withdrawn_reason or row.reason,
    }


def _earlier(engine: Engine, row: ReleaseRow) -> ReleaseRow | None:
    with reading(engine) as session:
        known = tables.history(session, row.dataset)
    return next((each for each in known if each.release_no < row.release_no), None)
