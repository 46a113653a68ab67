"""Tables of cells: the three Arrow shapes a figure has between a workbook and a reader.

draft      what intake read: key columns, `value`, `state`, `flag`, and where each cell came from
protected  what publishing made of it under one profile: key columns, `obs_value`, `obs_status`,
           `conf_status`; the only shape that is stored in a release
Every key column is text; `value` is float64. A cell without a number has a null there and says why
in its state; absence of a row never means anything.
"""

from collections.abc import Sequence

import pyarrow as pa

KEY_COLUMNS = ("indicator", "level", "area", "period")
"""`level` is `level@vintage` (`gemeente@2025`), `period` its SDMX spelling (`2024-Q1`)."""

MEASURE_COLUMNS = ("obs_value", "obs_status", "conf_status")

TEXT = pa.dictionary(pa.int32(), pa.string())


def key_columns(dimensions: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the key columns in storage order, breakdown dimensions (`SEX`, `AGE`) last."""
    return (*KEY_COLUMNS, *dimensions)


def draft_schema(dimensions: Sequence[str] = ()) -> pa.Schema:
    """Return the shape of a draft; `source_row` counts from 1 as a spreadsheet shows it."""
    return pa.schema(
        [
            *((name, TEXT) for name in key_columns(dimensions)),
            ("value", pa.float64()),
            ("state", TEXT),
            ("flag", TEXT),
            ("source_sheet", TEXT),
            ("source_row", pa.int32()),
        ]
    )


def protected_schema(dimensions: Sequence[str] = ()) -> pa.Schema:
    """Return the shape of a protected cube, and of every view of one."""
    return pa.schema(
        [
            *((name, TEXT) for name in key_columns(dimensions)),
            ("obs_value", pa.float64()),
            ("obs_status", TEXT),
            ("conf_status", TEXT),
        ]
    )


def dimensions_of(schema: pa.Schema) -> tuple[str, ...]:
    """Return the breakdown dimensions of a cell table, by the upper-case names they always have."""
    return tuple(name for name in schema.names if name.isupper())
