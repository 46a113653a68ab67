"""The *Stadsmonitor* as the knowledge centre serves it: everyone the cities, each its own parts.

Thirteen generated cities, each with parts that a survey drew for itself; one protocol per city,
made of the form that is shipped.
"""

import asyncio
from importlib import resources
from typing import Any

import httpx
import numpy as np
import pytest
from tests.support import agreed, callers, forge, presses
from tests.support.callers import BASE_URL, CATALOGUE, NOW

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.correspondence import Correspondence, Row, RowType
from hanse.areas.level import Level
from hanse.cube.contract import Access
from hanse.cube.survey import Answered, Practice, result
from hanse.dialects.swing.indicators import undescribed
from hanse.dialects.swing.surveys import recognised
from hanse.node import areas, home
from hanse.node.app import create_app
from hanse.node.publish import Intent, publish
from hanse.node.settings import NodeSettings
from hanse.store.engine import create
from hanse.store.session import transaction

CITIES = tuple(f"{code}" for code in (
    "11002", "12025", "13040", "24062", "31005", "34022", "35013", "36015", "41002", "44021",
    "46021", "71016", "71022",
))  # fmt: skip
PARTS, TOWN = "stadsdeel@2025", "gemeente@2025"
CENTRE, SMALL = "OVO000001", 60
Quadruplet = tuple[int, int, int]


def parts_of(city: str) -> list[str]:
    return [f"{city}S{number}" for number in range(1, 6)]


def registry() -> Registry:
    """Return the cities, and a layer of parts that no other layer nests in."""
    towns = [Area(code=code, name=f"Stad {code}") for code in CITIES]
    parts = [Area(code=code, name=f"Deel {code}") for city in CITIES for code in parts_of(city)]
    rows = tuple(Row(each.code, each.code[:5], RowType.AGGREGATE) for each in parts)
    return (
        Registry()
        .with_level(Level("stadsdeel", "2025", {"nl": "Stadsdeel"}, 10), parts)
        .with_level(Level("gemeente", "2025", {"nl": "Gemeente"}, 30), towns)
        .with_correspondence(Correspondence(PARTS, TOWN, rows))
    )


def answers() -> dict[str, Quadruplet]:
    """Return weighted yes, weighted all and answers per part; one part in three cities is small."""
    chance, found = np.random.default_rng(2026), {}
    for at, city in enumerate(CITIES):
        for number, part in enumerate(parts_of(city)):
            n = SMALL if at % 5 == 0 and number == 2 else int(chance.integers(90, 300))
            base = n * int(chance.integers(20, 40))
            found[part] = (int(base * chance.uniform(0.2, 0.8)), base, n)
    return found


ANSWERS = answers()


def protocol_of(city: str) -> str:
    """Return the shipped form, filled in for one city and the survey's own layer."""
    form = resources.files("hanse.policies") / "protocols" / "survey.yaml"
    text = (
        form.read_text("utf-8")
        .replace("wijk", "stadsdeel")
        .replace("Voorbeeldstad", f"Stad {city}")
    )
    text = text.replace("2026-010", f"2026-{city}").replace("voorbeeldstad", f"stad-{city}")
    return text.replace("0207437468", f"02{city}000").replace("gemeente:41002", f"gemeente:{city}")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The knowledge centre's node, with a release and thirteen protocols in force."""
    folder = tmp_path_factory.mktemp("kenniscentrum")
    given = {"agency": "KENNIS", "name": "Kenniscentrum", "kbo": CENTRE, "base_url": BASE_URL}
    home.init(folder, {**given, "catalogue_url": CATALOGUE})
    settings = NodeSettings(
        _env_file=folder / "node.env", home=folder, revocation_hours=0, audit_lag_seconds=0
    )
    areas.store(folder, registry())
    engine = create(settings.database)
    press = presses.press(folder, engine, key=home.signing_key(folder), registry=registry())
    names = ("veilig_gt", "veilig_gn", "veilig_n")
    contract = presses.contract(
        *recognised([undescribed(each, each) for each in names]), slug="stadsmonitor",
        agency="KENNIS", levels=(PARTS, TOWN), access=Access.PROTOCOL, profile="enquete-79",
        partition_level=TOWN,
    )  # fmt: skip
    lines = [
        (name, PARTS, part, 2023, figure)
        for part, figures in ANSWERS.items()
        for name, figure in zip(names, figures, strict=True)
    ]
    publish(press, presses.draft(lines, contract), Intent(), "an")
    with transaction(engine) as session:
        for city in CITIES:
            agreed.in_force(session, folder, protocol_of(city), NOW)
    engine.dispose()
    transport = httpx.ASGITransport(app=callers.catalogue())
    return create_app(settings, clock=callers.Moment(), transport=transport)


def ask(app: Any, city: str, question: str) -> httpx.Response:
    now = int(NOW.timestamp())
    claims = forge.claims(
        iss=CATALOGUE, aud=BASE_URL, iat=now, exp=now + 300, sub=f"stad-{city}",
        client_id=f"stad-{city}", purpose="beleid",
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {forge.token(payload=claims)}"}

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url=BASE_URL, headers=headers, timeout=30
        ) as client:
            return await client.get(f"/v1/datasets/stadsmonitor/data?format=json&{question}")

    return asyncio.run(run())


def rows(reply: httpx.Response) -> list[dict[str, Any]]:
    assert reply.status_code == 200, reply.text
    data = reply.json()["data"]
    return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]


def expected(codes: list[str]) -> tuple[float, float]:
    """Return share and margin of some parts together, made apart from what is tested."""
    yes, base, n = (sum(ANSWERS[code][at] for code in codes) for at in range(3))
    found = result(Answered(yes, base, n), Practice())
    assert found.value is not None
    assert found.margin is not None
    return found.value, found.margin


def test_everyone_sees_the_totals_of_all_thirteen_cities(app: Any) -> None:
    for city in (CITIES[0], CITIES[8]):
        told = rows(ask(app, city, "level=gemeente&indicator=veilig_p"))
        assert {row["area"] for row in told} == set(CITIES)
        for row in told:
            value, margin = expected(parts_of(row["area"]))
            assert row["obs_value"] == pytest.approx(value)
            assert (row["ci_high"] - row["ci_low"]) / 2 == pytest.approx(margin)


@pytest.mark.parametrize("city", CITIES)
def test_each_city_sees_its_own_parts_and_no_others(app: Any, city: str) -> None:
    told = rows(ask(app, city, "level=stadsdeel&extent=permitted"))
    assert {row["area"] for row in told} == set(parts_of(city))
    shown = {row["area"] for row in told if row["obs_value"] is not None}
    small = {part for part in parts_of(city) if ANSWERS[part][2] < 79}
    assert shown.isdisjoint(small)
    # A small part is never alone: with it another is lost, or the total would give it back.
    assert len(set(parts_of(city)) - shown) in ({0} if not small else {2, 3})
    other = next(each for each in CITIES if each != city)
    assert ask(app, city, f"level=stadsdeel&area={other}S1").status_code == 403


def test_no_byte_of_a_city_with_a_small_part_holds_what_it_hid(app: Any) -> None:
    city = CITIES[0]
    yes, base, n = ANSWERS[f"{city}S3"]
    told = rows(ask(app, city, "level=stadsdeel&extent=permitted"))
    hidden = [row for row in told if row["area"] == f"{city}S3"]
    assert {row["indicator"] for row in hidden} == {
        "veilig_gt",
        "veilig_gn",
        "veilig_n",
        "veilig_p",
    }
    numbers = {row[name] for row in told for name in ("obs_value", "ci_low", "ci_high", "n")}
    assert numbers.isdisjoint({yes, base, float(n), 100 * yes / base})
