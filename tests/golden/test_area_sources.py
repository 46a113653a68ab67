"""The provinces' tables against the register of municipalities and the list of mergers."""

import gzip
import json
from collections import Counter
from functools import cache

import pytest
from tests.golden.test_areas import registry
from tests.support.houses import hanse
from tests.support.needs import shared_data

from hanse.areas.mergers import Merger
from hanse.areas.statements import (
    Difference,
    Statements,
    differences,
    findings,
    of_mergers,
    of_refnis,
    of_registry,
)
from hanse.areas.tables import read_mergers
from hanse.errors import Invalid

pytestmark = pytest.mark.needs("shared_data")

YEARS = ("2018", "2024", "2025")


@cache
def tables() -> Statements:
    return of_registry("tables", registry())


def refnis(year: str) -> Statements:
    packed = (shared_data() / "nis" / f"refnis{year}.nt.gz").read_bytes()
    return of_refnis(year, gzip.decompress(packed).decode("utf-8"))


def mergers() -> tuple[Merger, ...]:
    return read_mergers((shared_data() / "nis" / "nis_mergers_2019_2025.csv").read_text("utf-8"))


def test_the_list_of_mergers_and_the_tables_say_the_same() -> None:
    listed = of_mergers("mergers", mergers(), YEARS)
    spoken = {pair: len(parents) for pair, parents in listed.parents.items()}
    assert spoken == {
        ("gemeente@2018", "gemeente@2024"): 15,
        ("gemeente@2024", "gemeente@2025"): 30,
    }
    assert differences(tables(), listed) == ()


def test_a_merger_that_leads_elsewhere_is_listed() -> None:
    wrong = [each for each in mergers() if each.old_code != "11007"]
    borsbeek = next(each for each in mergers() if each.old_code == "11007")
    wrong.append(Merger(borsbeek.effective, "11007", "11001"))
    found = differences(tables(), of_mergers("mergers", wrong, YEARS))
    where = "gemeente@2024 → gemeente@2025"
    assert found == (Difference("parent", where, "11007", "11002", "11001"),)


def test_the_register_and_the_tables_differ_in_entries_of_the_register() -> None:
    """The register still lists two that merged, and gives the new Wingene no district."""
    found = {year: differences(tables(), refnis(year), names=False) for year in ("2019", "2025")}
    assert found == {
        "2019": (Difference("area", "gemeente@2024", "12034", "", "Sint-Amands"),),
        "2025": (
            Difference("area", "gemeente@2025", "12034", "", "Sint-Amands"),
            Difference("area", "gemeente@2025", "37021", "Wingene", ""),
            Difference("area", "gemeente@2025", "44045", "", "Moerbeke"),
        ),
    }
    assert differences(tables(), refnis("1995"), names=False) == ()


def test_the_register_says_whence_each_merged_municipality_came() -> None:
    for year, pair, count in (
        ("2019", ("gemeente@2018", "gemeente@2024"), 14),
        ("2025", ("gemeente@2024", "gemeente@2025"), 26),
    ):
        told = refnis(year).parents[pair]
        assert len(told) == count
        assert {old: tables().parents[pair][old] for old in told} == told


def test_the_commands_list_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    areas, nis = shared_data() / "pinc_areas", shared_data() / "nis"
    told = json.loads(hanse("areas", "diff", areas, nis, "--no-names", "--json", status=1))
    counts = {source: len(listed) for source, listed in told["differences"].items()}
    assert counts == {
        "nis_mergers_2019_2025.csv": 0,
        "refnis1995.nt.gz": 0,
        "refnis2019.nt.gz": 1,
        "refnis2025.nt.gz": 3,
    }
    words = hanse("areas", "diff", areas, nis, "--lang", "en", status=1)
    assert "12034 (Sint-Amands) stands in the second source only" in words
    assert "42008 is called Hamme, in the second source Hamme (Dendermonde)" in words
    listed = json.loads(hanse("areas", "diff", areas, nis, "--json", status=1))["differences"]
    kinds = {source: Counter(each["kind"] for each in listed[source]) for source in listed}
    assert kinds == {
        "nis_mergers_2019_2025.csv": {},
        "refnis1995.nt.gz": {"name": 12},
        "refnis2019.nt.gz": {"area": 1},
        "refnis2025.nt.gz": {"area": 3},
    }
    for each in (one for told in listed.values() for one in told):
        assert any(each["area"] in line and each["where"] in line for line in words.splitlines())


def test_a_sector_that_two_tables_put_in_two_places_is_an_error() -> None:
    found = findings(registry())
    assert [(each.code, len(each.areas), each.error) for each in found] == [
        ("AREAS_TWO_WAYS", 1, True),
        ("AREAS_SPLIT", 10, False),
        ("AREAS_UNCOVERED", 19, False),
        ("AREAS_UNFED", 12, False),
    ]
    assert found[0].areas == ("46003H112",)
    told = json.loads(hanse("areas", "check", shared_data() / "pinc_areas", "--json", status=1))
    assert len(told["findings"]) == 4
    assert "46003H112" in hanse("areas", "check", shared_data() / "pinc_areas", status=1)


def test_a_text_that_is_no_scheme_is_refused() -> None:
    with pytest.raises(Invalid) as fault:
        of_refnis("x.nt", "<http://vocab.belgif.be/auth/refnis1990/11002> <a#b> <c> .\n")
    assert fault.value.code == "REFNIS_TRIPLES"
