"""Puts answers together from index, search and members: what API and pages both show."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from sqlmodel import Session

from hanse import telemetry
from hanse.catalog import index
from hanse.catalog.catalogue import Catalogue, by_agency
from hanse.catalog.freshness import freshness
from hanse.catalog.index import Known, Published
from hanse.catalog.search import FACETS, Findings, Question
from hanse.errors import Invalid
from hanse.messages import named, say
from hanse.store.session import reading
from hanse.wire import (
    ConceptEntry,
    FacetValue,
    Harvest,
    IndexedDataset,
    IndexedDatasets,
    MemberEntry,
    Members,
    Publication,
    SearchAnswer,
    SubjectAnswer,
)

CHOICES_SHOWN = 5


def search(catalogue: Catalogue, question: Question, lang: str) -> SearchAnswer:
    """Answer a question; raises `Invalid` (FACET_UNKNOWN) for a filter nothing has."""
    catalogue.refresh()
    check_filters(catalogue, question.filters)
    with telemetry.span("catalog.search"):
        found = catalogue.search.find(question)
        if question.words and (found.widened or not found.total):
            found = _otherwise_put(catalogue, question) or found
    with reading(catalogue.engine) as session:
        names = {each.agency: each.name for each in catalogue.members(session)}
    return SearchAnswer(
        question=question.words,
        total=found.total,
        page=question.page,
        pages=max(1, -(-found.total // question.size)),
        widened=found.widened,
        hits=list(found.hits),
        facets={
            facet: _facet(facet, found.counts.get(facet, {}), question, names, lang)
            for facet in FACETS
        },
    )


def _otherwise_put(catalogue: Catalogue, question: Question) -> Findings | None:
    """Try the readings in which a synonym stands for its concept; the first that finds wins."""
    for words in catalogue.concepts.readings(question.words):
        found = catalogue.search.find(
            Question(words, question.filters, question.page, question.size)
        )
        if found.total and not found.widened:
            return found
    return None


def check_filters(catalogue: Catalogue, filters: Mapping[str, frozenset[str]]) -> None:
    """Refuse a value that no subject has, naming the nearest that some have."""
    if not any(filters.values()):
        return
    known = catalogue.refresh.values
    for facet, values in filters.items():
        for value in values - known[facet].keys():
            near = get_close_matches(value[:64], known[facet], 1)
            choices = near or sorted(known[facet])[:CHOICES_SHOWN] or ["-"]
            raise Invalid(
                "FACET_UNKNOWN", name=facet, value=_plain(value), choice=", ".join(choices)
            )


def _plain(text: str) -> str:
    shown = text[:64]
    return shown if shown.isprintable() else ascii(shown)[1:-1]


def _facet(
    facet: str,
    counts: Mapping[str, int],
    question: Question,
    names: Mapping[str, str],
    lang: str,
) -> list[FacetValue]:
    chosen = question.filters.get(facet, frozenset())
    every = dict.fromkeys(chosen, 0) | dict(counts)
    values = [
        FacetValue(
            value=value,
            label=names.get(value, value) if facet == "agency" else named(facet, value, lang),
            count=count,
            chosen=value in chosen,
        )
        for value, count in every.items()
    ]
    return sorted(values, key=lambda each: (-each.count, each.label))


def level_label(level: str, lang: str) -> str:
    """Return a level with its vintage always spelled out: `gemeente (indeling 2025)`."""
    code, _, vintage = level.partition("@")
    return say("WORD_EDITION", lang, level=named("level", code, lang), vintage=vintage)


def members(catalogue: Catalogue) -> Members:
    """Return every member, with what is known of its node and how old that is."""
    with reading(catalogue.engine) as session:
        known = _freshness(catalogue, session)
        entries = [
            each.model_copy(update={"harvest": known.get(each.agency, each.harvest)})
            for each in catalogue.members(session)
        ]
    return Members(members=entries)


def _freshness(catalogue: Catalogue, session: Session) -> Mapping[str, Harvest]:
    now, every = catalogue.clock(), catalogue.settings.harvest_seconds
    rows = index.looks(session)
    return {agency: freshness(row, now, every) for agency, row in rows.items()}


def subject(catalogue: Catalogue, subject_id: str) -> SubjectAnswer:
    """Return every publication of a subject; raises `NotFound` when there is none.

    Where nothing has this id, words that name a shared definition stand for it.
    """
    with reading(catalogue.engine) as session:
        subject_id = _known(catalogue, session, subject_id)
        published = index.publications(session, subject_id)
        known = _freshness(catalogue, session)
        parties = by_agency(catalogue.members(session))
    listed = [
        _publication(each, parties, known).model_copy(
            update={"points_at": _claim(catalogue.concepts.pointed(each.indicator))}
        )
        for each in published
        if each.agency in parties
    ]
    concept = catalogue.concepts.shared(each.indicator.concept for each in published)
    first = published[0].indicator
    return SubjectAnswer(
        id=subject_id,
        name=concept.name if concept else first.name,
        description=concept.definition if concept else first.description,
        unit=first.unit,
        concept=concept,
        publications=listed,
    )


def _known(catalogue: Catalogue, session: Session, subject_id: str) -> str:
    concept = catalogue.concepts.meant(subject_id)
    if concept is None or index.publishes(session, subject_id):
        return subject_id
    return concept.id


def _claim(concept: ConceptEntry | None) -> str:
    return f"{concept.id}@{concept.version}" if concept else ""


def _publication(
    published: Published, parties: Mapping[str, MemberEntry], known: Mapping[str, Harvest]
) -> Publication:
    party, dataset = parties[published.agency], published.dataset
    return Publication(
        agency=party.agency,
        agency_name=party.name,
        base_url=party.base_url,
        dataset=dataset.slug,
        title=dataset.title,
        theme=published.indicator.theme or dataset.theme,
        access=dataset.access,
        licence=dataset.licence,
        contact=dataset.contact,
        profile=dataset.profile,
        levels=dataset.levels,
        periods=dataset.periods,
        current=dataset.current,
        indicator=published.indicator,
        harvest=known[published.agency],
    )


def datasets(catalogue: Catalogue, page: int) -> IndexedDatasets:
    """Return one page of the datasets of all nodes."""
    with reading(catalogue.engine) as session:
        found, total = index.datasets(session, page)
        listed = _indexed(catalogue, session, found)
    pages = max(1, -(-total // index.PAGE_SIZE))
    return IndexedDatasets(datasets=listed, total=total, page=page, pages=pages)


def dataset(catalogue: Catalogue, agency: str, slug: str) -> IndexedDataset:
    """Return one dataset; raises `NotFound` when the index does not know it."""
    with reading(catalogue.engine) as session:
        return _indexed(catalogue, session, [index.dataset(session, agency, slug)])[0]


def _indexed(
    catalogue: Catalogue, session: Session, found: Sequence[Known]
) -> list[IndexedDataset]:
    known = _freshness(catalogue, session)
    parties = by_agency(catalogue.members(session))
    return [
        IndexedDataset(
            agency=each.agency,
            agency_name=parties[each.agency].name,
            base_url=parties[each.agency].base_url,
            dataset=each.dataset,
            absent=each.absent,
            tombstones=list(each.tombstones),
            harvest=known[each.agency],
        )
        for each in found
    ]
