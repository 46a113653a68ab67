"""The catalogue: what is published where, by whom, and which keys each node signs with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from hanse.client.answers import expect, read
from hanse.client.deadline import Deadline
from hanse.client.line import Line, networks_of
from hanse.client.node import NodeClient
from hanse.client.signin import Credentials
from hanse.client.verification import Pin
from hanse.errors import NotFound
from hanse.outbound import Ask, Origin, Outbound, Transport
from hanse.wire import (
    IndexedDataset,
    IndexedDatasets,
    MemberEntry,
    Members,
    SearchAnswer,
    SubjectAnswer,
)

INDEX_BYTES: Final = 40_000_000
PAGES_MAX: Final = 200

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CatalogueTalk:
    """The conversation with a catalogue."""

    url: str
    way: Outbound

    async def members(self, within: Deadline) -> tuple[MemberEntry, ...]:
        """Return every member that publishes."""
        members = (await self._get(Members, "/v1/members", within)).members
        return tuple(member for member in members if member.status == "active")

    async def indicator(self, indicator: str, within: Deadline) -> SubjectAnswer:
        """Return every publication of an indicator or concept."""
        return await self._get(SubjectAnswer, f"/v1/indicators/{quote(indicator, safe='')}", within)

    async def search(self, parameters: dict[str, str], within: Deadline) -> SearchAnswer:
        """Return a page of subjects."""
        return await self._get(SearchAnswer, f"/v1/search?{urlencode(parameters)}", within)

    async def holders(self, slug: str, within: Deadline) -> tuple[IndexedDataset, ...]:
        """Return every node's dataset of this name; raises `NotFound` when no node has it."""
        found = tuple(each for each in await self.every(within) if each.dataset.slug == slug)
        if not found:
            raise NotFound("DATASET_NOWHERE", dataset=slug)
        return found

    async def every(self, within: Deadline) -> tuple[IndexedDataset, ...]:
        """Return every dataset of every node, by agency and name."""
        found: list[IndexedDataset] = []
        for page in range(1, PAGES_MAX + 1):
            answer = await self._get(IndexedDatasets, f"/v1/datasets?page={page}", within)
            found += answer.datasets
            if page >= answer.pages:
                break
        return tuple(found)

    async def _get(self, model: type[Model], path: str, within: Deadline) -> Model:
        headers = {"Accept": "application/json"}
        limits = within.limits(INDEX_BYTES)
        ask = Ask(Origin.of(self.url), self.url + path, headers=headers, limits=limits)
        return read(model, expect(await self.way.fetch(ask)))


class Catalogue:
    """Asks the catalogue at `url`, for code that waits; searching needs no sign-in."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        transport: Transport | None = None,
        line: Line | None = None,
    ) -> None:
        self._own = line is None
        self._line = line or Line.open(credentials, transport=transport, networks=networks_of(url))
        self.url = url.rstrip("/")
        self._talk = CatalogueTalk(self.url, self._line.blocking.way)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they belong to a line that was handed in."""
        if self._own:
            self._line.close()

    def search(self, q: str, *, page: int = 1, **facets: str) -> SearchAnswer:
        """Return a page of subjects; facets are theme, level, access, agency, state."""
        chosen = {name: value for name, value in facets.items() if value}
        parameters = {"q": q, **chosen, **({"page": str(page)} if page > 1 else {})}
        return self._line.wait(partial(self._talk.search, parameters))

    def members(self) -> tuple[MemberEntry, ...]:
        """Return every member that publishes, with its keys and how fresh the index is about it."""
        return self._line.wait(self._talk.members)

    def indicator(self, indicator: str) -> SubjectAnswer:
        """Return every publication of an indicator or concept, over all nodes."""
        return self._line.wait(partial(self._talk.indicator, indicator))

    def datasets(self, slug: str) -> tuple[IndexedDataset, ...]:
        """Return every node's dataset of this name."""
        return self._line.wait(partial(self._talk.holders, slug))

    def every(self) -> tuple[IndexedDataset, ...]:
        """Return every dataset of every node."""
        return self._line.wait(self._talk.every)

    def node(self, city: str) -> NodeClient:
        """Return a client of a member's node, its keys pinned; `city` is its code or its name."""
        (member,) = choose(self.members(), [city])
        return NodeClient(member.base_url, pin=Pin.of(member), line=self._line)


def choose(members: Sequence[MemberEntry], cities: Sequence[str]) -> tuple[MemberEntry, ...]:
    """Return the members that are meant: `NIS41002`, `41002` or `Aalst`; all where none is named.

    Raises `NotFound` for one that is no member.
    """
    if not cities:
        return tuple(members)
    chosen: dict[str, MemberEntry] = {}
    for city in cities:
        member = next((each for each in members if _is(each, city)), None)
        if member is None:
            raise NotFound("CITY_UNKNOWN", city=city[:60])
        chosen[member.agency] = member
    return tuple(chosen.values())


def _is(member: MemberEntry, city: str) -> bool:
    wanted = city.strip().casefold()
    known = {member.agency, member.agency.removeprefix("NIS"), member.name}
    known.add(member.name.removeprefix("Stad ").removeprefix("Gemeente "))
    return wanted in {each.casefold() for each in known}
