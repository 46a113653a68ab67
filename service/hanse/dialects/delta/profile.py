"""Profile files: where a node is and how to sign in there, for a client to keep."""

from collections.abc import Mapping
from typing import Any, Final

MEDIA_TYPE: Final = "application/json"
FILE: Final = "hanse.share"
SCOPE: Final = "dataset:read"


def bearer(endpoint: str, token: str, until: str) -> Mapping[str, Any]:
    """Return the profile of a feed token (version 1); `until` is when it ends, ISO 8601."""
    return {
        "shareCredentialsVersion": 1,
        "endpoint": endpoint,
        "bearerToken": token,
        "expirationTime": until,
    }
