"""A city that publishes a survey, in one line: districts, questions, and what readers are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support import presses
from tests.support.presses import SECTOR, TOWN

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.correspondence import Correspondence, Row, RowType
from hanse.areas.level import Level
from hanse.cube.contract import Contract
from hanse.dialects.swing.indicators import undescribed
from hanse.dialects.swing.surveys import recognised
from hanse.node import publish
from hanse.node.publish import Intent
from hanse.node.verifying import Verified
from hanse.policies.profile import Profile

CITY = "41002"
ENDS = ("gt", "gn", "n", "t")

Figures = Mapping[str, Mapping[str, Sequence[float]]]
"""By question and district: weighted yes, weighted base, respondents, and those who said yes."""
Shown = Mapping[tuple[str, str], float | None]
"""By indicator and area; None where a figure is hidden."""


@dataclass(frozen=True, slots=True)
class Told:
    """What readers were told, and what the proof says of it."""

    shown: Shown
    verified: Verified

    def hidden(self, indicator: str) -> set[str]:
        """Return the areas at which an indicator is hidden."""
        return {area for (name, area), value in self.shown.items() if (name, value) == (
            indicator, None)}  # fmt: skip


def registry(districts: Sequence[str]) -> Registry:
    """Return one city with these districts."""
    parts = [Area(code=code, name=code) for code in sorted(districts)]
    rows = tuple(Row(each.code, CITY, RowType.AGGREGATE) for each in parts)
    return (
        Registry()
        .with_level(Level("statsec", "2025", {"nl": "Wijk"}, 10), parts)
        .with_level(Level("gemeente", "2025", {"nl": "Stad"}, 30), [Area(code=CITY, name="Stad")])
        .with_correspondence(Correspondence(SECTOR, TOWN, rows))
    )


def contract(figures: Figures, profile: str = "enquete-79") -> Contract:
    """Return the contract of some questions, each with what stands behind it."""
    names = [f"{question}_{end}" for question, told in figures.items()
             for end in ENDS[: len(next(iter(told.values())))]]  # fmt: skip
    made = recognised([undescribed(name, name) for name in names])
    return presses.contract(*made, levels=(SECTOR, TOWN), profile=profile)


def lines(figures: Figures) -> list[tuple[object, ...]]:
    """Return the figures as a workbook brings them; those of the city under its own code."""
    return [
        (f"{question}_{end}", TOWN if area == CITY else SECTOR, area, 2024, value)
        for question, told in figures.items()
        for area, values in told.items()
        for end, value in zip(ENDS, values, strict=False)
    ]


def told(home: Path, figures: Figures, profile: str | Profile = "enquete-79") -> Told:
    """Publish a survey on an empty node and return what readers are told."""
    own = {profile.name: profile} if isinstance(profile, Profile) else {}
    name = profile.name if isinstance(profile, Profile) else profile
    districts = sorted({area for each in figures.values() for area in each} - {CITY})
    press = replace(presses.press(home, registry=registry(districts)), own_profiles=own)
    publish.publish(press, presses.draft(lines(figures), contract(figures, name)), Intent(), "an")
    cells = publish.published(press, "bevolking").cells.table.to_pylist()
    shown = {(row["indicator"], row["area"]): row["obs_value"] for row in cells}
    verified = publish.verified(press, "bevolking")
    press.engine.dispose()
    assert isinstance(verified, Verified)
    return Told(shown, verified)
