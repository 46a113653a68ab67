"""The review form: what it refuses, where it points, and what it makes of what it reads."""

from importlib import resources

import pytest
from tests.spec.tables.protocol_form import ROWS
from tests.support.protocols import USUAL, form, one

from hanse.errors import Conflict, Invalid
from hanse.messages import explain
from hanse.policies import protocol
from hanse.policies.lifecycle import LIFECYCLE, OWNERS, advance


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_fault_in_the_form_is_named_with_its_field(row: tuple[str, str, str, str]) -> None:
    _, fragment, code, field = row
    with pytest.raises(Invalid) as raised:
        protocol.from_document(form(fragment))
    assert (raised.value.code, raised.value.parameters["field"]) == (code, field)
    for lang in ("nl", "en", "fr"):
        assert "{" not in "".join(explain(code, lang, **raised.value.parameters).values())


@pytest.mark.parametrize("name", ["schema", "id", "version", "parties", "basis", "data", "terms"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    document = form()
    del document[name]
    with pytest.raises(Invalid, match="PROTOCOL_FIELD_MISSING"):
        protocol.from_document(document)


def test_a_fault_points_to_its_line_and_column() -> None:
    text = USUAL.replace("purposes: [statistiek, beleid]", "purposes:\n  - statistiek\n  - reclame")
    with pytest.raises(Invalid) as raised:
        protocol.load(text)
    line = text.split("\n").index("  - reclame") + 1
    assert (raised.value.parameters["line"], raised.value.parameters["column"]) == (line, 5)


def test_a_missing_list_opens_nothing() -> None:
    bare = protocol.from_document({**form(), "data": {}, "purposes": [], "actions": []})
    assert (bare.data.datasets, bare.data.indicators, bare.data.areas) == ([], [], [])
    assert bare.data.periods is None


def test_lists_that_mean_sets_are_sorted_and_unique() -> None:
    twice = one("{purposes: [statistiek, beleid, statistiek], data: {formats: [json, csv, json]}}")
    assert twice.purposes == ["beleid", "statistiek"]
    assert twice.content_hash == one().content_hash


def test_the_examples_are_protocols() -> None:
    folder = resources.files("hanse.policies") / "protocols"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    assert names == ["bilateral.yaml", "open-data.yaml", "provincie.yaml", "survey.yaml"]
    for name in names:
        text = (folder / name).read_text("utf-8")
        read = protocol.load(text.replace("{agency}", "nis41002").replace("{kbo}", "0207437468"))
        assert protocol.from_document(read.document) == read


def test_every_event_has_one_owner_and_every_state_can_be_reached() -> None:
    events = {event for steps in LIFECYCLE.values() for event in steps}
    assert events == set(OWNERS)
    reached = {"draft"} | {state for steps in LIFECYCLE.values() for state in steps.values()}
    assert reached == set(LIFECYCLE)


def test_a_step_that_does_not_exist_is_refused() -> None:
    assert advance("active", "suspend") == "suspended"
    for state, event in (("revoked", "resume"), ("draft", "start"), ("nowhere", "submit")):
        with pytest.raises(Conflict, match="PROTOCOL_STATE"):
            advance(state, event)
