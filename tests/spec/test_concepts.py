"""The registry of shared definitions: claims, synonyms, a city's own file."""

from pathlib import Path

import pytest

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
