"""Signed links: one object, one hour, one maker; any change makes them nothing."""

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.auth.links import MAX_CHARACTERS, Link, digest_of, seal, unseal
from hanse.errors import Invalid, Unauthenticated

SECRET, NOW = b"s" * 32, 1_800_000_000
LINK = Link("provincie", "ft-1", "urn:protocol:a:b", "dossiers", digest_of("page=2"), NOW + 3_600)


def test_what_was_sealed_is_read_back_until_it_ends() -> None:
    text = seal(LINK, SECRET, NOW)
    assert unseal(text, SECRET, NOW) == LINK
    assert unseal(text, SECRET, NOW + 3_599) == LINK
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("seconds", [3_600, 10_000, -1])
def test_it_ends_and_does_not_begin_before_it_was_made(seconds: int) -> None:
    with pytest.raises(Unauthenticated, match="LINK_INVALID"):
        unseal(seal(LINK, SECRET, NOW), SECRET, NOW + seconds)


@pytest.mark.parametrize("life", [0, -1, 3_601])
def test_no_link_lives_longer_than_an_hour(life: int) -> None:
    with pytest.raises(Invalid, match="LINK_LIFE"):
        seal(dataclasses.replace(LINK, expires_at=NOW + life), SECRET, NOW)


def test_a_link_has_a_size() -> None:
    with pytest.raises(Invalid, match="LINK_SIZE"):
        seal(dataclasses.replace(LINK, object="x" * MAX_CHARACTERS), SECRET, NOW)


def test_another_secret_makes_another_link() -> None:
    with pytest.raises(Unauthenticated):
        unseal(seal(LINK, b"other", NOW), SECRET, NOW)


def test_every_changed_character_makes_it_nothing() -> None:
    text = seal(LINK, SECRET, NOW)
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(Unauthenticated):
            unseal(text[:place] + other + text[place + 1 :], SECRET, NOW)


@given(st.text(max_size=200) | st.just("A" * (MAX_CHARACTERS + 1)))
def test_any_other_text_is_refused_in_one_wording(text: str) -> None:
    with pytest.raises(Unauthenticated, match="LINK_INVALID"):
        unseal(text, SECRET, NOW)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_names_of_any_kind_come_back_whole(client: str, name: str, query: str) -> None:
    link = dataclasses.replace(LINK, client=client, object=name, query=digest_of(query))
    try:
        text = seal(link, SECRET, NOW)
        found = unseal(text, SECRET, NOW)
    except (Unauthenticated, ValueError):
        assert "\x00" in client + name or not (client + name).isprintable()
        return
    assert found == link


def test_two_questions_have_two_digests() -> None:
    assert digest_of("a=1") != digest_of("a=2")
    assert len(base64.b16decode(digest_of("a=1").upper())) == 32
