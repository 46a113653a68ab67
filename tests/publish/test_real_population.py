"""A real population through a node: a plain threshold leaves a class of 470 rows to subtraction."""

import gzip
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.csv as csv
import pytest
from tests.support import presses
from tests.support.needs import shared_data

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.level import Level
from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.node import publish
from hanse.node.publish import Intent
from hanse.node.verifying import Verified

TOWN = "gemeente@2015"
TENS, OLDEST, SMALL = 10, 9, 5
NAMES = ("SEX", "NATIONALITY", "AGE")


def population() -> Counter[tuple[str, str, str, str]]:
    """Return persons by municipality, sex, nationality and ten-year class, all ages too."""
    packed = (shared_data() / "statbel" / "TF_SOC_POP_STRUCT_2015.csv.gz").read_bytes()
    table = csv.read_csv(io.BytesIO(gzip.decompress(packed)))
    ages = np.minimum(table["CD_AGE"].to_numpy() // TENS, OLDEST).tolist()
    names = ("CD_MUNTY_REFNIS", "CD_SEX", "CD_NATLTY", "MS_POPULATION")
    found: Counter[tuple[str, str, str, str]] = Counter()
    for *key, count, age in zip(*(table[name].to_pylist() for name in names), ages, strict=True):
        town, sex, nationality = map(str, key)
        found[town, sex, nationality, f"c{age}"] += count
        found[town, sex, nationality, "_T"] += count
    return found


def dimension(name: str, codes: set[str]) -> Dimension:
    listed = tuple(Code(code, {"nl": code}) for code in sorted(codes - {"_T"}))
    return Dimension(name, Codelist(name, listed))


@pytest.mark.needs("shared_data")
def test_no_class_of_a_row_is_left_to_subtraction(tmp_path: Path) -> None:
    true = population()
    towns = sorted({key[0] for key in true})
    level = Level("gemeente", "2015", {"nl": "Gemeente"}, 30)
    registry = Registry().with_level(level, [Area(code=code, name=code) for code in towns])
    dimensions = tuple(
        dimension(name, {key[1 + at] for key in true}) for at, name in enumerate(NAMES)
    )
    made = presses.contract(levels=(TOWN,), dimensions=dimensions)
    lines = [("inw", TOWN, key[0], 2015, *key[1:], count) for key, count in sorted(true.items())]
    on = presses.press(tmp_path, registry=registry)
    draft = presses.draft(lines, replace(made, profile="standaard-5"))
    publish.publish(on, draft, Intent(), "an")
    shown = publish.published(on, made.slug).cells.table.to_pylist()
    rows: dict[tuple[str, ...], list[tuple[str, float | None]]] = {}
    for cell in shown:
        key = (cell["area"], cell["SEX"], cell["NATIONALITY"])
        rows.setdefault(key, []).append((cell["AGE"], cell["obs_value"]))
    small = Counter(key[:3] for key, count in true.items() if 1 <= count < SMALL)
    alone = Counter(key[:3] for key, count in true.items() if 1 <= count < SMALL and key[3] != "_T")
    assert len(small) == 899
    assert sum(count == 1 for count in alone.values()) == 470
    gone = {key: [age for age, value in cells if value is None] for key, cells in rows.items()}
    assert all(len(ages) != 1 for ages in gone.values())
    cost = sum(map(len, gone.values())) - sum(1 <= count < SMALL for count in true.values())
    assert 0 < cost <= 607  # of 25,916 cells
    verified = publish.verified(on, made.slug)
    assert isinstance(verified, Verified)
    assert verified.holds
    assert verified.witnessed > 1_000
