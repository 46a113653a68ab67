"""The review form: what it refuses, where it points, and what it makes of what it reads."""

import hashlib
from importlib import resources

import pytest
from pydantic import ValidationError
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


RULES = (
    ("valid: {from: 2026-02-30}", "date"),
    ("data: {periods: {from: ooit, until: open}}", "period"),
    ("data: {periods: {from: true, until: open}}", "string_type"),
    ("version: '3'", "int_type"),
)
"""What the form says a field breaks, in one word."""


@pytest.mark.parametrize(("fragment", "rule"), RULES)
def test_a_fault_says_which_rule_it_breaks(fragment: str, rule: str) -> None:
    with pytest.raises(Invalid, match="PROTOCOL_FIELD") as raised:
        protocol.from_document(form(fragment))
    assert raised.value.parameters["rule"] == rule
    assert (raised.value.parameters["line"], raised.value.parameters["column"]) == (1, 1)


def test_text_and_lists_have_an_end() -> None:
    for document, field in (
        ({**form(), "title": "a" * 2_001}, "title"),
        ({**form(), "data": {**form()["data"], "indicators": ["a"] * 501}}, "data.indicators"),
    ):
        with pytest.raises(Invalid, match="PROTOCOL_FIELD") as raised:
            protocol.from_document(document)
        assert raised.value.parameters["field"] == field


def test_a_field_with_a_name_without_end_is_named_in_part() -> None:
    document = {**form(), "data": {**form()["data"], "breakdowns": {"a" * 300: ["x"]}}}
    with pytest.raises(Invalid, match="PROTOCOL_FIELD") as raised:
        protocol.from_document(document)
    assert raised.value.parameters["field"] == "data.breakdowns." + "a" * 104


WORDS = {
    "purposes": ("beleid monitoring onderzoek planning publicatie rapportering statistiek", ""),
    "actions": ("read query export subscribe", ""),
    "formats": ("json csv xlsx parquet arrow sdmx odata delta pxweb ogc swing mcp", "data"),
    "measures": ("audit dpop tls12 tls13", "terms"),
}


@pytest.mark.parametrize("field", WORDS)
def test_the_words_a_protocol_may_use_are_these(field: str) -> None:
    words, part = WORDS[field][0].split(), WORDS[field][1]
    listed = f"{field}: [{', '.join(words)}]"
    read = one(f"{part}: {{{listed}}}" if part else listed)
    assert getattr(getattr(read, part) if part else read, field) == sorted(words)
    assert set(getattr(protocol, field.upper())) == set(words)


def test_what_is_at_its_limit_is_taken() -> None:
    codes = [f"i{number}" for number in range(500)]
    wide = one(
        f"{{version: 100000, title: {'a' * 2000}, terms: {{group_size_min: 1000}}, "
        f"data: {{indicators: [{', '.join(codes)}]}}}}"
    )
    assert (wide.version, wide.terms.group_size_min, len(wide.title)) == (100_000, 1_000, 2_000)
    assert len(wide.data.indicators) == 500


def test_the_digest_of_a_protocol_is_that_of_its_plain_content() -> None:
    """A change of these bytes would take the signatures from every protocol there is."""
    assert one().canonical.decode() == (
        '{"actions":["read"],"basis":{"kind":"legal_protocol"},"data":{"areas":"own",'
        '"datasets":["bevolking-wijk"],"formats":["csv","json"],'
        '"indicators":["bevolking","huishoudens"],"levels":["gemeente","wijk"],'
        '"periods":{"from":"2018","until":"2025"}},"id":"urn:protocol:gent:2026-007",'
        '"parties":[{"kbo":"0207451227","role":"supplier"},{"client_id":"provincie",'
        '"kbo":"0207725597","keys":["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"],'
        '"role":"recipient","territory":"provincie:40000"}],"purposes":["beleid","statistiek"],'
        '"schema":1,"terms":{"group_size_min":5,"profile":"standaard-5","retention":"P5Y"},'
        '"valid":{"from":"2026-01-01","until":"2029-01-01"},"version":3}'
    )
    assert one().content_hash == f"sha-256:{hashlib.sha256(one().canonical).hexdigest()}"


def test_no_part_of_a_protocol_changes_once_it_was_read() -> None:
    held = one()
    for part, field in ((held, "version"), (held.terms, "profile"), (held.parties[1], "bearer")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, field, getattr(part, field))


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


def test_a_field_that_is_missing_has_the_place_of_what_should_hold_it() -> None:
    text = USUAL.replace("profile: standaard-5, ", "")
    with pytest.raises(Invalid, match="PROTOCOL_FIELD_MISSING") as raised:
        protocol.load(text)
    assert raised.value.parameters["field"] == "terms.profile"
    (line,) = [n for n, each in enumerate(text.split("\n"), 1) if each.startswith("terms:")]
    assert raised.value.parameters["line"] == line


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
