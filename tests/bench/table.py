"""The generated table of every measurement: seeded, sorted, in each form a peer reads.

Columns of a protected cube; 300 municipalities, 10 periods, as many indicators as the rows ask for;
1 % of cells hidden, values with at most two decimals. Marked as generated: agency `NIS00000`.
"""

import sqlite3
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

AREAS = 300
PERIODS = 10
SEED = 20261122
SLICE_ROWS = AREAS * PERIODS


def indicator_count(rows: int) -> int:
    """Return how many indicators make about `rows` cells."""
    return max(1, round(rows / SLICE_ROWS))


def indicator_name(number: int) -> str:
    """Return the id of the indicator with this number."""
    return f"i{number:05d}"


def area_codes() -> list[str]:
    """Return 300 codes in the shape of municipality codes, half in each of two provinces."""
    return [f"{1 + index // 150}{index % 150:04d}" for index in range(AREAS)]


def cells(rows: int) -> pa.Table:
    """Return the table in the order (indicator, area, period), text columns dictionary-coded."""
    random = np.random.default_rng(SEED)
    count = indicator_count(rows)
    total = count * SLICE_ROWS
    values = np.round(random.gamma(2.0, 300.0, total), 2)
    hidden = random.random(total) < 0.01
    names = [indicator_name(number) for number in range(count)]
    indicator = np.repeat(np.arange(count, dtype=np.int32), SLICE_ROWS)
    area = np.tile(np.repeat(np.arange(AREAS, dtype=np.int32), PERIODS), count)
    period = np.tile(np.arange(PERIODS, dtype=np.int32), count * AREAS)
    status = hidden.astype(np.int32)
    return pa.table(
        {
            "indicator": _text(indicator, names),
            "level": _text(np.zeros(total, np.int32), ["gemeente@2025"]),
            "area": _text(area, area_codes()),
            "period": _text(period, [str(2016 + each) for each in range(PERIODS)]),
            "obs_value": pa.array(values, mask=hidden),
            "obs_status": _text(status, ["A", "Q"]),
            "conf_status": _text(status, ["F", "C"]),
        }
    )


def _text(codes: np.ndarray, texts: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts))


def plain(table: pa.Table) -> pa.Table:
    """Return the same table with plain text columns, as third parties read best."""
    columns = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write what peers read: zstd, row groups of 120,000, no Arrow schema."""
    pq.write_table(
        plain(table), path, compression="zstd", compression_level=1,
        row_group_size=120_000, store_schema=False,
    )  # fmt: skip


def write_sqlite(table: pa.Table, path: Path) -> None:
    """Write the table with an index on the indicator."""
    database = sqlite3.connect(path)
    database.execute(
        "create table r (indicator text, level text, area text, period text, "
        "obs_value real, obs_status text, conf_status text)"
    )
    for batch in plain(table).to_batches(max_chunksize=200_000):
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        database.executemany("insert into r values (?,?,?,?,?,?,?)", rows)
    database.execute("create index r_indicator on r (indicator)")
    database.commit()
    database.close()


def expected(table: pa.Table) -> tuple[int, int, float]:
    """Return rows, nulls and the sum: what every variant must deliver before it is timed."""
    values = table.column("obs_value").combine_chunks()
    return (
        table.num_rows,
        values.null_count,
        float(np.nansum(values.to_numpy(zero_copy_only=False))),
    )
