"""How a release is described to others: its manifest, and the lines of its indicators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator, Sample
from hanse.node.releases.difference import Difference
from hanse.policies.profile import Profile
from hanse.wire import Coverage, IndicatorEntry, Manifest, Part, SampleEntry, Tombstone

_WITHDRAWN = {
    "nl": "Niet meer in deze release.",
    "en": "No longer in this release.",
    "fr": "Ne figure plus dans cette publication.",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """Which release it is to be, and what is said of it."""

    release_id: str
    release_no: int
    published_at: datetime
    kind: str
    reason: str
    previous: str | None
    waivers: dict[str, str]


def manifest(
    contract: Contract,
    contract_digest: str,
    profile: Profile,
    edition: Edition,
    measured: tuple[Coverage, Sequence[Part], Sequence[Tombstone]],
) -> Manifest:
    """Return the manifest of a release; `measured` is its coverage, its files, its tombstones."""
    coverage, parts, tombstones = measured
    return Manifest.model_validate(
        {
            "schema": 1,
            "dataset": contract.slug,
            "agency": contract.agency,
            "release_id": edition.release_id,
            "release_no": edition.release_no,
            "kind": edition.kind,
            "reason": edition.reason,
            "previous": edition.previous,
            "published_at": edition.published_at,
            "contract": contract_digest,
            "contract_version": contract.version,
            "profile": profile.name,
            "profile_digest": profile.content_digest,
            "title": contract.title,
            "description": contract.description,
            "theme": contract.theme,
            "access": contract.access.value,
            "licence": contract.licence,
            "contact": contract.contact,
            "indicators": [entry(each, profile) for each in contract.indicators],
            "dimensions": [each.id for each in contract.dimensions],
            "coverage": coverage,
            "parts": list(parts),
            "waivers": edition.waivers,
            "tombstones": list(tombstones),
        }
    )


def calendars(contract: Contract) -> dict[str, str]:
    """Return when the reporting year of each indicator starts, of those that have one."""
    return {
        each.id: each.reporting_year_start
        for each in contract.indicators
        if each.reporting_year_start
    }


def coverage(cells: pa.Table) -> Coverage:
    """Count what a release holds, on its protected cells only."""
    areas = cells.group_by(["level", "area"]).aggregate([])
    return Coverage(
        cells=cells.num_rows,
        hidden=pc.sum(pc.equal(cells.column("conf_status"), "C")).as_py() or 0,
        areas=areas.num_rows,
        indicators=len(pc.unique(cells.column("indicator"))),
        periods=sorted(pc.unique(cells.column("period")).to_pylist()),
        levels=sorted(pc.unique(cells.column("level")).to_pylist()),
    )


def tombstones(
    difference: Difference, contract: Contract, edition: Edition
) -> tuple[Tombstone, ...]:
    """Return one tombstone for everything that the release before had and this one has not."""
    successors = {each.id: each.successor for each in contract.indicators}
    gone = [
        *(("indicator", each) for each in difference.indicators.removed),
        *(("level", each) for each in difference.levels.removed),
        *(("period", each) for each in difference.periods.removed),
        *(("cell", each) for each in difference.cells_removed),
    ]
    words = {"nl": edition.reason} if edition.reason else _WITHDRAWN
    return tuple(
        Tombstone.model_validate(
            {
                "kind": kind,
                "id": subject,
                "release_no": edition.release_no,
                "at": edition.published_at,
                "reason": words,
                "replaced_by": successors.get(subject) if kind == "indicator" else None,
            }
        )
        for kind, subject in gone
    )


def entry(indicator: Indicator, profile: Profile) -> IndicatorEntry:
    """Return what the index may know of an indicator; numbers as decimal text."""
    base = max(indicator.round_base or 0.0, float(profile.round_base))
    own = indicator.threshold.value if indicator.threshold else 0.0
    sources = tuple(source.code for source in indicator.sources)
    lowest = max(own, 0.0 if profile.method else float(profile.minimum("", sources)))
    return IndicatorEntry(
        id=indicator.id,
        name=indicator.name,
        description=indicator.description,
        unit=indicator.unit,
        measure_type=indicator.measure_type.value,
        aggregation=indicator.aggregate_geo.value,
        decimals=indicator.decimals,
        round_base=decimal(base) if base > 1 or indicator.round_base else None,
        sdc_method=profile.mark,
        theme=indicator.theme,
        keywords=list(indicator.keywords),
        concept=indicator.concept,
        definition_version=indicator.definition_version,
        reference_point=indicator.reference_point,
        reporting_year_start=indicator.reporting_year_start,
        method=indicator.method,
        version=indicator.version,
        state=indicator.state.value,
        successor=indicator.successor,
        sunset_date=indicator.sunset_date,
        breaks=[each.period for each in indicator.breaks],
        source=", ".join(source.name or source.code for source in indicator.sources),
        threshold=decimal(lowest) if lowest else None,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        weight=indicator.weight,
        formula=indicator.formula,
        sample=_sample(indicator.sample) if indicator.sample else None,
    )


def _sample(sample: Sample) -> SampleEntry:
    return SampleEntry(
        n=sample.n_indicator,
        base=sample.base_indicator,
        stddev=sample.stddev_indicator,
        counted=sample.counted_indicator,
        population_indicator=sample.population_indicator,
        lower=sample.lower_indicator,
        upper=sample.upper_indicator,
        ci_method=sample.ci_method,
        z=decimal(sample.z),
        weight_scale=sample.weight_scale,
        population=sample.population,
        field_period=sample.field_period,
        mode=sample.mode,
        response_rate=sample.response_rate,
        question=sample.question,
        wave=sample.wave,
    )


def decimal(number: float) -> str:
    """Write a number as a signed statement may hold it: decimal text, no exponent."""
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
