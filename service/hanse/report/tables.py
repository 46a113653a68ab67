"""The full table report of a theme: every subject, area and period, each with its mark."""

from collections.abc import Iterator

from hanse.messages import nearest, say
from hanse.report import formats
from hanse.report.document import (
    Block,
    Column,
    Document,
    Gallery,
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
)
from hanse.report.pictures.canvas import Words
from hanse.report.pictures.lines import Line, OverTime
from hanse.report.theme import COMPARABLE, Absent, Subject, Theme

PERIODS_ACROSS = 8
"""How many periods stand beside one another; more make a next table."""
OTHERWISE = "*"
"""Beside a figure that does not simply compare."""


def document(theme: Theme, lang: str) -> Document:
    """Return the report in a language."""
    label = theme.label(lang)
    return Document(
        lang=lang,
        title=say("TABLES_TITLE", lang, theme=label),
        subtitle=say("SHEET_SUBTITLE", lang, count=len(theme.areas)),
        made_at=theme.made_at,
        author="",
        sections=(*(_subject(theme, each, lang) for each in theme.subjects), *_ends(theme, lang)),
        footer=label,
        compact=True,
    )


def _subject(theme: Theme, subject: Subject, lang: str) -> Section:
    return Section(subject.title(lang), tuple(_blocks(theme, subject, lang)))


def _blocks(theme: Theme, subject: Subject, lang: str) -> Iterator[Block]:
    definition = nearest(subject.definition, lang)
    if definition:
        yield Paragraph(definition)
    first, *rest = _tables(theme, subject, lang)
    if len(subject.periods) > 1:
        yield Gallery((_multiples(theme, subject, lang),), first)
    else:
        yield first
    yield from rest
    told = [
        f"{each.who}: {each.reason.say(lang)} ({each.cells})"
        for each in theme.caveats
        if each.indicator == subject.id
    ]
    told += [f"{each.who}: {nearest(each.why, lang)}" for each in _gone(theme, subject)]
    if told:
        yield Listing(tuple(dict.fromkeys(told)))


def _multiples(theme: Theme, subject: Subject, lang: str) -> Picture:
    lines = [
        Line(name, tuple(subject.at(code, each).cell for each in subject.periods))
        for code, name in theme.areas.items()
    ]
    words = Words(subject.title(lang), say("TABLES_MULTIPLES", lang), lang, subject.decimals)
    return OverTime(words, subject.periods, lines).multiples().picture


def _gone(theme: Theme, subject: Subject) -> Iterator[Absent]:
    return (each for each in theme.absent if each.indicator == subject.id)


def _tables(theme: Theme, subject: Subject, lang: str) -> list[Table]:
    periods = subject.periods or ("",)
    starts = range(0, len(periods), PERIODS_ACROSS)
    pieces = [periods[start : start + PERIODS_ACROSS] for start in starts]
    return [_table(theme, subject, piece, lang) for piece in pieces]


def _table(theme: Theme, subject: Subject, periods: tuple[str, ...], lang: str) -> Table:
    columns = (
        Column(say("PICTURE_AREA", lang)),
        *(Column(period, figure=True) for period in periods),
    )
    rows = [
        (name, *(_figure(subject, (code, period), lang) for period in periods))
        for code, name in theme.areas.items()
    ]
    means = [subject.mean(theme.areas, period) for period in periods]
    spelled = [
        f"{formats.decimal(mean.value, lang, subject.decimals)} ({mean.counted})"
        if mean
        else formats.NONE
        for mean in means
    ]
    caption = f"{subject.title(lang)}, {periods[0]} {formats.NONE} {periods[-1]}"
    return Table(caption, columns, (*rows, (say("TABLES_MEAN", lang), *spelled)))


def _figure(subject: Subject, place: tuple[str, str], lang: str) -> str:
    entry = subject.at(*place)
    shown = entry.cell.told(lang, subject.decimals)
    told = entry.cell.value is not None and entry.mark != COMPARABLE
    return f"{shown}\u00a0{OTHERWISE}" if told else shown


def _ends(theme: Theme, lang: str) -> Iterator[Section]:
    columns = ("SHEET_PUBLISHER", "COLUMN_DATASET", "COLUMN_RELEASE", "SHEET_LICENCE_SHORT")
    heads = tuple(Column(say(code, lang)) for code in columns)
    rows = tuple(
        (each.publisher, each.dataset, f"{each.release} {each.manifest[:20]}…", each.licence)
        for each in theme.sources
    )
    reading = Paragraph(f"{say('LEGEND_SYMBOLS', lang)} {say('TABLES_STAR', lang)}")
    caption = say("PICTURE_TABLE", lang, title=say("COLUMN_RELEASE", lang))
    sources = Table(caption, heads, rows)
    yield Section(say("SHEET_SOURCES", lang), (reading, sources))
