"""Authlib's authorization server, adapted: our client gate, our target rule, our token form.

Authlib decides which grant a request is and in which order a grant works; it gets a form that was
read strictly before, and never sees a symmetric key, a user or a refresh token. Its hooks for
audiences get no request, so the grant itself carries the resource to the token (RFC 8707).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from hanse.auth.issuer.faults import TokenFault
from hanse.auth.issuer.form import Form
from hanse.auth.issuer.storage import Client

GRANT: Final = "client_credentials"
AUTH_METHOD: Final = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request: its form, read strictly, and the values of its `DPoP` header."""

    form: Form
    proofs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A client that proved who it is; `thumbprint` is the key it wants its token bound to."""

    client: Client
    thumbprint: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The three decisions that are ours, in the order they are asked."""

    authenticate: Callable[[TokenRequest], Admitted]
    allow: Callable[[Form, Client], None]
    mint: Callable[[Form, Admitted], Mapping[str, Any]]


class _OurError(OAuth2Error):  # type: ignore[misc]
    """A fault of ours on its way through Authlib."""

    def __init__(self, fault: TokenFault) -> None:
        super().__init__(fault.description)
        self.error = fault.error
        self.status_code = fault.status


class _Client(ClientMixin):  # type: ignore[misc]
    """What Authlib asks of a client: it may use one grant and one way to authenticate."""

    def __init__(self, admitted: Admitted) -> None:
        self.ours = admitted

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == AUTH_METHOD and endpoint == "token"


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)

    def validate_requested_scope(self) -> None:
        self.server.allow(self.request)

    def generate_token(self, **_: object) -> dict[str, Any]:
        return self.server.mint(self.request)  # type: ignore[no-any-return]


class Server(AuthorizationServer):  # type: ignore[misc]
    """Answers one token request with a status and JSON members."""

    def __init__(self, issuer: str, rules: Rules) -> None:
        super().__init__()
        # Authlib wants to see https; the address is our own configured one, never a caller's.
        self._address = "https://" + issuer.partition("://")[2] + "/oauth/token"
        self._rules = rules
        self.register_client_auth_method(AUTH_METHOD, self._authenticate)
        self.register_grant(_Grant)

    def answer(self, request: TokenRequest) -> tuple[int, dict[str, Any]]:
        """Return (status, members) for a request."""
        status, members = self.create_token_response(request)
        return status, dict(members)

    def allow(self, request: OAuth2Request) -> None:
        """Refuse a target or scope that this client may not have."""
        try:
            self._rules.allow(request.payload.data, request.client.ours.client)
        except TokenFault as fault:
            raise _OurError(fault) from fault

    def mint(self, request: OAuth2Request) -> dict[str, Any]:
        """Return the members of a successful answer."""
        return dict(self._rules.mint(request.payload.data, request.client.ours))

    def query_client(self, client_id: str) -> None:  # pragma: no cover - the gate looks clients up
        """Unused: `Rules.authenticate` finds the client, and only with its signature."""

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Keep nothing: a token is verified by its signature and lives five minutes."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody: there are no listeners."""

    def create_oauth2_request(self, request: TokenRequest) -> OAuth2Request:
        """Wrap a form that was read already."""
        wrapped = OAuth2Request("POST", self._address)
        wrapped.payload = BasicOAuth2Payload(dict(request.form))
        wrapped.ours = request
        return wrapped

    def handle_response(
        self, status: int, body: Mapping[str, Any], headers: object
    ) -> tuple[int, Mapping[str, Any]]:
        """Return what Authlib decided; the endpoint writes it."""
        return status, body

    def _authenticate(self, _: object, request: OAuth2Request) -> _Client:
        try:
            return _Client(self._rules.authenticate(request.ours))
        except TokenFault as fault:
            raise _OurError(fault) from fault
