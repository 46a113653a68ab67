"""Selections by code: of PxWeb, of OGC, of the node's own forms, of assistants; and mere wishes."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import golden, shares
from tests.support.grammars import (
    AREAS,
    DAYS,
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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with asked(tmp_path_factory.mktemp("golden")) as served:
        yield served


# PxWeb: codes, wildcards and expressions

TABLE = "/px/v2/tables/PROEF__GEMEENTE_2025"
AXES = {
    "INDICATOR": ["INW", "SALDO", "LEERL", "OMZET"],
    "REF_AREA": ["11002", "41002"],
    "SEX": ["_T", "F", "M"],
    "TIME_PERIOD": ["2023", "2024", "2023-A1", "2024-Q1"],
}


def expressions(name: str) -> st.SearchStrategy[str]:
    code = st.sampled_from(AXES[name])
    return st.one_of(
        code,
        st.sampled_from(["*", "4*", "?????", "20*", "in?", "NIETS", "top(1)", "bottom(2)"]),
        st.builds("from({})".format, code),
        st.builds("to({})".format, code),
        st.builds("range({},{})".format, code, code),
    )


def chosen(codes: Sequence[str], text: str, *, newest_first: bool) -> list[str]:
    """Return what an expression chooses, read word by word."""
    word, _, rest = text.rstrip(")").partition("(")
    if rest and word in ("top", "bottom"):
        count = int(rest)
        return list(codes[-count:] if (word == "top") == newest_first else codes[:count])
    if rest:
        ends = rest.split(",")
        first = codes.index(ends[0]) if word in ("from", "range") else 0
        last = codes.index(ends[-1]) if word in ("to", "range") else len(codes) - 1
        return list(codes[first : last + 1])
    return [code for code in codes if fnmatchcase(code.lower(), text.lower())]


@drawn
@given(
    wanted=st.fixed_dictionaries(
        {name: st.lists(expressions(name), min_size=1, max_size=2, unique=True) for name in AXES}
    )
)
def test_expressions_of_pxweb(world: World, wanted: dict[str, list[str]]) -> None:
    axes = {
        name: list(each["category"]["index"])
        for name, each in world.ask(f"{TABLE}/metadata").json()["dimension"].items()
    }
    picked = {
        name: [
            chosen(axes[name], text, newest_first=name == "TIME_PERIOD") for text in wanted[name]
        ]
        for name in axes
    }
    said = {f"valueCodes[{name}]": ",".join(texts) for name, texts in wanted.items()}
    answer = world.ask(f"{TABLE}/data?{httpx.QueryParams(said)}")
    if not all(codes for each in picked.values() for codes in each):
        assert (answer.status_code, answer.json()["code"]) == (400, "PXWEB_CODE")
        return
    document = answer.json()
    sides = [
        [code for code in axes[name] if any(code in codes for codes in picked[name])]
        for name in document["id"]
    ]
    assert [list(document["dimension"][name]["category"]["index"]) for name in document["id"]] == (
        sides
    )
    for place, codes in enumerate(product(*sides)):
        told = dict(zip(document["id"], codes, strict=True))
        key = (told["INDICATOR"].lower(), golden.NOW_VINTAGE, told["REF_AREA"])
        cell = world.truth.get((*key, told["TIME_PERIOD"], told["SEX"]), (None, "_Z"))
        status = document.get("status", {}).get(str(place), "A")
        assert (document["value"][place], status) == cell


# OGC API Features

BOXES = {"": AREAS, "4.05,50.95,4.06,50.96": ("41002",), "5,50,6,51": ()}


@drawn
@given(
    period=st.sampled_from([*DAYS][:-1]),
    sex=st.sampled_from(SEXES),
    names=some(*NAMES),
    area=st.sampled_from(["", *AREAS]),
    box=st.sampled_from(sorted(BOXES)),
    held=st.sampled_from([(), ("status", "A"), ("status", "Q"), ("value", "40"), ("value", "9")]),
    span=st.tuples(st.none() | st.integers(1, 3), st.none() | st.integers(0, 2)),
)
def test_parameters_of_ogc(
    world: World,
    period: str,
    sex: str,
    names: frozenset[str],
    area: str,
    box: str,
    held: tuple[str, ...],
    span: tuple[int | None, int | None],
) -> None:
    columns = [name for name in NAMES if not names or name in names]
    asked_of = columns[0]
    given_here = {"period": period, "SEX": sex, "indicator": ",".join(columns), "code": area}
    given_here |= {"bbox": box, "limit": span[0], "offset": span[1]}  # type: ignore[dict-item]
    if held:
        given_here[asked_of + ("_status" if held[0] == "status" else "")] = held[1]
    said = {name: text for name, text in given_here.items() if text not in ("", None)}
    answer = world.ask(f"/ogc/collections/PROEF__GEMEENTE_2025/items?{httpx.QueryParams(said)}")
    assert answer.status_code == 200, answer.text

    def row(code: str) -> dict[str, Any]:
        cells = {
            name: world.truth.get((name, golden.NOW_VINTAGE, code, period, sex), (None, None))
            for name in columns
        }
        values = {name: value for name, (value, _) in cells.items()}
        return values | {f"{name}_status": status for name, (_, status) in cells.items()}

    def meant(code: str) -> bool:
        value, status = row(code)[asked_of], row(code)[f"{asked_of}_status"]
        holds = not held or (status == held[1] if held[0] == "status" else value == float(held[1]))
        return holds and area in ("", code) and code in BOXES[box]

    every = [code for code in ("11002", "41002") if meant(code)]
    start = span[1] or 0
    page = answer.json()
    assert page["numberMatched"] == len(every)
    told = [each["properties"] for each in page["features"]]
    wanted = every[start : start + (span[0] or len(every))]
    assert [each["code"] for each in told] == wanted
    assert [{name: each[name] for name in row(each["code"])} for each in told] == [
        row(code) for code in wanted
    ]


# The node's own forms, and assistants

Part = dict[str, frozenset[str]]
PARTS = st.fixed_dictionaries(
    {"indicator": some(*NAMES), "level": some(*LEVELS), "area": some(*AREAS), "SEX": some(*SEXES)}
)


def meant(world: World, part: Part, start: str, end: str) -> golden.Truth:
    places = {"indicator": 0, "level": 1, "area": 2, "SEX": 4}
    return {
        key: cell
        for key, cell in world.truth.items()
        if within(key[3], start, end)
        and all(not codes or key[places[name]] in codes for name, codes in part.items())
    }


def in_parquet(content: bytes) -> golden.Truth:
    return shares.truth(pq.read_table(io.BytesIO(content)).to_pylist())


def in_csv(content: bytes) -> golden.Truth:
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(content.decode())))
    for row in rows:
        row["obs_value"] = float(row["obs_value"]) if row["obs_value"] else None
    return shares.truth(rows)


def is_elsewhere(part: Part) -> bool:
    """Say whether an area is asked for that no asked level has: that is refused whole."""
    levels = part["level"]
    return bool(levels) and golden.OLD_VINTAGE not in levels and "11007" in part["area"]


@drawn
@given(part=PARTS, start=bounds, end=bounds, form=st.sampled_from(["csv", "parquet"]))
def test_parameters_of_the_nodes_own_forms(
    world: World, part: Part, start: str, end: str, form: str
) -> None:
    said = {name: ",".join(sorted(codes)) for name, codes in part.items() if codes}
    window = {"period": f"{start}:{end}"} if start or end else {}
    query = httpx.QueryParams({**said, **window, "format": form})
    answer = world.ask(f"/v1/datasets/{golden.OPEN}/data?{query}")
    wanted = meant(world, part, start, end)
    if answer.status_code != 200:
        assert answer.headers["Content-Type"] == "application/problem+json"
        known = answer.json()["code"] != "AREA_NOT_HERE" or not is_elsewhere(part)
        assert not (known and wanted), answer.text
        return
    assert (in_csv if form == "csv" else in_parquet)(answer.content) == wanted


@drawn
@given(part=PARTS, start=bounds, end=bounds, limit=st.integers(1, 9), skip=st.integers(0, 9))
def test_arguments_of_an_assistant(
    world: World, part: Part, start: str, end: str, limit: int, skip: int
) -> None:
    levels = sorted(part["level"])[:1]
    given_here = {
        "indicators": sorted(part["indicator"]),
        "areas": sorted(part["area"]),
        "level": "".join(levels),
        "periods": f"{start}:{end}" if start or end else "",
        "breakdown": {"SEX": sorted(part["SEX"])} if part["SEX"] else {},
    }
    arguments = {name: each for name, each in given_here.items() if each}
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "pull",
            "arguments": {"dataset": golden.OPEN, "limit": limit, "start": skip, **arguments},
        },
    }
    told = {"MCP-Protocol-Version": "2025-06-18"}
    answer = world.client.post(f"{world.url}/mcp", json=body, headers=told).json()["result"]
    wanted = meant(world, {**part, "level": frozenset(levels)}, start, end)
    if answer.get("isError"):
        elsewhere = is_elsewhere({**part, "level": frozenset(levels)})
        code = answer["structuredContent"]["code"]
        assert elsewhere if code == "AREA_NOT_HERE" else not wanted, answer
        return
    found = answer["structuredContent"]
    rows = {
        (row["indicator"], row["level"], row["area"], row["period"], row["breakdown"]["SEX"]): (
            row["value"],
            row["status"],
        )
        for row in found["rows"]
    }
    assert rows == {key: cell for key, cell in wanted.items() if key in rows}
    assert len(rows) == len(found["rows"]) == min(limit, max(0, len(wanted) - skip))
    assert found["more"] == max(0, len(wanted) - skip - limit)


# Delta Sharing: hints are wishes

WORDS = st.sampled_from(["area", "=", "'11002'", "obs_value", ">", "3", "or", "(", ")", "1=1", "é"])
HINTS = st.recursive(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["column", "literal"]),
            "name": st.sampled_from(["area", "obs_value"]),
            "valueType": st.sampled_from(["string", "double"]),
        }
    ),
    lambda inner: st.fixed_dictionaries(
        {
            "op": st.sampled_from(["equal", "and", "or", "not", "isNull", "lessThan"]),
            "children": st.lists(inner, max_size=2),
        }
    ),
    max_leaves=4,
)


@drawn
@given(
    texts=st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=2),
    tree=HINTS,
    limit=st.none() | st.integers(0, 5),
)
def test_hints_of_delta_sharing_never_change_what_is_told(
    world: World, texts: list[str], tree: dict[str, Any], limit: int | None
) -> None:
    body = {"predicateHints": texts, "jsonPredicateHints": json.dumps(tree)}
    asked_for = body if limit is None else {**body, "limitHint": limit}
    address = f"{world.url}/delta/for/beleid/{shares.place()}/query"
    answer = world.client.post(address, json=asked_for)
    (file,) = shares.files(answer)
    assert in_parquet(world.client.get(file["url"]).content) == world.truth
