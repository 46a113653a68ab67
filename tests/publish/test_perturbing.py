"""Rounding and noise at publication: what stands in a release, and what never stands beside it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import typer
from tests.support import presses
from tests.support.presses import SECTOR, TOWN, contract, draft, indicator, ratio
from typer.testing import CliRunner

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.correspondence import Correspondence, Row, RowType
from hanse.areas.level import Level
from hanse.cli import publish as publishing
from hanse.cli.main import build
from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation, MeasureType, Sample, SourceThreshold
from hanse.errors import Conflict, HanseError, Refused
from hanse.messages import LANGUAGES, say
from hanse.node import areas, home, secrecy
from hanse.node.intake import draft as drafts
from hanse.node.publish import (
    Intent,
    Press,
    approve,
    prepare,
    propose,
    publish,
    published,
    verified,
    withdraw,
)
from hanse.node.refiguring import Redrawn
from hanse.node.releases import layout
from hanse.node.releases.layout import read_table, write_table
from hanse.policies.method import Perturbing, Rounding, Spread
from hanse.policies.profile import Profile

METHODS: dict[str, Perturbing] = {"round_small": Rounding(5), "cell_key": Spread()}
BOTH = pytest.mark.parametrize("name", METHODS)
SECTORS = ("11002A", "11002B", "41002A", "41002B")
AGES, SEXES = ("jong", "oud"), ("F", "M")
TEXT = {"nl": "Tekst"}
Cells = dict[tuple[str, ...], float | None]


def codes(name: str, own: Sequence[str]) -> Dimension:
    return Dimension(name, Codelist(f"CL_{name}", tuple(Code(each, {}) for each in own)))


AGE, SEX = codes("AGE", AGES), codes("SEX", SEXES)


def profile(method: Perturbing | None, **rules: Any) -> Profile:
    return Profile("proef", TEXT, TEXT, method=method, **rules)


@cache
def empty() -> bytes:
    """Return the database of a node that published nothing: brought up to date only once."""
    with tempfile.TemporaryDirectory() as folder:
        presses.press(Path(folder)).engine.dispose()
        return (Path(folder) / "node.db").read_bytes()


def press(folder: Path, method: Perturbing | None, **rules: Any) -> Press:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.db").write_bytes(empty())
    return presses.press(folder, own_profiles={"proef": profile(method, **rules)})


def under(at: Press, method: Perturbing | None) -> Press:
    """Return the same node with another rule under the same name."""
    return replace(at, own_profiles={"proef": profile(method)})


def of(*indicators: Any, **fields: Any) -> Contract:
    plain = {"levels": (SECTOR, TOWN), "profile": "proef"}
    return contract(*indicators, **(plain | fields))


@cache
def people(seed: int = 7) -> Mapping[tuple[str, str, str], int]:
    draw = np.random.default_rng(seed)
    cells = [(area, age, sex) for area in SECTORS for age in AGES for sex in SEXES]
    return {cell: int(draw.poisson(draw.choice([1, 3, 12]))) for cell in cells}


CROSSED = of(dimensions=(AGE, SEX))


def crossed(counts: Mapping[tuple[str, str, str], int] | None = None) -> list[presses.Line]:
    """Return the full cross with all its totals, by sector."""
    found: dict[tuple[str, str, str], int] = {}
    for (area, age, sex), count in (counts or people()).items():
        for key in ((area, a, s) for a in (age, "_T") for s in (sex, "_T")):
            found[key] = found.get(key, 0) + count
    return [("inw", SECTOR, area, "2024", *key, n) for (area, *key), n in found.items()]


def out(at: Press, dataset: str = "bevolking") -> Cells:
    """Return what a release shows, by all its codes."""
    rows = published(at, dataset).cells.table.to_pylist()
    plain = ("obs_value", "obs_status", "conf_status")
    return {
        tuple(str(value) for name, value in row.items() if name not in plain): row["obs_value"]
        for row in rows
    }


def release(at: Press, lines: Sequence[Sequence[object]], made: Contract, why: str = "") -> str:
    intent = Intent("corrected", why) if why else Intent()
    return publish(at, draft(lines, made), intent, "an").release_id


def sound(at: Press, dataset: str = "bevolking") -> Redrawn:
    found = verified(at, dataset)
    assert isinstance(found, Redrawn)
    return found


def test_rounded_figures_add_up_over_areas_and_breakdowns(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    release(at, crossed(), CROSSED)
    shown = out(at)
    assert len(shown) == (4 + 2) * 9
    for town in ("11002", "41002"):
        for age, sex in ((a, s) for a in (*AGES, "_T") for s in (*SEXES, "_T")):
            parts = [shown["inw", SECTOR, f"{town}{n}", "2024", age, sex] for n in "AB"]
            assert shown["inw", TOWN, town, "2024", age, sex] == sum(each or 0 for each in parts)
    for area in SECTORS:
        inner = [shown["inw", SECTOR, area, "2024", age, sex] or 0 for age in AGES for sex in SEXES]
        assert shown["inw", SECTOR, area, "2024", "_T", "_T"] == sum(inner)
        for key, value in people().items():
            figure = shown["inw", SECTOR, key[0], "2024", *key[1:]]
            assert figure in {0, 5} if 0 < value < 5 else figure == value
    assert sound(at) == Redrawn("ROUND_SMALL_5", 54, 0, 0, 0, 0, ())


def test_noise_stays_within_its_bounds_and_zero_stays_zero(tmp_path: Path) -> None:
    at, spread = press(tmp_path, Spread(5, 2.0, 2)), Spread(5, 2.0, 2)
    release(at, crossed(), CROSSED)
    exact = {tuple(str(part) for part in line[:-1]): line[-1] for line in crossed()}
    shown = out(at)
    for key, value in exact.items():
        figure = shown[key]
        assert figure is not None
        assert abs(figure - float(value)) <= spread.deviation
        assert figure not in {1, 2}
        assert (figure == 0) or value
    assert any(shown[key] != value for key, value in exact.items())
    assert sound(at).holds


@BOTH
def test_the_same_counts_give_the_same_bytes_whatever_their_order(
    name: str, tmp_path: Path
) -> None:
    files = []
    for number, lines in enumerate((crossed(), crossed()[::-1])):
        at = press(tmp_path / str(number), METHODS[name])
        (at.home / "keys").mkdir()
        (at.home / secrecy.SECRET).write_bytes(b"the same thirty-two secret bytes")
        release(at, lines, CROSSED)
        (folder,) = (path.parent for path in at.home.rglob("cells.parquet"))
        files.append([(folder / each).read_bytes() for each in ("cells.parquet", "cells.arrow")])
    assert files[0] == files[1]


@BOTH
def test_a_correction_of_one_cell_changes_only_the_figures_that_hold_it(
    name: str, tmp_path: Path
) -> None:
    at = press(tmp_path, METHODS[name])
    release(at, crossed(), CROSSED)
    before = out(at)
    changed = dict(people())
    changed["11002A", "jong", "F"] += 30
    release(at, crossed(changed), CROSSED, "Telfout.")
    after = out(at)
    moved = {key for key in after if after[key] != before[key]}
    holds = {"11002A", "11002"}, {"jong", "_T"}, {"F", "_T"}
    assert moved
    assert all(key[2] in holds[0] and key[4] in holds[1] and key[5] in holds[2] for key in moved)
    assert sound(at).holds
    release(at, crossed(), CROSSED, "Toch niet.")
    assert out(at) == before


@BOTH
def test_the_same_cells_have_the_same_figures_in_another_dataset(name: str, tmp_path: Path) -> None:
    at = press(tmp_path, METHODS[name])
    release(at, crossed(), CROSSED)
    first = out(at)
    release(at, crossed(), replace(CROSSED, slug="steden", levels=(TOWN,)))
    towns = out(at, "steden")
    assert len(towns) == 18
    assert all(first[key] == value for key, value in towns.items())
    assert sound(at, "steden").holds


def test_sums_over_indicators_and_periods_hold(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    months = [f"2024-{month:02}" for month in range(1, 13)]
    parts = [indicator(each, aggregate_time=Aggregation.SUM) for each in ("kind_t", "kind_1")]
    made = of(*parts, indicator("kind_2", aggregate_time=Aggregation.SUM))
    draw = np.random.default_rng(3)
    lines: list[presses.Line] = []
    for area in SECTORS:
        counts = {one: draw.poisson(3, 12).tolist() for one in ("kind_1", "kind_2")}
        counts["kind_t"] = [sum(pair) for pair in zip(*counts.values(), strict=True)]
        for one, each in counts.items():
            lines += [(one, SECTOR, area, m, n) for m, n in zip(months, each, strict=True)]
            lines.append((one, SECTOR, area, "2024", sum(each)))
    release(at, lines, made)
    shown = {key: value or 0 for key, value in out(at).items()}
    for (one, level, area, period), value in shown.items():
        if one == "kind_t":
            assert value == sum(shown[f"kind_{n}", level, area, period] for n in "12")
        if period == "2024":
            assert value == sum(shown[one, level, area, month] for month in months)
    assert sound(at).holds


def test_a_ratio_is_worked_out_of_the_figures_and_small_denominators_are_not_shown(
    tmp_path: Path,
) -> None:
    at = press(tmp_path, Rounding(5), min_denominator=20)
    made = of(indicator("a"), indicator("b"), ratio("r", "a", "b"))
    lines = [
        (one, SECTOR, area, "2024", value)
        for one, counts in (("a", (3, 7, 2, 30)), ("b", (9, 14, 40, 60)))
        for area, value in zip(SECTORS, counts, strict=True)
    ]
    release(at, lines, made)
    shown = out(at)
    for level, area in ((SECTOR, "41002A"), (SECTOR, "41002B"), (TOWN, "11002"), (TOWN, "41002")):
        sides = [shown[one, level, area, "2024"] or 0 for one in "ab"]
        assert shown["r", level, area, "2024"] == pytest.approx(100 * sides[0] / sides[1])
    assert shown["r", SECTOR, "11002A", "2024"] is None
    assert shown["r", SECTOR, "11002B", "2024"] is None
    assert sound(at) == Redrawn("ROUND_SMALL_5", 12, 4, 0, 0, 0, ())


def test_readers_are_told_the_method_and_nothing_of_any_figure(tmp_path: Path) -> None:
    for name, method in {**METHODS, "wide": Spread(11, 4.5, 0)}.items():
        at = press(tmp_path / name, method)
        release(at, crossed(), CROSSED)
        (folder,) = (path.parent for path in at.home.rglob("cells.parquet"))
        said = json.loads((folder / "protection.json").read_bytes())
        assert (said["method"], said["sdc_method"]) == (method.name, method.mark)
        assert said["additive"] is isinstance(method, Rounding)
        assert (said["hidden"], said["failed"]) == (0, 0)
        assert not {"requirement", "small_below", "secret", "deviation", "changed"} & said.keys()
        rows = published(at, "bevolking").cells.table.to_pylist()
        assert {(row["obs_status"], row["conf_status"]) for row in rows} == {("A", "F")}
    wide, other = (profile(Spread(deviation, 4.5, 0)) for deviation in (11, 12))
    assert wide.content_digest == other.content_digest  # else anybody could try every number
    assert wide.content_digest != profile(Rounding(5)).content_digest


MIXED = [
    ("hidden after rounded", Rounding(5), None),
    ("hidden after noise", Spread(), None),
    ("rounded after hidden", None, Rounding(5)),
    ("noise after rounded", Rounding(5), Spread()),
    ("another base", Rounding(5), Rounding(10)),
    ("wider noise", Spread(), Spread(deviation=7)),
]


@pytest.mark.parametrize(("situation", "first", "second"), MIXED)
def test_one_population_has_one_method(
    situation: str, first: Perturbing | None, second: Perturbing | None, tmp_path: Path
) -> None:
    at = press(tmp_path, first)
    released = release(at, crossed(), CROSSED)
    other = under(at, second)
    with pytest.raises(Conflict, match="PERTURB_MIXED") as refusal:
        release(other, crossed(), replace(CROSSED, slug="tweede"))
    told = refusal.value.parameters
    assert told["indicator"] == "inw", situation
    assert told["holder"] == f"bevolking ({released})"
    both = "" if first and second else "_HIDING" if first else "_EXACT"
    assert refusal.value.code == f"PERTURB_MIXED{both}"
    for lang in LANGUAGES:
        said = say(refusal.value.code, lang, **told)
        assert f"bevolking ({released})" in said
        assert not {"{", "SUPPRESS", "ROUND_SMALL"} & set(said.replace("{", " { ").split())
    withdraw(at, "bevolking", released, "Fout.", "an")
    with pytest.raises(Conflict, match="PERTURB_MIXED"):
        release(other, crossed(), CROSSED)
    later = [(*line[:3], "2025", *line[4:]) for line in crossed()]
    release(other, later, replace(CROSSED, slug="later"))  # other people: another period


def test_a_year_and_its_months_have_one_method(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    release(at, YEAR, of())
    months = of(slug="maanden")
    with pytest.raises(Conflict, match="PERTURB_MIXED"):
        release(under(at, None), MONTHS, months)
    with pytest.raises(Refused, match="PERTURB_PERIODS"):
        release(at, MONTHS, months)


def test_a_population_that_is_named_has_one_method_whatever_its_indicators(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    lines = [("men", SECTOR, area, "2024", 3) for area in SECTORS]
    release(at, lines, of(indicator("men", population="inwoners")))
    women = of(indicator("women", population="inwoners"), slug="vrouwen")
    lines = [("women", *line[1:]) for line in lines]
    with pytest.raises(Conflict, match="PERTURB_MIXED"):
        release(under(at, None), lines, women)
    release(at, lines, women)


def test_a_whole_and_its_parts_have_one_method_in_whichever_datasets(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    parts = [(one, SECTOR, area, "2024", 3) for one in "ab" for area in SECTORS]
    release(at, parts, of(indicator("a"), indicator("b"), indicator("t", formula="a + b")))
    shown = out(at)
    for area in SECTORS:
        a, b, t = (shown[one, SECTOR, area, "2024"] or 0 for one in "abt")
        assert t == a + b
    whole = of(indicator("t"), slug="samen")
    lines = [("t", SECTOR, area, "2024", 6) for area in SECTORS]
    with pytest.raises(Conflict, match="PERTURB_MIXED"):
        release(under(at, None), lines, whole)
    with pytest.raises(Conflict, match="PERTURB_KIN"):
        release(at, lines, whole)


def test_two_that_publish_at_once_share_one_secret(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    first = secrecy.kept(tmp_path, (), "a", lasting=True)
    secrecy._keep(tmp_path / secrecy.SECRET, "another that came second")
    assert secrecy.kept(tmp_path, (), "b", lasting=True) == first
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["disclosure.key"]


def test_an_exact_ratio_tells_its_sides_so_these_are_not_rounded_later(tmp_path: Path) -> None:
    at = press(tmp_path, None)
    share = ratio("r", "a", "b")
    release(at, [("r", TOWN, "11002", "2024", 40.0)], of(share, levels=(TOWN,)))
    made = of(indicator("a"), levels=(TOWN,), slug="tellers")
    with pytest.raises(Conflict, match="PERTURB_MIXED"):
        release(under(at, Rounding(5)), [("a", TOWN, "11002", "2024", 12)], made)


@BOTH
def test_a_secret_that_is_lost_or_altered_is_missed(name: str, tmp_path: Path) -> None:
    at = press(tmp_path, METHODS[name])
    release(at, crossed(), CROSSED)
    key = at.home / secrecy.SECRET
    assert key.stat().st_mode & 0o077 == 0
    content = key.read_bytes()
    others = replace(CROSSED, slug="andere", indicators=(indicator("nieuw"),))
    lines = [("nieuw", *line[1:]) for line in crossed()]
    for damage in (key.unlink, lambda: key.write_bytes(bytes(64))):
        damage()
        with pytest.raises(Conflict, match="PERTURB_SECRET"):
            release(at, lines, others)
        with pytest.raises(Conflict, match="PERTURB_SECRET"):
            release(at, crossed(), CROSSED, "Opnieuw.")
        assert "secret" in sound(at).differs
    key.write_bytes(content)
    release(at, lines, others)
    assert sound(at).holds


def test_without_the_proof_of_what_is_out_nothing_more_is_published(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    release(at, crossed(), CROSSED)
    (folder,) = (path.parent for path in at.home.rglob("proof.parquet"))
    (folder / "proof.parquet").rename(tmp_path / "away")
    with pytest.raises(Conflict, match="PERTURB_PROOF"):
        release(at, crossed(), CROSSED, "Opnieuw.")
    folder.rename(tmp_path / "gone")
    with pytest.raises(Conflict, match="PERTURB_PROOF"):
        release(at, crossed(), CROSSED, "Opnieuw.")


SURVEYED = Sample(n_indicator="n")
KINDS = [
    ("an amount", indicator("x", measure_type=MeasureType.AMOUNT), 12, "amount"),
    ("a mean", indicator("x", measure_type=MeasureType.MEAN), 12, "mean"),
    ("a loaded share", ratio("x", "inw", "n"), 40.5, "share"),
    ("a survey", indicator("x", sample=SURVEYED), 12, "sample"),
    ("a weighted count", indicator("x", weight="n"), 12, "weight"),
    ("a count nothing adds up", indicator("x", aggregate_geo=Aggregation.NONE), 12, "count"),
    ("half a person", indicator("x"), 12.5, "not-whole"),
    ("less than nobody", indicator("x"), -3, "not-whole"),
    ("a higher threshold", indicator("x", threshold=SourceThreshold(21)), 30, "threshold"),
    ("another threshold", indicator("x", threshold=SourceThreshold(5, "n")), 30, "threshold"),
    ("a formula that was loaded", indicator("x", formula="inw * 2"), 30, "formula"),
]


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Press]:
    """Return a node for each method that has published nothing, and will not."""
    folder = tmp_path_factory.mktemp("houses")
    return {name: press(folder / name, method) for name, method in METHODS.items()}


@pytest.mark.parametrize(("situation", "one", "value", "kind"), KINDS)
def test_what_would_stand_exact_beside_perturbed_counts_is_refused(
    situation: str, one: Any, value: float, kind: str, houses: dict[str, Press]
) -> None:
    lines = [("inw", TOWN, "11002", "2024", 12), ("n", TOWN, "11002", "2024", 30)]
    lines += [("x", TOWN, "11002", "2024", value)]  # type: ignore[list-item]
    made = of(indicator("inw"), indicator("n"), one, levels=(TOWN,))
    with pytest.raises(Refused, match="PERTURB_KIND") as refusal:
        release(houses["round_small"], lines, made)
    told = refusal.value.parameters
    assert (told["indicator"], told["kind"]) == ("x", kind), situation


def _without(lines: list[presses.Line], *gone: str) -> list[presses.Line]:
    return [line for line in lines if not set(gone) <= set(map(str, line))]


def _marginal() -> list[presses.Line]:
    """Return both breakdowns without the table that crosses them."""
    return [line for line in crossed() if "_T" in line[4:6]]


MONTHLY = of(indicator(aggregate_time=Aggregation.SUM))
MONTHS = [("inw", SECTOR, area, f"2024-{m:02}", 9) for area in SECTORS for m in range(1, 12)]
YEAR = [("inw", SECTOR, area, "2024", 101) for area in SECTORS]
TOWNS = [("inw", TOWN, "11002", "2024", 24)]
PARTS = [("inw", SECTOR, area, "2024", 12) for area in SECTORS[:2]]
STRUCTURES: list[tuple[str, Contract, list[Any], str]] = [
    ("two breakdowns uncrossed", CROSSED, _marginal(), "PERTURB_CROSS"),
    ("uncrossed, no total", CROSSED, _without(_marginal(), "_T", "nooit"), "PERTURB_CROSS"),
    ("a part that is missing", of(), [*TOWNS, PARTS[0]], "PERTURB_REST"),
    ("people in no part", of(), [("inw", TOWN, "11002", "2024", 26), *PARTS], "PERTURB_REST"),
    ("a part hidden at source", of(), [*TOWNS, PARTS[0], (*PARTS[1][:4], "x")], "PERTURB_WITHHELD"),
    ("a year and most months", MONTHLY, [*MONTHS, *YEAR], "PERTURB_PERIODS"),
    ("one day by two names", of(), [*MONTHS[:1], *YEAR], "PERTURB_PERIODS"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "made", "lines", "code"), STRUCTURES)
@BOTH
def test_a_table_that_would_perturb_the_same_people_twice_is_refused(
    name: str,
    situation: str,
    made: Contract,
    lines: list[Any],
    code: str,
    houses: dict[str, Press],
) -> None:
    at = houses[name]
    told = [(*line[:-1], "suppressed_source" if line[-1] == "x" else line[-1]) for line in lines]
    with pytest.raises(HanseError, match=code) as refusal:
        release(at, told, made)
    assert "inw" in str(refusal.value.parameters), situation
    assert not list(at.home.rglob("cells.parquet"))


def zoned(rows: Sequence[Row]) -> Registry:
    """Return two sectors and one zone, tied by these rows or by nothing."""
    sectors = [Area(code=code, name=code) for code in SECTORS[:2]]
    made = Registry().with_level(Level("statsec", "2025", {"nl": "Sector"}, 10), sectors)
    made = made.with_level(Level("zone", "2025", {"nl": "Zone"}, 20), [Area(code="Z", name="Z")])
    tied = Correspondence(SECTOR, ZONE, tuple(rows))
    return made.with_correspondence(tied) if rows else made


ZONE = "zone@2025"
HALVES = [Row("11002A", "Z", RowType.AGGREGATE), Row("11002B", "Z", RowType.SPLIT, 0.5)]
WHOLES = [Row(each.child, "Z", RowType.AGGREGATE) for each in HALVES]
TIES = [("PERTURB_CUT", HALVES), ("PERTURB_LEVELS", []), ("", WHOLES)]


@pytest.mark.parametrize(("code", "rows"), TIES)
@BOTH
def test_zones_that_cut_sectors_or_hang_on_nothing_are_refused(
    name: str, code: str, rows: Sequence[Row], houses: dict[str, Press]
) -> None:
    at = replace(houses[name], registry=zoned(rows))
    work = draft([*PARTS, ("inw", ZONE, "Z", "2024", 24)], of(levels=(SECTOR, ZONE)))
    if not code:
        assert prepare(at, work).shielded.figures is not None
        return
    with pytest.raises(HanseError) as refusal:
        prepare(at, work)
    told = refusal.value.parameters
    assert refusal.value.code == code
    assert told["dataset"] == "bevolking"
    assert "zone@2025" in str(told)


def test_a_second_table_of_the_same_people_in_other_parts_is_refused(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    release(at, crossed(), CROSSED)
    ages = of(dimensions=(AGE,), slug="leeftijd")
    lines = [(*line[:5], line[6]) for line in crossed() if line[5] == "_T"]
    with pytest.raises(Conflict, match="PERTURB_PARTS") as refusal:
        release(at, lines, ages)
    assert "SEX=" in str(refusal.value.parameters["cells"]) or "11002A" in str(
        refusal.value.parameters["cells"]
    )
    towns = [line for line in crossed() if line[4:6] == ("_T", "_T")]
    with pytest.raises(Conflict, match="PERTURB_PARTS"):
        release(at, [("inw", *line[1:4], line[6]) for line in towns], of(slug="stad"))


def test_a_count_that_was_inner_gets_no_parts_later(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    release(at, TOWNS, of(levels=(TOWN,)))
    with pytest.raises(Conflict, match="PERTURB_PARTS"):
        release(at, [*TOWNS, *PARTS], of(), "Met sectoren.")


def test_a_cell_that_becomes_empty_may_be_left_out_and_come_back(tmp_path: Path) -> None:
    at, counts = press(tmp_path, Rounding(5)), dict(people())
    counts["11002A", "jong", "F"] = 3
    release(at, crossed(counts), CROSSED)
    first = out(at)
    gone = {**counts, ("11002A", "jong", "F"): 0}
    left = [line for line in crossed(gone) if line[-1] or "_T" in line]
    release(at, left, CROSSED, "Niemand.")
    release(at, crossed(counts), CROSSED, "Toch wel.")
    assert out(at) == first


def test_an_indicator_that_was_left_out_comes_back_with_the_same_figures(tmp_path: Path) -> None:
    at = press(tmp_path, Rounding(5))
    both = of(indicator("a"), indicator("b"))
    lines = [(one, SECTOR, area, "2024", n) for one in "ab" for n, area in enumerate(SECTORS, 1)]
    release(at, lines, both)
    first = out(at)
    release(at, lines[:4], of(indicator("a"), version="2.0.0"))
    release(at, lines, replace(both, version="3.0.0"))
    assert out(at) == first
    towns = [("b", TOWN, "11002", "2024", 3)]
    release(at, lines[:4], of(indicator("a"), version="4.0.0"))
    with pytest.raises(Conflict, match="PERTURB_PARTS"):
        release(at, towns, of(indicator("b"), slug="stad"))


def test_a_figure_that_does_not_follow_is_found(tmp_path: Path) -> None:
    """Whoever alters a count in the proof, or a figure of the release, is found out."""
    at = press(tmp_path, Rounding(5))
    release(at, crossed(), CROSSED)
    assert sound(at).holds
    (path,) = at.home.rglob("proof.parquet")
    proof = read_table(path)
    exact = [value + (row == 0) for row, value in enumerate(proof["exact"].to_pylist())]
    place = proof.column_names.index("exact")
    write_table(proof.set_column(place, "exact", pa.array(exact, pa.int64())), path)
    found = sound(at)
    assert found.differs == ("proof_sha256",)
    assert found.open
    figure = [value + 5 for value in proof["figure"].to_pylist()]
    place = proof.column_names.index("figure")
    write_table(proof.set_column(place, "figure", pa.array(figure, pa.int64())), path)
    assert sound(at).open == 2 * 54


@BOTH
def test_what_a_second_person_approves_is_what_was_proposed(name: str, tmp_path: Path) -> None:
    at = replace(press(tmp_path, METHODS[name]), approvals="second-person")
    work = draft(crossed(), CROSSED)
    shown = layout.fingerprint(prepare(at, work).arranged)
    propose(at, work, Intent(), "an")
    approve(at, work, "bo")
    assert sound(at).holds
    assert layout.fingerprint(prepare(at, work).arranged) == shown


@pytest.fixture
def node(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    home.init(folder, {"agency": "NIS41002", "name": "Aalst", "approvals": "none"})
    areas.store(folder, presses.registry())
    (folder / "profiles").mkdir()
    return folder


def form(method: str) -> str:
    return f"schema: 1\nname: proef\ntitle: {{nl: p}}\ndescription: {{nl: p}}\nmethod: {method}\n"


def run(node: Path, *words: object, status: int = 0) -> str:
    typed = [str(word) for word in (*words, "--home", node)]
    done = CliRunner().invoke(build(), typed)
    assert done.exit_code == status, (done.output, done.exception)
    assert "--json" in typed or "{" not in done.output, done.output
    return done.stdout


@BOTH
def test_the_commands_publish_by_the_method_of_the_profile_and_check_it(
    name: str, node: Path
) -> None:
    (node / "profiles" / "proef.yaml").write_text(form(name))
    drafts.save(node, draft(crossed(), CROSSED))
    told = json.loads(run(node, "protect", "bevolking", "--dry-run", "--json"))
    assert not (node / secrecy.SECRET).exists()
    assert told["method"] == METHODS[name].mark
    found = json.loads(run(node, "diff", "bevolking", "--json"))
    assert found["method"] == METHODS[name].mark
    assert found["changed"][SECTOR]["cells"] == 36
    assert found["changed"][SECTOR]["changed"] > 0
    rehearsed = " ".join(run(node, "protect", "bevolking", "--dry-run").split())
    assert "Wat veranderen zou" in rehearsed
    assert "Een verborgen cel" not in rehearsed
    said = " ".join(run(node, "publish", "bevolking", "--as", "an").split())
    assert "voortaan" not in said.lower()
    assert METHODS[name].mark in said
    assert "aantallen veranderd" in said
    checked = json.loads(run(node, "verify", "bevolking", "--json"))
    assert (checked["holds"], checked["figures"], checked["open"]) == (True, 54, 0)
    sums = "tellen op" if name == "round_small" else "niet precies op"
    for command in ("verify", "verify-release"):
        told = run(node, command, "bevolking")
        assert f"54 aantallen volgens {METHODS[name].mark} opnieuw getrokken" in told
        assert sums in told
        assert "geheim van deze node" in told
    assert json.loads(run(node, "verify-release", "bevolking", "--json"))["holds"]
    kept = json.loads(run(node, "protect-report", "bevolking", "--json"))
    assert kept["method"] == METHODS[name].mark
    assert [each["name"] for each in kept["changes"]] == [TOWN, SECTOR]
    report = " ".join(run(node, "protect-report", "bevolking").split())
    assert "Wat er verandert" in report
    assert "niets is verborgen" in report
    assert "hanse verify-release" in report
    (node / secrecy.SECRET).write_bytes(bytes(64))
    broken = json.loads(run(node, "verify", "bevolking", "--json", status=1))
    assert "secret" in broken["differs"]
    assert "klopt niet" in run(node, "verify-release", "bevolking", status=1)
    app = typer.Typer()
    publishing.register(app)
    done = CliRunner().invoke(app, ["publish", "bevolking", "--home", str(node)])
    assert isinstance(done.exception, Conflict)
    assert done.exception.code == "PERTURB_SECRET"


def test_a_report_of_figures_that_did_not_change_calls_nothing_protected(node: Path) -> None:
    (node / "profiles" / "proef.yaml").write_text(form("round_small"))
    drafts.save(node, draft([("inw", TOWN, "11002", "2024", 90)], of(levels=(TOWN,))))
    said = " ".join(run(node, "protect", "bevolking", "--dry-run").split())
    assert "Geen enkel cijfer verandert volgens ROUND_SMALL_5" in said
    assert "niet te kennen" not in said
