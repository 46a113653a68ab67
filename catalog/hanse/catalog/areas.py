"""The area registry that a catalogue publishes: each table under its digest, the list signed.

A table never changes under its digest, so a copy stays good for ever; the list says which tables
hold today. It is signed by the anchor, which nodes pin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hanse.areas import Registry
from hanse.areas.tables import to_files
from hanse.catalog import oauth
from hanse.catalog.catalogue import Catalogue
from hanse.errors import NotFound
from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import AREAS, sign
from hanse.wire import AreaFile, AreaTables


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tables by digest, and the list of them."""

    contents: Mapping[str, bytes]
    files: tuple[AreaFile, ...]
    version: str


def shelf(registry: Registry) -> Shelf:
    """Return a registry as tables that are named by what they hold."""
    texts = {name: text.encode("utf-8") for name, text in sorted(to_files(registry).items())}
    files = tuple(
        AreaFile(name=name, sha256=digest(content), bytes=len(content))
        for name, content in texts.items()
    )
    version = digest(canonical([each.model_dump() for each in files]))
    return Shelf({digest(content): content for content in texts.values()}, files, version)


def statement(catalogue: Catalogue, known: Shelf) -> str:
    """Return the signed list of tables."""
    said = AreaTables(
        catalogue=catalogue.settings.issuer,
        version=known.version,
        issued_at=catalogue.clock().replace(microsecond=0),
        files=list(known.files),
    )
    content = canonical(said.model_dump(mode="json", by_alias=True))
    return sign(content, AREAS, oauth.anchor(catalogue.settings.home))


def table(known: Shelf, sha256: str) -> bytes:
    """Return one table; raises `NotFound` for a digest that none has."""
    content = known.contents.get(sha256)
    if content is None:
        raise NotFound("AREA_TABLE_ABSENT")
    return content
