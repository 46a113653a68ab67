"""Protection profiles: those that are shipped, and forms that are refused."""

from dataclasses import replace
from typing import Any

import pytest

from hanse.errors import Invalid, NotFound
from hanse.policies import profile
from hanse.policies.method import Perturbing, Rounding, Spread
from hanse.policies.profile import find, from_document, load, shipped

FORM = """
schema: 1
name: eigen-7
title: {nl: Eigen}
description: {nl: Van ons.}
min_count: 7
source_override: {fod-fin: 21}
min_count_by_level: {gemeente: 5}
allowed_levels: [gemeente, wijk]
"""

# name, lowest count in a sector, in a municipality, smallest survey, rounding base
SHIPPED = [
    ("open-0", 0, 0, 0, 1),
    ("standaard-5", 5, 5, 0, 1),
    ("fiscaal-21", 21, 5, 0, 1),
    ("enquete-79", 5, 5, 79, 1),
    ("afronden-5", 5, 5, 0, 5),
    ("rond-5", 0, 0, 0, 1),
]


def test_every_file_holds_the_profile_of_its_name() -> None:
    assert {name: held.name for name, held in shipped().items()} == {
        row[0]: row[0] for row in SHIPPED
    }


@pytest.mark.parametrize(("name", "sector", "municipality", "survey", "base"), SHIPPED)
def test_a_shipped_profile_says_what_its_name_says(
    name: str, sector: int, municipality: int, survey: int, base: int
) -> None:
    found = find(name)
    assert found.name == name
    assert found.minimum("statsec@2025") == sector
    assert found.minimum("gemeente@2025") == municipality
    assert (found.min_n, found.round_base, found.zero_shown) == (survey, base, True)
    assert set(found.title) == set(found.description) == {"nl", "en", "fr"}


@pytest.mark.parametrize("name", [row[0] for row in SHIPPED])
def test_only_the_strictest_judges_what_a_register_s_share_leaves_over(name: str) -> None:
    assert find(name).rest_hidden is (name == "fiscaal-21")


def test_one_shipped_profile_rounds_small_counts_and_none_makes_noise() -> None:
    # the name of a shipped one would tell recipients how far noise goes
    methods = {name: held.method for name, held in shipped().items() if held.method}
    assert methods == {"rond-5": Rounding(5)}
    assert find("rond-5").min_denominator == 20
    assert find("rond-5").mark == "ROUND_SMALL_5"


def test_no_other_profile_is_shipped() -> None:
    assert set(shipped()) == {name for name, *_ in SHIPPED}


def test_the_strictest_of_level_and_source_wins() -> None:
    found = load(FORM)
    assert found.minimum("wijk@2025") == 7
    assert found.minimum("gemeente@2025") == 5
    assert found.minimum("gemeente@2025", ("brp", "fod-fin")) == 21
    assert found.allows("wijk@2024")
    assert not found.allows("statsec@2025")


def test_equal_rules_have_equal_digests_however_they_are_written() -> None:
    reordered = "\n".join(reversed(FORM.strip().splitlines()))
    assert load(FORM).content_digest == load(reordered).content_digest
    stricter = load(FORM.replace("min_count: 7", "min_count: 8"))
    assert stricter.content_digest != load(FORM).content_digest


def test_a_rule_that_came_later_changes_no_digest_where_it_is_not_used() -> None:
    plain = load(FORM)
    assert "rest_hidden" not in plain.as_document()
    assert load(FORM + "rest_hidden: false").content_digest == plain.content_digest
    asked = load(FORM + "rest_hidden: true")
    assert asked.content_digest != plain.content_digest
    assert from_document(asked.as_document()).rest_hidden
    # as it was before there was such a rule
    known = "sha-256:1fb07685e17a2be4f688332d52266ea09688f6b49bfa99e8ad77b45c16b64f6e"
    assert find("standaard-5").content_digest == known


def test_a_nodes_own_profile_goes_before_a_shipped_one() -> None:
    own = load(FORM.replace("eigen-7", "standaard-5"))
    assert find("standaard-5", {"standaard-5": own}).min_count == 7
    with pytest.raises(NotFound, match="PROFILE_UNKNOWN"):
        find("geen")


WRONG = [
    ("an unknown field", {"min_cout": 5}, "min_cout"),
    ("no schema", {"schema": None}, "schema"),
    ("another schema", {"schema": 2}, "schema"),
    ("a name with a space", {"name": "mijn profiel"}, "name"),
    ("a line end behind a name", {"name": "eigen-7\n"}, "name"),
    ("no Dutch title", {"title": {"en": "Own"}}, "title"),
    ("an empty text", {"description": {"nl": " "}}, "description"),
    ("a negative minimum", {"min_count": -1}, "min_count"),
    ("a minimum as text", {"min_count": "5"}, "min_count"),
    ("a minimum as a truth", {"min_count": True}, "min_count"),
    ("a minimum without end", {"min_count": profile.LIMIT_MAX + 1}, "min_count"),
    ("rounding to nothing", {"round_base": 0}, "round_base"),
    ("what is left as a number", {"rest_hidden": 5}, "rest_hidden"),
    ("zero shown as text", {"zero_shown": "yes"}, "zero_shown"),
    ("levels as one text", {"allowed_levels": "gemeente"}, "allowed_levels"),
    ("a level with a slash", {"allowed_levels": ["a/b"]}, "allowed_levels"),
    ("limits as a list", {"source_override": [5]}, "source_override"),
    ("a limit of a source below zero", {"source_override": {"brp": -1}}, "source_override"),
]


@pytest.mark.parametrize(("situation", "wrong", "field"), WRONG)
def test_a_form_that_is_not_right_names_its_field(
    situation: str, wrong: dict[str, object], field: str
) -> None:
    right: dict[str, object] = {
        "schema": 1,
        "name": "eigen-7",
        "title": {"nl": "Eigen"},
        "description": {"nl": "Van ons."},
    }
    assert from_document(right).min_count == 0
    with pytest.raises(Invalid) as raised:
        from_document({**right, **wrong})
    assert raised.value.parameters["field"] == field, situation


WITH_A_METHOD = (
    ({"min_count": 5}, ""),
    ({"min_count": 6}, "min_count"),
    ({"min_count_by_level": {"gemeente": 6}}, "min_count_by_level"),
    ({"source_override": {"fod-fin": 21}}, "source_override"),
    ({"round_base": 5}, "round_base"),
    ({"min_n": 79}, "min_n"),
    ({"zero_shown": False}, "zero_shown"),
    ({"rest_hidden": True}, "rest_hidden"),
)
"""Rules beside a method that rounds small counts to multiples of five, and what does not fit."""


@pytest.mark.parametrize(("rules", "wrong"), WITH_A_METHOD)
def test_a_rule_that_hides_has_no_place_beside_a_method(rules: dict[str, Any], wrong: str) -> None:
    plain = find("open-0")
    if not wrong:
        assert replace(plain, method=Rounding(5), **rules).mark
        return
    with pytest.raises(Invalid, match="PROFILE_FIELD") as raised:
        replace(plain, method=Rounding(5), **rules)
    assert raised.value.parameters["field"] == wrong
    assert replace(plain, **rules).mark == ""


@pytest.mark.parametrize(
    ("method", "wrong"),
    [(Rounding(5), ""), (Rounding(4), "base"), (Spread(5), ""), (Spread(4), "deviation")],
)
def test_a_node_rounds_to_five_or_more_and_its_noise_goes_as_far(
    method: Perturbing, wrong: str
) -> None:
    if not wrong:
        assert replace(find("open-0"), method=method).mark
        return
    with pytest.raises(Invalid, match="PROFILE_FIELD") as raised:
        replace(find("open-0"), method=method)
    assert raised.value.parameters["field"] == wrong
