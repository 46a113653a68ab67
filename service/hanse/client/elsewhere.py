"""Figures that are blank on the areas that were asked for, while the dataset has other vintages.

Areas merge and split, so a house keeps figures on the areas of their time. Whoever compares the
newest sees blanks for earlier years; here is said which other areas there are, and how to ask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from hanse.client.conversation import Pulled
from hanse.client.fanout import Target
from hanse.cube.period import read_period
from hanse.cube.query import PeriodWindow
from hanse.errors import HanseError
from hanse.messages import say

LISTED: int = 3
"""So many periods are named one by one; of more, the first and the last."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Periods without a figure on a level, and the other vintages of it that the dataset has."""

    origin: str
    origin_name: str
    dataset: str
    level: str
    periods: tuple[str, ...]
    levels: tuple[str, ...]

    def say(self, lang: str = "nl") -> str:
        """Return it in words, with how to ask; whose it is stands before it."""
        shown = ", ".join(self.periods)
        if len(self.periods) > LISTED:
            shown = f"{self.periods[0]} \N{EN DASH} {self.periods[-1]}"
        return say(
            "COMPARE_ELSEWHERE",
            lang,
            periods=shown,
            level=self.level,
            levels=", ".join(self.levels),
            vintage=self.level.partition("@")[2],
        )

    def document(self, lang: str = "nl") -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "origin": self.origin,
            "origin_name": self.origin_name,
            "dataset": self.dataset,
            "level": self.level,
            "periods": list(self.periods),
            "levels": list(self.levels),
            "sentence": self.say(lang),
        }


def elsewhere(
    table: pa.Table, asked: Iterable[tuple[Target, Pulled | None]], wished: str = ""
) -> tuple[Elsewhere, ...]:
    """Return what is blank in a comparison and may stand on the areas of another vintage.

    Blank is a period that another city shows, or that was asked for by name (`wished`, a window).
    Nothing is asked of a node for this: its signed manifest says which levels and periods it has.
    """
    window = PeriodWindow.spelled(wished)
    named = () if window == PeriodWindow() else (window,)
    shown = {str(each) for each in table.column("period").unique().to_pylist()}
    complete = _complete(table)
    found = []
    for target, pulled in asked:
        level = target.question.level
        others = _vintages(level, pulled.manifest.coverage.levels) if pulled else ()
        if pulled is None or not others:
            continue
        place = (pulled.agency, pulled.manifest.dataset)
        blank = tuple(
            each
            for each in sorted(set(pulled.manifest.coverage.periods) - complete.get(place, set()))
            if each in shown or _inside(each, named)
        )
        if blank:
            found.append(Elsewhere(place[0], pulled.name, place[1], level, blank, others))
    return tuple(sorted(found, key=lambda each: (each.origin, each.dataset)))


def _complete(table: pa.Table) -> dict[tuple[str, str], set[str]]:
    """Return the periods that a dataset has of every indicator that it has of anything here."""
    names = ["origin", "dataset", "indicator", "period"]
    series: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in table.group_by(names, use_threads=False).aggregate([]).to_pylist():
        held = series.setdefault((row["origin"], row["dataset"]), {})
        held.setdefault(row["indicator"], set()).add(row["period"])
    return {place: set.intersection(*held.values()) for place, held in series.items()}


def _vintages(level: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Return the other vintages of a level, the newest last; none where several were asked for."""
    code, _, vintage = level.partition("@")
    if not vintage or "," in level:
        return ()
    return tuple(sorted(each for each in levels if each.startswith(f"{code}@") and each != level))


def _inside(period: str, windows: Sequence[PeriodWindow]) -> bool:
    try:
        return any(window.holds(read_period(period)) for window in windows)
    except HanseError:
        return False
