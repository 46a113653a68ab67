"""The table of `tests/spec/tables/primary_protection.py`, one test a row, and what holds always."""

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spec.tables.primary_protection import HIDDEN, MUNICIPALITY, ROWS, SECTOR
from tests.support.presses import cells, indicator, ratio

from hanse.cube.indicator import Indicator, MeasureType, Sample, Source, SourceThreshold
from hanse.errors import Invalid, Refused
from hanse.policies.disclosure import primary
from hanse.policies.profile import Profile, shipped

_SURVEY = Sample(n_indicator="s")

KINDS: dict[str, Indicator] = {
    "count": indicator("a"),
    "amount": indicator("a", measure_type=MeasureType.AMOUNT),
    "supplied-21": indicator("a", threshold=SourceThreshold(21)),
    "supplied-3": indicator("a", threshold=SourceThreshold(3)),
    "from-fod": indicator("a", sources=(Source("fod-fin"),)),
    "on-t": indicator("a", measure_type=MeasureType.AMOUNT, threshold=SourceThreshold(0, "t")),
    "count-on-t": indicator("a", threshold=SourceThreshold(0, "t")),
    "share": ratio("a", "n", "d"),
    "mean": indicator("a", measure_type=MeasureType.MEAN, weight="w"),
    "bare-mean": indicator("a", measure_type=MeasureType.MEAN),
    "survey": indicator("a", sample=_SURVEY),
    "survey-share": replace(ratio("a", "n", "d"), sample=_SURVEY),
    "survey-on-t": indicator("a", sample=_SURVEY, threshold=SourceThreshold(0, "t")),
}
BESIDE = ("n", "d", "w", "t", "s")

PROFILES: dict[str, Profile] = {
    **shipped(),
    "zero-hidden": replace(shipped()["standaard-5"], zero_shown=False),
    "source-21": replace(shipped()["standaard-5"], source_override={"fod-fin": 21}),
    "rest-hidden": replace(shipped()["standaard-5"], rest_hidden=True),
}

STATES = {
    "x": "suppressed_source",
    "-": "empty",
    "?": "unknown",
    "nvt": "not_applicable",
    HIDDEN: "suppressed_primary",
}


def draft_of(level: str, text: str) -> pa.Table:
    lines: list[tuple[object, ...]] = []
    for each in text.split():
        name, _, written = each.partition("=")
        value: object = STATES[written] if written in STATES else float(written)
        lines.append((name, level, "1", "2024", value))
    # Elsewhere there is a cell of everything, so that every indicator is in the dataset.
    lines += [(name, level, "2", "2024", 1000) for name in ("a", *BESIDE)]
    return cells(lines)


def judged(table: pa.Table, indicators: list[Indicator], profile: Profile) -> pa.Table:
    return primary.rounded(primary.protect(table, indicators, profile), indicators, profile)


@pytest.mark.parametrize(("situation", "kind", "profile", "level", "text", "shown"), ROWS)
def test_a_figure_is_shown_or_hidden_as_the_table_says(
    situation: str, kind: str, profile: str, level: str, text: str, shown: str
) -> None:
    # What stands beside it is an amount here: only `a` is judged.
    beside = [indicator(name, measure_type=MeasureType.AMOUNT) for name in BESIDE]
    table = judged(draft_of(level, text), [KINDS[kind], *beside], PROFILES[profile])
    first = table.to_pylist()[0]
    if shown in STATES:
        assert (first["value"], first["state"]) == (None, STATES[shown]), situation
    else:
        assert (first["value"], first["state"]) == (float(shown), "value"), situation


def test_a_ratio_is_hidden_by_a_numerator_that_is_hidden_in_the_same_run() -> None:
    indicators = [ratio("a", "n", "d"), indicator("n"), indicator("d")]
    table = draft_of(SECTOR, "a=4 n=4 d=100")
    states = primary.protect(table, indicators, shipped()["standaard-5"]).column("state")
    assert states.to_pylist()[:3] == ["suppressed_primary", "suppressed_primary", "value"]


def test_a_level_the_profile_does_not_allow_is_refused() -> None:
    profile = replace(shipped()["standaard-5"], allowed_levels=("gemeente",))
    assert primary.protect(draft_of(MUNICIPALITY, "a=9"), [KINDS["count"]], profile).num_rows
    with pytest.raises(Refused, match="PROFILE_LEVEL"):
        primary.protect(draft_of(SECTOR, "a=9"), [KINDS["count"]], profile)


@pytest.mark.parametrize("kind", ["on-t", "survey"])
def test_a_threshold_that_cannot_be_checked_is_refused(kind: str) -> None:
    table = cells([("a", SECTOR, "1", "2024", 9)])
    with pytest.raises(Invalid, match="PROFILE_BASIS"):
        primary.protect(table, [KINDS[kind]], shipped()["standaard-5"])


HIDING = sorted(name for name, held in shipped().items() if held.method is None)
VALUES = st.one_of(st.integers(-50, 50), st.sampled_from(list(STATES.values())))
TABLES = st.lists(
    st.tuples(st.sampled_from("and"), st.sampled_from("123"), VALUES),
    unique_by=lambda line: line[:2],
    min_size=1,
)


@settings(max_examples=200, deadline=None)
@given(lines=TABLES, stricter=st.integers(5, 30), profile=st.sampled_from(HIDING))
def test_protecting_again_or_more_strictly_never_opens_a_cell(
    lines: list[tuple[str, str, object]], stricter: int, profile: str
) -> None:
    table = cells([(name, SECTOR, area, "2024", value) for name, area, value in lines])
    indicators = [ratio("a", "n", "d"), indicator("n"), indicator("d")]
    once = primary.protect(table, indicators, shipped()[profile])
    again = primary.protect(once, indicators, shipped()[profile])
    assert again.equals(once)
    strict = replace(shipped()[profile], min_count=stricter, min_count_by_level={})
    hidden = set(_hidden(once))
    if stricter >= shipped()[profile].minimum(SECTOR):
        assert hidden <= set(_hidden(primary.protect(table, indicators, strict)))
    for row in once.to_pylist():
        counted = row["indicator"] != "a" and row["state"] == "value"
        if counted and row["value"]:
            assert abs(row["value"]) >= shipped()[profile].minimum(SECTOR)


def _hidden(table: pa.Table) -> list[int]:
    states = table.column("state").to_pylist()
    return [row for row, state in enumerate(states) if state.startswith("suppressed")]
