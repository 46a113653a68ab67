"""The figures of an indicator page: asked of the nodes at that moment, as anybody could ask.

The catalogue holds no figure and has no rights of its own: it is an anonymous client of the nodes'
open data, keeps nothing of what it shows, and says of every node what it gave, or why not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hanse.catalog.choice import Choice
from hanse.client.conversation import Conversation, Pulled
from hanse.client.deadline import Deadline
from hanse.client.fanout import Reply, Target, ask_all
from hanse.client.marks import Marks, Place, facts_of
from hanse.client.outcome import Outcome
from hanse.client.question import Question
from hanse.client.verification import Pin
from hanse.cube.codelist import TOTAL
from hanse.cube.comparability import Mark, mark
from hanse.cube.period import read_period
from hanse.outbound import Outbound
from hanse.wire import IndicatorEntry, MemberEntry, Publication

PAGE_SECONDS = 3.0
"""What a reader waits for at most; a node that takes longer is shown as slow."""

PAGE_BYTES = 8_000_000
"""What one node may answer for a page: every area of one level, with every code it has."""

MOST_CELLS = 1_000
"""Cells that a page shows; whoever wants more pulls them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of one node, with the release it is from and how far it compares.

    `margin` is half the interval of a figure of a sample.
    """

    publication: Publication
    entry: IndicatorEntry
    level: str
    area: str
    period: str
    value: float | None
    status: str
    release: str
    manifest: str
    mark: Mark
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the nodes gave: cells (at most `MOST_CELLS` of `total`), and each node's account."""

    cells: tuple[Figure, ...]
    total: int
    outcomes: tuple[tuple[Publication, Outcome], ...]
    governed: tuple[Publication, ...]


async def gather(
    way: Outbound,
    publications: Sequence[Publication],
    members: Sequence[MemberEntry],
    choice: Choice,
) -> Figures:
    """Ask every node that publishes openly, all at once and within `PAGE_SECONDS`."""
    known = {member.agency: member for member in members}
    asked = [
        (each, level)
        for each in publications
        if each.access == "open" and each.current and (level := choice.level_of(each))
    ]
    targets = [Target(known[each.agency], _question(each, level, choice)) for each, level in asked]

    def talk(url: str, pin: Pin) -> Conversation:
        return Conversation(url, way, pin=pin)

    patience = replace(Deadline.after(PAGE_SECONDS), answer_bytes=PAGE_BYTES)
    replies = await ask_all(targets, talk, patience)
    answered = [
        (publication, reply.pulled)
        for (publication, _), reply in zip(asked, replies, strict=True)
        if reply.pulled
    ]
    cells = _cells(answered)
    return Figures(
        cells=tuple(cells[:MOST_CELLS]),
        total=len(cells),
        outcomes=_accounts(asked, replies),
        governed=tuple(each for each in publications if each.access != "open"),
    )


def _question(publication: Publication, level: str, choice: Choice) -> Question:
    return Question(
        dataset=publication.dataset,
        indicators=(publication.indicator.id,),
        level=level,
        areas=choice.areas,
        periods=choice.period,
        permitted=True,
    )


def _accounts(
    asked: Iterable[tuple[Publication, str]], replies: Iterable[Reply]
) -> tuple[tuple[Publication, Outcome], ...]:
    accounts = [
        (publication, reply.outcome) for (publication, _), reply in zip(asked, replies, strict=True)
    ]
    return tuple(sorted(accounts, key=lambda each: each[0].agency_name))


def _cells(answered: Sequence[tuple[Publication, Pulled]]) -> list[Figure]:
    rows = [
        (publication, pulled, row) for publication, pulled in answered for row in _totals(pulled)
    ]
    rows.sort(key=lambda each: (each[0].agency_name, each[2]["level"], each[2]["area"]))
    places = [_place(pulled, row) for _, pulled, row in rows]
    marks = Marks.over([pulled for _, pulled in answered], places)
    return [
        Figure(
            publication=publication,
            entry=marks.entries[place[:3]],
            level=place.level,
            area=str(row["area"]),
            period=place.period,
            value=row["obs_value"],
            status=place.obs_status,
            release=pulled.release,
            manifest=pulled.manifest_digest,
            mark=_mark(marks, place),
            margin=_margin(row),
        )
        for (publication, pulled, row), place in zip(rows, places, strict=True)
    ]


def _margin(row: Mapping[str, Any]) -> float | None:
    low, high = row.get("ci_low"), row.get("ci_high")
    return None if low is None or high is None else (high - low) / 2


def _mark(marks: Marks, place: Place) -> Mark:
    own = facts_of(marks.entries[place[:3]], place.level)
    period = read_period(place.period, own.reporting_year_start)
    return mark(marks.reference, own, period, place.obs_status)


def _totals(pulled: Pulled) -> list[dict[str, Any]]:
    """Return the cells over all breakdowns together: a page compares areas, not age groups."""
    rows: list[dict[str, Any]] = pulled.table.to_pylist()
    dimensions = [name for name in pulled.table.column_names if name.isupper()]
    return [row for row in rows if all(row[name] == TOTAL for name in dimensions)]


def _place(pulled: Pulled, row: dict[str, Any]) -> Place:
    names = ("indicator", "level", "period", "obs_status")
    return Place(pulled.agency, pulled.manifest.dataset, *(str(row[name]) for name in names))
