"""The node's own datasets as lists tell of them: what whoever asks may know of, no figure."""

from dataclasses import replace
from typing import Final

from hanse.cube.contract import Access
from hanse.dialects.dcat.listing import Listing, Publisher, Shelf, Text
from hanse.errors import NotFound
from hanse.messages import LANGUAGES, say
from hanse.node import datasets
from hanse.node.feed import entry
from hanse.node.readers import Reader
from hanse.node.releases import tables
from hanse.node.running import Node
from hanse.node.tables import read_moment
from hanse.node.world import Offer
from hanse.store.session import reading
from hanse.web import listed

_IN_FORCE: Final = "active"


def shelf(node: Node) -> Shelf:
    """Return the node as one who lists its own datasets."""
    settings = node.settings
    about = {lang: say("DCAT_ABOUT_NODE", lang, name=settings.name) for lang in LANGUAGES}
    return Shelf(
        base_url=settings.resource,
        root=root(node),
        name=settings.name,
        about=about,
        publisher=publisher(node),
        contact=settings.contact,
    )


def publisher(node: Node) -> Publisher:
    """Return who publishes here."""
    return Publisher(node.settings.agency, node.settings.name, node.settings.resource)


def root(node: Node) -> str:
    """Return what the URIs of datasets start with: the catalogue's address, else the node's."""
    return node.settings.issuer or node.settings.resource


def every(node: Node, reader: Reader) -> tuple[Listing, ...]:
    """Return every dataset that a reader may know of, by slug."""
    return tuple(_listing(node, each) for each in node.door.visible(reader.principal))


def one(node: Node, reader: Reader, slug: str) -> Listing:
    """Return one dataset; raises what `Door.offer` raises."""
    return _listing(node, node.door.offer(reader.principal, slug))


def of_uri(node: Node, reader: Reader, agency: str, dialect_id: str) -> Listing:
    """Return the dataset whose URI ends so; raises `NotFound`."""
    for each in node.door.visible(reader.principal):
        if (agency, dialect_id) == (node.settings.agency, each.contract.dialect_id):
            return _listing(node, each)
    raise NotFound("NOT_FOUND")


def _listing(node: Node, offer: Offer) -> Listing:
    with reading(node.engine) as session:
        row = datasets.get(session, offer.slug)
        told = entry(node.home, row)
        history = tables.history(session, offer.slug)
    landing = f"{node.settings.resource}/v1/datasets/{offer.slug}"
    made = listed.listing(told, publisher(node), root=root(node), landing=landing)
    governed = offer.contract.access is not Access.OPEN
    gone = [each for each in history if each.withdrawn_at]
    withdrawn = bool(gone) and offer.release_id is None
    return replace(
        made,
        contact=made.contact or node.settings.contact,
        dimensions=tuple(each.id for each in offer.contract.dimensions),
        protocols=_protocols(node, offer) if governed else (),
        state="withdrawn" if withdrawn else made.state,
        reason=_reason(gone[0].withdrawn_reason) if withdrawn else made.reason,
        changed_at=read_moment(row.changed_at) if withdrawn else made.changed_at,
    )


def _reason(text: str | None) -> Text:
    return {"nl": text} if text else {}


def _protocols(node: Node, offer: Offer) -> tuple[str, ...]:
    """Return the protocols in force that open something of a dataset: the register is public."""
    held = (each for each in node.door.worlds.current().book.held if each.state == _IN_FORCE)
    opened = (each.protocol for each in held if each.protocol.basis.kind != "open_licence")
    found = {
        each.id
        for each in opened
        if each.data.datasets == "all"
        or offer.slug in each.data.datasets
        or offer.contract.theme in each.data.themes
    }
    return tuple(sorted(found))
