"""Periods a figure is about: years, half-years, quarters, months and reporting years, by date.

One period has many spellings (SDMX, Swing, CBS, a reader's); inside there are only its dates, and
filters compare those, never a spelling. Spellings: SDMX 2.1 common schema (`2024-Q1`), reporting
years as in the SDMX guideline "Non-Calendar Year Reporting": named after the calendar year in which
they start, so the Flemish school year 2024/25 is `2024-A1` with start day `--09-01`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

from hanse.errors import Invalid
from hanse.messages import say

SCHOOL_YEAR_START = "--09-01"
"""When a Flemish school year starts; what `2024/25` means where nothing else is said."""

YEAR_MIN, YEAR_MAX = 1000, 9997
TEXT_LENGTH_MAX = 32

MONTHS = MappingProxyType({"A": 12, "S": 6, "Q": 3, "M": 1})
"""How many months one period of each SDMX frequency lasts."""

_MARKS = MappingProxyType(
    {
        **{freq: freq for freq in MONTHS},
        **{"JJ": "A", "SJ": "A", "HJ": "S", "H": "S", "KW": "Q", "K": "Q", "MM": "M"},
    }
)
_SWING = MappingProxyType({"S": "{year:04}HJ{n}", "Q": "{year:04}KW{n}", "M": "{year:04}MM{n:02}"})

_YEAR = re.compile(r"[0-9]{4}")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_SCHOOL_YEAR = re.compile(r"([0-9]{4})/([0-9]{2}|[0-9]{4})|([0-9]{4})-([0-9]{4})")
_MARKED = re.compile(r"([0-9]{4})-?([A-Z]{1,2})([0-9]{1,2})")
_REPORTING_YEAR = re.compile(r"[0-9]{4}-?A[0-9]{1,2}")
_START_DAY = re.compile(r"--([0-9]{2})-([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One period; ordered by the day it starts.

    `freq` is the SDMX frequency (A, S, Q, M). `reporting_year_start` is `--MM-DD` where the year it
    belongs to is not the calendar year, else "". Whoever spells it needs both: `2024-A1` alone does
    not say when it starts.
    """

    start_date: date
    freq: str
    reporting_year_start: str = ""

    def __post_init__(self) -> None:
        """Refuse a period that starts where none of its frequency starts."""
        month, day = _start_day(self.reporting_year_start)
        if self.freq not in MONTHS or self.start_date.day != day:
            raise Invalid("PERIOD_UNKNOWN", text=f"{self.freq} {self.start_date}")
        if (self.start_date.month - month) % MONTHS[self.freq]:
            raise Invalid("PERIOD_UNKNOWN", text=f"{self.freq} {self.start_date}")

    @classmethod
    def of(cls, freq: str, year: int, number: int = 1, reporting_year_start: str = "") -> "Period":
        """Return period `number` (from 1) of a year: `of("Q", 2024, 3)` is the third quarter.

        Raises `Invalid` (PERIOD_UNKNOWN) for a number, year or start day that does not exist.
        """
        start_text = "" if reporting_year_start == "--01-01" else reporting_year_start
        month, day = _start_day(start_text)
        known = freq in MONTHS and YEAR_MIN <= year <= YEAR_MAX
        if not known or not 1 <= number <= 12 // MONTHS[freq]:
            raise Invalid("PERIOD_UNKNOWN", text=f"{year}-{freq}{number}"[:TEXT_LENGTH_MAX])
        start = _add_months(date(year, month, day), MONTHS[freq] * (number - 1))
        return cls(start, freq, start_text)

    @classmethod
    def parse(cls, text: str, reporting_year_start: str = "") -> "Period":
        """Read a period in any of its spellings, upper or lower case, blanks around it ignored.

        `2024` and `2024-03` are of the calendar, always. `2024-A1`, `2024-S1`, `2024-Q3` and
        `2024-M03` count from `reporting_year_start` where it is given. `2024KW1`, `2024HJ1` and
        `2024MM03` are Swing's and CBS's; `2024/25`, `2024-2025` and `2024SJ00` are school years,
        from 1 September unless `reporting_year_start` says otherwise.
        Raises `Invalid` (PERIOD_UNKNOWN) for anything else.
        """
        spelling = text.strip().upper()
        if len(spelling) > TEXT_LENGTH_MAX:
            raise Invalid("PERIOD_UNKNOWN", text=text[:TEXT_LENGTH_MAX])
        try:
            return _read(spelling, reporting_year_start)
        except Invalid as fault:
            raise Invalid("PERIOD_UNKNOWN", text=spelling) from fault

    @classmethod
    def parse_swing(cls, text: str, reporting_year_start: str = "") -> "Period":
        """Read a period of a Swing workbook, where a bare year may also be a school year.

        `reporting_year_start` is the indicator's; with it `2024` is the school year 2024/25.
        """
        if reporting_year_start and _YEAR.fullmatch(text.strip()):
            return cls.of("A", int(text), 1, reporting_year_start)
        return cls.parse(text, reporting_year_start)

    @property
    def end_date(self) -> date:
        """The last day, inclusive."""
        return _add_months(self.start_date, MONTHS[self.freq]) - timedelta(days=1)

    @property
    def year(self) -> int:
        """The calendar year in which the year it belongs to starts."""
        return (self._months_since() - (self.number - 1) * MONTHS[self.freq]) // 12

    @property
    def number(self) -> int:
        """Which one it is within its year, from 1."""
        return (self._months_since() % 12) // MONTHS[self.freq] + 1

    @property
    def swing(self) -> str:
        """How a Swing workbook writes it: `2024`, `2024HJ1`, `2024KW1`, `2024MM03`."""
        form = _SWING.get(self.freq, "{year:04}")
        return form.format(year=self.year, n=self.number)

    def label(self, lang: str = "nl") -> str:
        """Return what a reader reads: `2024/25`, `2025 1e kwartaal`, `maart 2025`."""
        year = f"{self.year}/{(self.year + 1) % 100:02}" if self.reporting_year_start else self.year
        if self.freq == "A":
            return str(year)
        if self.freq == "M":
            return say(f"PERIOD_M{self.start_date.month}", lang, year=self.start_date.year)
        return say(f"PERIOD_{self.freq}{self.number}", lang, year=year)

    def shift(self, count: int) -> "Period":
        """Return the period `count` of its own length later, or earlier when negative.

        Raises `Invalid` (PERIOD_UNKNOWN) beyond the years that can be written.
        """
        months = self._months_since() + count * MONTHS[self.freq]
        year, within = divmod(months, 12)
        return Period.of(
            self.freq, year, within // MONTHS[self.freq] + 1, self.reporting_year_start
        )

    def _months_since(self) -> int:
        month, _ = _start_day(self.reporting_year_start)
        return self.start_date.year * 12 + self.start_date.month - month

    def __str__(self) -> str:
        """Return the canonical SDMX spelling."""
        if self.reporting_year_start:
            width = 2 if self.freq == "M" else 1
            return f"{self.year:04}-{self.freq}{self.number:0{width}}"
        if self.freq == "A":
            return f"{self.year:04}"
        if self.freq == "M":
            return f"{self.year:04}-{self.number:02}"
        return f"{self.year:04}-{self.freq}{self.number}"


@lru_cache(maxsize=10_000)
def read_period(text: str, reporting_year_start: str = "") -> Period:
    """Return a period as others spell it, and with the start day where they say one.

    A calendar year is written `2024`; so a `2024-A1` of which nobody says when it starts is a
    school year. Raises `Invalid` (PERIOD_UNKNOWN) for a period that does not exist.
    """
    reporting = _REPORTING_YEAR.fullmatch(text.strip().upper()) is not None
    start = reporting_year_start or (SCHOOL_YEAR_START if reporting else "")
    return Period.parse(text, start)


def _read(spelling: str, start: str) -> Period:
    if _YEAR.fullmatch(spelling):
        return Period.of("A", int(spelling))
    if month := _MONTH.fullmatch(spelling):
        return Period.of("M", int(month[1]), int(month[2]))
    if school := _SCHOOL_YEAR.fullmatch(spelling):
        return _school_year(school[1] or school[3], school[2] or school[4], start)
    marked = _MARKED.fullmatch(spelling)
    if marked is None or marked[2] not in _MARKS:
        raise Invalid("PERIOD_UNKNOWN", text=spelling)
    year, mark, number = int(marked[1]), marked[2], int(marked[3])
    if mark == "JJ":
        start = ""
    if mark == "SJ":
        start = start or SCHOOL_YEAR_START
    if mark in {"JJ", "SJ"}:  # CBS numbers its years 00: there is only one of them
        number += 1
    return Period.of(_MARKS[mark], year, number, start)


def _school_year(first: str, last: str, start: str) -> Period:
    following = f"{int(first) + 1:04}"
    if last != following[-len(last) :]:
        raise Invalid("PERIOD_UNKNOWN", text=f"{first}/{last}")
    return Period.of("A", int(first), 1, start or SCHOOL_YEAR_START)


def _start_day(text: str) -> tuple[int, int]:
    """Return month and day of `--MM-DD`; days beyond the 28th do not stand in every month."""
    if not text:
        return 1, 1
    found = _START_DAY.fullmatch(text)
    if found and 1 <= int(found[1]) <= 12 and 1 <= int(found[2]) <= 28 and text != "--01-01":
        return int(found[1]), int(found[2])
    raise Invalid("PERIOD_UNKNOWN", text=text[:TEXT_LENGTH_MAX])


def _add_months(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 + months
    return day.replace(year=total // 12, month=total % 12 + 1)
