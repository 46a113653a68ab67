"""Signed statements: one key, one kind, one header, and nothing else is taken."""

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from hanse.errors import Invalid
from hanse.policies import signatures
from hanse.policies.canonical import canonical
from hanse.policies.signatures import FEED, MANIFEST, SigningKey, claimed, claimed_key, sign, verify

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
CONTENT = b'{"a":1}'


def raw(header: dict[str, Any], key: SigningKey = KEY) -> str:
    return jws.serialize_compact(header, CONTENT, key.key, algorithms=["Ed25519"])


def test_what_was_signed_comes_back() -> None:
    statement = sign(CONTENT, FEED, KEY)
    assert verify(statement, FEED, [OTHER.public_jwk(), KEY.public_jwk()]) == CONTENT
    assert claimed(statement) == CONTENT
    assert claimed_key(statement) == KEY.kid
    assert jws.extract_compact(statement.encode()).headers() == {
        "alg": "Ed25519",
        "kid": KEY.kid,
        "typ": FEED,
    }


def test_the_kinds_of_statement_have_names_of_their_own() -> None:
    named = {name: getattr(signatures, name) for name in dir(signatures) if name.isupper()}
    kinds = {name: word for name, word in named.items() if str(word).endswith("+jws")}
    assert kinds == {
        "ENROLMENT": "hanse-enrolment+jws",
        "EXCHANGE": "hanse-exchange+jws",
        "FEED": "hanse-feed+jws",
        "MANIFEST": "hanse-manifest+jws",
        "PROTOCOL": "hanse-protocol+jws",
        "REGISTER": "hanse-register+jws",
        "AREAS": "hanse-areas+jws",
    }


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "Ed25519", "kid": KEY.kid, "typ": MANIFEST},
        {"alg": "Ed25519", "kid": KEY.kid},
        {"alg": "Ed25519", "typ": FEED},
        {"alg": "Ed25519", "kid": KEY.kid, "typ": FEED, "cty": "x"},
        {"alg": "Ed25519", "kid": OTHER.kid, "typ": FEED},
        {"alg": "Ed25519", "kid": "", "typ": FEED},
    ],
)
def test_another_header_is_refused_in_one_wording(header: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="STATEMENT_SIGNATURE") as raised:
        verify(raw(header), FEED, [KEY.public_jwk(), OTHER.public_jwk()])
    assert raised.value.parameters == {"typ": FEED}


def test_a_key_that_is_not_listed_signs_nothing() -> None:
    for keys in ([], [OTHER.public_jwk()]):
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            verify(sign(CONTENT, FEED, KEY), FEED, keys)


def test_what_is_no_statement_is_refused() -> None:
    good = sign(CONTENT, FEED, KEY)
    head, _, end = good.split(".")
    other = good[:-43] + ("A" if good[-43] != "A" else "B") + good[-42:]
    for text in ("", "a", "é", good + ".x", f"{head}..{end}", other):
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            verify(text, FEED, [KEY.public_jwk()])
    for text in ("", "a", "é"):
        for read in (claimed, claimed_key):
            with pytest.raises(Invalid, match="STATEMENT_FORM"):
                read(text)


def test_one_over_the_limit_is_refused_before_it_is_read() -> None:
    big = "a" * (signatures.MAX_STATEMENT_BYTES + 1)
    with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
        verify(big, FEED, [KEY.public_jwk()])
    large = b'"' + b"a" * 200_000 + b'"'  # more than the library's own limit
    assert verify(sign(large, FEED, KEY), FEED, [KEY.public_jwk()]) == large


def test_a_key_is_named_by_its_thumbprint_and_kept_whole() -> None:
    again = SigningKey.from_jwk(KEY.private_jwk())
    assert (again.kid, again.public_jwk()) == (KEY.kid, KEY.public_jwk())
    public = KEY.public_jwk()
    assert set(public) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (public["use"], public["alg"]) == ("sig", "Ed25519")
    assert (
        public["kid"] == OKPKey.import_key({k: public[k] for k in ("kty", "crv", "x")}).thumbprint()
    )
    assert "d" in json.loads(KEY.private_jwk())


def test_what_is_no_private_key_is_said_so() -> None:
    ec = json.dumps(ECKey.generate_key().as_dict(private=True))
    other = json.dumps(OKPKey.generate_key("X25519").as_dict(private=True))
    public = json.dumps(KEY.public_jwk())
    for text in ("", "{}", "[]", "null", ec, other, public, "[" * 100_000):
        with pytest.raises(Invalid, match="KEY_UNREADABLE"):
            SigningKey.from_jwk(text)


@pytest.mark.parametrize("document", [{"a": 2**53}, {"a": "\ud800"}, {1: "a"}, {"a": object()}])
def test_what_has_no_canonical_form_is_not_signed(document: object) -> None:
    with pytest.raises(Invalid, match="CANONICAL_FORM"):
        canonical(document)
