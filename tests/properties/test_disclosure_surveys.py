"""Small surveys of any shape, closed; every group of hidden districts and every answer is tried."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import presses, samples
from tests.support.presses import SECTOR
from tests.support.samples import CITY

from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.node import shielding
from hanse.node.ledger import Held
from hanse.policies.attackers.samples import Riddle
from hanse.policies.profile import shipped

PROFILE = shipped()["enquete-79"]
LEAST, SMALL, WIDTH = 79, 5, 2

RESPONDENTS = st.sampled_from([0, 3, 31, 45, 60, 78, 79, 80, 92, 140, 240])
NO = st.sampled_from([0.0, 0.4, 3.0, 4.5, 12.0, 700.0])


@st.composite
def surveys(draw: st.DrawFn) -> samples.Figures:
    """A question in two to six districts; at times some respondents live in none of them."""
    districts = "ABCDEF"[: draw(st.integers(2, 6))]
    decimals = draw(st.sampled_from([0.0, 0.5, 0.37]))
    figures: dict[str, tuple[float, ...]] = {}
    for area in districts:
        n = draw(RESPONDENTS)
        base = round(n * 28 + decimals, 2) if n else 0.0
        no = min(draw(NO), base)
        figures[area] = (round(base - no, 2), base, n)
    lost = draw(st.sampled_from([0, 0, 8, 120]))
    if lost:
        city = [sum(each[at] for each in figures.values()) for at in range(3)]
        more = (lost * 20, lost * 28, lost)
        figures[CITY] = tuple(round(a + b, 2) for a, b in zip(city, more, strict=True))
    return {"x": figures}


def closed(figures: samples.Figures) -> Mapping[tuple[str, str], float | None]:
    districts = sorted(set(figures["x"]) - {CITY})
    draft = presses.draft(samples.lines(figures), samples.contract(figures))
    found = shielding.shield(draft, PROFILE, samples.registry(districts), Held({}, {}))
    return {(row["indicator"], row["area"]): row["value"] for row in found.cells.to_pylist()}


def known(shown: Mapping[tuple[str, str], float | None], *, missing: bool) -> Riddle:
    """Return what a reader knows of respondents, of those who said yes, and of those who did not.

    Where some live in no district (`missing`), they are a part of the city nobody shows.
    """
    found, areas = Riddle(), sorted({area for _, area in shown} - {CITY})
    for name in ("x_gt", "x_gn", "x_n", "rest"):
        parts = [*areas, *(["nowhere"] if missing else [])]
        found.told({(name, CITY): 1, **{(name, area): -1 for area in parts}}, 0)
    for area in (CITY, *areas, *(["nowhere"] if missing else [])):
        found.told({("x_gn", area): 1, ("x_gt", area): -1, ("rest", area): -1}, 0)
    for key, value in shown.items():
        if key[0] != "x_p" and value is not None:
            found.told({key: 1}, value)
    return found


@given(surveys())
@settings(max_examples=40, deadline=None)
def test_no_group_of_hidden_respondents_is_small_and_no_answer_is_pinned(
    figures: samples.Figures,
) -> None:
    told, shown = figures["x"], closed(figures)
    missing = CITY in told
    riddle = known(shown, missing=missing)
    hidden = [key for key, value in shown.items() if key[0] == "x_n" and value is None]
    groups = [*hidden, *([("x_n", "nowhere")] if missing else [])]
    for respondents in riddle.groups(groups).values():
        assert abs(respondents) < 0.5 or respondents > LEAST - 0.5
    for area, (yes, base, n) in told.items():
        if area == CITY or not n:
            continue
        together = {shown[f"x_{end}", area] is None for end in ("gt", "gn", "n", "p")}
        assert len(together) == 1
        few = n < LEAST or 0 < round(base - yes, 2) < SMALL or 0 < yes < SMALL
        if few:
            assert together == {True}
        if 0 < round(base - yes, 2) < SMALL and shown["x_gn", CITY] is not None:
            low, high = riddle.bounds(("rest", area))
            assert high - low >= WIDTH - 1e-6


@st.composite
def by_sex(draw: st.DrawFn) -> Mapping[tuple[str, str], int]:
    """Respondents of two to five districts, women and men apart."""
    districts = "ABCDE"[: draw(st.integers(2, 5))]
    return {(area, sex): draw(RESPONDENTS) for area in districts for sex in "FM"}


@given(by_sex())
@settings(max_examples=25, deadline=None)
def test_no_group_over_districts_and_sexes_is_small(inner: Mapping[tuple[str, str], int]) -> None:
    districts = sorted({area for area, _ in inner})
    codes = tuple(Code(code, {"nl": code}) for code in ("_T", "F", "M"))
    of = replace(
        samples.contract({"x": {"A": (0, 0, 0)}}),
        dimensions=(Dimension("SEX", Codelist("SEX", codes)),),
    )
    lines = [
        (name, SECTOR, area, 2024, sex, times * sum(inner[area, each] for each in held))
        for area in districts
        for sex, held in (("F", "F"), ("M", "M"), ("_T", "FM"))
        for name, times in (("x_gt", 11), ("x_gn", 28), ("x_n", 1))
    ]
    found = shielding.shield(
        presses.draft(lines, of), PROFILE, samples.registry(districts), Held({}, {})
    )
    riddle, gone = Riddle({cell: at for at, cell in enumerate(inner)}), set()
    for row in found.cells.to_pylist():
        held = [each for each in inner if row["area"] in (each[0], CITY)]
        held = [each for each in held if row["SEX"] in (each[1], "_T")]
        if row["indicator"] == "x_n" and row["value"] is not None:
            riddle.told(dict.fromkeys(held, 1), row["value"])
        elif row["indicator"] == "x_n" and len(held) == 1:
            gone.add(held[0])
    for respondents in riddle.groups(sorted(gone)).values():
        assert abs(respondents) < 0.5 or respondents > LEAST - 0.5
