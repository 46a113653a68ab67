"""Reads a token request's form strictly: known sizes, each parameter once, an empty address."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from hanse.auth.issuer.faults import TokenFault, bad_request, refused_client

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
MAX_BYTES: Final = 65_536
MAX_FIELDS: Final = 32

Form = Mapping[str, str]


def read_form(body: bytes, content_type: str, query: bytes, headers: Iterable[bytes]) -> Form:
    """Return the parameters of a token request, or raise a `TokenFault`.

    `headers` are the names the request carries: another credential beside the assertion is refused
    (RFC 6749 §2.3), and so is any parameter in the address.
    """
    if len(body) > MAX_BYTES:
        raise TokenFault("invalid_request", "The request is too large.", 413)
    if query:
        raise bad_request("Parameters belong in the body, not in the address.")
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise bad_request(f"The body must be {MEDIA_TYPE}.")
    if b"authorization" in set(headers):
        raise refused_client()
    return _once(_pairs(body))


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as fault:
        raise bad_request("The body cannot be read as a form.") from fault


def _once(pairs: list[tuple[str, str]]) -> Form:
    counts = Counter(name for name, _ in pairs)
    if counts["resource"] > 1:
        raise TokenFault("invalid_target", "Exactly one resource must be named.")
    if any(count > 1 for count in counts.values()):
        raise bad_request("A parameter stands more than once.")
    return MappingProxyType(dict(pairs))
