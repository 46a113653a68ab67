"""Entries: canonical bytes, a closed schema, people only as commitments."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hanse.audit.entry import (
    BODY_BYTES_MAX,
    Entry,
    Stamp,
    Who,
    Why,
    commitment,
    encode,
    exchange,
    read,
    seal,
)
from hanse.audit.tree import leaf_hash
from hanse.errors import Invalid

STAMP = Stamp("0" * 32, "2026-11-01T09:00:00.000000+00:00", "hanse 1")
RELEASE = {"event": "published", "dataset": "bevolking"}

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), VALUE, max_size=5))
def test_bytes_are_those_of_rfc_8785(document: dict[str, Any]) -> None:
    assert encode(document) == rfc8785.dumps(document)


def made(**changes: Any) -> Entry:
    return Entry(**{"kind": "release", "what": RELEASE, **changes})


def test_an_entry_says_what_it_was_given_and_nothing_that_is_empty() -> None:
    entry = made(who=Who("provincie", "0207725597"), why=Why("urn:p", 1, None, "beleid"))
    sealed = seal(entry, STAMP, lambda count: bytes(count))
    told = read(sealed.body)
    assert told["who"] == {"client": "provincie", "kbo": "0207725597"}
    assert told["why"] == {"protocol": "urn:p", "version": 1, "purpose": "beleid"}
    assert told["what"] == RELEASE
    assert {"people", "decision", "code", "checks", "exchange"}.isdisjoint(told)
    assert sealed.leaf == leaf_hash(sealed.body)
    assert sealed.receipt == f"{STAMP.ref};{sealed.leaf.hex()}"


def test_a_refusal_says_which_checks_failed() -> None:
    refused = made(decision="deny", code="DECISION_AREA", checks=[{"name": "area"}], exchange="e")
    told = read(seal(refused, STAMP, bytes).body)
    assert (told["decision"], told["code"]) == ("deny", "DECISION_AREA")
    assert (told["checks"], told["exchange"]) == ([{"name": "area"}], "e")


def test_a_person_is_a_commitment_that_only_the_salt_opens() -> None:
    sealed = seal(made(people={"by": "an.peeters@stad.example"}), STAMP, lambda n: b"\x07" * n)
    assert b"peeters" not in sealed.body
    assert sealed.secrets == (("by", "an.peeters@stad.example", b"\x07" * 32),)
    told = read(sealed.body)["people"]["by"]
    assert told == commitment("an.peeters@stad.example", b"\x07" * 32)
    assert told != commitment("an.peeters@stad.example", b"\x08" * 32)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"what": {"figure": 4}}, "what"),
        ({"people": {"boss": "an"}}, "people"),
        ({"decision": "perhaps"}, "decision"),
        ({"what": {"event": 1.5}}, "value"),
        ({"what": {"event": 2**53}}, "value"),
        ({"what": {"event": "x" * 301}}, "value"),
        ({"what": {"event": {"\u00e9": 1}}}, "value"),
        ({"what": {"event": {1: 1}}}, "value"),
        ({"what": {"event": [b"bytes"]}}, "value"),
        ({"what": {"event": "\ud800"}}, "value"),
        ({"what": {"event": ["x" * 300] * 300}}, "size"),
    ],
)
def test_what_the_schema_does_not_have_is_refused(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(Invalid) as caught:
        seal(made(**changes), STAMP, lambda count: bytes(count))
    assert (caught.value.code, caught.value.parameters["part"]) == ("AUDIT_ENTRY", part)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"v":2}', b"{", b"[" * 200_000])
def test_bytes_that_are_no_entry_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="AUDIT_ENTRY"):
        read(body)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("6f9c2a4e-1b2c-4d5e-8f90-a1b2c3d4e5f6", "6f9c2a4e-1b2c-4d5e-8f90-a1b2c3d4e5f6"),
        ("an.peeters@stad.example", ""),
        ("6f9c", ""),
        ("-" * 36, ""),
        ("a" * 65, ""),
    ],
)
def test_an_exchange_id_is_hexadecimal_or_nothing(given_: str, kept: str) -> None:
    assert exchange(given_) == kept


def test_a_body_has_a_limit() -> None:
    assert BODY_BYTES_MAX == 65_536
