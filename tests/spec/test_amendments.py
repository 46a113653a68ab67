"""The table of what a new version of a protocol changes, run; and the words it is told in."""

import pytest
from tests.spec.tables.amendments import NO_PERIODS, OTHER, ROWS, Row, parties, province
from tests.support.protocols import everybody, form, one

from hanse.policies import protocol
from hanse.policies.difference import Difference, differences, keys_only
from hanse.policies.protocol import Protocol


def _version(text: str) -> Protocol:
    if text != NO_PERIODS:
        return one(text)
    usual = form()
    data = {name: value for name, value in usual["data"].items() if name != "periods"}
    return protocol.from_document({**usual, "data": data})


def _told(found: Difference) -> str:
    who = f" ({found.who})" if found.who else ""
    was = f" < {found.was}" if found.was else ""
    return f"{found.effect} {found.code} {found.field}: {found.what}{who}{was}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_version_changes_what_the_table_says(row: Row) -> None:
    _, earlier, later, expected = row
    found = differences(_version(earlier), _version(later))
    assert tuple(map(_told, found)) == expected


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_every_change_has_a_sentence(lang: str) -> None:
    for _, earlier, later, _ in ROWS:
        for found in differences(_version(earlier), _version(later)):
            sentence = found.sentence(lang)
            assert "{" not in sentence
            assert found.who in sentence
            if found.code == "DIFF_BECOMES":
                assert found.what in sentence
                assert found.was in sentence


def test_what_was_kept_for_ever_and_now_is_not_narrows() -> None:
    bound, free = everybody("terms: {retention: P1Y}"), everybody("terms: {retention: ''}")
    assert [_told(each) for each in differences(free, bound)] == [
        "narrows DIFF_BECOMES terms.retention: P1Y < -"
    ]
    assert [_told(each) for each in differences(bound, free)] == [
        "widens DIFF_BECOMES terms.retention: - < P1Y"
    ]


def test_what_becomes_open_to_everybody_widens() -> None:
    found = [_told(each) for each in differences(one(), everybody())]
    assert "widens DIFF_BECOMES basis.kind: open_licence < legal_protocol" in found
    assert "widens DIFF_RECIPIENT_NEW parties: * (*)" in found
    assert "narrows DIFF_RECIPIENT_GONE parties: provincie (provincie)" in found


def test_what_everybody_may_have_of_one_place_is_told_without_a_number() -> None:
    place = "{role: recipient, everybody: true, territory: 'gemeente:41002'}"
    there = everybody(f"parties: [{{kbo: '0207451227', role: supplier}}, {place}]")
    (found,) = differences(everybody(), there)
    assert _told(found) == ("widens DIFF_BECOMES parties.territory: - gemeente:41002 (*) < - -")


def test_a_change_is_told_in_dutch_where_no_language_is_asked() -> None:
    (found,) = differences(one(), one("title: iets"))
    assert found.sentence() == found.sentence("nl") != found.sentence("en")


def test_a_change_of_keys_alone_is_told_apart() -> None:
    changed = one(parties(province(OTHER)))
    assert keys_only(differences(one(), changed))
    assert not keys_only(differences(one(), one()))
    assert not keys_only(differences(one("title: iets"), changed))
