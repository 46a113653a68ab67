"""Tables made to break the protection: a precise word, and not one file written."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support import strangers
from tests.support.houses import hanse
from tests.support.strangers import SECTOR, TOWN
from typer.testing import CliRunner

from hanse.cli.main import build
from hanse.errors import HanseError, Invalid
from hanse.policies.disclosure import from_links, model_of_cells

PLAN = """
dimensions:
  - {name: geo, levels: [sector, wijk]}
  - {name: sex, levels: [sex]}
rules: {k: 5}
"""
NAN, ENDLESS = float("nan"), float("inf")


def sound() -> pa.Table:
    return pa.table(
        {
            "sector": ["a", "a", "b", "b", "c", "c"],
            "wijk": ["w", "w", "w", "w", "x", "x"],
            "sex": ["F", "M"] * 3,
            "freq": [3, 20, 30, 40, 50, 60],
        }
    )


def counts(*values: float | int | None) -> pa.Table:
    return sound().set_column(3, "freq", pa.array(values))


@dataclass(frozen=True)
class Hostile:
    """A table (or a plan) that must be refused, and the word it is refused with."""

    name: str
    code: str
    table: Callable[[], pa.Table] = sound
    plan: str = PLAN


def deep_plan(levels: int) -> str:
    return f"dimensions:\n  - {{name: geo, levels: [{', '.join(['sector'] * levels)}]}}\n"


def wide() -> pa.Table:
    """Return few rows whose dimensions multiply to a thousand million cells."""
    columns = {name: [f"{name}{row}" for row in range(1_000)] for name in ("a", "b", "c")}
    return pa.table({**columns, "freq": [1] * 1_000})


WIDE_PLAN = "dimensions:\n" + "".join(f"  - {{name: {n}, levels: [{n}]}}\n" for n in "abc")

HOSTILE = [
    Hostile("a negative count", "DISCLOSURE_NEGATIVE", lambda: counts(3, -1, 30, 40, 50, 60)),
    Hostile("not a number", "DISCLOSURE_NOT_WHOLE", lambda: counts(3, NAN, 30, 40, 50, 60.0)),
    Hostile("endless", "DISCLOSURE_NOT_WHOLE", lambda: counts(3, ENDLESS, 30, 40, 50, 60.0)),
    Hostile("half a person", "DISCLOSURE_NOT_WHOLE", lambda: counts(3, 0.5, 30, 40, 50, 60.0)),
    Hostile("no count", "DISCLOSURE_NOT_WHOLE", lambda: counts(3, None, 30, 40, 50, 60)),
    Hostile("too great a count", "DISCLOSURE_TOO_LARGE", lambda: counts(3, 2**60, 30, 40, 50, 60)),
    Hostile("a row twice", "DISCLOSURE_DUPLICATE", lambda: pa.concat_tables([sound(), sound()])),
    Hostile("no column", "DISCLOSURE_COLUMN", lambda: sound().drop_columns(["wijk"])),
    Hostile(
        "counts as text", "DISCLOSURE_COLUMN", lambda: sound().set_column(3, "freq", [["3"] * 6])
    ),
    Hostile(
        "codes as fractions",
        "DISCLOSURE_COLUMN",
        lambda: sound().set_column(0, "sector", pa.array([1.0] * 6)),
    ),
    Hostile(
        "an atom without a code",
        "DISCLOSURE_ATOM_MISSING",
        lambda: sound().set_column(0, "sector", pa.array(["a", "a", "", "b", "c", "c"])),
    ),
    Hostile(
        "one code for two things",
        "DISCLOSURE_CODE_TWICE",
        lambda: sound().set_column(1, "wijk", pa.array(["a", "a", "a", "a", "b", "b"])),
    ),
    Hostile("a thousand million cells", "DISCLOSURE_TOO_LARGE", wide, WIDE_PLAN),
    Hostile("a plan with a word nobody knows", "DISCLOSURE_PLAN", plan=PLAN + "extra: 1\n"),
    Hostile("a plan that protects nothing", "DISCLOSURE_PLAN", plan=PLAN.replace("k: 5", "k: 1")),
    Hostile("a plan with one level twice", "DISCLOSURE_PLAN", plan=deep_plan(2)),
    Hostile(
        "small cells that must stay",
        "DISCLOSURE_SHOWN_AND_SMALL",
        plan=PLAN + "always_shown: [{geo: [sector], sex: [sex]}]\n",
    ),
    Hostile(
        "totals that must stay and tell through an empty cell",
        "DISCLOSURE_NOT_PROVEN",
        lambda: counts(3, 20, 30, 0, 50, 60),
        plan=PLAN + "always_shown: [{geo: [wijk, Total]}, {sex: [Total]}]\n",
    ),
]


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_the_command_refuses_it_with_a_precise_word_and_writes_nothing(
    case: Hostile, tmp_path: Path
) -> None:
    table, plan, out = tmp_path / "t.parquet", tmp_path / "p.yaml", tmp_path / "out"
    out.mkdir()
    pq.write_table(case.table(), table)
    plan.write_text(case.plan)
    words = ["protect", table, "--plan", plan, "--out", out / "shown.parquet"]
    words += ["--certificate", out / "c.json", "--proof", out / "s.parquet"]
    words += ["--inside", out / "inside.parquet"]
    done = CliRunner().invoke(build(), [str(word) for word in words])
    assert done.exit_code != 0
    assert isinstance(done.exception, HanseError | SystemExit)
    if isinstance(done.exception, HanseError):
        assert done.exception.code == case.code
    assert "Traceback" not in done.output
    assert list(out.iterdir()) == []


def test_the_same_command_protects_the_table_nobody_tampered_with(tmp_path: Path) -> None:
    table, plan, out = tmp_path / "t.parquet", tmp_path / "p.yaml", tmp_path / "shown.parquet"
    pq.write_table(sound(), table)
    plan.write_text(PLAN)
    hanse("protect", table, "--plan", plan, "--out", out, "--certificate", tmp_path / "c.json")
    assert pq.read_table(out)["obs_value"].null_count > 1


def test_areas_that_are_part_of_themselves_are_refused() -> None:
    links = [("a", "wijk:1", "stad:1"), ("a", "stad:1", "gewest:1"), ("a", "gewest:1", "wijk:1")]
    with pytest.raises(Invalid, match="DISCLOSURE_CYCLE"):
        from_links("area", links)


def test_zonings_that_cross_without_their_overlaps_are_refused() -> None:
    links = [("a", "1", "w"), ("a", "2", "w"), ("b", "1", "z"), ("b", "2", "z"), ("b", "3", "z")]
    crossed = from_links("area", [*links, ("a", "3", "v")], alone=("1", "2", "3"))
    with pytest.raises(Invalid, match="DISCLOSURE_CODE_UNKNOWN"):
        model_of_cells([crossed], [("w",), ("nowhere",)], [5, 7])


def test_cells_that_do_not_add_up_are_refused() -> None:
    dimension = from_links("area", [("a", "1", "w"), ("a", "2", "w")])
    with pytest.raises(Invalid, match="DISCLOSURE_NOT_ADDITIVE"):
        model_of_cells([dimension], [("1",), ("2",), ("w",)], [5, 7, 13])


ODD = {
    "a negative figure": -7,
    "not a number": NAN,
    "endless": ENDLESS,
    "half a person": 2.5,
    "too great a count": 2.0**60,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_figure_in_a_release_does_not_undo_what_is_hidden(
    odd: float, tmp_path: Path
) -> None:
    """A node refuses it, or hides the total: a part is never the total less the other parts."""
    town = strangers.town(tmp_path / "node")
    areas = [row[0] for row in strangers.codes() if row[3] == "41002"]
    figures = [3, odd, *range(20, 20 + len(areas) - 2)]
    told = [("inw", SECTOR, a, 2024, n) for a, n in zip(areas, figures, strict=True)]
    made = strangers.contract(levels=(SECTOR, TOWN), dimensions=())
    with suppress(HanseError):
        town.publish(made, told)
    town.close()
    files = list(town.home.rglob("cells.parquet"))
    if not files:
        return
    (file,) = files
    shown = {row["area"]: row["obs_value"] for row in pq.read_table(file).to_pylist()}
    unknown = [area for area in areas if shown[area] is None]
    assert shown[areas[0]] is None
    assert shown["41002"] is None or len(unknown) > 1


def test_a_row_that_comes_twice_is_refused_and_nothing_is_released(tmp_path: Path) -> None:
    town = strangers.town(tmp_path / "node")
    area = strangers.codes()[0][0]
    told = [("inw", SECTOR, area, 2024, 30), ("inw", SECTOR, area, 2024, 31)]
    with pytest.raises(Invalid, match="RELEASE_TWIN"):
        town.publish(strangers.contract(levels=(SECTOR,), dimensions=()), told)
    town.close()
    assert not list(town.home.rglob("cells.parquet"))
