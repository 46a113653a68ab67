"""Questions from each dialect's own grammar: answered as a naive reading of the truth answers them.

Filters of SDMX 3.0, `$filter` and queries of CKAN are drawn beside their other tests; selections by
code in `test_selections.py`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import doors, golden
from tests.support.grammars import (
    AREAS,
    LEVELS,
    NAMES,
    SEXES,
    World,
    asked,
    bounds,
    drawn,
    some,
    within,
)

QUARTERLY = "omzet"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with asked(tmp_path_factory.mktemp("golden")) as served:
        yield served


SDMX_KEY = ("AREA_LEVEL", "REF_AREA", "TIME_PERIOD", "SEX")
SDMX_CSV = "application/vnd.sdmx.data+csv;version="
KEYS = st.tuples(
    some("A", "Q"), some(*LEVELS, "wijk@2025"), some(*AREAS, "99999"), some(*SEXES), some(*NAMES)
)
Key = tuple[frozenset[str], ...]


def meant_by_key(key: golden.Key, wanted: Key) -> bool:
    frequency = "Q" if key[0] == QUARTERLY else "A"
    told = (frequency, key[1], key[2], key[4], key[0])
    return all(not codes or code in codes for code, codes in zip(told, wanted, strict=True))


def in_sdmx(answer: httpx.Response) -> golden.Truth:
    if answer.status_code in (204, 404):
        return {}
    assert answer.status_code == 200, answer.text
    return {
        (row["INDICATOR"].lower(), *(row[name] for name in SDMX_KEY)): (
            None if row["OBS_VALUE"] in ("", "NaN") else float(row["OBS_VALUE"]),
            row["OBS_STATUS"],
        )
        for row in csv.DictReader(io.StringIO(answer.text))
    }


@drawn
@given(wanted=KEYS, start=bounds, end=bounds)
def test_keys_and_spans_of_sdmx_2_1(world: World, wanted: Key, start: str, end: str) -> None:
    key = ".".join("+".join(sorted(codes)).upper() for codes in wanted)
    key = re.sub(r"(GEMEENTE|WIJK)", lambda found: found[0].lower(), key)
    span = {"startPeriod": start, "endPeriod": end}
    said = httpx.QueryParams({name: text for name, text in span.items() if text})
    found = world.ask(f"/sdmx/2.1/data/PROEF/{key}?{said}", f"{SDMX_CSV}1.0.0")
    assert in_sdmx(found) == {
        each: cell
        for each, cell in world.truth.items()
        if meant_by_key(each, wanted) and within(each[3], start, end)
    }


@drawn
@given(wanted=st.lists(KEYS, min_size=1, max_size=2))
def test_keys_of_sdmx_3_0(world: World, wanted: list[Key]) -> None:
    one = [tuple(frozenset(sorted(codes)[:1]) for codes in key) for key in wanted]
    keys = ",".join(
        ".".join("".join(codes).upper().replace("GEMEENTE", "gemeente") or "*" for codes in key)
        for key in one
    ).replace("WIJK", "wijk")
    found = world.ask(f"/sdmx/3.0/data/dataflow/NIS41002/PROEF/1.0.0/{keys}", f"{SDMX_CSV}2.0.0")
    assert in_sdmx(found) == {
        each: cell
        for each, cell in world.truth.items()
        if any(meant_by_key(each, key) for key in one)
    }


# OData: which columns, in which order, how many

COLUMNS = ("Indicator", "RefArea", "Period", "Value", "ObsStatus", "SEX")
ORDERS = st.lists(
    st.tuples(st.sampled_from(COLUMNS), st.booleans()), max_size=3, unique_by=lambda each: each[0]
)
Row = dict[str, Any]


def rank(value: Any) -> tuple[bool, Any]:
    """Return what to sort by; a missing value comes before all others."""
    return (value is not None, 0 if value is None else value)


def ordered(rows: Sequence[Row], order: Sequence[tuple[str, bool]]) -> list[Row]:
    found = list(rows)
    for name, descending in reversed(order):
        found.sort(key=lambda row: rank(row[name]), reverse=descending)
    return found


def ranks(rows: Sequence[Row], order: Sequence[tuple[str, bool]]) -> list[Any]:
    """Return what rows are sorted by; rows that are alike in it stand in any order."""
    return [[row[name] for name, _ in order] for row in rows]


def everything(world: World, path: str) -> list[Row]:
    rows: list[Row] = world.ask(path).json()["value"]
    return rows


@drawn
@given(
    order=ORDERS,
    select=st.lists(st.sampled_from(COLUMNS), max_size=3, unique=True),
    top=st.none() | st.integers(0, 30),
    skip=st.none() | st.integers(0, 30),
    count=st.booleans(),
    only=st.none() | st.sampled_from(NAMES),
)
def test_options_of_odata(
    world: World,
    order: list[tuple[str, bool]],
    select: list[str],
    top: int | None,
    skip: int | None,
    count: bool,
    only: str | None,
) -> None:
    path = "/odata/v4/NIS41002_PROEF"
    options = {
        "$orderby": ",".join(f"{name} desc" if down else name for name, down in order),
        "$select": ",".join(select),
        "$top": "" if top is None else str(top),
        "$skip": "" if skip is None else str(skip),
        "$count": "true" if count else "",
        "$filter": f"Indicator eq '{only}'" if only else "",
    }
    said = httpx.QueryParams({name: text for name, text in options.items() if text})
    document = world.ask(f"{path}?{said}").json()
    kept = [row for row in everything(world, path) if only in (None, row["Indicator"])]
    assert document.get("@odata.count") == (len(kept) if count else None)
    sorted_alone = {name: options[name] for name in ("$orderby", "$filter") if options[name]}
    whole = everything(world, f"{path}?{httpx.QueryParams(sorted_alone)}")
    assert ranks(whole, order) == ranks(ordered(kept, order), order)
    assert sorted(row["Id"] for row in whole) == sorted(row["Id"] for row in kept)
    assert document["value"] == [
        {name: row[name] for name in select or row} for row in whole[skip or 0 :][:top]
    ]


CBS = "/odata/cbs/v1/NIS41002/PROEF__GEMEENTE_2025/Observations"
Test = tuple[str, Callable[[Row], bool]]


def equal(name: str, value: str) -> Test:
    return f"{name} eq '{value}'", lambda row: row[name] == value


def begins(name: str, value: str) -> Test:
    return f"startswith({name},'{value}')", lambda row: str(row[name]).startswith(value)


def among(name: str, values: list[str]) -> Test:
    said = ",".join(f"'{value}'" for value in values)
    return f"{name} in ({said})", lambda row: row[name] in values


CBS_CODES = {
    "Measure": ["INW", "SALDO", "X"],
    "RegioS": ["11002", "41002"],
    "Perioden": ["2023JJ00", "2024KW01", "2023"],
    "SEX": ["_T", "F"],
}
LEAVES = st.sampled_from(sorted(CBS_CODES)).flatmap(
    lambda name: st.one_of(
        st.builds(equal, st.just(name), st.sampled_from(CBS_CODES[name])),
        st.builds(begins, st.just(name), st.sampled_from(CBS_CODES[name])),
        st.builds(
            among, st.just(name), st.lists(st.sampled_from(CBS_CODES[name]), min_size=1, max_size=2)
        ),
    )
)


@drawn
@given(left=LEAVES, right=LEAVES, joint=st.sampled_from(["and", "or"]), inside_out=st.booleans())
def test_filters_in_the_layout_of_cbs(
    world: World, left: Test, right: Test, joint: str, inside_out: bool
) -> None:
    text = f"({left[0]}) {joint} ({right[0]})"
    if inside_out:
        text = f"not ({text})"
    both = all if joint == "and" else any
    found = everything(world, f"{CBS}?$filter={quote(text)}")
    assert found == [
        row
        for row in everything(world, CBS)
        if both(test(row) for test in (left[1], right[1])) is not inside_out
    ]


# The open data service of Swing sites

SWING_LEVELS = {"gemeente": golden.NOW_VINTAGE, "gemeente2024": golden.OLD_VINTAGE}


@drawn
@given(
    name=st.sampled_from(NAMES),
    level=st.sampled_from(sorted(SWING_LEVELS)),
    item=st.sampled_from(["", "sex_F", "sex_M"]),
    area=st.sampled_from(["", *AREAS]),
    skip=st.integers(0, 3),
    top=st.none() | st.integers(0, 3),
)
def test_values_of_a_swing_site(
    world: World, name: str, level: str, item: str, area: str, skip: int, top: int | None
) -> None:
    way = f"CubeVariables('{name}')/DimItems('{item}')" if item else f"Variables('{name}')"
    pace = "quarter" if name == QUARTERLY else "year"
    path = f"{way}/GeoLevels('{level}')/PeriodLevels('{pace}')/Periods('all')/Values"
    options = {"$filter": f"ExternalCode eq '{level}_{area}'"} if area else {}
    rest = options | ({"$skip": skip} if skip else {}) | ({} if top is None else {"$top": top})
    root = "/jiveservices/odata"
    whole = world.ask(f"{root}/{path}?{httpx.QueryParams(options)}")
    sex = item.removeprefix("sex_") or "_T"
    wanted = {
        key: cell
        for key, cell in world.truth.items()
        if (key[0], key[1], key[4]) == (name, SWING_LEVELS[level], sex) and area in ("", key[2])
    }
    if whole.status_code == 404:
        assert not wanted
        return
    rows = whole.json()["value"]
    lines = []
    for each in rows:
        code = each["ExternalCode"].partition("_")[2]
        key = (name, each["GeoLevel"], code, each["Period"], sex)
        lines.append((key, each["ValueString"], each["Description"]))
    assert doors.of_swing(lines, golden.OPEN, NAMES) == wanted
    part = world.ask(f"{root}/{path}?{httpx.QueryParams(rest)}").json()["value"]
    assert part == rows[skip:][:top]
