"""Scopes are a partial order, and what is granted is never more than what was given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.auth.scopes import SCOPES, Scope, covers, known, parse, read, words
from hanse.errors import Invalid

WORD = st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)
THEME = WORD.map(lambda theme: f"theme:{theme}:read")
LISTED = st.one_of(st.sampled_from(SCOPES), THEME)
SETS = st.frozensets(LISTED, max_size=5)
ANY = st.builds(
    Scope,
    st.sampled_from(["dataset", "theme", "audit"]),
    st.sampled_from([None, "wonen", "onderwijs"]),
    st.sampled_from(["read", "publish"]),
)


@given(ANY, ANY, ANY)
def test_containment_is_a_partial_order(one: Scope, two: Scope, three: Scope) -> None:
    assert one.covers(one)
    if one.covers(two) and two.covers(one):
        assert one == two
    if one.covers(two) and two.covers(three):
        assert one.covers(three)


@given(SETS, SETS)
def test_covering_is_each_by_some(granted: frozenset[str], wanted: frozenset[str]) -> None:
    each = all(any(read(have).covers(read(want)) for have in granted) for want in wanted)
    assert covers(granted, wanted) == each
    assert covers(granted, granted)
    assert covers(granted, [])


@given(SETS, SETS, LISTED)
def test_a_smaller_grant_never_covers_more(
    granted: frozenset[str], more: frozenset[str], wanted: str
) -> None:
    if covers(granted, [wanted]):
        assert covers(granted | more, [wanted])


@given(SETS)
def test_scopes_are_read_back_as_they_were_written(scopes: frozenset[str]) -> None:
    if scopes:
        assert parse(" ".join(sorted(scopes))) == scopes


@given(st.text(max_size=30))
def test_any_text_is_read_strictly_or_not_at_all(text: str) -> None:
    try:
        found = words(text)
    except ValueError:
        return
    assert " ".join(text.split(" ")) == text
    assert found == set(text.split(" "))
    assert all(0x21 <= ord(sign) <= 0x7E for word in found for sign in word)


@pytest.mark.parametrize(
    ("granted", "wanted", "answer"),
    [
        ("dataset:read", "dataset:read", True),
        ("dataset:read", "theme:wonen:read", True),
        ("theme:wonen:read", "dataset:read", False),
        ("theme:wonen:read", "theme:onderwijs:read", False),
        ("dataset:read", "audit:read", False),
        ("audit:read", "dataset:read", False),
        ("dataset:write", "dataset:write", False),
        ("theme:wonen:write", "theme:wonen:write", False),
        ("protocol:propose", "protocol:approve", False),
    ],
)
def test_which_scope_contains_which(granted: str, wanted: str, answer: bool) -> None:
    assert covers([granted], [wanted]) is answer


@pytest.mark.parametrize("text", ["dataset:*", "dataset:readx", "Dataset:read", "x", "theme::read"])
def test_a_scope_off_the_list_is_named_and_refused(text: str) -> None:
    assert not known(text)
    with pytest.raises(Invalid, match="SCOPE_UNKNOWN"):
        parse(text)


@pytest.mark.parametrize("text", ["", " ", "dataset:read ", 'a"b', "a\\b", "é", "x" * 1_001])
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="SCOPE_FORM"):
        parse(text)
    with pytest.raises(ValueError, match="grammar"):
        read(text)
