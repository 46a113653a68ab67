"""How Dutch compounds come apart, and how words meet under one stem."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.catalog.search.words import STEMS, Lexicon, fold, meaningful, stem, tokens

TEXTS = ("Huizen en kapitaal van de werkloosheid", "opvang", "fietsen op straat", "school")
LEXICON = Lexicon.learned(TEXTS)

SPLIT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("jeugdwerkloosheid", ("jeugd", "werkloosheid")),
    ("bevolkingsdichtheid", ("bevolkings", "dichtheid")),
    ("gemeenteniveau", ("gemeente", "niveau")),
    ("elektriciteitsverbruik", ("elektriciteit", "verbruik")),
    ("kinderopvangplaats", ("kinder", "opvang", "plaats")),
    ("jeugdwerkloosheidsgraad", ("jeugd", "werkloosheids", "graad")),
    ("werkloosheid", ()),
    ("huishoudens", ()),
    ("inwoners", ()),
    ("percentage", ()),
    ("overzicht", ()),
    ("gas", ()),
    ("xyzabcdef", ()),
)


@pytest.mark.parametrize(("word", "parts"), SPLIT, ids=[word for word, _ in SPLIT])
def test_a_compound_comes_apart_into_words_that_stand_free(
    word: str, parts: tuple[str, ...]
) -> None:
    assert LEXICON.split(word) == parts


def test_a_word_that_the_texts_use_freely_becomes_a_part() -> None:
    assert LEXICON.split("kapitaalopvang") == ("kapitaal", "opvang")
    assert Lexicon(frozenset()).split("kapitaalopvang") == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("inwoner", "inwoners"),
        ("woning", "woningen"),
        ("huishouden", "huishoudens"),
        ("school", "scholen"),
        ("leerling", "leerlingen"),
        ("werkloze", "werklozen"),
        ("werkloos", "werkloze"),
        ("grens", "grenzen"),
        ("bedrijf", "bedrijven"),
    ],
)
def test_singular_and_plural_share_a_stem(one: str, other: str) -> None:
    assert stem(one, "nl") == stem(other, "nl")


def test_folding_takes_away_case_and_diacritics_and_nothing_else() -> None:
    assert fold("ÉCOLE België ß") == "ecole belgie ss"
    assert tokens("niet-werkende 18-24 jaar, l'école") == [
        "niet",
        "werkende",
        "18",
        "24",
        "jaar",
        "l",
        "ecole",
    ]


def test_a_question_of_small_words_alone_keeps_them() -> None:
    assert meaningful(["de", "jeugd"]) == ["jeugd"]
    assert meaningful(["de", "van"]) == ["de", "van"]


@given(st.lists(st.sampled_from(sorted(STEMS)), min_size=2, max_size=4))
def test_the_parts_of_any_compound_are_known_and_in_order(parts: list[str]) -> None:
    word = "".join(parts)
    at = 0
    for part in LEXICON.split(word):
        assert part in LEXICON.parts
        at = word.index(part, at) + len(part)


@given(st.text(max_size=80))
def test_no_text_is_a_fault(text: str) -> None:
    for word in tokens(text):
        LEXICON.split(word)
        stem(word, "nl")
