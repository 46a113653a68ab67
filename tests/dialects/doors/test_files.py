"""Readers of plain files see the golden dataset cell by cell, in every state and as partners."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import duckdb
import httpx
import pytest
from tests.support import environments, golden, shares

TEXTS = ["indicator", "level", "area", "period", "SEX", "obs_status", "conf_status"]


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def file(node: golden.Golden, dataset: str = golden.OPEN) -> str:
    rights = "?extent=permitted&purpose=beleid" if dataset == golden.CLOSED else ""
    return f"{node.url}/v1/datasets/{dataset}/data.parquet{rights}"


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_polars_sees_every_cell(node: golden.Golden, form: str) -> None:
    path = "data.parquet" if form == "parquet" else "data?format=csv"
    url = f"{node.url}/v1/datasets/{golden.OPEN}/{path}"
    lines = environments.run("polars", "read.py", {"url": url, "format": form, "texts": TEXTS})
    assert golden.seen(lines) == node.truth()


READERS = [("pyarrow", "read.py"), ("hyparquet", "read.mjs")]


@pytest.mark.parametrize(("client", "script"), READERS)
def test_readers_by_range_see_every_cell(node: golden.Golden, client: str, script: str) -> None:
    lines = environments.run(client, script, {"url": file(node), "headers": {}})
    assert golden.seen(lines) == node.truth()


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_readers_by_range_signed_in_see_exactly_their_view(
    node: golden.Golden, partner: str
) -> None:
    text, _ = shares.token(node, partner)
    asked = {"url": file(node, golden.CLOSED), "headers": {"apikey": text}}
    view = node.truth(partner, golden.CLOSED)
    for client, script in READERS:
        assert golden.seen(environments.run(client, script, asked)) == view
    secret = f"create secret (type http, bearer_token '{text}')"
    assert _with_duckdb(asked["url"], secret) == view


def test_duckdb_sees_every_cell(node: golden.Golden) -> None:
    assert _with_duckdb(file(node)) == node.truth()


def _with_duckdb(url: object, before: str = "") -> golden.Truth:
    folder = Path(str(resources.files("duckdb_extension_httpfs")))
    (extension,) = folder.rglob("httpfs.duckdb_extension")
    connection = duckdb.connect()
    try:
        connection.load_extension(str(extension))
        if before:
            connection.execute(before)
        found = connection.execute("select * from read_parquet($1)", [url])
        names = [each[0] for each in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    finally:
        connection.close()
    return shares.truth(rows)


def test_the_file_is_had_in_parts_and_only_where_it_is_the_same_file(
    node: golden.Golden,
) -> None:
    url = file(node)
    whole = httpx.get(url)
    body, tag = whole.content, whole.headers["ETag"]
    size = len(body)
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "ETag", "Accept-Ranges"):
        assert head.headers[name] == whole.headers[name]
    parts = {
        "bytes=0-3": (b"PAR1", f"bytes 0-3/{size}"),
        "bytes=-8": (body[-8:], f"bytes {size - 8}-{size - 1}/{size}"),
        "bytes=10-": (body[10:], f"bytes 10-{size - 1}/{size}"),
        f"bytes=-{size + 10}": (body, f"bytes 0-{size - 1}/{size}"),
        f"bytes=4-{size * 2}": (body[4:], f"bytes 4-{size - 1}/{size}"),
    }
    for asked, (wanted, told) in parts.items():
        answer = httpx.get(url, headers={"Range": asked, "Accept-Encoding": "gzip, br"})
        assert (answer.status_code, answer.content) == (206, wanted), asked
        assert answer.headers["Content-Range"] == told
        assert "Content-Encoding" not in answer.headers
    beyond = httpx.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    for known, status in ((tag, 206), ('"another"', 200)):
        again = httpx.get(url, headers={"Range": "bytes=0-3", "If-Range": known})
        assert again.status_code == status
    unchanged = httpx.get(url, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == tag


def test_a_new_release_is_another_file_and_a_withdrawn_one_is_the_old(
    tmp_path: Path,
) -> None:
    with golden.served(tmp_path / "golden") as node:
        url = file(node)
        first = httpx.head(url).headers["ETag"]
        release = node.publish_second()
        second = httpx.get(url, headers={"Range": "bytes=0-3", "If-Range": first})
        assert second.status_code == 200
        assert second.headers["ETag"] != first
        assert httpx.get(url, headers={"If-None-Match": first}).status_code == 200
        node.withdraw_second(release)
        assert httpx.get(url, headers={"If-None-Match": first}).status_code == 304
