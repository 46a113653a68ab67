"""delta-sharing, unmodified, sees the golden dataset cell by cell: tables, old ones, changes."""

from collections.abc import Iterator

import pytest
from tests.support import golden, shares


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def test_a_partner_sees_exactly_its_view_of_every_table_in_both_forms(node: golden.Golden) -> None:
    for partner in golden.PARTNERS:
        text, _ = shares.token(node, partner)
        asks: list[shares.Row] = [
            {"ask": "tables"},
            {"ask": "data"},
            {"ask": "data", "form": "parquet"},
            {"ask": "data", "form": "parquet", "limit": 3},
            {"ask": "data", "version": 1},
            {"ask": "changes", "first": 0, "form": "delta"},
            {"ask": "changes", "first": 1, "form": "parquet"},
        ]
        given = shares.profile(node, text)
        found = shares.seen(node, given, golden.CLOSED, asks)
        names = sorted(name for _, _, name in found[0])
        assert names == ["proef", "proef_dicht"]
        view = node.truth(partner, golden.CLOSED)
        assert shares.truth(found[1]) == shares.truth(found[2]) == view
        assert len(found[3]) == 3
        first = node.truth(partner, golden.CLOSED, "2026-10-01.1")
        assert shares.truth(found[4]) == first
        assert shares.applied({}, found[5]) == shares.applied({}, found[6]) == view


def test_open_tables_are_seen_whole_by_the_holder_of_a_token(node: golden.Golden) -> None:
    text, _ = shares.token(node, "provincie")
    asks: list[shares.Row] = [
        {"ask": "data", "form": "delta"},
        {"ask": "version"},
        {"ask": "changes", "first": 1, "form": "delta"},
        {"ask": "data", "version": 99, "fails": True},
    ]
    found = shares.seen(node, shares.profile(node, text), golden.OPEN, asks)
    assert shares.truth(found[0]) == node.truth()
    assert found[1] in ([1], [2])
    assert shares.applied({}, found[2]) == node.truth()
    assert "INVALID_PARAMETER_VALUE" in found[3][0]
