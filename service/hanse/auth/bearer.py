"""Finds the one credential of a request and who it names.

No credential is nobody; a bad one is refused, also where nobody would be let in: an answer never
silently belongs to somebody else than its asker thinks. Two credentials, or one in an address, are
400.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from hanse.auth.principal import NOBODY, Principal, of_claims
from hanse.auth.verifier import Verifier
from hanse.errors import Invalid, Unauthenticated

CREDENTIAL_HEADERS: Final = frozenset({b"authorization", b"apikey", b"x-ckan-api-key"})
CREDENTIAL_PARAMETERS: Final = frozenset({"apikey", "api_key", "key", "token", "access_token"})

MAX_HEADER_BYTES: Final = 10_000

_AUTHORIZATION = re.compile(r"(?i:(bearer)) ([A-Za-z0-9_.-]+)")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request presents, unverified."""

    scheme: str
    value: str


def credential(headers: Headers) -> Credential | None:
    """Return the credential of a request, None where there is none.

    `headers` are the raw pairs, names in lower case. Raises `Invalid` for two credentials,
    `Unauthenticated` for a form that is not read.
    """
    found = [(name, value) for name, value in headers if name in CREDENTIAL_HEADERS]
    if not found:
        return None
    if len({name for name, _ in found}) > 1:
        raise Invalid("CREDENTIALS_TWICE")
    name, value = found[0]
    if len(value) > MAX_HEADER_BYTES:
        raise Unauthenticated("TOKEN_INVALID")
    matched = _AUTHORIZATION.fullmatch(value.decode("latin-1"))
    # Feed tokens (Basic, apikey) and DPoP proofs are not read by this service: a credential it
    # cannot check is refused, never passed over.
    if len(found) > 1 or name != b"authorization" or matched is None:
        raise Unauthenticated("TOKEN_INVALID")
    return Credential(matched[1].lower(), matched[2])


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
    claims = verifier.recall(presented.value)
    return None if claims is None or claims.thumbprint is not None else of_claims(claims)


def admit(presented: Credential, verifier: Verifier) -> Principal:
    """Return the principal of a credential, or raise `Unauthenticated`."""
    claims = verifier.verify(presented.value)
    # A token bound to a key proves nothing without that key's proof (RFC 9449 §7.1).
    if claims.thumbprint is not None:
        raise Unauthenticated("TOKEN_INVALID")
    return of_claims(claims)
