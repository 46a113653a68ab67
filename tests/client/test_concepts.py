"""What a city hears of its indicator: what keeps it from comparing, and what its name should be."""

from typing import Any

import pytest
from tests.support.feeds import indicator

from hanse.client.concepts import Checked, check
from hanse.wire import ConceptEntry, Harvest, Publication, SubjectAnswer

INHABITANTS = ConceptEntry(
    id="inwoners", version="2.0.0", name={"nl": "Inwoners"}, definition={"nl": "Personen."}
)


def published(agency: str = "NIS41002", points_at: str = "", **entry: Any) -> Publication:
    return Publication(
        agency=agency,
        agency_name=agency,
        base_url="https://node.example.org",
        dataset="bevolking",
        title={"nl": "Bevolking"},
        theme="demografie",
        access="open",
        licence="CC-BY-4.0",
        contact="data@example.org",
        profile="standaard-5",
        levels=["gemeente@2025"],
        periods=["2024"],
        current=None,
        indicator=indicator(entry.pop("id", "v1101"), entry.pop("name", "inwoners"), **entry),
        harvest=Harvest(state="fresh"),
        points_at=points_at,
    )


def checked(*publications: Publication, concept: ConceptEntry | None = None) -> tuple[Checked, ...]:
    text = {"nl": "inwoners"}
    return check(
        SubjectAnswer(
            id="v1101",
            name=text,
            description=text,
            unit="personen",
            concept=concept,
            publications=list(publications),
        )
    )


@pytest.mark.parametrize(
    ("claim", "definition_version", "points_at", "code"),
    [
        (None, "2.0.0", "inwoners@2.0.0", "CONCEPT_POINTED"),
        (None, "2.0.0", "", "CONCEPT_NOT_CLAIMED"),
        ("huishoudens@2.0.0", "2.0.0", "", "CONCEPT_NOT_CLAIMED"),
        ("inwoners@1.4.0", "2.0.0", "", "CONCEPT_OTHER_VERSION"),
        ("inwoners", "", "", "CONCEPT_NO_VERSION"),
        ("inwoners", "2.1.0", "", ""),
        ("inwoners@2.0.0", "", "", ""),
    ],
)
def test_an_indicator_hears_how_it_stands_to_the_shared_definition(
    claim: str | None, definition_version: str, points_at: str, code: str
) -> None:
    one = published(points_at=points_at, concept=claim, definition_version=definition_version)
    (found,) = checked(one, concept=INHABITANTS)
    assert [each.code for each in found.reasons] == ([code] if code else [])


def test_a_name_that_points_at_a_definition_is_told_what_to_claim() -> None:
    (found,) = checked(published(points_at="inwoners@2.0.0"))
    (reason,) = found.reasons
    for lang, words in (("nl", "Schrijf bij concept"), ("en", "Write as concept"), ("fr", "Écriv")):
        assert words in reason.say(lang)
        assert "inwoners@2.0.0" in reason.say(lang)


def test_two_indicators_of_one_house_do_not_have_one_name() -> None:
    found = checked(published(), published(id="v1102"), published("NIS11002", id="v1103"))
    told = {
        each.indicator: [
            one.parameters["other"] for one in each.naming if one.code == "NAMING_TWICE"
        ]
        for each in found
    }
    assert told == {"v1101": ["v1102"], "v1102": ["v1101"], "v1103": []}


def test_a_name_keeps_nothing_from_comparing() -> None:
    (found,) = checked(published(name="Aantal inwoners"))
    assert found.reasons == ()
    assert {"NAMING_CAPITAL", "NAMING_UNIT"} <= {each.code for each in found.naming}
