"""One small dataset with everything that goes wrong between dialects, on a node of its own.

Hidden, zero, negative, missing and provisional cells; a year, a school year and a quarter; totals;
codes whose source has blanks, quotes and accents; an area that has another name in another vintage.
Its second release revises, adds and takes away. `truth` is what every dialect must say.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from fastapi import FastAPI
from tests.support import agreed, callers, presses
from tests.support.hearing import Hearing
from tests.support.houses import free_ports
from tests.support.live import live

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.level import Level
from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Access, Contract
from hanse.cube.indicator import Aggregation, Indicator, MeasureType
from hanse.node import areas, home
from hanse.node.app import create_app
from hanse.node.publish import Intent, Press, publish, withdraw
from hanse.node.running import Node
from hanse.node.settings import NodeSettings
from hanse.store.engine import create
from hanse.store.session import transaction

OPEN, CLOSED = "proef", "proef-dicht"
NOW_VINTAGE, OLD_VINTAGE = "gemeente@2025", "gemeente@2024"
TOWNS = ("11002", "41002")
FIRST_RELEASE, SECOND_RELEASE = "2026-10-01.1", "2026-10-01.2"

SEX = Dimension(
    "SEX",
    Codelist(
        "SEX",
        (
            Code("_T", {"nl": "Totaal", "en": "Total", "fr": "Total"}),
            Code("F", {"nl": "Vrouwen", "en": "Women", "fr": "Femmes"}, parent="_T"),
            Code(
                "M",
                {"nl": 'Mannen "incl. X", één', "en": "Men", "fr": "Hommes"},
                parent="_T",
                notation='M "één" \' man',
            ),
        ),
        name={"nl": "Geslacht", "en": "Sex", "fr": "Sexe"},
    ),
    {"nl": "Geslacht", "en": "Sex", "fr": "Sexe"},
)

INHABITANTS = presses.indicator(
    "inw",
    name={"nl": "Inwoners", "en": "Inhabitants", "fr": "Habitants"},
    unit="personen",
    provisional_from="2024",
)
BALANCE = presses.indicator(
    "saldo",
    name={"nl": "Saldo «in - uit»", "en": "Balance", "fr": "Solde"},
    measure_type=MeasureType.AMOUNT,
    unit="euro",
    decimals=2,
    aggregate_geo=Aggregation.NONE,
    aggregate_breakdown=Aggregation.NONE,
)
PUPILS = presses.indicator(
    "leerl",
    name={"nl": "Leerlingen", "en": "Pupils", "fr": "Élèves"},
    reporting_year_start="--09-01",
    reference_point="during-period",
)
TURNOVER = presses.indicator(
    "omzet",
    name={"nl": "Omzet per kwartaal", "en": "Turnover", "fr": "Chiffre d'affaires"},
    measure_type=MeasureType.AMOUNT,
    unit="euro",
    freq="Q",
    reference_point="during-period",
    aggregate_geo=Aggregation.NONE,
    aggregate_breakdown=Aggregation.NONE,
)
INDICATORS: tuple[Indicator, ...] = (INHABITANTS, BALANCE, PUPILS, TURNOVER)

Line = tuple[object, ...]

FIRST: tuple[Line, ...] = (
    *(("inw", NOW_VINTAGE, "11002", 2023, sex, n) for sex, n in (("_T", 9), ("F", 6), ("M", 3))),
    *(("inw", NOW_VINTAGE, "41002", 2023, sex, n) for sex, n in (("_T", 40), ("F", 40), ("M", 0))),
    *(("inw", NOW_VINTAGE, town, 2024, "_T", n) for town, n in (("11002", 50), ("41002", 41))),
    *(("inw", OLD_VINTAGE, town, 2023, "_T", n) for town, n in (("11002", 70), ("41002", 40))),
    ("inw", OLD_VINTAGE, "11007", 2023, "_T", 12),
    ("saldo", NOW_VINTAGE, "11002", 2023, "_T", -1234.5),
    ("saldo", NOW_VINTAGE, "41002", 2023, "_T", 0.25),
    ("saldo", NOW_VINTAGE, "11002", 2024, "_T", "unknown"),
    ("saldo", NOW_VINTAGE, "41002", 2024, "_T", "not_applicable"),
    ("leerl", NOW_VINTAGE, "11002", "2023-A1", "_T", 700),
    ("leerl", NOW_VINTAGE, "41002", "2023-A1", "_T", "suppressed_source"),
    ("omzet", NOW_VINTAGE, "11002", "2024-Q1", "_T", 1_000_000.0),
    ("omzet", NOW_VINTAGE, "41002", "2024-Q1", "_T", 2_500_000.0),
    ("omzet", NOW_VINTAGE, "41002", "2024-Q2", "_T", 2_600_000.0),
)
"""The first release; of the men of 2023 in the first town there are too few to tell."""

_GONE = ("omzet", NOW_VINTAGE, "41002", "2024-Q2")
_REVISED = ("saldo", NOW_VINTAGE, "41002", 2023)
_ADDED = ("omzet", NOW_VINTAGE, "11002", "2024-Q2", "_T", 1_100_000.0)


def second() -> tuple[Line, ...]:
    """Return the second release: a figure revised, one taken away, one added."""
    kept = [line for line in FIRST if line[:4] not in (_GONE, _REVISED)]
    return (
        *kept,
        (*_REVISED, "_T", 0.75),
        _ADDED,
    )


MARK, STEP = 7_310_007, 10_103
"""Figures of the closed dataset are raised by these: each is found wherever it travels."""


def _sameness(line: Line) -> tuple[object, ...]:
    """Return what lines that keep to one another's sums have in common; other lines differ."""
    return line[:4] if line[0] == "inw" else line


_RAISED = {
    same: MARK + STEP * number
    for number, same in enumerate(
        dict.fromkeys(map(_sameness, (*FIRST, _ADDED, (*_REVISED, "_T", 0.75))))
    )
}


def marked(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return lines whose totals and parts are raised alike, to figures that nothing else has.

    What is small or nothing stays: it is what protection looks at.
    """
    return tuple(
        (*line[:-1], _raise(line[-1], _RAISED[_sameness(line)])) if line[4] != "M" else line
        for line in lines
    )


def marks() -> set[float]:
    """Return every figure of the closed dataset, in any release, that can be searched for."""
    values = (line[-1] for line in marked((*FIRST, *second())))
    return {float(each) for each in values if isinstance(each, int | float) and abs(each) >= MARK}


def _raise(value: object, by: int) -> object:
    return value + (by if value > 0 else -by) if isinstance(value, int | float) else value


def contract(slug: str, access: Access) -> Contract:
    """Return the contract of the dataset under a slug."""
    return presses.contract(
        *INDICATORS,
        slug=slug,
        title={"nl": "Proef «alles»", "en": "Everything", "fr": "Tout"},
        description={"nl": 'Alles wat "mis" kan gaan.', "en": "All that can go wrong."},
        levels=(NOW_VINTAGE, OLD_VINTAGE),
        dimensions=(SEX,),
        access=access,
        contact="cijfers@aalst.example",
        profile="standaard-5",
    )


def registry() -> Registry:
    """Return two vintages of the towns; the second takes one in and gives another its name."""
    new = [Area("11002", 'Antwerpen "met Borsbeek"'), Area("41002", "Aalst")]
    old = [Area("11002", "Antwerpen"), Area("11007", "Borsbeek"), Area("41002", "Aalst")]
    return (
        Registry()
        .with_level(Level("gemeente", "2025", {"nl": "Gemeente", "en": "Municipality"}, 30), new)
        .with_level(Level("gemeente", "2024", {"nl": "Gemeente", "en": "Municipality"}, 30), old)
    )


_AGREED = """
schema: 1
id: urn:protocol:aalst:2026-{number}
version: 1
parties:
  - {{role: supplier, kbo: "{supplier}"}}
  - {{role: recipient, kbo: "{kbo}", client_id: {client}, bearer: true, territory: "{territory}"}}
basis: {{kind: legal_protocol}}
purposes: [beleid]
data:
  datasets: [{dataset}]
  indicators: [{indicators}]
  levels: [gemeente]
  areas: {areas}
  periods: {{from: 2023, until: open}}
  breakdowns: all
  formats: [json, csv, xlsx, parquet, arrow, sdmx, odata, delta, pxweb, ogc, swing, mcp]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""

PARTNERS: Mapping[str, Mapping[str, str]] = {
    "provincie": {
        "number": "101",
        "kbo": "0207725597",
        "indicators": "inw, leerl",
        "areas": "own",
        "territory": "gemeente:41002",
    },
    "kenniscentrum": {
        "number": "102",
        "kbo": "0267400377",
        "indicators": "saldo, omzet",
        "areas": "all",
        "territory": "gewest:2000",
    },
}
"""Two partners with other rights, by client id."""

Key = tuple[str, ...]
"""Indicator, level, area, period, and the codes of the breakdowns."""
Cell = tuple[float | None, str]
"""Value and status."""
Truth = dict[Key, Cell]


@dataclass(frozen=True, slots=True)
class Golden:
    """The node while it is served."""

    url: str
    app: FastAPI
    press: Press
    home: Path
    hearing: Hearing
    client: httpx.Client
    """One for many questions: a client of its own for each costs more than most of the answers."""

    @property
    def node(self) -> Node:
        """Return the running node."""
        running: Node = self.app.state.node
        return running

    def headers(self, caller: str) -> dict[str, str]:
        """Return the credentials of a partner by client id; "nobody" has none."""
        if caller == "nobody":
            return {}
        return dict(
            callers.credentials("partner", client_id=caller, purpose="beleid", aud=self.url)
        )

    def truth(self, caller: str = "nobody", dataset: str = OPEN, release: str = "") -> Truth:
        """Return every cell a caller may see, as the node's own JSON says it."""
        asked = {"extent": "permitted", "format": "json"} | (
            {"release": release} if release else {}
        )
        address = f"{self.url}/v1/datasets/{dataset}/data"
        answer = self.client.get(address, params=asked, headers=self.headers(caller))
        answer.raise_for_status()
        columns = answer.json()["data"]
        keys = [name for name in columns if name not in ("obs_value", "obs_status", "conf_status")]
        rows = zip(*(columns[name] for name in keys), strict=True)
        cells = zip(columns["obs_value"], columns["obs_status"], strict=True)
        return dict(zip(rows, cells, strict=True))

    def publish_second(self) -> str:
        """Publish the second release of both datasets; return its id."""
        opened = self._publish(OPEN, Access.OPEN, second())
        self._publish(CLOSED, Access.PROTOCOL, marked(second()))
        return opened

    def withdraw_second(self, release: str) -> None:
        """Withdraw it again from both."""
        for slug, _ in _DATASETS:
            withdraw(self.press, slug, release, "verkeerd bestand", "an")

    def _publish(self, slug: str, access: Access, lines: tuple[Line, ...]) -> str:
        made = publish(self.press, presses.draft(lines, contract(slug, access)), Intent(), "an")
        return made.release_id


_DATASETS = ((OPEN, Access.OPEN), (CLOSED, Access.PROTOCOL))


@contextmanager
def served(folder: Path) -> Iterator[Golden]:
    """Serve the node on loopback with its first release."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    given = {"agency": "NIS41002", "name": "Stad Aalst", "kbo": callers.KBO, "base_url": url}
    home.init(folder, {**given, "catalogue_url": callers.CATALOGUE, "territory": "gemeente:41002"})
    # The press publishes by a clock of its own; the log would seem to be behind by a month.
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, audit_lag_seconds=0)
    areas.store(folder, registry())
    engine = create(settings.database)
    press = replace(
        presses.press(folder, engine, key=home.signing_key(folder)), registry=registry()
    )
    with transaction(press.engine) as session:
        agreed.in_force(session, folder, home.open_data_form("NIS41002", callers.KBO), callers.NOW)
        for client, rights in PARTNERS.items():
            form = _AGREED.format(supplier=callers.KBO, client=client, dataset=CLOSED, **rights)
            agreed.in_force(session, folder, form, callers.NOW)
    transport = httpx.ASGITransport(app=callers.catalogue())
    app = create_app(settings, clock=callers.Moment(), transport=transport)
    http = httpx.Client(timeout=30)
    golden = Golden(url, app, press, folder, Hearing(app), http)
    for slug, access in _DATASETS:
        golden._publish(slug, access, FIRST if access is Access.OPEN else marked(FIRST))
    with http, live(golden.hearing, port):
        yield golden
    engine.dispose()


STATES = ("first", "second", "withdrawn")
"""What a client may come upon: the first release, the second, and the first again."""


@contextmanager
def in_state(folder: Path, state: str) -> Iterator[Golden]:
    """Serve the node in one of the states."""
    with served(folder) as node:
        if state != "first":
            release = node.publish_second()
            if state == "withdrawn":
                node.withdraw_second(release)
        yield node


def seen(lines: Iterable[tuple[Iterable[str], float | None, str]]) -> Truth:
    """Return what a client printed, to be held against the truth."""
    return {tuple(key): (value, status) for key, value, status in lines}
