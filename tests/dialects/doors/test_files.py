"""The plain file of a dataset: had in parts, as one and the same file until a new release."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import golden


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def file(node: golden.Golden) -> str:
    return f"{node.url}/v1/datasets/{golden.OPEN}/data.parquet"


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
