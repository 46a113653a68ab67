"""An identity provider on loopback, with keys of its own: the other side of signing in.

It checks what a provider must check: the one return address, the client's secret, the proof key,
one use of a code. What it says can be bent, to see whether anybody notices.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.support.live import live

GONE = object()
CLIENT, SECRET = "hanse-aalst", "s3cret/with=signs"


@dataclass(slots=True)
class Identity:
    """A provider; `claims`, `metadata` and `answer` bend what it says (`GONE` leaves out)."""

    clock: Callable[[], float]
    issuer: str = ""
    subject: str = "u-1"
    name: str = "An Peeters"
    redirect_uri: str = ""
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    signs_with: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        self.key = self.signs_with = make_key(self.algorithm)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._described),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def _described(self, request: Request) -> Response:
        self.asked.append("metadata")
        if self.down:
            return Response("away", 503)
        plain = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(_bent(plain, self.metadata))

    def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        public = self.key.as_dict(private=False)
        return JSONResponse({"keys": [{**public, "kid": "k1", "use": "sig"}]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        good = (
            asked.get("client_id") == CLIENT
            and asked.get("redirect_uri") == self.redirect_uri
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
            and "openid" in asked.get("scope", "").split()
            and len(asked.get("state", "")) >= 22
        )
        if not good:
            self.refused.append("authorize")
            return Response("no", 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer, "session_state": "x.y"}
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(_bent(back, self.answer))}", 302)

    async def _token(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        asked = self.codes.pop(form.get("code", ""), None)
        wrong = self._wrong(request, form, asked)
        if wrong or asked is None:
            self.refused.append(wrong)
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.clock())
        plain = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            "name": self.name,
            "roles": ["administrator", "checker"],
        }
        header = {"alg": self.algorithm, "kid": "k1", "typ": "JWT"}
        algorithms = ["RS256", "ES256", "PS256"]
        token = jwt.encode(
            header, _bent(plain, self.claims), self.signs_with, algorithms=algorithms
        )
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": token})

    def _wrong(self, request: Request, form: dict[str, str], asked: dict[str, str] | None) -> str:
        basic = base64.b64encode(
            f"{CLIENT}:{SECRET.replace('/', '%2F').replace('=', '%3D')}".encode()
        )
        if request.headers.get("authorization") != f"Basic {basic.decode()}":
            return "secret"
        if asked is None:
            return "code"
        if form.get("redirect_uri") != self.redirect_uri:
            return "redirect_uri"
        challenge = create_s256_code_challenge(form.get("code_verifier", ""))
        return "" if challenge == asked.get("code_challenge") else "verifier"


def make_key(algorithm: str) -> Any:
    """Return a new key for an algorithm."""
    return ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)


def _bent(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**plain, **changes}.items() if value is not GONE}


@contextmanager
def identity(clock: Callable[[], float], **given: Any) -> Iterator[Identity]:
    """Serve a provider on a free port of loopback."""
    made = Identity(clock, **given)
    with live(made.app()) as url:
        made.issuer = url
        yield made
