"""What keeps a city's indicator from standing beside the others: said before anybody compares.

The facts are those the index has of every publication; the reference is what most of them say, as
in a comparison, and the shared definition where one is claimed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanse.client.catalogue import Catalogue, choose
from hanse.client.marks import facts_of, standard
from hanse.cube.comparability import MarkCode, Reason, differing
from hanse.cube.naming import Misnamed, Named
from hanse.cube.naming import check as naming_rules
from hanse.errors import NotFound
from hanse.wire import ConceptEntry, IndicatorEntry, Publication, SubjectAnswer


@dataclass(frozen=True, slots=True)
class Checked:
    """One publication of a subject: what keeps it from comparing, and what its name breaks."""

    agency: str
    name: str
    dataset: str
    indicator: str
    reasons: tuple[Reason, ...]
    naming: tuple[Misnamed, ...] = ()


def check(subject: SubjectAnswer) -> tuple[Checked, ...]:
    """Return every publication of a subject with its reasons, gravest first; none: it compares."""
    levels = {id(each): _level(each) for each in subject.publications}
    votes = [facts_of(each.indicator, levels[id(each)]) for each in subject.publications]
    reference = standard(votes)
    order = list(MarkCode)
    found = []
    for each, facts in zip(subject.publications, votes, strict=True):
        reasons = [*_claimed(each, subject.concept), *differing(reference, facts)]
        reasons.sort(key=lambda reason: order.index(reason.mark))
        place = (each.agency, each.agency_name, each.dataset, each.indicator.id)
        naming = (*naming_rules(named(each.indicator)), *_twice(each, subject.publications))
        found.append(Checked(*place, tuple(reasons), naming))
    return tuple(sorted(found, key=lambda each: (each.name, each.dataset)))


def check_all(catalogue: Catalogue, city: str = "", dataset: str = "") -> tuple[Checked, ...]:
    """Return every publication of a city, or of the datasets of a name, with its reasons.

    Each is held against all that others publish of the same. Raises `NotFound` (CITY_UNKNOWN,
    DATASET_NOWHERE) where there is no such city, or no such dataset of it.
    """
    (member,) = choose(catalogue.members(), [city]) if city else (None,)
    held = [
        each
        for each in catalogue.every()
        if (member is None or each.agency == member.agency)
        and (not dataset or each.dataset.slug == dataset)
    ]
    if not held:
        raise NotFound("DATASET_NOWHERE", dataset=dataset or city)
    places = {
        (each.agency, each.dataset.slug, one.id) for each in held for one in each.dataset.indicators
    }
    found = {
        (each.agency, each.dataset, each.indicator): each
        for id_ in sorted({place[2] for place in places})
        for each in check(catalogue.indicator(id_))
    }
    kept = [found[place] for place in places if place in found]
    return tuple(sorted(kept, key=lambda each: (each.name, each.dataset, each.indicator)))


def named(entry: IndicatorEntry) -> Named:
    """Return what the naming rules look at, of an indicator as the index has it."""
    return Named(
        entry.id,
        entry.name.get("nl", ""),
        entry.description.get("nl", ""),
        entry.unit,
        entry.measure_type,
        surveyed=entry.sample is not None,
    )


def _twice(publication: Publication, others: Sequence[Publication]) -> Iterator[Misnamed]:
    """Yield the other indicator of the same house that has the same name, if there is one."""
    own = publication.indicator
    name = own.name.get("nl", "")
    for each in others:
        theirs = each.indicator
        same = each.agency == publication.agency and theirs.name.get("nl", "") == name
        if same and theirs.id != own.id:
            yield Misnamed("NAMING_TWICE", f"{name}, …", {"other": theirs.id})
            return


def _level(publication: Publication) -> str:
    """Return the newest municipal level it is on, else its last: one level speaks for its year."""
    own = [each for each in publication.levels if each.startswith("gemeente@")]
    return max(own or publication.levels, default="")


def _claimed(publication: Publication, concept: ConceptEntry | None) -> list[Reason]:
    """Return what stands between an indicator and the shared definition it could claim."""
    entry, other = publication.indicator, MarkCode.OTHER_DEFINITION
    if publication.points_at:
        claim = publication.points_at
        told = {"concept": claim.partition("@")[0], "claim": claim}
        return [Reason(other, "CONCEPT_POINTED", told)]
    if concept is None:
        return []
    id_, _, version = (entry.concept or "").partition("@")
    told = {"concept": concept.id, "version": concept.version}
    if id_ != concept.id:
        return [Reason(other, "CONCEPT_NOT_CLAIMED", told)]
    claimed = version or entry.definition_version
    if claimed and claimed.split(".")[0] != concept.version.split(".")[0]:
        return [Reason(other, "CONCEPT_OTHER_VERSION", {**told, "other": claimed})]
    if not claimed:
        return [Reason(other, "CONCEPT_NO_VERSION", told)]
    return []
