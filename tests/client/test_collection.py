"""Collected figures compare as live ones do: in a folder or a bucket, by one engine or another."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import fs
from tests.support import engines
from tests.support.houses import hanse
from tests.support.tiny_catalogue import TinyWorld, world
from tests.support.tiny_node import Row, TinyNode, TinyRelease, cells
from typer.testing import CliRunner

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.level import Level
from hanse.cli.main import build
from hanse.client.collection.comparing import compare as compare_at
from hanse.client.collection.engine import engine
from hanse.client.collection.place import ABOUT, Place
from hanse.client.federation import Wish
from hanse.client.settings import ClientConfig, write_config
from hanse.cube.cells import SAMPLE_COLUMNS
from hanse.errors import HanseError, Invalid, Unavailable

YEARS = range(2019, 2024)
CITIES = {"11002": "Antwerpen", "31005": "Brugge", "44021": "Gent"}
AGES = ("_T", "0-17", "18+")


def city(code: str, number: int) -> TinyNode:
    """Return a node with people by age and births: hidden, unknown, zero, provisional."""
    people = pa.concat_tables([cells(_people(code, number, age), AGE=age) for age in AGES])
    births = cells(
        [("geb", "gemeente@2025", code, str(year), *_birth(number, year)) for year in YEARS]
    )
    facts = {"definition_version": "2.0.0"} if number == 2 else {}
    proud = cells(
        [("fier", "gemeente@2025", code, str(year), 50.0 + number, "A") for year in YEARS]
    )
    return TinyNode(
        f"NIS{code}",
        CITIES[code],
        [
            TinyRelease(people, "bevolking", facts=facts),
            TinyRelease(births, "geboorten"),
            TinyRelease(_of_a_sample(proud) if number > 1 else proud, "bevraging"),
        ],
    )


def _of_a_sample(table: pa.Table) -> pa.Table:
    """Return shares with their interval, n and method; one city did not publish them."""
    rows = table.num_rows
    told = {"ci_low": 48.0, "ci_high": 55.0, "n": 400.0, "z": 1.96}
    for name in SAMPLE_COLUMNS:
        value = pa.scalar(told.get(name, "wilson"))
        table = table.append_column(name, pa.repeat(value, rows))
    return table


def _people(code: str, number: int, age: str) -> list[Row]:
    part = {"_T": 1.0, "0-17": 0.2, "18+": 0.8}[age]
    rows: list[Row] = []
    for year in YEARS:
        value: float | None = (100_000.0 * number + 7 * year) * part
        status = "A"
        if (number, year) == (1, 2020) and age != "_T":
            value, status = None, "Q"
        if (number, year) == (2, 2023):
            status = "P"
        rows.append(("inw", "gemeente@2025", code, str(year), value, status))
        rows.append(("inw", "statsec@2025", f"{code}A00", str(year), value, status))
    return rows


def _birth(number: int, year: int) -> tuple[float | None, str]:
    if (number, year) == (3, 2021):
        return None, "L"
    return (0.0 if (number, year) == (3, 2022) else 900.0 + number + year % 7), "A"


@dataclass
class Known:
    """A federation of three cities, and what was collected of it in a folder."""

    world: TinyWorld
    folder: Path


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Known]:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    with world([city(code, at) for at, code in enumerate(CITIES, 1)]) as made:
        write_config(tmp_path / "client.json", ClientConfig(catalogue=made.catalogue.url))
        folder = tmp_path / "verzameld"
        hanse("collect", "inw,geb,fier", "--to", folder)
        yield Known(made, folder)


WAYS = (
    (),
    ("-g", "gemeente:11002,44021", "-p", "2020:2022"),
    ("--level", "statsec", "-p", "2021"),
    ("--city", "Gent,Brugge"),
    ("--per", "geb", "--times", "0.001"),
    ("--index", "2019"),
    ("--per", "geb", "--index", "2020", "--rank"),
    ("--spread", "--rank"),
)


def compared(*words: object) -> dict[str, Any]:
    """Return a comparison as JSON, without what tells of its moment."""
    told = json.loads(hanse("compare", *words, "--json", "--deadline", 30))
    moment = ("seconds", "deadline_seconds")
    account = ("reused", "seconds", "index_age_seconds", "decision")
    told["nodes"] = [
        {name: value for name, value in node.items() if name not in account}
        for node in told["nodes"]
    ]
    return {name: value for name, value in told.items() if name not in moment}


def same(found: dict[str, Any], live: dict[str, Any]) -> None:
    """Hold two comparisons against each other: all alike, sums of floats to one in a billion."""
    for name in live:
        if name == "spread":
            assert len(found[name]) == len(live[name])
            for ours, theirs in zip(found[name], live[name], strict=True):
                for each, value in theirs.items():
                    near = value if isinstance(value, str) else pytest.approx(value, rel=1e-9)
                    assert ours[each] == near
        else:
            assert found[name] == live[name], name
    assert found["rows"] > 0


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_what_was_collected_compares_as_the_nodes_themselves_do(
    known: Known, way: tuple[str, ...]
) -> None:
    subjects = subjects_of(way)
    same(compared(subjects, *way, "--from", known.folder), compared(subjects, *way))


def subjects_of(way: tuple[str, ...]) -> str:
    return "inw" if "--per" in way else "inw,geb,fier"


def test_a_cluster_over_a_bucket_gives_the_same_as_one_process_over_a_folder(
    known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in engines.KEYS.items():
        monkeypatch.setenv(name, value)
    with engines.store(tmp_path) as s3, engines.cluster(tmp_path, s3) as spark:
        monkeypatch.setenv("HANSE_S3_ENDPOINT", s3)
        bucket = fs.S3FileSystem(
            endpoint_override=s3.removeprefix("http://"), scheme="http", allow_bucket_creation=True
        )
        bucket.create_dir("figuren")
        place = "s3://figuren/verzameld"
        told = json.loads(hanse("collect", "inw,geb,fier", "--to", place, "--json"))
        assert (told["kept"], told["dropped"]) == (12, 0)
        for way in WAYS:
            subjects = subjects_of(way)
            here = compared(subjects, *way, "--from", known.folder)
            same(compared(subjects, *way, "--from", place), here)
            monkeypatch.setenv("HANSE_ENGINE", spark)
            same(compared(subjects, *way, "--from", place), here)
            monkeypatch.delenv("HANSE_ENGINE")


def test_collecting_again_replaces_and_takes_out_what_a_node_no_longer_gives(known: Known) -> None:
    gent = next(node for node in known.world.nodes if node.agency == "NIS44021")
    newer = pa.concat_tables([cells(_people("44021", 4, age), AGE=age) for age in AGES])
    gent.releases[:] = [TinyRelease(newer, "bevolking", release_id="2026.1")]
    told = json.loads(hanse("collect", "inw,geb", "--to", known.folder, "--json"))
    assert told["dropped"] == 1
    found = compared("inw,geb", "--from", known.folder)
    releases = dict(zip(found["data"]["origin"], found["data"]["release"], strict=True))
    assert releases["NIS44021"] == "2026.1"
    pairs = set(zip(found["data"]["origin"], found["data"]["indicator"], strict=True))
    assert ("NIS44021", "geb") not in pairs
    assert len(list(known.folder.rglob("*.parquet"))) == 11


def test_a_node_that_is_down_keeps_its_place(known: Known) -> None:
    known.world.kill("NIS31005")
    assert "Brugge" in hanse("collect", "inw", "--to", known.folder, status=4)
    found = compared("inw", "--from", known.folder)
    assert "NIS31005" in found["data"]["origin"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("geb", "--from", "s3://"), "PLACE_ADDRESS"),
        (("geb", "--from", "s3://x/../y?z=1"), "PLACE_ADDRESS"),
        (("onbekend", "--from", "{folder}"), "PLACE_NOTHING"),
        (("geb", "--per", "onbekend", "--from", "{folder}"), "BENCHMARK_BASE"),
        (("geb", "--index", "1999", "--from", "{folder}"), "BENCHMARK_PERIOD"),
        (("geb", "-p", "vorig jaar", "--from", "{folder}"), "PERIOD_UNKNOWN"),
        (("geb", "--city", "Parijs", "--from", "{folder}"), "CITY_UNKNOWN"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(
    known: Known, words: tuple[str, ...], code: str
) -> None:
    assert refused("compare", *(word.format(folder=known.folder) for word in words)) == code


def refused(*words: object) -> str:
    """Type a command that is refused; return the code of its reason."""
    done = CliRunner().invoke(build(), [str(word) for word in words])
    assert isinstance(done.exception, HanseError), done.output
    return done.exception.code


@pytest.mark.parametrize("address", ["spark", "sc://", "http://x", ""])
def test_an_engine_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="ENGINE_UNKNOWN"):
        engine(address)


def test_an_engine_that_is_away_is_said_to_be(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSE_ENGINE", "sc://127.0.0.1:9")
    assert refused("compare", "geb", "--from", known.folder) == "ENGINE_FAILED"


def test_a_damaged_file_is_named(known: Known) -> None:
    about = next(known.folder.rglob(ABOUT))
    about.write_text('{"schema": 1}')
    with pytest.raises(Invalid, match="PLACE_DAMAGED"):
        Place.open(str(known.folder)).kept()


@pytest.mark.parametrize("column", ["a); DROP", "AGE B", "", "1"])
def test_the_name_of_a_column_is_never_a_statement(known: Known, column: str) -> None:
    about = next(known.folder.rglob(ABOUT))
    told = json.loads(about.read_text())
    about.write_text(json.dumps({**told, "columns": [*told["columns"], column]}))
    with pytest.raises(Invalid, match="PLACE_DAMAGED"):
        Place.open(str(known.folder)).kept()


def test_a_file_that_is_gone_is_no_empty_answer(known: Known) -> None:
    next(known.folder.rglob("NIS11002/geboorten/**/*.parquet")).unlink()
    assert refused("compare", "geb", "--from", known.folder) == "ENGINE_FAILED"
    with pytest.raises(Unavailable, match="ENGINE_FAILED"):
        engine("duckdb").ask("SELECT 1 FROM nowhere")


def _linked(known: Known, tmp_path: Path, what: str) -> None:
    """Move a part of the place elsewhere, and leave a link to it."""
    about = min(known.folder.rglob(ABOUT))
    part = {
        "about": about,
        "figures": next(about.parent.glob("figures-*")),
        "manifest": next(about.parents[3].glob("manifest-*")),
        "folder": about.parents[3],
    }[what]
    away = tmp_path / "elders"
    part.rename(away)
    part.symlink_to(away)


@pytest.mark.parametrize("what", ["about", "figures", "manifest", "folder"])
def test_nothing_is_read_or_written_over_a_link(known: Known, tmp_path: Path, what: str) -> None:
    _linked(known, tmp_path, what)
    kept = {each: each.stat().st_mtime_ns for each in (tmp_path / "elders").rglob("*")}
    assert refused("compare", "inw,geb,fier", "--from", known.folder) == "PLACE_LINK"
    assert refused("collect", "inw,geb,fier", "--to", known.folder) == "PLACE_LINK"
    assert {each: each.stat().st_mtime_ns for each in (tmp_path / "elders").rglob("*")} == kept


def test_a_place_may_itself_be_named_by_a_link(known: Known, tmp_path: Path) -> None:
    named = tmp_path / "naam"
    named.symlink_to(known.folder)
    assert (
        compared("inw", "--from", named)["rows"] == compared("inw", "--from", known.folder)["rows"]
    )


class Counting(Place):
    """A place that remembers what is read of it."""

    def _content(self, path: str) -> bytes:
        READ.append(path)
        return super()._content(path)


READ: list[str] = []


@pytest.mark.parametrize(
    "wish",
    [Wish(), Wish(beside=("usual",), cities=("Gent",)), Wish(vintage="2025")],
    ids=["as it is", "beside", "vintage"],
)
def test_whatever_is_read_of_a_place_is_read_once(known: Known, wish: Wish) -> None:
    place = Counting.open(str(known.folder))
    town = [Area(code, name) for code, name in CITIES.items()]
    registry = Registry().with_level(Level("gemeente", "2025", {"nl": "Gemeente"}, 30), town)
    READ.clear()
    compare_at(place, engine("duckdb"), "inw,geb,fier", wish, lambda: registry)
    assert len(READ) == len(set(READ))
    manifests = [each for each in READ if "manifest-" in each]
    assert len(manifests) == 3 * len(CITIES)


def test_a_place_tells_whose_figures_lie_in_it_by_a_file_of_each(known: Known) -> None:
    place = Counting.open(str(known.folder))
    READ.clear()
    assert [each.name for each in place.members()] == list(CITIES.values())
    assert len(READ) == len(CITIES)
