"""The errors of the token endpoint, as RFC 6749 §5.2 and RFC 8707 §2 name them."""

from dataclasses import dataclass
from typing import Final

CLIENT_REFUSED: Final = "The client could not be authenticated."
"""One description whatever failed: no caller learns which clients or keys exist."""


@dataclass
class TokenFault(Exception):
    """Why no token is issued: an OAuth error code, its description, and the status."""

    error: str
    description: str
    status: int = 400

    def body(self) -> dict[str, str]:
        """Return the JSON members of the error response."""
        return {"error": self.error, "error_description": self.description}


def refused_client() -> TokenFault:
    """Return the one fault of every client that could not be authenticated."""
    return TokenFault("invalid_client", CLIENT_REFUSED)


def refused_proof() -> TokenFault:
    """Return the one fault of every proof of possession that does not hold (RFC 9449 §5)."""
    return TokenFault("invalid_dpop_proof", "The proof of possession does not hold.")


def bad_request(description: str) -> TokenFault:
    """Return the fault of a request that is malformed; never repeats what was sent."""
    return TokenFault("invalid_request", description)
