"""The fourteen points of the law, read from a protocol."""

from tests.support.protocols import everybody, one

from hanse.policies.points import empty, office, points


def _lines(fragment: str, number: int) -> tuple[str, ...]:
    return points(one(fragment))[number - 1].lines


def test_a_protocol_says_what_it_leaves_out() -> None:
    assert [point.number for point in points(one())] == list(range(1, 15))
    assert empty(one()) == (3, 10, 11, 12, 14)
    filled = "terms: {limits: geen, rights: bij ons, periodicity: elk jaar, sanctions: stopzetting}"
    assert empty(one(filled)) == (3,)


def test_areas_and_breakdowns_are_told_as_the_text_says_them() -> None:
    said = _lines("data: {areas: {wijk: own, gemeente: all}, breakdowns: {SEX: [F, M]}}", 5)
    assert "areas: gemeente: all; wijk: own" in said
    assert "breakdowns: SEX: F, M" in said
    assert "areas: provincie:40000" in _lines("", 5)
    assert "areas: gemeente:41002" in _lines("data: {areas: ['gemeente:41002']}", 5)
    assert "areas: all" in points(everybody())[4].lines
    assert "levels: >= wijk" in _lines("data: {levels: [], level_ceiling: wijk}", 5)


def test_a_mailbox_that_may_be_a_person_is_not_told() -> None:
    assert office("DPO@stad.example") == "DPO@stad.example"
    assert office("an.peeters@stad.example") == ""
