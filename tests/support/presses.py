"""A node that can publish, in one line: a press on an empty database, and drafts to put in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Engine

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.correspondence import Correspondence, Row, RowType
from hanse.areas.level import Level
from hanse.cube.cells import draft_schema
from hanse.cube.contract import Access, Contract
from hanse.cube.indicator import Indicator, MeasureType
from hanse.node import migrations
from hanse.node.intake.draft import Draft
from hanse.node.publish import Press
from hanse.policies.signatures import SigningKey
from hanse.store.engine import create

START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
SECTOR, TOWN = "statsec@2025", "gemeente@2025"

Key = str | int
Line = tuple[Key, ...]


def clock(start: datetime = START) -> Callable[[], datetime]:
    """Return a clock that goes one second on at every look."""
    moments = iter(range(10_000_000))
    return lambda: start + timedelta(seconds=next(moments))


def indicator(id_: str = "inw", **fields: object) -> Indicator:
    """Return an indicator that counts, unless its fields say otherwise."""
    texts = {"nl": f"Onderwerp {id_}"}
    plain = Indicator(id=id_, name=texts, description=texts, unit="aantal")
    return replace(plain, **fields)  # type: ignore[arg-type]


def contract(*indicators: Indicator, **fields: object) -> Contract:
    """Return a contract for town figures of these indicators (one count unless given)."""
    plain = Contract(
        slug="bevolking",
        agency="NIS41002",
        title={"nl": "Bevolking"},
        description={"nl": "Wie er woont."},
        theme="demografie",
        indicators=indicators or (indicator(),),
        levels=(TOWN,),
        access=Access.OPEN,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def cells(lines: Sequence[Sequence[object]], dimensions: Sequence[str] = ()) -> pa.Table:
    """Return draft cells of lines (indicator, level, area, period, *dimensions, value or state)."""
    schema = draft_schema(dimensions)
    keys = schema.names[: 4 + len(dimensions)]
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for number, line in enumerate(lines, 1):
        *key, value = line
        for name, text in zip(keys, key, strict=True):
            columns[name].append(str(text))
        numbered = isinstance(value, int | float)
        columns["value"].append(float(value) if isinstance(value, int | float) else None)
        columns["state"].append("value" if numbered else value)
        columns["flag"].append("A")
        columns["source_sheet"].append("Blad1")
        columns["source_row"].append(number)
    arrays = [_column(columns[each.name], each.type) for each in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: list[object], type_: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, pa.string()).dictionary_encode().cast(type_)
    return pa.array(values, type_)


def draft(lines: Sequence[Sequence[object]], made_of: Contract | None = None) -> Draft:
    """Return a draft with these lines under a contract."""
    of = made_of or contract()
    return Draft(
        contract=of,
        cells=cells(lines, [each.id for each in of.dimensions]),
        sources=("bevolking.xlsx",),
        created_by="an",
        created_at=START,
    )


def registry() -> Registry:
    """Return two towns with two sectors each."""
    towns = [Area(code=code, name=f"Stad {code}") for code in ("11002", "41002")]
    sectors = [Area(code=f"{town.code}{n}", name=f"Wijk {n}") for town in towns for n in "AB"]
    rows = tuple(Row(each.code, each.code[:5], RowType.AGGREGATE) for each in sectors)
    return (
        Registry()
        .with_level(Level("statsec", "2025", {"nl": "Sector"}, 10), sectors)
        .with_level(Level("gemeente", "2025", {"nl": "Gemeente"}, 30), towns)
        .with_correspondence(Correspondence(SECTOR, TOWN, rows))
    )


def press(home: Path, engine: Engine | None = None, **fields: object) -> Press:
    """Return a press on an empty database in `home`, or on `engine`; one person may publish."""
    on = engine or create(f"sqlite:///{home / 'node.db'}")
    migrations.upgrade(on)
    plain = Press(
        engine=on,
        home=home,
        key=SigningKey.generate(),
        registry=registry(),
        clock=clock(),
        check=lambda *_: (),
        approvals="none",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def ratio(id_: str, numerator: str, denominator: str, **fields: object) -> Indicator:
    """Return a share with its numerator and denominator."""
    return indicator(
        id_,
        measure_type=MeasureType.SHARE,
        numerator=numerator,
        denominator=denominator,
        unit="%",
        **fields,
    )
