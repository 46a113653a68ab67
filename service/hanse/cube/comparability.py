"""Do two figures compare? A mark per cell, and the reasons in words.

Not comparable is a fact to show beside the figure, never a reason to leave it out. All reasons are
given; the mark is the gravest of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hanse.cube.period import Period, read_period
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.messages import say


class MarkCode(StrEnum):
    """How far a figure compares with the reference, gravest first."""

    INCOMPLETE = "incomplete"
    OTHER_DEFINITION = "other-definition"
    BREAK = "break"
    OTHER_METHOD = "other-method"
    OTHER_REFERENCE_DATE = "other-reference-date"
    OTHER_VINTAGE = "other-vintage"
    RECALCULATED = "recalculated"
    OTHER_ROUNDING = "other-rounding"
    OTHER_THRESHOLD = "other-threshold"
    COMPARABLE = "comparable"


_GRAVITY = {code: place for place, code in enumerate(MarkCode)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a figure compares; an empty text means that nobody said.

    `vintage` is the level id the figure is about (`gemeente@2025`); `breaks` are the periods from
    which a series differs from before; `recalculated` says that the figure was computed from
    another vintage; `sdc_method` by which method small counts were perturbed, empty where they were
    not; `reporting_year_start` is that of the breaks' spelling; `asked` is the question
    of a survey, whom it was put to, and how.
    """

    concept: str = ""
    definition_version: str = ""
    unit: str = ""
    reference_point: str = ""
    vintage: str = ""
    method: str = ""
    round_base: float | None = None
    threshold: float | None = None
    sdc_method: str = ""
    breaks: tuple[str, ...] = ()
    recalculated: bool = False
    reporting_year_start: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: the mark it calls for, and the message that says it."""

    mark: MarkCode
    code: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def say(self, lang: str = "nl") -> str:
        """Return the reason as a sentence."""
        return say(self.code, lang, **self.parameters)


@dataclass(frozen=True, slots=True)
class Mark:
    """The gravest reason's code, and all reasons, gravest first."""

    code: MarkCode
    reasons: tuple[Reason, ...] = ()

    def label(self, lang: str = "nl") -> str:
        """Return what the mark is called."""
        return say(f"MARK_{self.code.name}", lang)


def mark(
    reference: Facts,
    other: Facts,
    period: Period,
    obs_status: str = "A",
    since: Period | None = None,
) -> Mark:
    """Return how far a figure compares with the reference figure, both about `period`.

    `obs_status` is the public status of the other cell. `since` is the first period that stands
    beside it, where a series is compared over time: a break after it, up to `period`, counts;
    without it only a break in `period` itself does. A fact that one side does not state is not
    held against it.
    """
    reasons = [
        *_missing(obs_status),
        *_definition(reference, other),
        *_breaks(reference, other, period, since),
        *_differing(reference, other),
        *_numbers(reference, other),
    ]
    if other.recalculated:
        level = {"level": other.vintage}
        reasons.append(Reason(MarkCode.RECALCULATED, "COMPARE_RECALCULATED", level))
    return _gravest(reasons)


def together(marks: Iterable[Mark]) -> Mark:
    """Return the mark of a figure that is made of several: every reason of any part, once."""
    reasons = {
        (reason.code, tuple(sorted(reason.parameters.items()))): reason
        for each in marks
        for reason in each.reasons
    }
    return _gravest(reasons.values())


def _gravest(reasons: Iterable[Reason]) -> Mark:
    """Return the mark that these reasons come to; they stand gravest first in it."""
    ordered = tuple(sorted(reasons, key=lambda reason: _GRAVITY[reason.mark]))
    return Mark(ordered[0].mark if ordered else MarkCode.COMPARABLE, ordered)


def differing(reference: Facts, other: Facts) -> tuple[Reason, ...]:
    """Return why two series do not compare, whatever the period: breaks and gaps left aside."""
    return (
        *_definition(reference, other),
        *_differing(reference, other),
        *_numbers(reference, other),
    )


def _missing(obs_status: str) -> list[Reason]:
    if obs_status not in SYMBOL_OF_OBS_STATUS:
        return []
    code = "COMPARE_HIDDEN" if obs_status == "Q" else "COMPARE_MISSING"
    return [Reason(MarkCode.INCOMPLETE, code)]


def _definition(reference: Facts, other: Facts) -> list[Reason]:
    pairs = {
        "COMPARE_CONCEPT": (reference.concept, other.concept),
        "COMPARE_DEFINITION": (
            _meaning(reference.definition_version),
            _meaning(other.definition_version),
        ),
        "COMPARE_UNIT": (reference.unit, other.unit),
        "COMPARE_SURVEY": (reference.asked, other.asked),
    }
    return [
        Reason(MarkCode.OTHER_DEFINITION, code, {"reference": ours, "other": theirs})
        for code, (ours, theirs) in pairs.items()
        if ours and theirs and ours != theirs
    ]


def _meaning(version: str) -> str:
    """Return the part of a version that says the meaning: in semver, only the first number does."""
    first, *rest = version.split(".")
    numbered = len(rest) == 2 and all(each.isdecimal() for each in (first, *rest))
    return first if numbered else version


def _breaks(reference: Facts, other: Facts, period: Period, since: Period | None) -> list[Reason]:
    found: dict[str, Reason] = {}
    for facts in (reference, other):
        for text in facts.breaks:
            at = read_period(text, facts.reporting_year_start)
            inside = period.start_date <= at.start_date <= period.end_date
            between = since is not None and since.start_date < at.start_date <= period.end_date
            if between if since is not None else inside:
                found[text] = Reason(MarkCode.BREAK, "COMPARE_BREAK", {"period": text})
    return list(found.values())


_FACTS = (
    ("method", MarkCode.OTHER_METHOD, "COMPARE_METHOD"),
    ("reference_point", MarkCode.OTHER_REFERENCE_DATE, "COMPARE_REFERENCE_DATE"),
    ("vintage", MarkCode.OTHER_VINTAGE, "COMPARE_VINTAGE"),
)


def _differing(reference: Facts, other: Facts) -> list[Reason]:
    reasons = []
    for name, code, message in _FACTS:
        ours, theirs = getattr(reference, name), getattr(other, name)
        if ours and theirs and ours != theirs:
            reasons.append(Reason(code, message, {"reference": ours, "other": theirs}))
    return reasons


def _numbers(reference: Facts, other: Facts) -> list[Reason]:
    pairs = (
        (MarkCode.OTHER_ROUNDING, "COMPARE_ROUNDING", reference.round_base, other.round_base),
        (MarkCode.OTHER_THRESHOLD, "COMPARE_THRESHOLD", reference.threshold, other.threshold),
    )
    found = [
        Reason(code, message, {"reference": _figure(ours), "other": _figure(theirs)})
        for code, message, ours, theirs in pairs
        if ours != theirs
    ]
    ours, theirs = reference.sdc_method, other.sdc_method
    told = {"reference": ours or "-", "other": theirs or "-"}
    perturbed = Reason(MarkCode.OTHER_ROUNDING, "COMPARE_PERTURBED", told)
    return [*found, perturbed] if ours != theirs else found


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:g}"
