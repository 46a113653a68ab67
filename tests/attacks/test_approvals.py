"""Four eyes are two people: one name in disguise approves nothing, and two who race make one."""

import threading
from pathlib import Path

import pytest
from tests.support.presses import TOWN, draft, press

from hanse.errors import HanseError, Refused
from hanse.node import publish
from hanse.node.proposals import same_person
from hanse.node.publish import Intent
from hanse.node.releases import tables
from hanse.store.session import reading

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 200)]
PROPOSER = "José Ann Peeters"
DISGUISES = {
    "case and blanks": "  josé   ANN\tpeeters ",
    "a no-break space": "José\N{NO-BREAK SPACE}Ann Peeters",
    "an accent apart": "Jose\N{COMBINING ACUTE ACCENT} Ann Peeters",
    "no accent": "Jose Ann Peeters",
    "a space of no width": "José Ann Peeters\N{ZERO WIDTH SPACE}",
    "a soft hyphen": "José Ann Pee\N{SOFT HYPHEN}ters",
    "a word joiner": "José\N{WORD JOINER} Ann Peeters",
    "a turned line": "\N{RIGHT-TO-LEFT OVERRIDE}José Ann Peeters",
    "a control": "José Ann Peeters\x00",
    "a variation selector": "José Ann Peeters\N{VARIATION SELECTOR-16}",
    "full width": "\N{FULLWIDTH LATIN CAPITAL LETTER J}osé Ann Peeters",
    "punctuation": "José-Ann Peeters.",
    "no blanks": "JoséAnnPeeters",
}


@pytest.mark.parametrize("name", DISGUISES.values(), ids=DISGUISES)
def test_nobody_approves_what_he_proposed_under_another_spelling(tmp_path: Path, name: str) -> None:
    on = press(tmp_path, approvals="second-person")
    publish.propose(on, draft(LINES), Intent(), PROPOSER)
    with pytest.raises(Refused, match="APPROVAL_SAME_PERSON"):
        publish.approve(on, draft(LINES), name)


@pytest.mark.parametrize(
    "name",
    [
        "José \N{CYRILLIC CAPITAL LETTER A}nn Peeters",
        "J\N{GREEK SMALL LETTER OMICRON}sé Ann Peeters",
        "José Ann Peeters \N{HANGUL FILLER}",
    ],
)
def test_letters_that_only_look_the_same_are_refused(tmp_path: Path, name: str) -> None:
    on = press(tmp_path, approvals="second-person")
    publish.propose(on, draft(LINES), Intent(), PROPOSER)
    with pytest.raises(HanseError, match="PERSON_ALPHABET"):
        publish.approve(on, draft(LINES), name)


def test_names_in_one_alphabet_stay_apart() -> None:
    assert not same_person("Иван Петров", "Ivan Petrov")
    assert not same_person("An Claes", "Bo Claes")


def test_of_two_approvals_at_once_one_makes_a_release(tmp_path: Path) -> None:
    on = press(tmp_path, approvals="second-person")
    publish.propose(on, draft(LINES), Intent(), "an")
    together = threading.Barrier(4)
    outcomes: list[str] = []

    def approve(name: str) -> None:
        together.wait()
        try:
            outcomes.append(publish.approve(on, draft(LINES), name).release_id)
        except HanseError as fault:
            outcomes.append(fault.code)

    people = [threading.Thread(target=approve, args=(name,)) for name in ("bo", "cis", "dre", "el")]
    for each in people:
        each.start()
    for each in people:
        each.join()
    with reading(on.engine) as session:
        made = tables.history(session, "bevolking")
    assert len(made) == 1
    assert [outcome for outcome in outcomes if outcome == made[0].release_id] == [
        made[0].release_id
    ]
    assert set(outcomes) - {made[0].release_id} <= {
        "PUBLISH_OVERTAKEN",
        "APPROVAL_STALE",
        "PROPOSAL_NONE",
        "PUBLISH_NOTHING",
    }
