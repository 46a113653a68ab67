"""A theme as it is compared: every subject of it from every city, for fact sheets and tables.

It asks the catalogue which subjects a theme has, compares each over the nodes, and keeps what came:
figures, marks, releases, and who gave nothing for which reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from hanse.client.comparison import Comparison
from hanse.client.federation import Federation, Wish
from hanse.client.outcome import NodeState
from hanse.cube.codelist import TOTAL
from hanse.cube.differences import result_of
from hanse.cube.period import read_period
from hanse.errors import HanseError, NotFound
from hanse.messages import LANGUAGES
from hanse.report.pictures.cell import Cell
from hanse.report.theme import Absent, Caveat, Entry, Source, Subject, Theme
from hanse.wire import SubjectAnswer

SUBJECTS_MAX: Final = 40
"""How many subjects of a theme are compared in one go."""

SAMPLE_DECIMALS: Final = 1
"""Figures of a sample have at least so many, so that a margin is not nought by rounding."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a theme is asked with: its code, its subjects (none: all of it), and the wish."""

    code: str
    indicators: tuple[str, ...]
    wish: Wish
    at: datetime
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """A theme, and the comparison of all its subjects as one table for a workbook."""

    theme: Theme
    comparison: Comparison


def gather(federation: Federation, asked: Asked) -> Gathered:
    """Compare every subject of a theme.

    Raises `NotFound` (SHEET_NOTHING) where the theme has no subject at the level that is asked, or
    nobody gave a figure of any; what a single node did not give is told in the theme.
    """
    indicators = (asked.indicators or _subjects_of(federation, asked))[:SUBJECTS_MAX]
    told = [federation.catalogue.indicator(each) for each in indicators]
    compared = [federation.compare(each, asked.wish, asked.deadline_seconds) for each in indicators]
    whole = _joined(compared)
    if not whole.table.num_rows:
        raise NotFound("SHEET_NOTHING", theme=asked.code)
    return Gathered(_theme(asked, list(zip(told, compared, strict=True))), whole)


def _subjects_of(federation: Federation, asked: Asked) -> tuple[str, ...]:
    """Return the subjects of a theme in the catalogue's order, as many as are compared at once."""
    found: list[str] = []
    page, pages = 1, 1
    level = asked.wish.level or "gemeente"
    while page <= pages and len(found) < SUBJECTS_MAX:
        answer = federation.search("", page=page, theme=asked.code)
        found += [
            hit.id
            for hit in answer.hits
            if any(each.partition("@")[0] == level.partition("@")[0] for each in hit.levels)
        ]
        page, pages = page + 1, answer.pages
    if not found:
        raise NotFound("SHEET_NOTHING", theme=asked.code)
    return tuple(found[:SUBJECTS_MAX])


def _joined(compared: Sequence[Comparison]) -> Comparison:
    tables = [each.table for each in compared if each.table.num_rows]
    table = pa.concat_tables(tables, promote_options="default") if tables else compared[0].table
    return replace(
        compared[0],
        table=table.combine_chunks(),
        outcomes=tuple(outcome for each in compared for outcome in each.outcomes),
        seconds=sum(each.seconds for each in compared),
        remarks=tuple(remark for each in compared for remark in each.remarks),
    )


def _theme(asked: Asked, told: Sequence[tuple[SubjectAnswer, Comparison]]) -> Theme:
    subjects = [(subject, list(_rows(comparison))) for subject, comparison in told]
    areas = _areas(row for _, rows in subjects for row in rows)
    return Theme(
        code=asked.code,
        areas=areas,
        subjects=tuple(_subject(subject, rows) for subject, rows in subjects if rows),
        sources=_sources(told),
        made_at=asked.at,
        caveats=tuple(
            Caveat(each.origin, each.origin_name, subject.id, each.reason, each.cells)
            for subject, comparison in told
            for each in comparison.remarks
        ),
        absent=tuple(
            Absent(each.name, subject.id, {lang: each.why(lang) for lang in LANGUAGES})
            for subject, comparison in told
            for each in comparison.outcomes
            if each.state is not NodeState.ANSWERED
        )
        + tuple(
            Absent(each.origin_name, subject.id, {lang: each.say(lang) for lang in LANGUAGES})
            for subject, comparison in told
            for each in comparison.elsewhere
        ),
        command=_command(asked, told),
    )


def _rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Yield the totals; of an area that several publish, its own city's figure comes last."""
    table = comparison.table
    breakdowns = [name for name in table.column_names if name.isupper()]
    rows = [row for row in table.to_pylist() if all(row[name] == TOTAL for name in breakdowns)]
    yield from sorted(rows, key=lambda row: row["origin"] == f"NIS{row['area']}")


def _areas(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the name of every area in the order of the names; a code that has none is its own."""
    names: dict[str, str] = {}
    for row in rows:
        own = row["origin"] == f"NIS{row['area']}"
        names[row["area"]] = row["origin_name"] if own else names.get(row["area"], row["area"])
    return dict(sorted(names.items(), key=lambda each: (each[1].casefold(), each[0])))


def _subject(subject: SubjectAnswer, rows: Sequence[dict[str, Any]]) -> Subject:
    first = next(iter(subject.publications), None)
    start = first.indicator.reporting_year_start if first else ""
    sampled = any(row.get("ci_method") for row in rows)
    return Subject(
        id=subject.id,
        name=subject.name,
        definition=subject.description,
        unit=subject.unit,
        decimals=max(first.indicator.decimals if first else 0, SAMPLE_DECIMALS if sampled else 0),
        periods=_ordered({row["period"] for row in rows}, start),
        entries={(row["area"], row["period"]): _entry(row) for row in rows},
    )


def _entry(row: dict[str, Any]) -> Entry:
    sampled = bool(row.get("ci_method"))
    cell = Cell(row["obs_value"], row["obs_status"], row.get("ci_low"), row.get("ci_high"))
    result = result_of(row) if sampled else None
    return Entry(cell, row["mark"], tuple(row["reasons"].split()), result)


def _ordered(periods: set[str], start: str) -> tuple[str, ...]:
    def key(text: str) -> tuple[str, str]:
        try:
            return read_period(text, start).start_date.isoformat(), text
        except HanseError:
            return "", text

    return tuple(sorted(periods, key=key))


def _sources(told: Sequence[tuple[SubjectAnswer, Comparison]]) -> tuple[Source, ...]:
    """Return every release that gave a figure, once, in the order of its publisher."""
    licences = {
        (each.agency, each.dataset): each.licence
        for subject, _ in told
        for each in subject.publications
    }
    found = {}
    for _, comparison in told:
        for each in comparison.outcomes:
            if each.state is NodeState.ANSWERED and each.cells:
                published = each.published_at.isoformat() if each.published_at else ""
                found[each.name, each.dataset, each.release] = Source(
                    each.agency, each.name, each.dataset, each.release, each.manifest, published,
                    licences.get((each.agency, each.dataset), ""), each.protocol,
                )  # fmt: skip
    return tuple(found[key] for key in sorted(found))


def _command(asked: Asked, told: Sequence[tuple[SubjectAnswer, Comparison]]) -> str:
    """Return the command that fetches the first subject's figures."""
    words = ["hanse compare", told[0][0].id]
    for option, value in (
        ("--areas", asked.wish.areas),
        ("--level", asked.wish.level),
        ("--vintage", asked.wish.vintage),
        ("--periods", asked.wish.periods),
        ("--cities", ",".join(asked.wish.cities)),
    ):
        words += [option, f"'{value}'" if " " in value else value] if value else []
    return " ".join(words)
