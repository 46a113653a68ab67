"""Every member's datasets as lists tell of them, kept until the index changes.

What a node said last stays listed while it does not answer, with how old that is; what it withdrew
whole stays listed with its reason for two years. A harvester deletes what is no longer listed.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlmodel import Session

from hanse.catalog import index
from hanse.catalog.catalogue import Catalogue, by_agency
from hanse.catalog.freshness import freshness
from hanse.catalog.index import Known
from hanse.dialects.dcat.listing import Listing, Publisher, Shelf, Text
from hanse.errors import NotFound
from hanse.messages import LANGUAGES, say
from hanse.store.session import reading
from hanse.web import listed
from hanse.wire import Harvest, MemberEntry

KEEP_WITHDRAWN: Final = timedelta(days=730)

Kept = tuple[tuple[int, tuple[tuple[str, str], ...]], tuple[Listing, ...]]


class Listings:
    """The list of a catalogue; read again where the index or the members have changed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._kept: Kept | None = None

    @property
    def shelf(self) -> Shelf:
        """The catalogue as one who lists."""
        settings = self._catalogue.settings
        about = {lang: say("DCAT_ABOUT_CATALOGUE", lang, name=settings.name) for lang in LANGUAGES}
        own = Publisher("catalogue", settings.name, settings.issuer)
        return Shelf(
            base_url=settings.issuer,
            root=settings.issuer,
            name=settings.name,
            about=about,
            publisher=own,
        )

    def every(self) -> tuple[Listing, ...]:
        """Return everything that is listed, by URI, with how far each can be relied on now."""
        with reading(self._catalogue.engine) as session:
            parties = by_agency(self._catalogue.members(session))
            held = self._held(session, parties)
            notes = self._notes(session)
        return tuple(
            replace(each, note=notes[each.publisher.agency])
            if each.publisher.agency in notes
            else each
            for each in held
        )

    def one(self, agency: str, slug: str) -> Listing:
        """Return one; raises `NotFound`."""
        for each in self.every():
            if (each.publisher.agency, each.slug) == (agency, slug):
                return each
        raise NotFound("INDEX_DATASET_UNKNOWN")

    def of_uri(self, agency: str, dialect_id: str) -> Listing:
        """Return the one whose URI ends so; raises `NotFound`."""
        for each in self.every():
            if (each.publisher.agency, each.dialect_id) == (agency, dialect_id):
                return each
        raise NotFound("INDEX_DATASET_UNKNOWN")

    def _held(self, session: Session, parties: Mapping[str, MemberEntry]) -> tuple[Listing, ...]:
        state = tuple((each.agency, each.base_url) for each in parties.values())
        stamp = (index.revision(session), state)
        with self._lock:
            if self._kept is None or self._kept[0] != stamp:
                self._kept = (stamp, self._read(session, parties))
            return self._kept[1]

    def _read(self, session: Session, parties: Mapping[str, MemberEntry]) -> tuple[Listing, ...]:
        root = self._catalogue.settings.issuer
        known = index.every_dataset(session)
        here = {(each.agency, each.dataset.slug) for each in known}
        since = self._catalogue.clock() - KEEP_WITHDRAWN
        found = [
            self._listing(root, each, _publisher(parties[each.agency]))
            for each in known
            if each.agency in parties
        ]
        found += [
            listed.withdrawn(stone, _publisher(parties[agency]), root=root, landing=f"{root}/")
            for agency, stone in index.withdrawn_datasets(session)
            if agency in parties and (agency, stone.id) not in here and stone.at >= since
        ]
        return tuple(sorted(found, key=lambda each: each.uri))

    def _listing(self, root: str, known: Known, publisher: Publisher) -> Listing:
        indicators = known.dataset.indicators
        lang = self._catalogue.settings.language
        page = f"/{lang}/indicators/{indicators[0].id}" if indicators else f"/{lang}/"
        return listed.listing(
            known.dataset,
            publisher,
            root=root,
            landing=f"{root}{page}",
            tombstones=known.tombstones,
        )

    def _notes(self, session: Session) -> Mapping[str, Text]:
        now, seconds = self._catalogue.clock(), self._catalogue.settings.harvest_seconds
        found = {
            agency: freshness(row, now, seconds) for agency, row in index.looks(session).items()
        }
        return {agency: _note(each) for agency, each in found.items() if each.state != "fresh"}


def _note(known: Harvest) -> Text:
    """Return since when a node was not heard, in words."""
    moment = known.confirmed_at.isoformat(timespec="seconds") if known.confirmed_at else "-"
    return {
        lang: say("DCAT_KNOWN_AT", lang, moment=moment, why=known.why.get(lang, ""))
        for lang in LANGUAGES
    }


def _publisher(member: MemberEntry) -> Publisher:
    return Publisher(member.agency, member.name, member.base_url.rstrip("/"))
