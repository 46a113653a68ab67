"""The federation as one thing to ask: search it, pull from it, lay its figures side by side.

with connect() as federation:
    federation.compare("v2506_elek_res_n", cities=["Aalst", "Gent"], periods="2018:")
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol, Self

from hanse.areas import Registry
from hanse.areas.combination import combination, comparators
from hanse.client.areas import AreaCopies
from hanse.client.cache import AnswerCache
from hanse.client.catalogue import Catalogue, CatalogueTalk, choose
from hanse.client.comparison import Comparison, assemble
from hanse.client.deadline import Deadline
from hanse.client.elsewhere import Elsewhere, elsewhere
from hanse.client.expressions import AreaChoice, listed, periods
from hanse.client.fanout import Reply, Target, ask_all
from hanse.client.keys import ClientKey
from hanse.client.line import Line, networks_of
from hanse.client.node import NodeClient
from hanse.client.question import Question
from hanse.client.recast import Onto, inputs_of, placed, widened
from hanse.client.settings import ClientConfig, ClientSettings, read_config, read_settings
from hanse.client.shape import AS_IT_IS, Shape
from hanse.client.signin import Credentials
from hanse.errors import HanseError, NotFound
from hanse.wire import IndexedDataset, IndicatorEntry, MemberEntry, SearchAnswer

DEFAULT_LEVEL: Final = "gemeente"
ASSEMBLY_SHARE: Final = 0.05
"""What is kept of the total time for laying the figures side by side."""

Step = Callable[[Deadline], Coroutine[Any, Any, Sequence[Target]]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants, in the words they type; `cities` empty means every member.

    `beside` names what figures are held against: words of `hanse.areas.combination.COMPARATORS`.
    """

    areas: str = ""
    periods: str = ""
    level: str = ""
    cities: tuple[str, ...] = ()
    release: str = ""
    purpose: str = ""
    permitted: bool = False
    vintage: str = ""
    combine: tuple[str, ...] = ()
    bounds: bool = False
    shape: Shape = AS_IT_IS
    beside: tuple[str, ...] = ()

    @property
    def recasts(self) -> bool:
        """Whether figures are wanted on other areas than those they stand on."""
        return bool(self.vintage or self.combine or self.beside)

    @property
    def asks(self) -> tuple[str, ...]:
        """The cities that must be asked: whoever wants a comparator needs everybody in it."""
        return () if self.beside else self.cities

    def question(self, dataset: str, indicators: tuple[str, ...], levels: list[str]) -> Question:
        """Return the question to one node that has the dataset at these levels."""
        choice = AreaChoice.parse(self.areas)
        level = choice.level or self.level
        named = replace(choice, level=level)
        wanted = bool(level or choice.codes)
        return Question(
            dataset=dataset,
            indicators=indicators,
            level=named.level_among(levels, DEFAULT_LEVEL) if wanted else "",
            areas=choice.codes,
            periods=periods(self.periods),
            release=self.release,
            purpose=self.purpose,
            permitted=self.permitted,
        )

    def onto(
        self, registry: Registry, targets: Sequence[Target], towns: Sequence[str] = ()
    ) -> tuple[Onto, ...]:
        """Return the areas that the figures of these targets are wanted on, vintage by vintage.

        `towns` are the municipalities of the chosen cities, by their code.
        """
        choice = AreaChoice.parse(self.areas)
        code, _, year = (choice.level or self.level or DEFAULT_LEVEL).partition("@")
        asked = [set(target.question.indicators) for target in targets]
        every = frozenset[str]().union(*asked) if all(asked) else frozenset[str]()
        years = [each.strip() for each in self.vintage.split(",") if each.strip()] or [year]
        found = []
        for target in (placed(registry, code, each) for each in years):
            codes = choice.codes or (self._of_towns(registry, target, towns) if self.beside else ())
            wanted = [combination(registry, each, target) for each in self.combine]
            wanted += comparators(registry, target, codes, self.beside)
            found.append(Onto.of(registry, target, codes, tuple(wanted), bounds=self.bounds))
        return tuple(replace(each, indicators=every) for each in found)

    @staticmethod
    def _of_towns(registry: Registry, target: str, towns: Sequence[str]) -> tuple[str, ...]:
        """Return the areas of a level that lie in these municipalities, or that they lie in now."""
        code, _, year = target.partition("@")
        if code == DEFAULT_LEVEL:
            return tuple(each for each in towns if each in registry.areas(target))
        home = f"{DEFAULT_LEVEL}@{year}"
        known = registry.areas(home) if registry.has(home) else {}
        held = (registry.below(home, each, target) for each in towns if each in known)
        return tuple(sorted(frozenset[str]().union(*held)))


class Federation:
    """Everything one user may ask; a catalogue names the nodes and pins their keys.

    `purpose` is what figures are for where a wish does not say.
    """

    def __init__(self, catalogue: str, line: Line, purpose: str = "") -> None:
        self._line = line
        self._purpose = purpose
        self.catalogue = Catalogue(catalogue, line=line)
        self._index = CatalogueTalk(self.catalogue.url, line.blocking.way)
        kept = line.cache.folder / "areas" if line.cache and line.cache.keep != "nothing" else None
        self._areas = AreaCopies(self.catalogue.url, line.blocking.way, kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._line.close()

    def search(self, q: str, *, page: int = 1, **facets: str) -> SearchAnswer:
        """Search the catalogue."""
        return self.catalogue.search(q, page=page, **facets)

    def node(self, city: str) -> NodeClient:
        """Return a client of one member's node, its keys pinned."""
        return self.catalogue.node(city)

    def compare(
        self, indicator: str, wish: Wish | None = None, deadline_seconds: float | None = None
    ) -> Comparison:
        """Lay the figures of many nodes side by side, within one total deadline.

        `indicator` is one id, or several with commas between.
        Every node is accounted for in `outcomes`; what did not come is never waited for. Raises
        only when the catalogue itself cannot be asked, or nobody publishes the indicator.
        """
        asked = replace(self._meant(wish), permitted=True)
        base = asked.shape.per
        step = partial(self._compared, f"{indicator},{base}" if base else indicator, asked)
        return self._gathered(step, deadline_seconds, marked=True, wish=asked)

    def get(
        self, subject: str, wish: Wish | None = None, deadline_seconds: float | None = None
    ) -> Comparison:
        """Pull `dataset` or `dataset/indicator` from every node that has it, or from `cities`.

        The table says of every cell whose it is; figures are not judged against each other.
        """
        asked = self._meant(wish)
        step = partial(self._pulled, subject, asked)
        return self._gathered(step, deadline_seconds, marked=asked.recasts, wish=asked)

    def locate(self, subject: str, wish: Wish) -> tuple[tuple[MemberEntry, Question], ...]:
        """Return which nodes a subject would be pulled from, and with which question."""
        targets = self._line.wait(partial(self._pulled, subject, self._meant(wish)))
        for target in targets:
            if target.fault:
                raise target.fault
        return tuple((target.member, target.question) for target in targets)

    def _meant(self, wish: Wish | None) -> Wish:
        said = wish or Wish()
        return replace(said, purpose=said.purpose or self._purpose)

    def areas(self) -> Registry:
        """Return the area registry of the catalogue: the kept copy while it is away."""
        return self._line.wait(self._areas.registry)

    def collect(
        self, indicator: str, wish: Wish, deadline_seconds: float | None = None
    ) -> tuple[tuple[Target, Reply], ...]:
        """Return what every node gives of the indicators, whole: every level, area and period."""
        asked = replace(self._meant(wish), permitted=True)
        allowed = deadline_seconds or self._line.deadline_seconds

        async def run(within: Deadline) -> tuple[tuple[Target, Reply], ...]:
            nodes = Deadline(within.at - ASSEMBLY_SHARE * allowed, within.clock)
            narrow = await self._compared(indicator, asked, nodes)
            targets = [_whole(target, asked) for target in narrow]
            replies = await ask_all(targets, self._line.conversation, nodes)
            return tuple(zip(targets, replies, strict=True))

        return self._line.wait(run, allowed)

    def _gathered(
        self, step: Step, seconds: float | None, *, marked: bool, wish: Wish
    ) -> Comparison:
        allowed = seconds or self._line.deadline_seconds

        async def run(within: Deadline) -> Comparison:
            started = within.clock()
            nodes = Deadline(within.at - ASSEMBLY_SHARE * allowed, within.clock)
            targets = await step(nodes)
            onto: tuple[Onto, ...] = ()
            if wish.recasts:
                registry = await self._areas.registry(nodes)
                onto = wish.onto(registry, targets, await self._towns(wish, nodes))
                targets = [widened(target, onto) for target in targets]
            replies = await ask_all(targets, self._line.conversation, nodes)
            spent = within.clock() - started
            found = assemble(replies, spent, allowed, marked=marked, onto=onto, shape=wish.shape)
            return replace(found, elsewhere=blanks(found, targets, replies, wish))

        return self._line.wait(run, allowed)

    async def _towns(self, wish: Wish, within: Deadline) -> tuple[str, ...]:
        """Return the municipalities of the chosen cities, where figures are held against more."""
        if not wish.beside or not wish.cities:
            return ()
        chosen = choose(await self._index.members(within), wish.cities)
        return tuple(each.agency.removeprefix("NIS") for each in chosen)

    async def _compared(self, indicator: str, wish: Wish, within: Deadline) -> list[Target]:
        named = listed(indicator)
        members, subjects = await asyncio.gather(
            self._index.members(within),
            asyncio.gather(*(self._index.indicator(each, within) for each in named)),
        )
        published = [each for subject in subjects for each in subject.publications]
        targets = []
        named_cities = {each.agency for each in choose(members, wish.cities)}
        for member in choose(members, wish.asks):
            offers = [each for each in published if each.agency == member.agency]
            targets += together([offered(member, offer, wish) for offer in offers])
            if not offers and wish.cities and member.agency in named_cities:
                absent = NotFound("INDICATOR_NOT_THERE", indicator=indicator, city=member.name)
                targets.append(Target(member, Question(""), absent))
        if not targets:
            raise NotFound("INDICATOR_NOWHERE", indicator=indicator)
        return targets

    async def _pulled(self, subject: str, wish: Wish, within: Deadline) -> list[Target]:
        slug, _, named = subject.partition("/")
        indicators = tuple(each for each in named.split(",") if each)
        holders, members = await asyncio.gather(
            self._index.holders(slug, within), self._index.members(within)
        )
        by_agency = {holder.agency: holder for holder in holders}
        chosen = choose(members, wish.cities)
        targets = [
            _held(member, by_agency.get(member.agency), (slug, indicators), wish)
            for member in chosen
            if wish.cities or member.agency in by_agency
        ]
        if not targets:
            raise NotFound("DATASET_NOWHERE", dataset=slug)
        return targets


def blanks(
    found: Comparison, targets: Sequence[Target], replies: Sequence[Reply], wish: Wish
) -> tuple[Elsewhere, ...]:
    """Return which blanks of a comparison may stand on the areas of another vintage."""
    if wish.recasts:
        return ()
    pulls = [(target, reply.pulled) for target, reply in zip(targets, replies, strict=True)]
    return elsewhere(found.table, pulls, periods(wish.periods))


def together(targets: Sequence[Target]) -> list[Target]:
    """Return one target for all indicators that are asked of one dataset in one way."""
    found: dict[tuple[str, str, bool], Target] = {}
    for each in targets:
        key = (each.question.dataset, each.question.level, each.fault is not None)
        known = found.get(key)
        if known is None:
            found[key] = each
            continue
        indicators = (*known.question.indicators, *each.question.indicators)
        question = replace(known.question, indicators=tuple(dict.fromkeys(indicators)))
        inputs = tuple(dict.fromkeys((*known.inputs, *each.inputs)))
        found[key] = replace(known, question=question, inputs=inputs)
    return list(found.values())


def _whole(target: Target, wish: Wish) -> Target:
    """Return a target that is asked for every level where none is named."""
    if wish.level or not target.question.dataset:
        return target
    return replace(target, question=replace(target.question, level="", areas=()), fault=None)


class Offer(Protocol):
    """An indicator as a dataset offers it: of the index, or of what was kept."""

    @property
    def dataset(self) -> str:
        """The dataset's slug."""

    @property
    def indicator(self) -> IndicatorEntry:
        """What its manifest says of it."""

    @property
    def levels(self) -> list[str]:
        """The levels it stands on."""


def offered(member: MemberEntry, offer: Offer, wish: Wish) -> Target:
    """Return the question to a member about one indicator; LEVEL_ABSENT is an outcome of it."""
    inputs = inputs_of(offer.indicator)
    try:
        wished = wish if wish.level or wish.areas else replace(wish, level=DEFAULT_LEVEL)
        question = wished.question(offer.dataset, (offer.indicator.id,), offer.levels)
    except NotFound as fault:
        if fault.code != "LEVEL_ABSENT":
            raise
        if not wish.recasts:
            return Target(member, Question(offer.dataset), fault)
        spelled = replace(wish, areas="", level="")
        question = spelled.question(offer.dataset, (offer.indicator.id,), offer.levels)
        return Target(member, question, fault, tuple(offer.levels), inputs)
    return Target(member, question, None, tuple(offer.levels), inputs)


def _held(
    member: MemberEntry,
    holder: IndexedDataset | None,
    subject: tuple[str, tuple[str, ...]],
    wish: Wish,
) -> Target:
    slug, indicators = subject
    if holder is None:
        return Target(member, Question(slug), NotFound("DATASET_NOWHERE", dataset=slug))
    try:
        question = wish.question(slug, indicators, holder.dataset.levels)
        own = {each.id: each for each in holder.dataset.indicators}
        inputs = [each for code in indicators if code in own for each in inputs_of(own[code])]
        held = tuple(each for each in inputs if each in own)
        return Target(member, question, None, tuple(holder.dataset.levels), held)
    except HanseError as fault:
        if fault.code != "LEVEL_ABSENT":
            raise
        return Target(member, Question(slug), fault)


def connect(
    settings: ClientSettings | None = None, config: ClientConfig | None = None
) -> Federation:
    """Open a line as `hanse login` set it up; raises `NotFound` when nobody signed in here yet."""
    known = settings or read_settings()
    chosen = config or read_config(known.config)
    credentials = None
    if chosen.client_id and chosen.key:
        credentials = Credentials(chosen.client_id, ClientKey.read(chosen.key), chosen.issuers)
    line = Line.open(
        credentials,
        networks=(*networks_of(chosen.catalogue), *chosen.networks),
        cache=AnswerCache(known.cache, known.keep),
        deadline_seconds=known.deadline_seconds,
    )
    return Federation(chosen.catalogue, line, known.purpose)
