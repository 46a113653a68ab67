"""The fact sheet of one area and theme: two pages, its figures beside those of the others.

The areas stand in one fixed order; nothing is ranked. What is compared with is the mean of the
figures that are released.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hanse.cube.comparability import MarkCode
from hanse.messages import nearest, say
from hanse.report import formats
from hanse.report.document import (
    Block,
    Column,
    Document,
    Gallery,
    KeyFigure,
    KeyFigures,
    Listing,
    Notice,
    Paragraph,
    Section,
    Table,
)
from hanse.report.pictures.bars import Beside, Comparator, Item
from hanse.report.pictures.canvas import HALF, Words
from hanse.report.pictures.cell import ABSENT, Cell
from hanse.report.pictures.lines import Line, OverTime
from hanse.report.pictures.maps import Map, Region
from hanse.report.theme import COMPARABLE, Mean, Source, Subject, Theme

PAGES = 2
KEY_FIGURES = 4
SUBJECTS_MAX = 10
PERIODS_MAX = 8
AREAS_MAX = 13
"""How many areas a sheet lists one by one; the table report has all of them."""
CAVEATS_MAX = 4
SOURCES_MAX = 15
NAME_LETTERS = 56
WORD_LETTERS = 160


@dataclass(frozen=True, slots=True)
class Sheet:
    """One area of a theme, in one language."""

    theme: Theme
    area: str
    lang: str

    def document(self) -> Document:
        """Return the fact sheet."""
        own = self._own()
        return Document(
            lang=self.lang,
            title=self._say("SHEET_TITLE", theme=self.theme.label(self.lang), area=self.name),
            subtitle=self._say("SHEET_SUBTITLE", count=len(self.theme.areas)),
            made_at=self.theme.made_at,
            author=own.publisher if own else "",
            sections=tuple(self._sections()),
            footer=own.short if own else self.name,
            compact=True,
        )

    @property
    def name(self) -> str:
        """What the area is called."""
        return _short(self.theme.areas[self.area])

    def _sections(self) -> Iterator[Section]:
        subjects = self.theme.subjects[:SUBJECTS_MAX]
        lead = next((each for each in subjects if self._has(each)), subjects[0])
        yield Section(self._say("SHEET_KEY_FIGURES"), tuple(self._first(subjects, lead)))
        heading = f"{_short(lead.title(self.lang))}, {lead.latest(self.area)}"
        yield Section(heading, (self._beside(lead),))
        told = (self._subjects(subjects), *self._over_time(lead))
        yield Section(self._say("SHEET_ALL", area=self.name), told, new_page=True)
        yield Section(self._say("SHEET_COMPARES"), tuple(self._comparability()))
        yield Section(self._say("SHEET_SOURCES"), tuple(self._sources()))

    def _first(self, subjects: tuple[Subject, ...], lead: Subject) -> Iterator[Block]:
        yield KeyFigures(tuple(self._key_figure(each) for each in subjects[:KEY_FIGURES]))
        yield Paragraph(" ".join(self._sentences(lead)))
        period = lead.latest(self.area)
        marks = self.theme.marks(lead, period)
        alike, areas = marks[COMPARABLE], len(self.theme.areas)
        others = "; ".join(
            f"{self._mark(code)}: {count}" for code, count in marks.items() if code != COMPARABLE
        )
        code = "SHEET_ALIKE" if alike == areas else "SHEET_UNLIKE"
        text = self._say(code, alike=alike, areas=areas, others=others)
        yield Notice(text, "good" if alike == areas else "warn")

    def _key_figure(self, subject: Subject) -> KeyFigure:
        period = subject.latest(self.area)
        shown = subject.at(self.area, period).cell.told(self.lang, subject.decimals)
        mean = subject.mean(self.theme.areas, period)
        note = self._mean_of(mean, subject) if mean else ""
        label = f"{_short(subject.title(self.lang))}, {period}"
        return KeyFigure(label, shown, note)

    def _mean_of(self, mean: Mean, subject: Subject) -> str:
        value = Cell(mean.value).shown(self.lang, subject.decimals)
        return self._say("SHEET_MEAN", value=value, counted=mean.counted, areas=mean.areas)

    def _sentences(self, subject: Subject) -> Iterator[str]:
        """Yield what the figures say, by rule; nothing is said of a figure that is not there."""
        period = subject.latest(self.area)
        cell = subject.at(self.area, period).cell
        if cell.value is None:
            code = "SHEET_SAYS_HIDDEN" if cell.hidden else "SHEET_SAYS_NOTHING"
            yield self._say(code, area=self.name, period=period)
            return
        figure = cell.told(self.lang, subject.decimals)
        mean = subject.mean(self.theme.areas, period)
        if subject.sampled:
            yield self._say("SHEET_SAYS_SAMPLE", area=self.name, period=period, figure=figure)
        if mean:
            against = Cell(mean.value).shown(self.lang, subject.decimals)
            yield self._say(
                _direction("SHEET_SAYS", cell.value, mean.value),
                area=self.name, period=period, figure=figure, mean=against,
            )  # fmt: skip
        yield from self._change(subject, period, cell.value)

    def _change(self, subject: Subject, period: str, value: float) -> Iterator[str]:
        told = [each for each in subject.periods if self._visible(subject, each)]
        first = told[0] if told else period
        before = subject.at(self.area, first).cell.value
        if first == period or before is None or before <= 0 or value < 0:
            return
        if subject.sampled:
            yield from self._waves(subject, first, period)
            return
        code = _direction("SHEET_CHANGE", value, before)
        part = formats.share(abs(value - before), before, self.lang)
        yield self._say(code, first=first, part=part, period=period)

    def _waves(self, subject: Subject, first: str, period: str) -> Iterator[str]:
        """Yield what lies between two waves in points, and whether it is sure."""
        found = subject.gap((self.area, first), (self.area, period))
        if found is None or found.difference is None or found.margin is None:
            return
        points = formats.decimal(found.difference, self.lang, subject.decimals)
        margin = formats.decimal(found.margin, self.lang, subject.decimals)
        yield self._say("SHEET_WAVES", first=first, points=points, margin=margin)
        yield self._say(found.code)

    def _visible(self, subject: Subject, period: str) -> bool:
        return subject.at(self.area, period).cell.value is not None

    def _shown_areas(self) -> dict[str, str]:
        """Return the areas that stand one by one: the first of them, and the sheet's own."""
        others = [code for code in self.theme.areas if code != self.area][: AREAS_MAX - 1]
        return {
            code: name for code, name in self.theme.areas.items() if code in {self.area, *others}
        }

    def _beside(self, subject: Subject) -> Gallery:
        period = subject.latest(self.area)
        shown = self._shown_areas()
        title = f"{_short(subject.title(self.lang))}, {period}"
        code = "SHEET_DOTS" if subject.sampled else "SHEET_BARS"
        beside = Beside(
            Words(title, self._say(code, area=self.name), self.lang, subject.decimals),
            [
                Item(name, subject.at(code, period).cell, code == self.area)
                for code, name in shown.items()
            ],
            self._comparator(subject, period),
            width=HALF,
        )
        bars = beside.dots() if subject.sampled else beside.bars()
        regions = [
            Region(code, name, subject.at(code, period).cell, code == self.area)
            for code, name in (self.theme.areas if self.theme.boundaries else shown).items()
        ]
        drawing = Map(
            Words(
                self._say("SHEET_MAP_TITLE"),
                self._say("SHEET_MAP", area=self.name), self.lang, subject.decimals,
            ),
            regions, self.theme.boundaries, attribution=self.theme.attribution, width=HALF,
        ).drawing()  # fmt: skip
        columns = (*bars.table.columns, Column(say("COLUMN_MARK", self.lang)))
        told: list[tuple[str, ...]] = [
            (self._mark(subject.at(code, period).mark),) for code in shown
        ]
        if subject.sampled:
            columns = (*columns, Column(self._say("SHEET_DIFFERS", area=self.name)))
            told = [
                (mark, self._differs(subject, code, period))
                for (mark,), code in zip(told, shown, strict=True)
            ]
        rows = [(*row, *mark) for row, mark in zip(bars.table.rows, [*told, ("",)], strict=False)]
        return Gallery(
            (drawing.picture, bars.picture),
            Table(self._say("PICTURE_TABLE", title=title), columns, tuple(rows)),
        )

    def _differs(self, subject: Subject, code: str, period: str) -> str:
        """Return whether an area differs for sure from the sheet's own."""
        found = subject.gap((self.area, period), (code, period))
        if code == self.area or found is None or found.significant is None:
            return formats.NONE
        return self._say("SHEET_SIGNIFICANT" if found.significant else "SHEET_NOT_SIGNIFICANT")

    def _comparator(self, subject: Subject, period: str) -> Comparator | None:
        mean = subject.mean(self.theme.areas, period)
        return Comparator(self._say("SHEET_MEAN_SHORT"), mean.value) if mean else None

    def _subjects(self, subjects: tuple[Subject, ...]) -> Table:
        names = ("COLUMN_INDICATOR", "PICTURE_PERIOD", "", "SHEET_MEAN_SHORT", "COLUMN_MARK")
        labels = [self._say(name) if name else self.name for name in names]
        figures = {2, 3}
        columns = tuple(Column(each, figure=at in figures) for at, each in enumerate(labels))
        rows = tuple(self._subject_row(each) for each in subjects)
        return Table(self._say("SHEET_ALL_CAPTION"), columns, rows)

    def _subject_row(self, subject: Subject) -> tuple[str, ...]:
        period = subject.latest(self.area)
        entry = subject.at(self.area, period)
        mean = subject.mean(self.theme.areas, period)
        against = Cell(mean.value).shown(self.lang, subject.decimals) if mean else formats.NONE
        figure = entry.cell.told(self.lang, subject.decimals)
        return (_short(subject.title(self.lang)), period, figure, against, self._mark(entry.mark))

    def _over_time(self, subject: Subject) -> Iterator[Block]:
        """Yield the line over time, dashed the mean of the areas that have every dashed period.

        One period is no line.
        """
        periods = subject.periods[-PERIODS_MAX:]
        if len(periods) < 2:
            return
        if subject.sampled:
            yield self._wave_dots(subject, periods)
            return
        lines = [Line(self.name, tuple(subject.at(self.area, each).cell for each in periods))]
        steady = subject.steady(self.theme.areas, periods)
        if steady:
            means = (Cell(None, ABSENT) if each is None else Cell(each) for each in steady.values)
            lines.append(Line(self._say("SHEET_MEAN_OF", counted=len(steady.areas)), tuple(means)))
        title = f"{_short(subject.title(self.lang))}, {periods[0]} {formats.NONE} {periods[-1]}"
        words = Words(title, self._say("SHEET_LINE", area=self.name), self.lang, subject.decimals)
        chart = OverTime(words, periods, lines)
        lying = replace(_lying(chart), caption=self._say("PICTURE_TABLE", title=title))
        yield Gallery((chart.chart().picture,), lying)
        counted, areas = len(steady.areas) if steady else 0, len(self.theme.areas)
        if counted < areas:
            code = "SHEET_STEADY" if counted else "SHEET_UNSTEADY"
            yield Paragraph(self._say(code, counted=counted, areas=areas))

    def _wave_dots(self, subject: Subject, periods: tuple[str, ...]) -> Gallery:
        """Return the waves of a survey as dots with their margins: a line would say too much."""
        title = f"{_short(subject.title(self.lang))}, {periods[0]} {formats.NONE} {periods[-1]}"
        drawn = Beside(
            Words(title, self._say("SHEET_WAVE_DOTS", area=self.name), self.lang, subject.decimals),
            [Item(each, subject.at(self.area, each).cell, each == periods[-1]) for each in periods],
        ).dots()
        columns = (Column(self._say("PICTURE_PERIOD")), *drawn.table.columns[1:])
        caption = self._say("PICTURE_TABLE", title=title)
        table = replace(drawn.table, caption=caption, columns=columns)
        return Gallery((drawn.picture,), table)

    def _comparability(self) -> Iterator[Block]:
        """Yield the reasons in words, those of the area's own figures first."""
        own = self._own()
        agency = own.agency if own else ""
        told: dict[str, None] = {}
        for each in sorted(self.theme.caveats, key=lambda each: each.agency != agency):
            told[_cut(f"{each.who}: {each.reason.say(self.lang)}", WORD_LETTERS)] = None
        for gone in self.theme.absent:
            told[_cut(f"{gone.who}: {nearest(gone.why, self.lang)}", WORD_LETTERS)] = None
        sentences = list(told)
        if not sentences:
            yield Paragraph(self._say("SHEET_NO_CAVEAT"))
            return
        shown = sentences[:CAVEATS_MAX]
        if len(sentences) > len(shown):
            shown.append(self._say("SHEET_MORE", count=len(sentences) - len(shown)))
        yield Listing(tuple(shown))

    def _sources(self) -> Iterator[Block]:
        own = self._own()
        listed = [each.short for each in self.theme.sources[:SOURCES_MAX]]
        licences = sorted({each.licence for each in self.theme.sources if each.licence})
        yield Paragraph(_cut("; ".join(dict.fromkeys(listed)), 5 * WORD_LETTERS))
        if own:
            yield Paragraph(
                self._say("SHEET_RELEASE", release=own.release, digest=own.manifest,
                          published=own.published[:10])
            )  # fmt: skip
        licence = self._say("SHEET_LICENCE", licence=", ".join(licences) or formats.NONE)
        yield Paragraph(f"{licence} {say('LEGEND_SYMBOLS', self.lang)}")
        if self.theme.command:
            yield Paragraph(
                self._say("SHEET_FETCH", command=_cut(self.theme.command, WORD_LETTERS))
            )

    def _own(self) -> Source | None:
        """Return the area's own source, else the only one there is."""
        mine = [each for each in self.theme.sources if each.agency == f"NIS{self.area}"]
        return next(iter(mine or self.theme.sources), None)

    def _has(self, subject: Subject) -> bool:
        return subject.at(self.area, subject.latest(self.area)).cell.value is not None

    def _mark(self, code: str) -> str:
        known = code in {each.value for each in MarkCode}
        return say(f"MARK_{MarkCode(code).name}", self.lang) if known else code

    def _say(self, code: str, **parameters: object) -> str:
        return say(code, self.lang, **parameters)


def _lying(chart: OverTime) -> Table:
    """Return the table of a chart with a row per series, so that it takes a few lines only."""
    standing = chart.table()
    heads = [row[0] for row in standing.rows]
    columns = (Column(""), *(Column(each, figure=True) for each in heads))
    rows = tuple(
        (column.label, *(row[at] for row in standing.rows))
        for at, column in enumerate(standing.columns)
        if at
    )
    return Table(standing.caption, (Column(standing.columns[0].label), *columns[1:]), rows)


def _direction(code: str, value: float, other: float) -> str:
    """Return the message for more, less or as much."""
    if value == other:
        return f"{code}_SAME"
    return f"{code}_MORE" if value > other else f"{code}_LESS"


def _short(text: str) -> str:
    return _cut(text, NAME_LETTERS)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
