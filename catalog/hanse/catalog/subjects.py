"""What the search holds of a subject: the publications of all nodes, put together as one record."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from sqlalchemy import Engine
from sqlmodel import Session

from hanse.catalog import index
from hanse.catalog.concepts import Concepts
from hanse.catalog.index import Published
from hanse.catalog.search import Question, Record, Search
from hanse.cube.period import read_period
from hanse.messages import LANGUAGES
from hanse.store.session import reading
from hanse.wire import ConceptEntry, Hit

DESCRIPTION_CHARACTERS = 500
REBUILD_AFTER = 0.25
"""Share of the nodes that changed from which on a rebuild is cheaper, and renews the lexicon."""


class Refresher:
    """Keeps an engine up to the tables, one thread at a time."""

    def __init__(self, engine: Engine, search: Search, concepts: Concepts) -> None:
        self._engine = engine
        self._search = search
        self._concepts = concepts
        self._lock = threading.Lock()
        self._values: Mapping[str, Mapping[str, int]] = {}

    def __call__(self) -> None:
        """Bring the search up to the tables; cheap when nothing changed."""
        with self._lock, reading(self._engine) as session:
            if refresh(session, self._search, self._concepts) or not self._values:
                self._values = self._search.find(Question(size=1)).counts

    @property
    def values(self) -> Mapping[str, Mapping[str, int]]:
        """Every value of every facet, with how many subjects have it."""
        return self._values


def refresh(session: Session, search: Search, concepts: Concepts) -> bool:
    """Bring an engine up to the tables; say whether there was anything to do."""
    now = f"{index.revision(session)} {concepts.digest}"
    if search.revision == now:
        return False
    known, _, registry = search.revision.partition(" ")
    changed = index.changed_since(session, int(known or 0))
    nodes = len(index.looks(session))
    if registry != concepts.digest or len(changed) > max(1, nodes * REBUILD_AFTER):
        search.rebuild(records(index.published(session), concepts), now)
    else:
        _update(session, search, concepts, changed, now)
    return True


def _update(
    session: Session, search: Search, concepts: Concepts, changed: Iterable[str], now: str
) -> None:
    gone: set[str] = set()
    held: set[str] = set()
    for agency in changed:
        gone |= search.publishing(agency)
        held |= index.subjects_of(session, agency)
    every = gone | held
    search.update(every, records(index.published(session, every), concepts), now)


def records(publications: Iterable[Published], concepts: Concepts) -> Iterator[Record]:
    """Yield one record per subject of publications that are ordered by subject."""
    for subject, group in groupby(publications, key=lambda each: each.subject):
        yield record(subject, tuple(group), concepts)


def record(subject: str, group: tuple[Published, ...], concepts: Concepts) -> Record:
    """Put the publications of one subject together."""
    concept = concepts.shared(each.indicator.concept for each in group)
    hit = _hit(subject, group, concept)
    return Record(
        hit=hit,
        titles=_titles(group, concept),
        texts=_texts(group, concept),
        labels=_distinct([subject, *(each.indicator.id for each in group)]),
        facets={
            "theme": frozenset(hit.themes),
            "level": frozenset(level.partition("@")[0] for level in hit.levels),
            "access": frozenset(hit.access),
            "agency": frozenset(hit.agencies),
            "state": frozenset(hit.states),
        },
        reach=len(hit.agencies),
    )


def _hit(subject: str, group: tuple[Published, ...], concept: ConceptEntry | None) -> Hit:
    first = group[0].indicator
    periods = sorted(
        (
            read_period(each, one.indicator.reporting_year_start)
            for one in group
            for each in one.dataset.periods
        ),
        key=lambda period: period.start_date,
    )
    described = concept.definition if concept else first.description
    return Hit(
        id=subject,
        name=concept.name if concept else first.name,
        description={lang: text[:DESCRIPTION_CHARACTERS] for lang, text in described.items()},
        unit=first.unit,
        concept=concept is not None,
        themes=_sorted(each.indicator.theme or each.dataset.theme for each in group),
        levels=_sorted(level for each in group for level in each.dataset.levels),
        access=_sorted(each.dataset.access for each in group),
        agencies=_sorted(each.agency for each in group),
        datasets=_sorted(each.dataset.slug for each in group),
        states=_sorted(each.indicator.state for each in group),
        first_period=str(periods[0]) if periods else "",
        last_period=str(periods[-1]) if periods else "",
        definitions=len({each.indicator.definition_version for each in group}),
    )


def _titles(
    group: tuple[Published, ...], concept: ConceptEntry | None
) -> Mapping[str, tuple[str, ...]]:
    named = [each.indicator.name for each in group]
    names = [concept.name, *named] if concept else named
    return {lang: _distinct(name.get(lang, "") for name in names) for lang in LANGUAGES}


def _texts(
    group: tuple[Published, ...], concept: ConceptEntry | None
) -> Mapping[str, tuple[str, ...]]:
    said = [
        text
        for each in group
        for text in (each.indicator.description, each.dataset.title, each.dataset.description)
    ]
    texts = {lang: [text.get(lang, "") for text in said] for lang in LANGUAGES}
    for each in group:
        texts["nl"] += [*each.indicator.keywords, *each.dataset.keywords]
    if concept:
        for lang in LANGUAGES:
            texts[lang] += [concept.definition.get(lang, ""), *concept.synonyms.get(lang, ())]
    return {lang: _distinct(each) for lang, each in texts.items()}


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _sorted(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})
