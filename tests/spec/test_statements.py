"""What parties state of a protocol: what counts, what does not, and where that leaves it."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from tests.spec.tables.lifecycle import ROWS
from tests.support.agreed import all_said, party_key, said
from tests.support.protocols import TODAY, everybody, one

from hanse.errors import Invalid
from hanse.policies import statements
from hanse.policies.canonical import canonical
from hanse.policies.protocol import Protocol
from hanse.policies.signatures import FEED, PROTOCOL, SigningKey, claimed, sign
from hanse.policies.statements import MAX_CHARACTERS, Saying, Statement, hear, make, standing

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SUPPLIER, RECIPIENT = "0207451227", "0207725597"
PARTY = {"s": SUPPLIER, "r": RECIPIENT}
SAYING = {
    "propose": Saying("propose", "proposer"),
    "withdraw": Saying("withdraw", "proposer"),
    "advise": Saying("advise", "dpo", "favourable"),
    "advise-": Saying("advise", "dpo", "unfavourable"),
    "annex": Saying("advise", "authority", "favourable"),
    "accept": Saying("accept", "signatory"),
    "reject": Saying("reject", "signatory"),
    "suspend": Saying("suspend", "supplier"),
    "resume": Saying("resume", "supplier"),
    "revoke": Saying("revoke", "signatory"),
}
USUAL = one()


def spoken(text: str, protocol: Protocol = USUAL) -> list[Statement]:
    """Return the statements of a line such as `s:propose r:advise`, a second apart."""
    made = []
    for second, word in enumerate(text.split()):
        who, _, what = word.partition(":")
        at = NOON + timedelta(seconds=second)
        made.append(make(protocol, PARTY[who], SAYING[what], at))
    return made


def keys(*parties: str) -> dict[str, list[dict[str, str]]]:
    return {party: [party_key(party).public_jwk()] for party in parties}


KNOWN = keys(SUPPLIER, RECIPIENT)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} | {row[1]} | {row[2]}")
def test_a_protocol_stands_where_its_statements_leave_it(row: tuple[str, ...]) -> None:
    words, seen, later, state, waits = row
    successor = date.fromisoformat(later) if later else None
    made = spoken(words)
    for order in (made, made[::-1]):
        found = standing(USUAL, order, date.fromisoformat(seen), successor)
        assert found.state == state
        assert found.waits_for == tuple(sorted(PARTY[each] for each in waits.split()))


def test_one_that_was_revoked_or_rejected_before_it_starts_never_does() -> None:
    later = one("valid: {from: 2026-09-01, until: 2027-01-01}")
    agreed = "s:propose s:advise r:advise s:accept r:accept"
    for word, state in (("r:revoke", "revoked"), ("r:reject", "rejected")):
        made = spoken(f"{word} {agreed}", later)
        assert standing(later, made, date(2026, 6, 1)).state == state


def test_advice_under_conditions_carries_its_document_and_counts() -> None:
    document = f"sha-256:{'a' * 64}"
    saying = Saying("advise", "dpo", "conditional", document)
    made = make(USUAL, RECIPIENT, saying, NOON)
    assert (made.outcome, made.document) == ("conditional", document)
    heard = hear(said(USUAL, RECIPIENT, saying, NOON), USUAL, KNOWN)
    assert heard == made
    proposed = spoken("s:propose")
    assert standing(USUAL, [*proposed, heard], TODAY).waits_for == (SUPPLIER,)


def test_a_second_spelling_of_one_statement_is_none() -> None:
    content = canonical(spoken("s:accept")[0].model_dump(exclude_defaults=True))
    spaced = content.replace(b'":', b'": ')
    assert hear(sign(content, PROTOCOL, party_key(SUPPLIER)), USUAL, KNOWN)
    with pytest.raises(Invalid, match="STATEMENT_FORM"):
        hear(sign(spaced, PROTOCOL, party_key(SUPPLIER)), USUAL, KNOWN)


def test_what_is_signed_holds_nothing_that_was_not_said() -> None:
    text = said(USUAL, SUPPLIER, Saying("accept", "signatory"), NOON)
    document = json.loads(claimed(text))
    assert not {"outcome", "document"} & set(document)


def test_one_that_is_signed_early_starts_on_its_first_day() -> None:
    later = one("valid: {from: 2026-09-01, until: 2027-01-01}")
    made = spoken("s:propose s:advise r:advise s:accept r:accept", later)
    for seen, state in (
        ("2026-08-31", "signed"),
        ("2026-09-01", "active"),
        ("2026-12-31", "active"),
        ("2027-01-01", "expired"),
    ):
        assert standing(later, made, date.fromisoformat(seen)).state == state
    ended = [*made, *spoken("s:propose s:revoke", later)[1:]]
    assert standing(later, ended, date(2026, 9, 2)).state == "revoked"


def test_open_data_takes_the_word_of_its_supplier_alone() -> None:
    opened = everybody()
    proposed = make(opened, SUPPLIER, SAYING["propose"], NOON)
    accepted = make(opened, SUPPLIER, SAYING["accept"], NOON + timedelta(seconds=1))
    today = date(2026, 6, 1)
    assert standing(opened, [proposed], today) == statements.Standing("offered", (SUPPLIER,))
    assert standing(opened, [proposed, accepted], today).state == "active"


def test_days_begin_at_midnight_in_brussels() -> None:
    until = one("valid: {until: 2026-05-02}")
    made = spoken("s:propose s:advise r:advise s:accept r:accept", until)
    late = NOON.replace(hour=21, minute=59)
    suspended = make(until, SUPPLIER, SAYING["suspend"], late)
    too_late = make(until, SUPPLIER, SAYING["suspend"], late + timedelta(minutes=1))
    today = date(2026, 5, 1)
    assert standing(until, [*made, suspended], today).state == "suspended"
    assert standing(until, [*made, too_late], today).state == "expired"


def test_every_word_of_both_parties_is_heard() -> None:
    heard = [hear(text, USUAL, KNOWN) for text in all_said(USUAL, NOON)]
    assert [each.statement for each in heard] == ["propose", *["advise"] * 2, *["accept"] * 2]
    assert standing(USUAL, heard, date(2026, 6, 1)).state == "active"
    assert heard[0].at == NOON - timedelta(seconds=5)


MUTATIONS = {
    "one purpose more": "purposes: [statistiek, beleid, planning]",
    "one indicator more": "data: {indicators: [bevolking, huishoudens, inkomen]}",
    "a smaller group": "terms: {group_size_min: 4}",
    "a day longer": "valid: {until: 2029-01-02}",
    "another version": "version: 4",
    "another number": "id: urn:protocol:gent:2026-008",
}


@pytest.mark.parametrize("fragment", MUTATIONS.values(), ids=MUTATIONS)
def test_a_signature_holds_for_no_other_text(fragment: str) -> None:
    other = one(fragment)
    for text in all_said(USUAL, NOON):
        with pytest.raises(Invalid, match="STATEMENT_TEXT"):
            hear(text, other, KNOWN)


def test_one_signature_twice_is_not_two() -> None:
    words = spoken("s:propose s:advise r:advise s:accept")
    again = make(USUAL, SUPPLIER, SAYING["accept"], NOON + timedelta(minutes=1))
    assert standing(USUAL, [*words, words[-1], again], date(2026, 6, 1)).state == "offered"


def _forged(**changes: Any) -> str:
    document = make(USUAL, RECIPIENT, SAYING["accept"], NOON).model_dump(exclude_defaults=True)
    return sign(canonical(document | changes), PROTOCOL, party_key(RECIPIENT))


def test_the_key_of_one_party_signs_for_no_other() -> None:
    accept = SAYING["accept"]
    borrowed = said(USUAL, RECIPIENT, accept, NOON, party_key(SUPPLIER))
    strange = said(USUAL, RECIPIENT, accept, NOON, SigningKey.generate())
    for text in (borrowed, strange):
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            hear(text, USUAL, KNOWN)
    with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
        hear(said(USUAL, RECIPIENT, accept, NOON), USUAL, keys(SUPPLIER))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"statement": "approve"}, "STATEMENT_FORM"),
        ({"role": "mayor"}, "STATEMENT_FORM"),
        ({"signed_at": "gisteren"}, "STATEMENT_FORM"),
        ({"signed_at": "2026-05-01T12:00:00.000000+02:00"}, "STATEMENT_FORM"),
        ({"person": "An"}, "STATEMENT_FORM"),
        ({"version": "3"}, "STATEMENT_FORM"),
        ({"outcome": "very"}, "STATEMENT_FORM"),
        ({"document": "x"}, "STATEMENT_FORM"),
        ({"version": 4}, "STATEMENT_TEXT"),
        ({"protocol": "urn:protocol:gent:2026-008"}, "STATEMENT_TEXT"),
        ({"content_hash": "sha-256:" + "0" * 64}, "STATEMENT_TEXT"),
        ({"role": "dpo"}, "STATEMENT_ROLE"),
        ({"outcome": "favourable"}, "STATEMENT_ROLE"),
        ({"statement": "advise", "role": "dpo"}, "STATEMENT_ROLE"),
        ({"statement": "suspend", "role": "supplier"}, "STATEMENT_ROLE"),
        ({"statement": "resume", "role": "signatory"}, "STATEMENT_ROLE"),
        ({"statement": "propose"}, "STATEMENT_ROLE"),
    ],
)
def test_a_word_that_is_not_right_counts_for_nothing(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        hear(_forged(**changes), USUAL, KNOWN)


def test_a_stranger_to_the_text_says_nothing_of_it() -> None:
    outsider = "0207489542"
    with pytest.raises(Invalid, match="STATEMENT_TEXT"):
        make(USUAL, outsider, SAYING["accept"], NOON)
    document = make(USUAL, RECIPIENT, SAYING["accept"], NOON).model_dump(exclude_defaults=True)
    text = sign(canonical(document | {"party": outsider}), PROTOCOL, party_key(outsider))
    with pytest.raises(Invalid, match="STATEMENT_TEXT"):
        hear(text, USUAL, keys(outsider))


def _raw(payload: bytes, header: dict[str, Any] | None = None) -> str:
    key = party_key(RECIPIENT)
    fixed = header or {"alg": "Ed25519", "kid": key.kid, "typ": PROTOCOL}
    return jws.serialize_compact(fixed, payload, key.key, algorithms=["Ed25519"])


def test_only_the_canonical_bytes_count() -> None:
    made = make(USUAL, RECIPIENT, SAYING["accept"], NOON).model_dump(exclude_defaults=True)
    content = canonical(made)
    assert hear(_raw(content), USUAL, KNOWN).party == RECIPIENT
    twice = content[:-1] + b',"statement":"accept"}'
    spaced = json.dumps(made, sort_keys=True).encode()
    for other in (twice, spaced, b"[]", b"{}", b"\xff", b"", b'"x"', b"[" * 5_000):
        with pytest.raises(Invalid, match="STATEMENT_"):
            hear(_raw(other), USUAL, KNOWN)


def test_another_kind_of_statement_is_no_word_on_a_protocol() -> None:
    made = make(USUAL, RECIPIENT, SAYING["accept"], NOON).model_dump(exclude_defaults=True)
    key = party_key(RECIPIENT)
    for header in (
        {"alg": "Ed25519", "kid": key.kid, "typ": FEED},
        {"alg": "Ed25519", "kid": key.kid},
        {"alg": "Ed25519", "kid": key.kid, "typ": PROTOCOL, "jwk": {}},
        {"alg": "Ed25519", "kid": party_key(SUPPLIER).kid, "typ": PROTOCOL},
    ):
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            hear(_raw(canonical(made), header), USUAL, KNOWN)


def test_what_is_no_signed_text_at_all_is_said_so() -> None:
    good = _forged()
    head, body, _ = good.split(".")
    nobody = base64.urlsafe_b64encode(b'{"no": 1}').decode().rstrip("=")
    for text in (
        "",
        "a.b.c",
        "é" + good,
        good * 3,
        good + "x" * MAX_CHARACTERS,
        f"{head}.{nobody}.x",
    ):
        with pytest.raises(Invalid, match="STATEMENT_FORM"):
            hear(text, USUAL, KNOWN)
    for text in (good[:-2], f"{head}.{body}.", good[:-40] + "AAAA" + good[-36:]):
        with pytest.raises(Invalid, match="STATEMENT_"):
            hear(text, USUAL, KNOWN)
