"""Finds the one credential of a request, in the forms that clients can send.

Two credentials, or one in an address, are 400: an answer never silently belongs to somebody else
than its asker thinks. A form that is not read is refused, never passed over.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from hanse.auth.feedtokens import is_feed_token
from hanse.auth.principal import NOBODY, Principal, of_claims
from hanse.auth.verifier import Verifier
from hanse.errors import Invalid, Unauthenticated

CREDENTIAL_HEADERS: Final = frozenset({b"authorization", b"apikey", b"x-ckan-api-key"})
CREDENTIAL_PARAMETERS: Final = frozenset({"apikey", "api_key", "key", "token", "access_token"})
PROOF_HEADER: Final = b"dpop"

MAX_HEADER_BYTES: Final = 10_000

BEARER, DPOP, FEED = "bearer", "dpop", "feed"

_AUTHORIZATION = re.compile(r"(?i:(bearer|dpop)) ([A-Za-z0-9_.-]+)")
_USER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""An id of a recipient, as we ask for; a mail address or a person's full name is not kept."""
_BASIC = re.compile(r"(?i:basic) ([A-Za-z0-9+/]+={0,2})")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request presents, unverified: `scheme` is `bearer`, `dpop` or `feed`.

    `proofs` are the values of the `DPoP` header; `user` is the name beside a feed token that came
    as password, "" where it is no plain name: it proves nothing.
    """

    scheme: str
    value: str
    proofs: tuple[bytes, ...] = ()
    user: str = ""


def credential(headers: Headers) -> Credential | None:
    """Return the credential of a request, None where there is none.

    `headers` are the raw pairs, names in lower case. Raises `Invalid` for two different
    credentials, `Unauthenticated` for a form that is not read.
    """
    pairs = [pair for pair in headers if pair[0] in CREDENTIAL_HEADERS or pair[0] == PROOF_HEADER]
    if not pairs:
        return None
    found = [pair for pair in pairs if pair[0] != PROOF_HEADER]
    proofs = tuple(value for name, value in pairs if name == PROOF_HEADER)
    if not found:
        raise Unauthenticated("PROOF_INVALID")  # a proof of nothing
    if len({name for name, _ in found}) > 1:
        raise Invalid("CREDENTIALS_TWICE")
    name, value = found[0]
    if len(found) > 1 or len(value) > MAX_HEADER_BYTES:
        raise Unauthenticated("TOKEN_INVALID")
    text = value.decode("latin-1")
    read = _api_key(text) if name == b"apikey" else _authorization(text)
    if read is None or name == b"x-ckan-api-key":
        raise Unauthenticated("TOKEN_INVALID")
    return _with_proofs(read, proofs)


def _with_proofs(read: Credential, proofs: tuple[bytes, ...]) -> Credential:
    if not proofs:
        return read
    if read.scheme != DPOP:
        raise Unauthenticated("PROOF_INVALID")  # which of the two is meant to count?
    return Credential(read.scheme, read.value, proofs)


def _api_key(text: str) -> Credential | None:
    return Credential(FEED, text) if is_feed_token(text) else None


def _authorization(text: str) -> Credential | None:
    basic = _BASIC.fullmatch(text)
    if basic is not None:
        return _password(basic[1])
    matched = _AUTHORIZATION.fullmatch(text)
    if matched is None:
        return None
    scheme, value = matched[1].lower(), matched[2]
    if scheme == BEARER and is_feed_token(value):
        return Credential(FEED, value)
    return Credential(scheme, value)


def _password(encoded: str) -> Credential | None:
    """Return the feed token that stands as password (RFC 7617); the user name proves nothing."""
    try:
        pair = b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = pair.partition(":")
    if not colon or not is_feed_token(password):
        return None
    return Credential(FEED, password, user=user if _USER.fullmatch(user) else "")


def refuse_in_query(query: bytes) -> None:
    """Refuse a credential in an address, naming the parameter and never its value."""
    if not query:
        return
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() in CREDENTIAL_PARAMETERS:
            raise Invalid("CREDENTIALS_IN_QUERY", name=name.lower())


def principal(headers: Headers, verifier: Verifier) -> Principal:
    """Return who asks: `NOBODY` without a credential, else the principal of a valid token."""
    presented = credential(headers)
    return NOBODY if presented is None else admit(presented, verifier)


def recalled(presented: Credential, verifier: Verifier) -> Principal | None:
    """Return the principal of a token verified before, None where it must be verified first."""
    if presented.scheme != BEARER:
        return None
    claims = verifier.recall(presented.value)
    return None if claims is None or claims.thumbprint is not None else of_claims(claims)


def admit(presented: Credential, verifier: Verifier) -> Principal:
    """Return the principal of a bearer token, or raise `Unauthenticated`."""
    claims = verifier.verify(presented.value)
    # A token bound to a key proves nothing without that key's proof (RFC 9449 §7.1), and one that
    # is not bound is nothing to prove.
    if presented.scheme != BEARER or claims.thumbprint is not None:
        raise Unauthenticated("TOKEN_INVALID")
    return of_claims(claims)
