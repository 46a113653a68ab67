"""The golden dataset itself: it holds what it promises to hold, and each partner sees its own."""

from collections.abc import Iterator

import httpx
import pytest
from tests.support import golden


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def test_it_holds_a_cell_of_every_kind(node: golden.Golden) -> None:
    cells = node.truth()
    statuses = {status for _, status in cells.values()}
    values = [value for value, _ in cells.values() if value is not None]
    assert {"A", "P", "Q", "L", "M"} <= statuses
    assert min(values) < 0
    assert 0 in values
    assert cells["inw", golden.NOW_VINTAGE, "11002", "2023", "M"] == (None, "Q")
    assert {key[3] for key in cells} >= {"2023", "2023-A1", "2024-Q1"}


def test_each_partner_sees_its_own_part_and_nobody_the_closed_one(node: golden.Golden) -> None:
    province = node.truth("provincie", golden.CLOSED)
    centre = node.truth("kenniscentrum", golden.CLOSED)
    assert {key[0] for key in province} == {"inw", "leerl"}
    assert {key[2] for key in province} == {"41002"}
    assert {key[0] for key in centre} == {"saldo", "omzet"}
    assert not province.keys() & centre.keys()


def test_its_second_release_revises_adds_and_takes_away(node: golden.Golden) -> None:
    before = node.truth()
    release = node.publish_second()
    after = node.truth()
    assert after["saldo", golden.NOW_VINTAGE, "41002", "2023", "_T"] == (0.75, "A")
    assert len(after.keys() - before.keys()) == len(before.keys() - after.keys()) == 1
    node.withdraw_second(release)
    assert node.truth() == before


ANSWERS = [
    "/sdmx/2.1/data/PROEF_DICHT",
    "/sdmx/3.0/data/dataflow/NIS41002/PROEF_DICHT/1.0.0?updatedAfter=2020-01-01T00:00:00Z",
    "/odata/v4/NIS41002_PROEF_DICHT",
    "/px/v2/tables/PROEF_DICHT__GEMEENTE_2025/data",
    f"/v1/datasets/{golden.CLOSED}/data?extent=permitted",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_dialect_says_which_release_it_is_and_leaves_a_receipt(
    node: golden.Golden, path: str
) -> None:
    answer = httpx.get(node.url + path, headers=node.headers("provincie"))
    assert answer.status_code == 200
    assert answer.headers["Release-Digest"].startswith("sha-256:")
    assert "Sdc-Method" not in answer.headers
    assert "hanse:sdc_method" not in answer.text
    assert answer.headers["Protocol"] == "urn:protocol:aalst:2026-101"
    assert answer.headers["Audit-Receipt"].startswith(answer.headers["Decision"])
    assert "no-store" in answer.headers["Cache-Control"]
