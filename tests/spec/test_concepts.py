"""The registry of shared definitions: claims, synonyms, a city's own file."""

from pathlib import Path

import pytest
from tests.support.feeds import indicator

from hanse.catalog import concepts
from hanse.errors import Invalid
from hanse.messages import LANGUAGES

REGISTRY = concepts.load()


def test_every_concept_speaks_all_languages() -> None:
    for concept in REGISTRY.entries.values():
        for texts in (concept.name, concept.definition, concept.synonyms):
            assert set(texts) == set(LANGUAGES), concept.id


@pytest.mark.parametrize(
    ("indicator", "claim", "subject"),
    [
        ("v1101", "inwoners", "inwoners"),
        ("v1101", "inwoners@2.0.0", "inwoners"),
        ("v1101", "onbekend", "v1101"),
        ("v1101", None, "v1101"),
        ("inwoners", None, "inwoners"),
    ],
)
def test_an_indicator_belongs_to_the_concept_it_claims_else_to_itself(
    indicator: str, claim: str | None, subject: str
) -> None:
    assert REGISTRY.subject(indicator, claim) == subject


@pytest.mark.parametrize(
    ("question", "readings"),
    [
        ("inwonertal", ("Inwoners",)),
        ("werkzoekende jongeren Aalst", ("Jeugdwerkloosheid aalst",)),
        ("POPULATION", ("Inwoners",)),
        ("zeppelin", ()),
        ("", ()),
    ],
)
def test_a_synonym_is_read_as_its_concept(question: str, readings: tuple[str, ...]) -> None:
    assert REGISTRY.readings(question) == readings


@pytest.mark.parametrize(
    ("name", "id_", "claim", "pointed"),
    [
        ({"nl": "inwoners"}, "v1101", None, "inwoners"),
        ({"nl": "Inwonertal"}, "v1101", None, "inwoners"),
        ({"nl": "inwoners [prognose]"}, "v1101", None, "inwoners"),
        ({"nl": "werkloosheidsgraad (t.o.v. beroepsbevolking)"}, "x", None, "werkloosheidsgraad"),
        ({"nl": "x", "fr": "Taux de chômage"}, "x", None, "werkloosheidsgraad"),
        ({"nl": "Gezinnen"}, "v1102", None, "huishoudens"),
        ({"nl": "Zielen"}, "leefloners", None, "leefloners"),
        ({"nl": "inwoners"}, "v1101", "onbekend@1.0.0", "inwoners"),
        ({"nl": "inwoners"}, "v1101", "inwoners@1.0.0", None),
        ({"nl": "Gezinnen"}, "v1102", "inwoners", None),
        ({"nl": "inwoners van 18 tot en met 24 jaar"}, "v1101_18_24", None, None),
        ({"nl": "(t.o.v. inwoners)"}, "v1", None, None),
    ],
)
def test_a_name_without_a_claim_points_at_the_concept_that_it_is_the_name_of(
    name: dict[str, str], id_: str, claim: str | None, pointed: str | None
) -> None:
    entry = indicator(id_, concept=claim).model_copy(update={"name": name})
    found = REGISTRY.pointed(entry)
    assert (found.id if found else None) == pointed


def test_words_that_lead_to_two_concepts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "concepts.toml").write_text(
        '[zielen]\nversion = "1.0.0"\nname = { nl = "Zielen" }\n'
        'definition = { nl = "x" }\nsynonyms = { nl = ["Inwonertal"] }\n'
    )
    with pytest.raises(Invalid) as caught:
        concepts.load(tmp_path)
    assert caught.value.parameters["fault"] == '"inwonertal" = inwoners, zielen'


def test_a_citys_own_file_stands_before_ours(tmp_path: Path) -> None:
    (tmp_path / "concepts.toml").write_text(
        '[inwoners]\nversion = "9"\nname = { nl = "Zielen" }\ndefinition = { nl = "Alle zielen" }\n'
    )
    own = concepts.load(tmp_path)
    assert own.entries["inwoners"].version == "9"
    assert own.entries.keys() == REGISTRY.entries.keys()
    assert own.digest != REGISTRY.digest


@pytest.mark.parametrize("text", ["[inwoners", "[inwoners]\nversion = 1", "inwoners = 3"])
def test_a_file_that_is_no_registry_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "concepts.toml").write_text(text)
    with pytest.raises(Invalid) as caught:
        concepts.load(tmp_path)
    assert caught.value.code == "CONCEPTS_FILE"
    assert caught.value.parameters["file"] == "concepts.toml"
