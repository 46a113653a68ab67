"""Readers that are not ours, over a real socket: DuckDB by ranges, pandas, pyarrow, plain JSON."""

import io
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.callers import BASE_URL, LISTED, OPEN, House, credentials
from tests.support.live import live

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def address(aalst: House) -> Iterator[str]:
    """The node on a socket; its own name stays the configured one."""
    with live(aalst.app) as url:
        yield url


def as_set(rows: Rows) -> set[tuple[Any, ...]]:
    cleaned = {tuple(None if pd.isna(value) else value for value in row) for row in rows}
    assert len(cleaned) == len(rows)
    return cleaned


def by_json(url: str, headers: dict[str, str]) -> Rows:
    document = httpx.get(url, headers=headers).raise_for_status().json()
    return list(zip(*(document["data"][name] for name in document["columns"]), strict=True))


def by_pandas(url: str, headers: dict[str, str]) -> Rows:
    content = httpx.get(f"{url}&format=csv", headers=headers).raise_for_status().content
    texts = dict.fromkeys(pd.read_csv(io.BytesIO(content), nrows=0).columns, "string")
    frame = pd.read_csv(io.BytesIO(content), dtype={**texts, "obs_value": "float64"})
    return list(frame.astype(object).itertuples(index=False, name=None))


def by_arrow(url: str, headers: dict[str, str]) -> Rows:
    content = httpx.get(f"{url}&format=arrow", headers=headers).raise_for_status().content
    table = pa.ipc.open_stream(content).read_all()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def by_duckdb(url: str, headers: dict[str, str]) -> Rows:
    """Read the Parquet twin in ranges, as DuckDB does it by itself."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.load_extension(str(httpfs()))
    if headers:
        pairs = ", ".join(f"'{name}': '{value}'" for name, value in headers.items())
        secret = f"CREATE SECRET node (TYPE http, EXTRA_HTTP_HEADERS MAP {{{pairs}}})"
        connection.execute(secret)
    address = url.replace("/data?", "/data.parquet?")
    return connection.execute("SELECT * FROM read_parquet(?)", [address]).fetchall()


def httpfs() -> Path:
    """Return the extension's own file: nothing is fetched."""
    folder = Path(str(resources.files("duckdb_extension_httpfs")))
    return next(folder.rglob("*.duckdb_extension"))


@pytest.mark.parametrize("who", ["nobody", "partner"])
@pytest.mark.parametrize("query", ["extent=permitted", "extent=permitted&indicator=inw&area=41002"])
def test_every_reader_sees_the_same_cells(address: str, who: str, query: str) -> None:
    slug = OPEN if who == "nobody" else LISTED
    url = f"{address}/v1/datasets/{slug}/data?{query}"
    headers = dict(credentials(who))
    expected = as_set(by_json(url, headers))
    assert expected
    for reader in (by_pandas, by_arrow, by_duckdb):
        assert as_set(reader(url, headers)) == expected, reader.__name__


def test_duckdb_asks_for_ranges_and_not_for_all(address: str) -> None:
    url = f"{address}/v1/datasets/{OPEN}/data.parquet"
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.load_extension(str(httpfs()))
    found = connection.execute(
        "SELECT sum(obs_value) FROM read_parquet(?) WHERE indicator = 'inw' AND period = '2024'",
        [url],
    ).fetchone()
    part = httpx.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PAR1")
    assert found == (80_009 + 480_009 + 2 * 5_000,)


def test_duckdb_is_refused_as_everybody_is(address: str) -> None:
    with pytest.raises(duckdb.HTTPException):
        by_duckdb(f"{address}/v1/datasets/{LISTED}/data?extent=permitted", {})


def test_a_socket_serves_under_its_configured_name(address: str) -> None:
    told = httpx.get(f"{address}/v1/node").json()
    assert told["base_url"] == BASE_URL
