"""Every client that is named as a reader of a node: what it is asked, and what it must have seen.

A visit is one caller at a node in one state. Each client gets all its visits in one go; what it saw
of each is held against the node's own truth, and what it received against the figures beyond it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from tests.support import environments, golden, layers, needs, shares
from tests.support.golden import Golden, Truth

from hanse.areas.level import from_swing

Asked = dict[str, Any]
Lines = list[Any]

CALLERS = ("nobody", *golden.PARTNERS)
"""Who comes: somebody without an agreement to the open dataset, each partner to the closed one."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One caller at one node."""

    state: str
    caller: str
    node: Golden

    @property
    def name(self) -> str:
        """Return what everything received on this visit is kept under."""
        return f"{self.state}-{self.caller}"

    @property
    def dataset(self) -> str:
        """Return what the caller comes for."""
        return golden.OPEN if self.caller == "nobody" else golden.CLOSED

    @property
    def table(self) -> str:
        """Return the dataset as dialects in capitals name it."""
        return self.dataset.upper().replace("-", "_")

    @property
    def truth(self) -> Truth:
        """Return what the caller must see."""
        return self.node.truth(self.caller, self.dataset)

    @property
    def headers(self) -> dict[str, str]:
        """Return an access token, as a client sends it that can send headers."""
        return self.node.headers(self.caller)

    def token(self) -> str:
        """Return a feed token for the agreed purpose; nobody has none."""
        if self.caller == "nobody":
            return ""
        return shares.token(self.node, self.caller, purpose="beleid")[0]

    def url(self) -> str:
        """Return the node's address with a feed token as its password."""
        text = self.token()
        return self.node.url.replace("://", f"://u:{text}@") if text else self.node.url

    def data(self, what: str, **asked: str) -> str:
        """Return the address of the dataset in one of the node's own forms."""
        rights = {"extent": "permitted", "purpose": "beleid"} if self.caller != "nobody" else {}
        query = str(httpx.QueryParams({**rights, **asked}))
        return f"{self.node.url}/v1/datasets/{self.dataset}/{what}{'?' if query else ''}{query}"


@dataclass(frozen=True, slots=True)
class Door:
    """A client at work: a question per visit, what its lines mean, what it is able to tell."""

    client: str
    script: str
    asks: Callable[[Visit], Asked]
    means: Callable[[Visit, Lines], Any] = lambda _, lines: golden.seen(lines)
    tells: Callable[[Truth], Any] = lambda truth: truth
    signs_in: str = "header"
    callers: Sequence[str] = CALLERS
    why_not: str = ""
    needs: Sequence[str] = ()
    figures: bool = True
    run: Callable[[Sequence[Asked]], list[Lines]] | None = None

    def visit(self, visits: Sequence[Visit]) -> list[Lines]:
        """Send the client on its visits; return the lines it printed of each."""
        for each in visits:
            each.node.hearing.now = ""
        asked = [
            {"begin": f"{each.node.url}/-/hear/{each.name}", "number": number, **self.asks(each)}
            for number, each in enumerate(visits)
        ]
        if self.run:
            return self.run(asked)
        return environments.each(self.client, self.script, asked)


def _sdmx(visit: Visit) -> Asked:
    return {
        "url": visit.node.url,
        "agency": "NIS41002",
        "flow": visit.table,
        "headers": visit.headers,
    }


def _odata(visit: Visit) -> Asked:
    return {
        "url": visit.node.url,
        "dimensions": ["SEX"],
        "set": f"NIS41002_{visit.table}",
        "filter": "Indicator ne 'niets'",
        "headers": visit.headers,
    }


LEVELS = {"GEMEENTE_2025": golden.NOW_VINTAGE, "GEMEENTE_2024": golden.OLD_VINTAGE}
CBS_PERIODS = {
    "2023JJ00": "2023",
    "2024JJ00": "2024",
    "2023SJ00": "2023-A1",
    "2024KW01": "2024-Q1",
    "2024KW02": "2024-Q2",
}
CBS_ATTRIBUTES = {
    "A": "None",
    "P": "None",
    "Q": "Confidential",
    "L": "Missing",
    "M": "Impossible",
}


def _levels(visit: Visit) -> dict[str, str]:
    """Return the tables of the dataset that the caller may see, and the level of each."""
    shown = {key[1] for key in visit.truth}
    return {f"{visit.table}__{name}": level for name, level in LEVELS.items() if level in shown}


def _cbs(visit: Visit) -> Asked:
    return {
        "url": visit.url(),
        "agency": "NIS41002",
        "dimensions": ["SEX"],
        "tables": _levels(visit),
        "periods": CBS_PERIODS,
    }


def _as_cbs_tells(truth: Truth) -> Any:
    return {key: (value, CBS_ATTRIBUTES[status]) for key, (value, status) in truth.items()}


VARIABLES = ["INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD"]


def _px(visit: Visit) -> Asked:
    return {"url": visit.url(), "dataset": visit.table, "variables": VARIABLES}


def _of_px(visit: Visit, lines: Lines) -> Any:
    """Return the values shown; combinations that the release does not hold have none."""
    found = {(key[0], LEVELS[key[1]], *key[2:]): value for key, value in lines}
    truth = visit.truth
    assert {value for key, value in found.items() if key not in truth} <= {None}
    return {key: found.get(key, "not there") for key in truth}


def _stat(visit: Visit) -> Asked:
    chosen = "&".join(f"valueCodes%5B{name}%5D={quote('*')}" for name in VARIABLES)
    root = visit.url()
    return {
        "tables": [
            {"url": f"{root}/px/v2/tables/{table}/data?{chosen}", "level": level}
            for table, level in _levels(visit).items()
        ]
    }


def _stat_with_headers(visit: Visit) -> Asked:
    asked = _stat(visit)
    for each in asked["tables"]:
        address = httpx.URL(each["url"])
        each["url"] = str(address.copy_with(userinfo=b""))
        each["headers"] = visit.headers
    return asked


def _ranges(visit: Visit) -> Asked:
    token = visit.token()
    headers = {"apikey": token} if token else {}
    return {"url": visit.data("data.parquet"), "headers": headers, "token": token}


def _linked(visit: Visit) -> list[str]:
    """Return the signed addresses of a table's files, as Delta Sharing gives them."""
    token = visit.token()
    answer = httpx.post(
        f"{visit.node.url}/delta/for/beleid/{shares.place(visit.dataset)}/query",
        json={},
        headers=shares.bearer(token) if token else {},
    )
    return [each["url"] for each in shares.files(answer)]


TEXTS = ["indicator", "level", "area", "period", "SEX", "obs_status", "conf_status"]


def _polars(visit: Visit) -> Asked:
    if visit.caller != "nobody":
        (url,) = _linked(visit)
        return {"url": url, "format": "parquet", "texts": TEXTS}
    return {"url": visit.data("data.parquet"), "format": "parquet", "texts": TEXTS}


def _polars_csv(visit: Visit) -> Asked:
    return {"url": visit.data("data", format="csv"), "format": "csv", "texts": TEXTS}


def _book(visit: Visit) -> Asked:
    return {"url": visit.data("data", format="xlsx"), "headers": visit.headers}


def _delta(visit: Visit) -> Asked:
    """Ask in both forms, and for the feed of changes since the first release."""
    token = visit.token() or shares.token(visit.node, "provincie")[0]
    return {
        "profile": shares.profile(visit.node, token),
        "table": f"{shares.SHARE}.{shares.SCHEMA}.{visit.dataset.replace('-', '_')}",
        "asks": [
            {"ask": "data"},
            {"ask": "data", "form": "delta"},
            {"ask": "data", "form": "parquet"},
            {"ask": "changes", "first": 0, "form": "delta"},
            {"ask": "changes", "first": 1, "form": "parquet"},
            {"ask": "data", "form": "parquet", "limit": 3},
            {"ask": "data", "version": 1},
            {"ask": "tables"},
        ],
    }


def _of_delta(visit: Visit, lines: Lines) -> Any:
    """Return three readings of the table and two of its feed, once the rest is found right."""
    found: list[list[Any]] = [[] for _ in range(8)]
    for number, row in lines:
        found[number].append(row)
    tables = [shares.truth(each) for each in found[:3]]
    assert len(found[5]) == 3
    first = visit.node.truth(visit.caller, visit.dataset, golden.FIRST_RELEASE)
    assert shares.truth(found[6]) == first
    assert sorted(name for _, _, name in found[7]) == sorted(shares.TABLES)
    return [*tables, *(shares.applied({}, each) for each in found[3:5])]


def _mcp(visit: Visit) -> Asked:
    return {
        "url": f"{visit.node.url}/mcp",
        "headers": visit.headers,
        "arguments": {"dataset": visit.dataset, "limit": 7},
    }


SWING_SYMBOLS = {"-": "O", "x": "Q", "?": "L", "nvt": "M"}
SWING_PERIODS = {
    ("leerl", "2023"): "2023-A1",
    ("omzet", "2024KW1"): "2024-Q1",
    ("omzet", "2024KW2"): "2024-Q2",
}
SWING_FLAGS = {None: "A", "voorlopig": "P"}


def _swing(visit: Visit) -> Asked:
    token = visit.token()
    headers, purpose = ({"apikey": token}, "beleid") if token else ({}, None)
    return {"url": visit.node.url, "headers": headers, "purpose": purpose}


def _of_swing(visit: Visit, lines: Lines) -> Any:
    return of_swing(lines, visit.dataset, {key[0] for key in visit.truth})


def of_swing(lines: Iterable[Any], dataset: str, indicators: Iterable[str]) -> Truth:
    """Return what a script for Swing sites printed of one dataset, in the node's own codes."""
    found: Truth = {}
    for (variable, level, area, period, sex), text, told in lines:
        of, _, name = variable.rpartition("__")
        of = of.replace("_", "-")
        if of not in ("", dataset) or name not in indicators:
            continue
        key = (name, from_swing(level), area, SWING_PERIODS.get((name, period), period), sex)
        assert key not in found
        status = SWING_SYMBOLS.get(text)
        found[key] = (None, status) if status else (float(text), SWING_FLAGS[told])
    return found


SHACL = ("dcat-ap-3.0.1-shapes.ttl",)


def _shacl(visit: Visit) -> Asked:
    folder = needs.shared_data() / "shacl"
    return {
        "url": f"{visit.node.url}/dcat.ttl",
        "headers": visit.headers,
        "format": "turtle",
        "shapes": [str(folder / name) for name in SHACL],
    }


def _violations(_: Visit, lines: Lines) -> Any:
    return [each for each in lines if each["severity"] == "Violation"]


def _gdal(visit: Visit) -> Asked:
    truth = visit.truth
    return {
        "url": visit.node.url,
        "tables": _levels(visit),
        "periods": sorted({key[3] for key in truth}),
        "sexes": sorted({key[4] for key in truth}),
        "headers": visit.headers,
    }


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A named client that reads no cells: what it reads, and where that is shown."""

    reads: str
    test: str


DOORS: Mapping[str, Door] = {
    "sdmx1": Door("sdmx1", "read.py", lambda v: {**_sdmx(v), "specific": False}),
    "sdmx1, structure-specific": Door("sdmx1", "read.py", lambda v: {**_sdmx(v), "specific": True}),
    "pysdmx": Door(
        "pysdmx", "read.py", lambda v: {**_sdmx(v), "token": v.token()}, signs_in="password"
    ),
    "rsdmx": Door("rsdmx", "read.R", _sdmx),
    "cbsodata4": Door("cbsodata4", "read.py", _cbs, tells=_as_cbs_tells, signs_in="password"),
    "python-odata": Door("python-odata", "read.py", _odata),
    "o.js": Door("o.js", "read.mjs", _odata),
    "delta-sharing": Door(
        "delta-sharing",
        "read.py",
        _delta,
        _of_delta,
        tells=lambda truth: [truth] * 5,
        signs_in="profile",
    ),
    "PySpark": Door(
        "pyspark",
        "read.py",
        lambda v: {"urls": _linked(v)},
        lambda _, lines: shares.truth(lines),
        signs_in="signed link",
        needs=("java",),
    ),
    "pxwebpy": Door(
        "pxwebpy",
        "read.py",
        _px,
        _of_px,
        tells=lambda truth: {key: value for key, (value, _) in truth.items()},
        signs_in="password",
    ),
    "pyjstat": Door("pyjstat", "read.py", _stat, signs_in="password"),
    "jsonstat-toolkit": Door("jsonstat-toolkit", "read.mjs", _stat_with_headers),
    "duckdb": Door("duckdb", "read.py", _ranges, signs_in="secret"),
    "polars": Door("polars", "read.py", _polars, signs_in="signed link"),
    "polars, CSV": Door(
        "polars",
        "read.py",
        _polars_csv,
        signs_in="",
        callers=("nobody",),
        why_not="it sends no credential, and no CSV has a signed address: download it first",
    ),
    "pyarrow": Door("pyarrow", "read.py", _ranges),
    "hyparquet": Door("hyparquet", "read.mjs", _ranges),
    "openpyxl": Door("openpyxl", "read.py", _book),
    "MCP client": Door("mcp", "read.py", _mcp),
    "MCP client, older era": Door("mcp", "read.py", lambda v: {**_mcp(v), "mode": "legacy"}),
    "Swing": Door("swing", "read.py", _swing, _of_swing),
    "GDAL's OAPIF driver": Door("", "", _gdal, needs=("gdal",), run=layers.read),
    "csvw": Door(
        "csvw",
        "read.py",
        lambda v: {"url": v.data("data", format="csv")},
        signs_in="",
        callers=("nobody",),
        why_not="it sends no credential, and no CSV has a signed address: download it first",
    ),
    "csvw, from the description": Door(
        "csvw",
        "read.py",
        lambda v: {"url": v.data("data.csv-metadata.json", format="csv")},
        signs_in="",
        callers=("nobody",),
        why_not="it sends no credential, and no CSV has a signed address: download it first",
    ),
    "pyshacl": Door(
        "pyshacl",
        "validate.py",
        _shacl,
        _violations,
        tells=lambda _: [],
        needs=("shared_data",),
        figures=False,
    ),
}
"""Who reads figures, in its own environment. A partner's figures come to all but two of them."""

ELSEWHERE: Mapping[str, Elsewhere] = {
    "ckanapi": Elsewhere("the catalogue's lists, which are the same for all", "test_dcat.py"),
}
