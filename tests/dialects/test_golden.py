"""The golden dataset itself: it holds what it promises to hold, and each partner sees its own."""

from collections.abc import Iterator

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
