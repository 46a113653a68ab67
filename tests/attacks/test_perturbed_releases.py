"""A node that rounds or adds noise: all it ever published, pooled, brings no small count back.

The attackers know the method, all sums, which cells a correction changed, and every release. They
import nothing of the protection; the truth serves for scoring only.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pysdmx.io.xml.doc_validation import validate_doc
from tests.support import presses, strangers
from tests.support.strangers import DISTRICT, LEVELS, SECTOR, TOWN, ZONE, Town

from hanse.auth.ring import write_secret
from hanse.cube.indicator import Aggregation
from hanse.errors import HanseError
from hanse.node.publish import Intent, publish
from hanse.policies.method import Rounding, Spread
from hanse.policies.profile import Profile

pytestmark = pytest.mark.anyio

BASE, DEVIATION, WIDTH = 5, 5, 3
TEXT = {"nl": "Proef"}
PROFILES = {
    "rond": Profile("rond", TEXT, TEXT, method=Rounding(BASE)),
    "ruis": Profile("ruis", TEXT, TEXT, method=Spread(DEVIATION)),
    "streng": Profile("streng", TEXT, TEXT, min_count=5),
}
METHODS = {"rond": "ROUND_SMALL_5", "ruis": "CELL_KEY"}
CORRECTIONS = 5
SECRET = "5e" * 32
"""One that is the same in every run: with another, now and then most totals are right by chance."""
Key = tuple[str, str, str]
Figures = dict[Key, float]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@cache
def truth(turn: int) -> Mapping[tuple[str, str, int], int]:
    """Return the counts of one year; every correction changes the men of two sectors."""
    counts = {key: n for key, n in strangers.inner().items() if key[2] == 2024}
    for number in range(1, turn + 1):
        for code in (strangers.codes()[0][0], strangers.codes()[14][0]):
            counts[code, "M", 2024] += 7 * number
    return counts


def corrected() -> frozenset[str]:
    return frozenset(strangers.codes()[number][0] for number in (0, 14))


@dataclass(slots=True)
class Pool:
    """What strangers hold of one node: the figures of every release, in order."""

    town: Town
    name: str
    releases: list[Figures] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def _figures(path: Path) -> Figures:
    rows = pq.read_table(path).to_pylist()
    return {(f"{r['level']}:{r['area']}", r["SEX"], r["period"]): r["obs_value"] for r in rows}


@pytest.fixture(scope="module", params=METHODS)
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pool]:
    """A node that corrected its figures again and again."""
    name = str(request.param)
    built = strangers.town(tmp_path_factory.mktemp("node") / "aalst", PROFILES)
    write_secret(built.home / "keys" / "disclosure.key", SECRET)
    found = Pool(built, name)
    made = replace(strangers.contract(), profile=name)
    for turn in range(CORRECTIONS + 1):
        row = publish(
            built.press,
            presses.draft(strangers.lines(truth(turn)), made),
            intent(turn),
            "an",
        )
        folder = built.home / "data" / row.digest.removeprefix("sha-256:")
        found.folders.append(folder)
        found.releases.append(_figures(folder / "cells.parquet"))
    yield found
    built.close()


def intent(turn: int) -> Intent:
    return Intent("corrected", f"Telling {turn}.") if turn else Intent()


def _small() -> list[Key]:
    """Return the small inner counts that were never corrected; for scoring."""
    return [
        (f"{SECTOR}:{code}", sex, str(year))
        for (code, sex, year), n in truth(0).items()
        if 1 <= n < BASE and code not in corrected()
    ]


def test_asking_again_and_again_gives_the_same_figure_so_the_mean_says_nothing(pool: Pool) -> None:
    """Every correction is a new release of all cells; only those that hold it may move."""
    touched = {
        area
        for row in strangers.codes()
        if row[0] in corrected()
        for area in (f"{level}:{code}" for level, code in zip(LEVELS, row, strict=True))
    }
    moved = set()
    for key in pool.releases[0]:
        figures = {each[key] for each in pool.releases}
        if len(figures) > 1:
            moved.add(key)
        if key[0] not in touched or key[1] == "F":
            assert len(figures) == 1, key
    assert moved
    assert len(_small()) > 8


def bounds(name: str, figure: float) -> tuple[float, float]:
    """Return what a figure says of an inner count, or by noise of any count."""
    if name == "rond":
        return {0: (0, BASE - 1), BASE: (1, BASE)}.get(int(figure), (figure, figure))
    return (max(figure - DEVIATION, min(figure, 1)), figure + DEVIATION)


@pytest.mark.parametrize("name", METHODS)
def test_what_stands_unchanged_for_ten_years_has_one_figure_so_its_mean_says_nothing(
    name: str, tmp_path: Path
) -> None:
    """Three doctors in a sector are three next year too; births of every year are others."""
    built = strangers.town(tmp_path / "aalst", PROFILES)
    write_secret(built.home / "keys" / "disclosure.key", SECRET)
    doctors = presses.indicator("artsen")
    births = presses.indicator("geboorten", aggregate_time=Aggregation.SUM)
    made = presses.contract(doctors, births, slug="zorg", levels=LEVELS)
    years = [str(year) for year in range(2015, 2025)]
    told = [
        (each.id, SECTOR, code[0], year, 1 + number % 4)
        for each in (doctors, births)
        for number, code in enumerate(strangers.codes())
        for year in years
    ]
    row = publish(built.press, presses.draft(told, replace(made, profile=name)), Intent(), "an")
    path = built.home / "data" / row.digest.removeprefix("sha-256:") / "cells.parquet"
    rows = [each for each in pq.read_table(path).to_pylist() if each["level"] == SECTOR]
    built.close()
    figures: dict[tuple[str, str], set[float]] = {}
    for each in rows:
        figures.setdefault((each["indicator"], each["area"]), set()).add(each["obs_value"])
    assert {len(held) for (what, _), held in figures.items() if what == "artsen"} == {1}
    assert max(len(held) for (what, _), held in figures.items() if what == "geboorten") > 1


def test_everything_pooled_leaves_every_small_count_three_wide(pool: Pool) -> None:
    """Its own figures, and for noise every sum less its other parts, release after release."""
    wide = {}
    for key in _small():
        area, sex, year = key
        other = "M" if sex == "F" else "F"
        low, high = 0.0, np.inf
        for held in pool.releases:
            own = bounds(pool.name, held[key])
            low, high = max(low, own[0]), min(high, own[1])
            if pool.name == "ruis":
                whole, rest = (bounds("ruis", held[area, each, year]) for each in ("_T", other))
                low, high = max(low, whole[0] - rest[1]), min(high, whole[1] - rest[0])
        wide[key] = high - low
        assert low <= truth(0)[area.partition(":")[2], sex, 2024] <= high
    assert min(wide.values()) >= WIDTH, min(wide.items(), key=lambda each: each[1])


def test_no_total_stands_exact_beside_rounded_parts(pool: Pool) -> None:
    """Where parts were rounded, the total is their sum and hardly ever the true one."""
    by_level = {level: at for at, level in enumerate(LEVELS)}
    true = strangers.atlas().truth(truth(0))
    held, exact, changed = pool.releases[0], 0, 0
    for level in (DISTRICT, ZONE, TOWN):
        for area in sorted({row[by_level[level]] for row in strangers.codes()}):
            inside = [row[0] for row in strangers.codes() if row[by_level[level]] == area]
            for sex in ("_T", "F", "M"):
                parts = [held[f"{SECTOR}:{code}", sex, "2024"] for code in inside]
                key = (f"{level}:{area}", sex, "2024")
                sexes = ("F", "M") if sex == "_T" else (sex,)
                few = any(1 <= truth(0)[c, s, 2024] < BASE for c in inside for s in sexes)
                changed += few
                exact += few and held[key] == true[key]
                if pool.name == "rond":
                    assert held[key] == sum(parts), key
                    both = [held[key[0], each, "2024"] for each in ("F", "M")]
                    assert sex != "_T" or held[key] == sum(both)
    assert changed > 20
    assert exact < 0.5 * changed


def test_exact_figures_are_refused_whoever_asks_for_them_and_however(pool: Pool) -> None:
    base = replace(strangers.contract(), profile="streng", slug="exact")
    told = strangers.lines(truth(0))
    towns = replace(base, levels=(TOWN,), slug="steden")
    plain = replace(base, dimensions=(), levels=(SECTOR,), slug="samen")
    sums = [(*line[:4], line[5]) for line in told if line[4] == "_T"]
    before = sorted(path.name for path in (pool.town.home / "data").iterdir())
    for made, lines in ((base, told), (towns, told), (plain, sums)):
        with pytest.raises(HanseError, match="PERTURB_MIXED"):
            pool.town.publish(made, lines)
    with pytest.raises(HanseError, match="PERTURB_PARTS"):
        pool.town.publish(replace(plain, profile=pool.name), sums)
    assert sorted(path.name for path in (pool.town.home / "data").iterdir()) == before


def test_no_byte_of_a_release_holds_a_small_count_as_it_is(pool: Pool) -> None:
    """Numbers as every file of a release spells them: doubles in Arrow, decoded elsewhere."""
    barred = range(1, BASE) if pool.name == "rond" else range(1, 3)
    for folder in pool.folders:
        raw = (folder / "cells.arrow").read_bytes()
        assert struct.pack("<d", 0.0) in raw
        for number in barred:
            doubles = struct.pack("<d", float(number))
            aligned = [at for at in _places(raw, doubles) if at % 8 == 0]
            assert not aligned, number
        for name in ("cells.arrow", "cells.zstd.arrow"):
            with pa.OSFile(str(folder / name)) as file, pa.ipc.open_stream(file) as stream:
                values = stream.read_all()["obs_value"].to_pylist()
            assert not set(values) & set(barred)
    assert not (pool.town.home / "data").joinpath("keys").exists()
    secret = (pool.town.home / "keys" / "disclosure.key").read_bytes()
    for path in pool.town.home.rglob("*"):
        if path.is_file() and path.name != "disclosure.key":
            assert secret not in path.read_bytes(), path.name


def _places(content: bytes, wanted: bytes) -> Iterator[int]:
    at = content.find(wanted)
    while at >= 0:
        yield at
        at = content.find(wanted, at + 1)


FORMS = ("format=json", "format=csv")


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_serves_the_same_figures_and_one_status(pool: Pool, form: str) -> None:
    async with pool.town.client() as client:
        answer = await client.get(f"/v1/datasets/{strangers.SLUG}/data?{form}&level={TOWN}")
        assert answer.status_code == 200, answer.text[:300]
        if form.endswith("json"):
            told = answer.json()
            data = told["data"]
            assert told["sdc_method"] == METHODS[pool.name]
            keys = zip(data["level"], data["area"], data["SEX"], data["period"], strict=True)
            found = {
                (f"{level}:{area}", sex, period): value
                for (level, area, sex, period), value in zip(keys, data["obs_value"], strict=True)
            }
            assert set(data["obs_status"]) == {"A"}
            assert found == {
                key: value for key, value in pool.releases[-1].items() if key[0].startswith(TOWN)
            }
        else:
            assert len(answer.text.splitlines()) == 1 + 2 * 3
            assert answer.headers["Sdc-Method"] == METHODS[pool.name]


async def test_sdmx_serves_the_same_figures_and_says_the_method(pool: Pool) -> None:
    async with pool.town.client() as client:
        flow = f"NIS41002/{strangers.SLUG.upper()}"
        answer = await client.get(
            f"/sdmx/3.0/data/dataflow/{flow}/*/*",
            headers={"accept": "application/vnd.sdmx.data+csv;version=2.0.0"},
        )
        assert answer.status_code == 200, answer.text[:300]
        head, *lines = answer.text.splitlines()
        names = head.split(",")
        at, area, sex = (names.index(each) for each in ("OBS_VALUE", "REF_AREA", "SEX"))
        level = names.index("AREA_LEVEL") if "AREA_LEVEL" in names else area
        shown = sorted(float(line.split(",")[at]) for line in lines)
        assert shown == sorted(pool.releases[-1].values())
        assert len({(x[area], x[sex], x[level]) for x in (y.split(",") for y in lines)}) == len(
            lines
        )
        assert answer.headers["Sdc-Method"] == METHODS[pool.name]
        described = await client.get(f"/sdmx/3.0/structure/dataflow/{flow}/*")
        assert METHODS[pool.name] in described.text


XML = ("genericdata+xml;version=2.1", "structurespecificdata+xml;version=2.1")


@pytest.mark.parametrize("form", [*XML, "data+xml;version=3.0.0"])
async def test_data_in_xml_says_the_method_in_its_header(pool: Pool, form: str) -> None:
    flow = f"NIS41002/{strangers.SLUG.upper()}/*/*"
    path = f"2.1/data/{strangers.SLUG.upper()}" if form in XML else f"3.0/data/dataflow/{flow}"
    async with pool.town.client() as client:
        answer = await client.get(
            f"/sdmx/{path}", headers={"accept": f"application/vnd.sdmx.{form}"}
        )
    assert answer.status_code == 200, answer.text[:300]
    validate_doc(answer.text)
    told = f'<mes:Source xml:lang="en">sdc_method {METHODS[pool.name]}: Nothing is hidden'
    assert told in answer.text.partition("</mes:Header>")[0]


WORDS = {"rond": "onder 5 staat er 0 of 5", "ruis": "ruis toegevoegd"}
TABLE = f"{strangers.SLUG}__{TOWN.replace('@', '_')}".replace("-", "_").upper()
SAYING = {
    f"/v1/datasets/{strangers.SLUG}/data.csv-metadata.json": "application/csvm+json",
    "/odata/v4/Datasets": "application/json",
    f"/odata/cbs/v1/NIS41002/{TABLE}/Properties": "application/json",
    "/dcat": "text/turtle",
}


@pytest.mark.parametrize("path", SAYING)
async def test_what_describes_a_release_says_in_words_that_it_is_perturbed(
    pool: Pool, path: str
) -> None:
    async with pool.town.client() as client:
        asked = {"accept": SAYING[path], "accept-language": "nl"}
        answer = await client.get(path, headers=asked)
    assert answer.status_code == 200, answer.text[:300]
    assert WORDS[pool.name] in answer.text
    assert "cellen zijn verborgen" not in answer.text


async def test_rows_say_the_method_in_their_header(pool: Pool) -> None:
    async with pool.town.client() as client:
        answer = await client.get(f"/odata/v4/NIS41002_{strangers.SLUG.upper()}")
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["Sdc-Method"] == METHODS[pool.name]


async def test_the_manifest_and_the_certificate_say_the_method_and_no_more(pool: Pool) -> None:
    async with pool.town.client() as client:
        at = f"/v1/datasets/{strangers.SLUG}"
        release = (await client.get(at)).json()["current"]["release_id"]
        manifest = await client.get(f"{at}/releases/{release}")
        assert METHODS[pool.name] in manifest.text
    said = json.loads((pool.folders[-1] / "protection.json").read_bytes())
    assert said["sdc_method"] == METHODS[pool.name]
    for text in (manifest.text, json.dumps(said)):
        assert not {"deviation", "variance", "secret"} & set(text.replace('"', " ").split())


FORMS_OF = {"rond": "{name: round_small, base: 5}", "ruis": "cell_key"}
PAGES = {
    "nl": ("0 of 5", "ruis toegevoegd", "0 verborgen"),
    "en": ("0 or 5", "noise was added", "0 hidden"),
    "fr": ("0 ou 5", "du bruit a été ajouté", "0 masqué"),
}


@pytest.mark.parametrize("lang", PAGES)
async def test_the_page_of_a_release_says_the_method_in_words(pool: Pool, lang: str) -> None:
    words = f"schema: 1\nname: {pool.name}\ntitle: {{nl: Proef}}\ndescription: {{nl: Proef}}\n"
    (pool.town.home / "profiles").mkdir(exist_ok=True)
    file = pool.town.home / "profiles" / f"{pool.name}.yaml"
    file.write_text(f"{words}method: {FORMS_OF[pool.name]}\n", "utf-8")
    async with pool.town.client() as client:
        release = (await client.get(f"/v1/datasets/{strangers.SLUG}")).json()["current"]
        page = f"/{lang}/datasets/{strangers.SLUG}/releases/{release['release_id']}"
        answer = await client.get(page)
    rounded, noisy, hidden = PAGES[lang]
    assert answer.status_code == 200, answer.text[:300]
    assert (rounded if pool.name == "rond" else noisy) in answer.text
    assert hidden not in answer.text
    assert f"Proef ({pool.name})" in answer.text
    assert METHODS[pool.name] in answer.text
