"""Pulled figures on the areas a reader asked for: what to ask for that, and what to make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas import Registry
from hanse.areas.combination import Combination
from hanse.areas.level import split_id
from hanse.areas.recalculation import NOTE_COLUMNS, combined, recalculated
from hanse.client.conversation import Pulled
from hanse.client.fanout import Target
from hanse.cube.cells import KEY_COLUMNS, SAMPLE_COLUMNS, is_sampled
from hanse.cube.formula import parse
from hanse.cube.indicator import Aggregation, Indicator, MeasureType, Sample
from hanse.cube.sampled import kept_intervals, with_intervals
from hanse.errors import Invalid, NotFound
from hanse.messages import say
from hanse.wire import IndicatorEntry, SampleEntry


@dataclass(frozen=True, slots=True)
class Onto:
    """Which areas figures are wanted on.

    `target` is `gemeente@2025`; `codes` the areas of it that are wanted, none: all; `wanted` the
    combinations beside them; `indicators` those that were asked for, none: all.
    """

    registry: Registry
    target: str
    codes: tuple[str, ...] = ()
    wanted: tuple[Combination, ...] = ()
    bounds: bool = False
    indicators: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        registry: Registry,
        target: str,
        codes: tuple[str, ...],
        wanted: tuple[Combination, ...],
        *,
        bounds: bool,
    ) -> "Onto":
        """Return what is meant; raises `NotFound` (LEVEL_UNKNOWN, AREA_UNKNOWN)."""
        areas = registry.areas(target)
        strange = next((each for each in codes if each not in areas), "")
        if strange:
            raise NotFound("AREA_UNKNOWN", area=strange[:40], level=target)
        return cls(registry, target, codes, wanted, bounds)

    def levels_of(self, offered: Sequence[str]) -> tuple[str, ...]:
        """Return the levels to ask: every vintage of it, else the coarsest that leads there."""
        code = split_id(self.target)[0]
        own = {level for level in offered if level.partition("@")[0] == code}
        own |= {each.level for each in self.wanted} & set(offered)
        if own:
            return tuple(sorted(own))
        leading = [
            self.registry.level(level)
            for level in offered
            if self.registry.has(level)
            and self.registry.correspondence(level, self.target) is not None
        ]
        return tuple(each.id for each in sorted(leading, key=lambda each: -each.rank)[:1])

    def applied(self, table: pa.Table, pulls: Sequence[Pulled]) -> pa.Table:
        """Return the pulled cells on the wanted areas, in the shape of `recalculated`."""
        rules, own = _rules(pulls), table
        table = table.drop_columns([n for n in SAMPLE_COLUMNS if n in table.column_names])
        found = recalculated(table, rules, self.registry, self.target, bounds=self.bounds)
        if self.wanted:
            above = {each.level for each in self.wanted} - {self.target}
            base = found.drop_columns([n for n in NOTE_COLUMNS if n in found.column_names])
            loaded = table.filter(pc.is_in(table.column("level"), pa.array(above, pa.string())))
            both = pa.concat_tables(
                [base.select(loaded.column_names), loaded.cast(_like(base, loaded))]
            )
            sums = combined(both, rules, self.wanted, bounds=self.bounds)
            found = pa.concat_tables([found, sums.select(found.column_names)])
        if is_sampled(own.column_names):
            found = kept_intervals(with_intervals(found, rules), own)
        kept = pa.array([self._kept(*each) for each in _places(found)], pa.bool_())
        return found.filter(kept).combine_chunks()

    def _kept(self, indicator: str, level: str, area: str) -> bool:
        if self.indicators and indicator not in self.indicators:
            return False
        return not self.codes or level != self.target or area in self._shown

    @property
    def _shown(self) -> frozenset[str]:
        members = {code for each in self.wanted if "+" in each.code for code in each.members}
        return frozenset({*self.codes, *members, *(each.code for each in self.wanted)})


def placed(registry: Registry, code: str, vintage: str) -> str:
    """Return a level with its vintage; "" means the newest there is."""
    known = registry.vintages(code)
    newest = known[0].id if known else f"{code}@0000"
    return f"{code}@{vintage}" if vintage else newest


def widened(target: Target, onto: Sequence[Onto]) -> Target:
    """Return a target that is asked for everything that the wanted areas are made of.

    Areas are not named: a release has the codes of its own time only, and refuses others. What is
    open is asked whole; a part that does not come is said of the figure that needs it.
    """
    levels = sorted({level for each in onto for level in each.levels_of(target.levels)})
    if not levels:
        return target
    question = replace(
        target.question,
        indicators=tuple(dict.fromkeys((*target.question.indicators, *target.inputs))),
        level=",".join(levels),
        areas=(),
        permitted=True,
    )
    return replace(target, question=question, fault=None)


def laid(table: pa.Table, pulls: Sequence[Pulled], onto: Sequence[Onto]) -> pa.Table:
    """Return the cells on every wanted vintage; one that stays as it is stands there once."""
    stacked = pa.concat_tables([each.applied(table, pulls) for each in onto])
    keys = [name for name in stacked.column_names if name in KEY_COLUMNS or name.isupper()]
    noted = stacked.column("note").to_pylist()
    order = sorted(range(stacked.num_rows), key=lambda row: noted[row] == "RECAST_NO_WAY")
    columns = [stacked.column(name).to_pylist() for name in keys]
    first: dict[tuple[str, ...], int] = {}
    for row in order:
        first.setdefault(tuple(column[row] for column in columns), row)
    return stacked.take([first[key] for key in sorted(first)]).combine_chunks()


def _like(base: pa.Table, loaded: pa.Table) -> pa.Schema:
    return pa.schema([base.schema.field(name) for name in loaded.column_names])


def _places(table: pa.Table) -> list[tuple[str, str, str]]:
    columns = (table.column(name).to_pylist() for name in ("indicator", "level", "area"))
    return list(zip(*columns, strict=True))


def _rules(pulls: Sequence[Pulled]) -> list[Indicator]:
    """Return the indicators of all pulls with the rule each follows; the first to say it counts."""
    found: dict[str, Indicator] = {}
    for pull in sorted(pulls, key=lambda each: (each.agency, each.manifest.dataset)):
        for entry in pull.manifest.indicators:
            found.setdefault(entry.id, indicator_of(entry))
    return list(found.values())


def indicator_of(entry: IndicatorEntry) -> Indicator:
    """Return what decides how an indicator is recalculated; an unknown rule is none."""
    rules, kinds = set(Aggregation), set(MeasureType)
    return Indicator(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        unit=entry.unit,
        measure_type=(
            MeasureType(entry.measure_type) if entry.measure_type in kinds else MeasureType.LABEL
        ),
        aggregate_geo=(
            Aggregation(entry.aggregation) if entry.aggregation in rules else Aggregation.NONE
        ),
        numerator=entry.numerator,
        denominator=entry.denominator,
        weight=entry.weight,
        formula=_formula(entry.formula),
        sample=_sample(entry.sample) if entry.sample else None,
    )


def _sample(entry: SampleEntry) -> Sample:
    """Return what an interval is made of; the words about a survey are not needed for that."""
    return Sample(
        n_indicator=entry.n,
        base_indicator=entry.base,
        stddev_indicator=entry.stddev,
        ci_method=entry.ci_method,
        z=float(entry.z),
        counted_indicator=entry.counted,
        population_indicator=entry.population_indicator,
        lower_indicator=entry.lower,
        upper_indicator=entry.upper,
        weight_scale=entry.weight_scale,
    )


def _formula(text: str | None) -> str | None:
    """Return a formula that we can read; one that we cannot computes nothing."""
    try:
        return text if text and parse(text) else None
    except Invalid:
        return None


def inputs_of(entry: IndicatorEntry) -> tuple[str, ...]:
    """Return the indicators that one is computed from."""
    formula = _formula(entry.formula)
    named = [entry.numerator, entry.denominator, entry.weight]
    named += sorted(parse(formula).inputs) if formula else []
    named += _sample(entry.sample).members if entry.sample else ()
    return tuple(dict.fromkeys(each for each in named if each))


def worded(table: pa.Table, said: Sequence[str], lang: str) -> pa.Array:
    """Return per row in words how a cell was computed, after what is said of it already."""
    if "note" not in table.column_names:
        return pa.array(said, pa.string())
    columns = (table.column(name).to_pylist() for name in ("note", "parts", "level"))
    told = [
        say(note, lang, parts=parts.replace(" ", ", "), level=level) if note else ""
        for note, parts, level in zip(*columns, strict=True)
    ]
    both = [" ".join(filter(None, each)) for each in zip(said, told, strict=True)]
    return pa.array(both, pa.string())
