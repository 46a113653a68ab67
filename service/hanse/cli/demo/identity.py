"""The demo's identity provider: say who you are, as one signs in at a city's own.

OpenID Connect with a code and a proof key, as every node demands of a real one. Only the password
is left out: it stands on this machine, for as long as the demo does, and knows the demo's people.
"""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from hanse.cli.demo.cast import PEOPLE, Someone
from hanse.messages import say
from hanse.policies.signatures import SigningKey
from hanse.web.serving import server

CODES_MAX: Final = 1_000
TOKEN_SECONDS: Final = 300
STOP_SECONDS: Final = 5.0

_ASKED: Final = {"response_type": "code", "code_challenge_method": "S256"}
_POLICY: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}


class DemoIdentity:
    """A provider at `issuer`; `clients` are the nodes by id, each with its one return address."""

    def __init__(self, issuer: str, clients: Mapping[str, str]) -> None:
        self.issuer = issuer
        self._clients = dict(clients)
        self._key = SigningKey.generate()
        self._codes: dict[str, tuple[Mapping[str, str], Someone]] = {}
        self._lock = threading.Lock()

    def app(self) -> Starlette:
        """Return what it serves: its description, its keys, the choice of a person, a token."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._described),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def _described(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["Ed25519"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.public_jwk()]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        back = self._clients.get(asked.get("client_id", ""))
        known = back is not None and asked.get("redirect_uri") == back
        if not known or any(asked.get(name) != value for name, value in _ASKED.items()):
            return Response(status_code=400, headers=_HEADERS)
        chosen = next((each for each in PEOPLE if each.subject == asked.get("person")), None)
        if chosen is None:
            return HTMLResponse(_choice(asked), headers=_HEADERS)
        code = secrets.token_urlsafe(32)
        with self._lock:
            for old in [*self._codes][: max(len(self._codes) - CODES_MAX, 0)]:
                del self._codes[old]
            self._codes[code] = (asked, chosen)
        answer = {"code": code, "state": asked.get("state", ""), "iss": self.issuer}
        return RedirectResponse(f"{back}?{urlencode(answer)}", 303, headers=_HEADERS)

    async def _token(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        with self._lock:
            asked, person = self._codes.pop(form.get("code", ""), ({}, None))
        same = all(asked.get(name) == form.get(name) for name in ("client_id", "redirect_uri"))
        challenge = _challenge(form.get("code_verifier", ""))
        if person is None or not same or challenge != asked.get("code_challenge"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": person.subject,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": asked.get("nonce", ""),
            "name": person.name,
        }
        header = {"alg": "Ed25519", "kid": self._key.kid, "typ": "JWT"}
        token = jwt.encode(header, claims, self._key.key, algorithms=["Ed25519"])
        told = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer"}
        return JSONResponse({**told, "id_token": token}, headers={"Cache-Control": "no-store"})


def _choice(asked: Mapping[str, str]) -> str:
    """Return the page on which one says who one is."""
    title = " · ".join(say("DEMO_WHO", lang) for lang in ("nl", "en", "fr"))
    lines = [
        f'<li><a href="/authorize?{escape(urlencode({**asked, "person": each.subject}))}">'
        f"{escape(each.name)}</a> ({escape(each.role)})</li>"
        for each in PEOPLE
    ]
    return (
        f'<!doctype html><html lang="nl"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1><ul>{''.join(lines)}</ul></html>"
    )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@contextmanager
def served(identity: DemoIdentity) -> Iterator[None]:
    """Serve a provider at its address, on a thread of its own."""
    place = urlsplit(identity.issuer)
    running = server(identity.app(), str(place.hostname), int(place.port or 0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        running.should_exit = True
        thread.join(STOP_SECONDS)
