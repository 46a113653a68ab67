"""`/{lang}/indicators/{id}`: a definition, and figures over cities as the nodes give them."""

import asyncio
import calendar
import re
from collections import Counter
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.choice import AskedChoice, Choice, choose
from hanse.catalog.figures import Figure, Figures, gather
from hanse.catalog.pages import snippets, words
from hanse.cube.comparability import MarkCode
from hanse.cube.period import Period, read_period
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.messages import catalogue as messages
from hanse.messages import named, say
from hanse.outbound import Outbound
from hanse.web import formats, render
from hanse.web.language import PageLanguage
from hanse.wire import Publication

_DAY = re.compile(r"P1D@([0-9]{2})-([0-9]{2})")
_LEVEL = re.compile(r"[a-z][a-z0-9_]*@[0-9]{4}")
_MARK_CLASS = {MarkCode.COMPARABLE: "good", MarkCode.INCOMPLETE: "warn"}


def routes(catalogue: Catalogue, way: Outbound) -> APIRouter:
    """Return the page of an indicator."""
    router = APIRouter()

    @router.get("/indicators/{indicator}")
    async def indicator(
        request: Request,
        lang: PageLanguage,
        indicator: Annotated[str, Path(max_length=64)],
        given: AskedChoice,
    ) -> HTMLResponse:
        """Show an indicator over all cities that publish it."""
        subject = await asyncio.to_thread(answers.subject, catalogue, indicator)
        members = (await asyncio.to_thread(answers.members, catalogue)).members
        active = {member.agency: member for member in members if member.status == "active"}
        published = [each for each in subject.publications if each.agency in active]
        choice = choose(given, published)
        figures = await gather(way, published, list(active.values()), choice)
        return render(
            request,
            "indicator.html",
            subject=subject,
            published=published,
            choice=choice,
            given=given,
            figures=figures,
            several=several(figures),
            view=View(catalogue, lang),
            summary=Counter(cell.mark.code for cell in figures.cells),
            snippets=snippets.snippets(catalogue.settings.issuer, figures, choice),
            words=words,
        )

    return router


def several(figures: Figures) -> frozenset[str]:
    """Return the parties that give the same indicator from more than one dataset."""
    given = {(cell.publication.agency, cell.publication.dataset) for cell in figures.cells}
    counts = Counter(agency for agency, _ in given)
    return frozenset(agency for agency, count in counts.items() if count > 1)


class View:
    """How the parts of a figure are said in one language."""

    def __init__(self, catalogue: Catalogue, lang: str) -> None:
        self._areas = catalogue.areas
        self._lang = lang

    def value(self, cell: Figure) -> str:
        """Return the number as its indicator is rounded, or the symbol that stands for none.

        A figure of a sample has its margin behind it, and at least one decimal.
        """
        if cell.value is None:
            return SYMBOL_OF_OBS_STATUS.get(cell.status, "?")
        if cell.margin is None:
            return formats.number(cell.value, self._lang, cell.entry.decimals)
        decimals = max(cell.entry.decimals, 1)
        both = (formats.number(each, self._lang, decimals) for each in (cell.value, cell.margin))
        return " \u00b1\u00a0".join(both)

    def status(self, cell: Figure) -> str:
        """Return what must be said beside the figure; a normal one needs no word."""
        code = f"WORD_STATUS_{cell.status}"
        return say(code, self._lang) if code in messages() else cell.status

    def area(self, cell: Figure) -> str:
        """Return the name of an area where tables or the register know it, else its code."""
        if self._areas.has(cell.level) and cell.area in self._areas.areas(cell.level):
            return self._areas.areas(cell.level)[cell.area].name
        own = cell.publication.agency.removeprefix("NIS")
        return cell.publication.agency_name if cell.area == own else cell.area

    def period(self, period: str, calendar: str) -> str:
        """Return a period in words; `calendar` is when its year starts."""
        return read_period(period, calendar).label(self._lang) if period else "-"

    def level(self, level: str) -> str:
        """Return an area level in words, its edition spelled out where there is one."""
        if "@" in level:
            return answers.level_label(level, self._lang)
        return named("level", level, self._lang)

    def reference(self, cell: Figure) -> str:
        """Return the moment a figure is about, in words."""
        return self._moment(cell.entry.reference_point, cell)

    def _moment(self, point: str, cell: Figure) -> str:
        day = _day(point, read_period(cell.period, cell.entry.reporting_year_start))
        if day:
            return formats.day(day, self._lang)
        code = f"WORD_REFERENCE_{point}".upper().replace("-", "_")
        return say(code, self._lang) if code in messages() else point

    def mark(self, code: MarkCode) -> tuple[str, str]:
        """Return a comparability mark in words, and the class it is shown by."""
        return say(f"MARK_{code.name}", self._lang), _MARK_CLASS.get(code, "warn")

    def reasons(self, cell: Figure) -> tuple[str, ...]:
        """Return why a figure does not compare, in words."""
        return tuple(
            say(
                reason.code,
                self._lang,
                **{name: self._plain(value, cell) for name, value in reason.parameters.items()},
            )
            for reason in cell.mark.reasons
        )

    def _plain(self, value: str, cell: Figure) -> str:
        """Return a code inside a reason in the words that the table uses for it."""
        if _LEVEL.fullmatch(value):
            return self.level(value)
        return self._moment(value, cell)

    def elsewhere(self, figures: Figures, publication: Publication, choice: Choice) -> list[str]:
        """Return the other vintages of the level, where a city has nothing on this one."""
        level = choice.level_of(publication)
        held = any(cell.publication is publication for cell in figures.cells)
        if held or choice.period not in publication.periods or figures.total > len(figures.cells):
            return []
        code = level.partition("@")[0]
        return [
            each
            for each in sorted(publication.levels, reverse=True)
            if each != level and each.partition("@")[0] == code
        ]

    def given(self, figures: Figures, publication: Publication) -> str:
        """Return how many cells a node gave."""
        cells = sum(cell.publication is publication for cell in figures.cells)
        return words.counted("PORTAL_CELLS", cells, self._lang)


def _start_of(period: Period) -> str:
    return period.reporting_year_start.removeprefix("--")


def _day(point: str, period: Period) -> date | None:
    """Return the day that `P1D@MM-DD` is in a period, None for any other text.

    The 29th of February of a year without one is the 28th.
    """
    found = _DAY.fullmatch(point)
    if found is None:
        return None
    year, month = period.start_date.year, int(found[1])
    if period.reporting_year_start and point.removeprefix("P1D@") < _start_of(period):
        year += 1
    last = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
    return date(year, month, min(int(found[2]), last)) if last and int(found[2]) else None
