"""Protection on real tables: a population by municipality, and declarations with withheld cells."""

import gzip
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest
import python_calamine
from tests.support.needs import shared_data

from hanse.policies.disclosure import (
    Plan,
    Rules,
    demand,
    from_links,
    model_of_cells,
    protect,
    secure,
)
from hanse.policies.disclosure.dimension import overlay
from hanse.policies.disclosure.plan import Axis, Effort

TENS = 10
OLDEST = 9


@pytest.mark.needs("shared_data")
def test_the_rows_a_plain_threshold_leaves_open_in_a_population_are_closed() -> None:
    found = protect(_population(), _population_plan())
    small = found.primary.reshape(found.model.shape)[..., : OLDEST + 1]
    hidden = found.hidden.reshape(found.model.shape)[..., : OLDEST + 1]
    assert int(small.any(axis=-1).sum()) == 899
    assert int((small.sum(axis=-1) == 1).sum()) == 470
    assert int((hidden.sum(axis=-1) == 1).sum()) == 0
    certificate = found.certificate
    assert (certificate.failed, certificate.proven_whole) == (0, certificate.protected)
    assert certificate.secondary <= 607  # what closing costs: 2.3 % of the cells


def _population() -> pa.Table:
    """Return persons by municipality, sex, nationality and ten-year class, 90 and over as one."""
    packed = (shared_data() / "statbel" / "TF_SOC_POP_STRUCT_2015.csv.gz").read_bytes()
    table = csv.read_csv(io.BytesIO(gzip.decompress(packed)))
    ages = np.minimum(table["CD_AGE"].to_numpy() // TENS, OLDEST)
    classes = pa.table(
        {
            "area": pc.cast(table["CD_MUNTY_REFNIS"], pa.string()),
            "sex": table["CD_SEX"],
            "nationality": table["CD_NATLTY"],
            "age": pc.cast(pa.array(ages), pa.string()),
            "n": table["MS_POPULATION"],
        }
    )
    names = ["area", "sex", "nationality", "age"]
    return classes.group_by(names).aggregate([("n", "sum")]).rename_columns([*names, "n"])


def _population_plan() -> Plan:
    alone = tuple(Axis(name, (name,), None) for name in ("area", "sex", "nationality"))
    return Plan((*alone, Axis("age", ("age",))), "n", rules=Rules(effort=Effort.ONCE))


WITHHELD = -99997
BRACKETS = [f"v1210_inkaang_{number}" for number in range(1, 10)]
WHOLE = "v1210_aangiften_tot"
LEAST_SHOWN = 21


@pytest.mark.needs("shared_data")
def test_brackets_given_back_by_their_total_are_closed() -> None:
    rows = _declarations()
    open_rows = [row for row in rows if sum(row[name] == WITHHELD for name in BRACKETS) == 1]
    assert len(open_rows) == 671
    names = [f"{row['geoitem']} {row['period']:.0f}" for row in open_rows]
    area, _ = overlay("area", {"area": names}, None)
    bracket = from_links("bracket", [("t", name, WHOLE) for name in BRACKETS])
    keys = [(name, column) for name in names for column in (*BRACKETS, WHOLE)]
    counts = [
        None if row[column] == WITHHELD else int(row[column])
        for row in open_rows
        for column in (*BRACKETS, WHOLE)
    ]
    model, withheld = model_of_cells([area, bracket], keys, counts, least=1)
    assert int(withheld.sum()) == 671
    recovered = model.values[withheld]
    assert (int(recovered.min()), int(recovered.max())) == (5, 61)
    assert int(np.median(recovered)) == 23
    assert int((recovered >= LEAST_SHOWN).sum()) == 419
    found = secure(model, replace(demand(model, Rules(k=2)), primary=withheld))
    hidden = found.hidden.reshape(model.shape).sum(axis=1)
    assert hidden.min() >= 2
    assert found.certificate.failed == 0
    assert found.certificate.secondary == 671  # one more cell per row: there is no cheaper way


def _declarations() -> list[dict[str, Any]]:
    """Return the complete rows of the upload: all brackets and the total are there."""
    path = shared_data() / "swing_uploads" / "Aangiften_deelgemeente.xlsx"
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    heading, *lines = sheet.to_python()
    rows = [dict(zip(map(str, heading), line, strict=True)) for line in lines]
    return [row for row in rows if row[WHOLE] not in ("", WITHHELD)]
