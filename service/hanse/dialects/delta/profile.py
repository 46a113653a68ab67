"""Profile files: where a node is and how to sign in there, for a client to keep."""

from collections.abc import Mapping
from typing import Any, Final

MEDIA_TYPE: Final = "application/json"
FILE: Final = "hanse.share"
SCOPE: Final = "dataset:read"
KEY_FILE: Final = "key.pem"


def bearer(endpoint: str, token: str, until: str) -> Mapping[str, Any]:
    """Return the profile of a feed token (version 1); `until` is when it ends, ISO 8601."""
    return {
        "shareCredentialsVersion": 1,
        "endpoint": endpoint,
        "bearerToken": token,
        "expirationTime": until,
    }


def private_key(endpoint: str, issuer: str, client: str, kid: str) -> Mapping[str, Any]:
    """Return the profile of a client that signs with its own key (version 2), without the key.

    The endpoint is the audience too: its last part is the purpose that a token is asked for.
    """
    return {
        "shareCredentialsVersion": 2,
        "type": "oauth_jwt_bearer_private_key_jwt",
        "endpoint": endpoint,
        "auth": {
            "tokenEndpoint": f"{issuer}/oauth/token",
            "issuer": issuer,
            "clientId": client,
            "privateKey": {"privateKeyFile": KEY_FILE, "keyId": kid, "algorithm": "ES256"},
            "audience": endpoint,
            "scope": SCOPE,
        },
    }
