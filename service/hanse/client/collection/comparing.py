"""Compare what lies in a place: what `hanse compare` gives over the nodes, by an engine.

The engine selects, divides, indexes, ranks and measures the spread. Marks, trends and figures on
other areas than their own are made of what comes out of it, by the code that compares live answers.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pyarrow as pa

from hanse.areas import Registry
from hanse.client.catalogue import choose
from hanse.client.collection.engine import Engine
from hanse.client.collection.place import Kept, Place
from hanse.client.collection.statements import AS_THEY_ARE, Comparing, Source, Transforms
from hanse.client.comparison import Comparison, gathered, judged
from hanse.client.conversation import Pulled
from hanse.client.elsewhere import elsewhere
from hanse.client.expressions import AreaChoice, listed, periods
from hanse.client.fanout import Target
from hanse.client.federation import Wish, offered, together
from hanse.client.outcome import NodeState, Outcome
from hanse.client.recast import inputs_of, laid, widened
from hanse.client.shape import Shape
from hanse.cube import differences
from hanse.cube.benchmark import Spread, ranks, trends
from hanse.cube.cells import KEY_COLUMNS, NUMBER_COLUMNS, is_sampled
from hanse.cube.period import read_period
from hanse.cube.query import PeriodWindow
from hanse.errors import Invalid, NotFound
from hanse.wire import IndicatorEntry, MemberEntry


@dataclass(frozen=True, slots=True)
class _Offer:
    """One indicator of one dataset as it was kept, a file for every level."""

    files: tuple[Kept, ...]
    pulled: Pulled
    indicator: IndicatorEntry

    @property
    def member(self) -> MemberEntry:
        return self.files[0].about.member

    @property
    def dataset(self) -> str:
        return self.files[0].about.dataset

    @property
    def levels(self) -> list[str]:
        return [each.about.level for each in self.files]


def compare(
    place: Place, engine: Engine, indicator: str, wish: Wish, registry: Callable[[], Registry]
) -> Comparison:
    """Lay kept figures side by side, as `Federation.compare` does with live ones.

    `registry` is asked only where figures are wanted on other areas. Raises `NotFound`
    (PLACE_NOTHING) where nothing of the indicators lies here, and what a place or engine raises.
    """
    started = time.monotonic()
    base = wish.shape.per
    named = listed(f"{indicator},{base}" if base else indicator)
    offers = _offers(place, named, wish)
    targets = _targets(offers, wish)
    onto = wish.onto(registry(), targets, _towns(place, wish)) if wish.recasts else ()
    if onto:
        inputs = {each for offer in offers for each in inputs_of(offer.indicator)}
        offers = _offers(place, (*named, *sorted(inputs)), wish)
        targets = [widened(target, onto) for target in targets]
    pulls = list({(each.pulled.agency, each.dataset): each.pulled for each in offers}.values())
    done = _engaged(place, engine, offers, targets, wish)
    table = done.table
    if onto:
        table = wish.shape.applied(laid(table, pulls, onto))
    table, remarks = judged(table, pulls, frozenset(each.target for each in onto))
    if wish.shape.spread and not onto:
        beside = done.spreads, trends(table)
    else:
        beside = wish.shape.beside(table)
    table, differs = differences.told(table, wish.shape.z)
    outcomes = tuple(_outcome(target, offers, done.counts) for target in targets)
    seconds = time.monotonic() - started
    by_place = {(each.agency, each.manifest.dataset): each for each in pulls}
    asked = [(each, by_place.get((each.member.agency, each.question.dataset))) for each in targets]
    blank = () if onto else elsewhere(table, asked, periods(wish.periods))
    return Comparison(table, outcomes, seconds, 0.0, remarks, *beside, differs, blank, wish.shape)


def _targets(offers: Sequence[_Offer], wish: Wish) -> list[Target]:
    """Return what each publisher would be asked, a dataset of several indicators once."""
    agencies = dict.fromkeys(each.member.agency for each in offers)
    return [
        target
        for agency in sorted(agencies)
        for target in together(
            [offered(each.member, each, wish) for each in offers if each.member.agency == agency]
        )
    ]


def _towns(place: Place, wish: Wish) -> tuple[str, ...]:
    if not wish.beside or not wish.cities:
        return ()
    chosen = choose(list(place.members()), wish.cities)
    return tuple(each.agency.removeprefix("NIS") for each in chosen)


def _offers(place: Place, named: Sequence[str], wish: Wish) -> list[_Offer]:
    """Return what is kept of these indicators by the cities that are wished."""
    kept = place.kept(named)
    members = {each.about.member.agency: each.about.member for each in kept}
    agencies = {each.agency for each in choose(list(members.values()), wish.asks)}
    files: dict[tuple[str, str, str], list[Kept]] = {}
    for each in kept:
        if each.about.member.agency in agencies:
            key = (each.about.member.agency, each.about.dataset, each.about.indicator)
            files.setdefault(key, []).append(each)
    if not files:
        raise NotFound("PLACE_NOTHING", place=place.url[:80], indicator=", ".join(named)[:80])
    return [_offer(place, each) for each in files.values()]


def _offer(place: Place, files: Sequence[Kept]) -> _Offer:
    about = files[0].about
    manifest = place.manifest(about)
    entry = next((each for each in manifest.indicators if each.id == about.indicator), None)
    if entry is None:
        raise Invalid("PLACE_DAMAGED", place=place.url[:80], file=files[0].folder[:120])
    pulled = Pulled(
        table=gathered([]),
        node=about.member.base_url,
        agency=about.member.agency,
        name=about.member.name,
        release=about.release,
        manifest=manifest,
        manifest_digest=about.manifest,
        protocol=about.protocol,
        decision=about.decision,
        reused=True,
    )
    return _Offer(tuple(files), pulled, entry)


@dataclass(frozen=True, slots=True)
class _Computed:
    """What the engine gave: figures, their spread where it is wanted, cells by publisher."""

    table: pa.Table
    spreads: tuple[Spread, ...]
    counts: Mapping[tuple[str, str], int]


def _engaged(
    place: Place, engine: Engine, offers: Sequence[_Offer], targets: Sequence[Target], wish: Wish
) -> _Computed:
    files = [each for target in targets for each in _asked(target, offers)]
    shape = Shape() if wish.recasts else wish.shape
    with closing(engine):
        if not files:
            return _Computed(gathered([]), (), {})
        question = _question(engine, place, files, wish)
        _can_be(shape, files, question)
        table = _settled(engine.ask(question.rows()), question)
        spreads = _spreads(engine.ask(question.spreads())) if shape.spread else ()
        counted = engine.ask(question.counts()).to_pylist()
    counts = {(each["origin"], each["dataset"]): int(each["cells"]) for each in counted}
    return _Computed(_told(shape.sure(table), shape), spreads, counts)


def _asked(target: Target, offers: Sequence[_Offer]) -> list[Kept]:
    """Return the kept files that answer a question."""
    if target.fault:
        return []
    asked = target.question
    place = (target.member.agency, asked.dataset)
    own = [each for each in offers if (each.member.agency, each.dataset) == place]
    levels = set(asked.level.split(","))
    return [
        file
        for offer in own
        if offer.indicator.id in asked.indicators
        for file in offer.files
        if file.about.level in levels
    ]


def _question(engine: Engine, place: Place, files: Sequence[Kept], wish: Wish) -> Comparing:
    """Name the files as views, one for every shape; return the question over them."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    for each in files:
        shapes.setdefault(tuple(each.about.columns), []).append(each.path)
    sources = []
    for number, (columns, paths) in enumerate(shapes.items()):
        engine.view(f"figures_{number}", place, paths)
        sources.append(Source(f"figures_{number}", columns))
    areas = () if wish.recasts else AreaChoice.parse(wish.areas).codes
    shape = wish.shape
    # two samples are ranked only where their intervals lie apart: said here, for they are few
    apart = any(map(is_sampled, shapes)) and not shape.per
    rank = shape.rank and not (apart and not shape.index)
    transforms = Transforms(shape.per, shape.times, shape.index, rank)
    return Comparing(
        tuple(sources), areas, _periods(files, wish), AS_THEY_ARE if wish.recasts else transforms
    )


def _periods(files: Sequence[Kept], wish: Wish) -> tuple[str, ...]:
    """Return the kept periods inside the wished window; () where it is open."""
    window = PeriodWindow.spelled(periods(wish.periods))
    if window == PeriodWindow():
        return ()
    kept = {period for each in files for period in each.about.periods}
    return tuple(sorted(each for each in kept if window.holds(read_period(each)))) or ("",)


def _can_be(shape: Shape, files: Sequence[Kept], question: Comparing) -> None:
    """Refuse a base or an index that nothing here is about, as live figures do."""
    if shape.per and all(each.about.indicator != shape.per for each in files):
        raise Invalid("BENCHMARK_BASE", indicator=shape.per[:60])
    kept = {period for each in files for period in each.about.periods}
    shown = kept & set(question.periods) if question.periods else kept
    if shape.index and shape.index not in shown:
        raise Invalid("BENCHMARK_PERIOD", period=shape.index[:20])


def _settled(table: pa.Table, question: Comparing) -> pa.Table:
    """Return an engine's answer in the types and order of a comparison, whatever engine it was."""
    numbers = {*NUMBER_COLUMNS, "rank"}
    columns = {
        name: table.column(name).cast(pa.float64() if name in numbers else pa.string())
        for name in table.column_names
    }
    keys = (*KEY_COLUMNS, *question.dimensions, "origin", "dataset")
    sorted_table = pa.table(columns).sort_by([(name, "ascending") for name in keys])
    return sorted_table.combine_chunks()


def _told(table: pa.Table, shape: Shape) -> pa.Table:
    """Return the table with what says how figures are shown, places in a ranking last."""
    if not shape.rank:
        return shape.told(table)
    if "rank" not in table.column_names:
        return table.append_column("rank", pa.array(ranks(table), pa.float64()))
    places = table.column("rank")
    return shape.told(table.drop_columns(["rank"])).append_column("rank", places)


def _spreads(table: pa.Table) -> tuple[Spread, ...]:
    found = []
    for row in table.to_pylist():
        names = ("lowest", "median", "mean", "highest", "deviation")
        numbers = [None if row[name] is None else float(row[name]) for name in names]
        key = (row["indicator"], row["level"], row["period"])
        found.append(Spread(*key, int(row["of_all"]), int(row["shown"]), *numbers))
    return tuple(sorted(found, key=lambda each: (each.indicator, each.level, each.period)))


def _outcome(
    target: Target, offers: Sequence[_Offer], counts: Mapping[tuple[str, str], int]
) -> Outcome:
    """Return the account of one publisher: what was kept, given under which protocol."""
    blank = replace(target.blank, reused=True)
    if target.fault:
        code, parameters = target.fault.code, target.fault.parameters
        return replace(blank, state=NodeState.ABSENT, code=code, parameters=parameters)
    place = (target.member.agency, target.question.dataset)
    pulled = next(e.pulled for e in offers if (e.member.agency, e.dataset) == place)
    return replace(
        blank,
        state=NodeState.ANSWERED,
        cells=counts.get(place, 0),
        release=pulled.release,
        manifest=pulled.manifest_digest,
        published_at=pulled.manifest.published_at,
        protocol=pulled.protocol,
        decision=pulled.decision,
        licence=pulled.manifest.licence,
        title=pulled.manifest.title,
    )
