"""An assertion that is the grant itself (RFC 7523 §2.1), as clients of Delta Sharing send one.

Their form has no place for a scope, a node or a purpose, so these stand inside what is signed: the
resource is the endpoint that the client goes to, with the purpose as its last part.
"""

from types import MappingProxyType
from typing import Any, Final

from joserfc.errors import JoseError

from hanse.auth.compact import open_compact
from hanse.auth.issuer.faults import bad_request, refused_client
from hanse.auth.issuer.form import Form

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PURPOSE: Final = "/delta/for/"
"""What stands between a node's address and the purpose in the endpoint of its tables."""

_FIELDS: Final = frozenset({"grant_type", "assertion"})


def translated(form: Form) -> Form:
    """Return a form as client credentials; what is no grant of this kind stays as it is.

    Nothing is verified here: the signature over all of it is, before any of it counts. Raises
    `TokenFault`.
    """
    if form.get("grant_type") != GRANT:
        if form.get("client_assertion_type") == GRANT:  # only ever set below
            raise refused_client()
        return form
    if set(form) != _FIELDS:
        raise bad_request("Of this grant the form holds the assertion and nothing else.")
    claims = _claims(form["assertion"])
    resource, _, purpose = _text(claims, "resource").partition(PURPOSE)
    return MappingProxyType(
        {
            "grant_type": "client_credentials",
            "client_assertion_type": GRANT,
            "client_assertion": form["assertion"],
            "scope": _text(claims, "scope"),
            "resource": resource,
            "purpose": purpose,
        }
    )


def _claims(assertion: str) -> Any:
    try:
        return open_compact(assertion).payload
    except (JoseError, ValueError, TypeError, RecursionError, OverflowError) as fault:
        raise refused_client() from fault


def _text(claims: Any, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
