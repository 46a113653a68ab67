"""Tables of cells: the three Arrow shapes a figure has between a workbook and a reader.

draft      what intake read: key columns, `value`, `state`, `flag`, and where each cell came from
protected  what publishing made of it under one profile: key columns, `obs_value`, `obs_status`,
           `conf_status`, and for figures of a sample what `SAMPLE_COLUMNS` names; the only shape
           that is stored in a release
Every key column is text; `value` is float64. A cell without a number has a null there and says why
in its state; absence of a row never means anything.
"""

from collections.abc import Sequence

import pyarrow as pa

KEY_COLUMNS = ("indicator", "level", "area", "period")
"""`level` is `level@vintage` (`gemeente@2025`), `period` its SDMX spelling (`2024-Q1`)."""

MEASURE_COLUMNS = ("obs_value", "obs_status", "conf_status")

SAMPLE_COLUMNS = ("ci_low", "ci_high", "n", "ci_method", "z")
"""Beside the measures where a dataset has figures of a sample: the interval around a figure, the
unweighted answers behind it, how the interval was made, and how many standard errors it is.
Numbers are null where there is none, `ci_method` is then "".
"""

ORIGIN_COLUMNS = ("origin", "origin_name", "dataset", "release", "manifest")
"""Behind the measures where figures of several publishers stand in one table: whose each is."""

NUMBER_COLUMNS = frozenset({"obs_value", "ci_low", "ci_high", "n", "z"})

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


def protected_schema(dimensions: Sequence[str] = (), *, sampled: bool = False) -> pa.Schema:
    """Return the shape of a protected cube, and of every view of one."""
    return pa.schema(
        [
            *((name, TEXT) for name in key_columns(dimensions)),
            *((name, _measured(name)) for name in MEASURE_COLUMNS),
            *((name, _measured(name)) for name in SAMPLE_COLUMNS if sampled),
        ]
    )


def protected_as(names: Sequence[str]) -> pa.Schema:
    """Return the protected shape that a table with these columns has, or should have."""
    dimensions = tuple(name for name in names if name.isupper())
    return protected_schema(dimensions, sampled=is_sampled(names))


def is_sampled(names: Sequence[str]) -> bool:
    """Say whether a table with these columns says how sure its figures are."""
    return SAMPLE_COLUMNS[0] in names


def measures_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the measures of a table with these columns, in storage order."""
    return (*MEASURE_COLUMNS, *SAMPLE_COLUMNS) if is_sampled(names) else MEASURE_COLUMNS


def _measured(name: str) -> pa.DataType:
    return pa.float64() if name in NUMBER_COLUMNS else TEXT


def dimensions_of(schema: pa.Schema) -> tuple[str, ...]:
    """Return the breakdown dimensions of a cell table, by the upper-case names they always have."""
    return tuple(name for name in schema.names if name.isupper())
