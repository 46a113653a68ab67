"""What issuers and nodes say of themselves so that clients need no manual (RFC 8414, RFC 9728)."""

from collections.abc import Sequence
from typing import Any, Final

from hanse.auth.keys import SIGNING_ALGORITHMS
from hanse.auth.scopes import SCOPES

KEYS_PATH: Final = "/v1/jwks"


def authorization_server(
    issuer: str, themes: Sequence[str] = (), keys_path: str = KEYS_PATH
) -> dict[str, Any]:
    """Return the metadata of an issuer; `themes` adds the theme scopes it publishes."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}{keys_path}",
        "grant_types_supported": [
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "scopes_supported": _scopes(themes),
    }


def protected_resource(
    resource: str, issuers: Sequence[str], themes: Sequence[str] = (), name: str = ""
) -> dict[str, Any]:
    """Return the metadata of a node: its exact identifier and the issuers it trusts, in order."""
    document: dict[str, Any] = {
        "resource": resource,
        "authorization_servers": list(issuers),
        "bearer_methods_supported": ["header"],
        "scopes_supported": _scopes(themes),
        "dpop_bound_access_tokens_required": False,
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
    }
    if name:
        document["resource_name"] = name
    return document


def _scopes(themes: Sequence[str]) -> list[str]:
    return [*SCOPES, *(f"theme:{theme}:read" for theme in sorted(themes))]
