"""Signing in: a client proves its key to an issuer it pinned, and gets a short token for one node.

RFC 7523 assertions with one audience, RFC 8707 resource, RFC 8414 and RFC 9728 metadata, and with
every request a proof of possession (RFC 9449): a token that is stolen opens nothing. Nothing is
sent to an issuer that was not pinned at login, nor for a resource that calls itself otherwise than
the address we use: a forged document can make us refuse, never make us sign. A node that issues
tokens for itself is pinned for itself by its own address.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from hanse.client.answers import word
from hanse.client.keys import ClientKey as ClientKey
from hanse.client.receipts import account_of
from hanse.errors import HanseError, Invalid, Refused, Unauthenticated, Unavailable
from hanse.outbound import Answer, Ask, Limits, Origin, Outbound

ASSERTION_SECONDS: Final = 60
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RENEW_AT: Final = 2 / 3
TOKEN_CHARACTERS_MAX: Final = 9_000
TOKEN_SECONDS_MAX: Final = 3_600
_METADATA_LIMITS: Final = Limits(body_bytes=65_536)
_ERROR: Final = re.compile(r"[a-z_]{1,40}\Z")
_KINDS: Final = {"dpop": "DPoP", "bearer": "Bearer"}
_NONCE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}\Z")
_LEAST_SECONDS: Final = 0.05
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+\Z")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in, with which key, at which issuers: those pinned at login, in order of trial."""

    client_id: str
    key: ClientKey
    issuers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is asked for: one resource, its scope, the purpose, at most one protocol."""

    resource: str
    scope: str = "dataset:read"
    purpose: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the moment from which a new one is asked for; `kind` is `DPoP` or `Bearer`."""

    value: str = field(repr=False)
    renew_at: float
    kind: str = "Bearer"


class Tokens:
    """Tokens of one client, kept in memory for two thirds of their life; one refresh in flight."""

    def __init__(
        self,
        way: Outbound,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._way = way
        self._credentials = credentials
        self._clock = clock
        self._nonce = nonce
        self._held: dict[Grant, Token] = {}
        self._locks: dict[Grant, asyncio.Lock] = {}
        self._issuers: dict[str, tuple[str, ...]] = {}
        self._endpoints: dict[str, str] = {}
        self._nonces: dict[Origin, str] = {}

    async def header(self, grant: Grant, deadline_seconds: float = 10.0) -> dict[str, str]:
        """Return the `Authorization` header for a grant.

        Raises `Unauthenticated` when every issuer says no, `Unavailable` when none answers,
        `Refused` when the resource names no issuer that we pinned.
        """
        async with self._locks.setdefault(grant, asyncio.Lock()):
            token = self._held.get(grant)
            if token is None or self._clock() >= token.renew_at:
                token = await self._renew(grant, Limits(deadline_seconds, body_bytes=65_536))
                self._held[grant] = token
        return {"Authorization": f"{token.kind} {token.value}"}

    @property
    def account(self) -> str:
        """Whose tokens these are."""
        return account_of(self._credentials.client_id, self._credentials.issuers)

    def forget(self, grant: Grant) -> None:
        """Drop a token that a node refused: revoked, or our clocks differ."""
        self._held.pop(grant, None)

    def note(self, origin: Origin, headers: Mapping[str, str]) -> bool:
        """Keep the nonce that a peer wants in the next proof; say whether it gave one."""
        nonce = headers.get("dpop-nonce", "")
        if not _NONCE.match(nonce):
            return False
        self._nonces[origin] = nonce
        return True

    def proof(self, origin: Origin, method: str, url: str, token: str = "") -> dict[str, str]:
        """Return the `DPoP` header of one request: about its method, its address and its token.

        `url` is the canonical spelling that the origin admitted; each call makes a new proof.
        """
        claims: dict[str, object] = {
            "jti": self._nonce(),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(self._clock()),
        }
        if token:
            claims["ath"] = _digest(token)
        if origin in self._nonces:
            claims["nonce"] = self._nonces[origin]
        return {"DPoP": self._credentials.key.prove(claims)}

    def seal(self, ask: Ask) -> Ask:
        """Return a request that carries a new proof with every try, where its token is bound."""
        kind, _, token = ask.headers.get("Authorization", "").partition(" ")
        if kind != "DPoP":
            return ask
        url = ask.origin.admit(ask.url)
        return replace(ask, fresh=lambda: self.proof(ask.origin, ask.method, url, token))

    async def _renew(self, grant: Grant, limits: Limits) -> Token:
        fault: HanseError | None = None
        refusal: Unauthenticated | None = None
        pinned = await self._pinned(grant.resource)
        until = time.monotonic() + limits.deadline_seconds
        for place, issuer in enumerate(pinned):
            # One that hangs must leave time for the others.
            share = max((until - time.monotonic()) / (len(pinned) - place), _LEAST_SECONDS)
            try:
                token = await self._ask(issuer, grant, replace(limits, deadline_seconds=share))
            except Unavailable as unavailable:
                fault = unavailable  # the next issuer may answer: a catalogue may be away
            except Unauthenticated as refused:
                refusal = refusal or refused  # the node itself may know us by its protocol
            else:
                others = (each for each in pinned if each != issuer)
                self._issuers[grant.resource] = (issuer, *others)
                return token
        if refusal is not None:
            raise refusal
        raise Unavailable("SIGNIN_AWAY", issuer=", ".join(pinned)) from fault

    async def _pinned(self, resource: str) -> tuple[str, ...]:
        """Return the issuers to try for a resource: the last that worked first.

        They are those it lists, in its order, that we pinned; it may always issue for itself.
        """
        if resource not in self._issuers:
            document = await self._document(resource, "oauth-protected-resource")
            if document.get("resource") != resource:
                raise Refused("SIGNIN_RESOURCE", resource=resource)
            offered = document.get("authorization_servers")
            accepted = offered if isinstance(offered, list) else []
            ours = {*self._credentials.issuers, resource}
            pinned = tuple(each for each in accepted if isinstance(each, str) and each in ours)
            if not pinned:
                raise Refused("SIGNIN_ISSUER", resource=resource)
            self._issuers[resource] = pinned
        return self._issuers[resource]

    async def _endpoint(self, issuer: str, limits: Limits) -> str:
        if issuer not in self._endpoints:
            document = await self._document(issuer, "oauth-authorization-server", limits)
            endpoint = document.get("token_endpoint")
            if document.get("issuer") != issuer or not isinstance(endpoint, str):
                raise Refused("SIGNIN_METADATA", issuer=issuer)
            self._endpoints[issuer] = Origin.of(issuer).admit(endpoint)
        return self._endpoints[issuer]

    async def _document(
        self, base: str, name: str, limits: Limits = _METADATA_LIMITS
    ) -> Mapping[str, object]:
        ask = Ask(Origin.of(base), well_known(base, name), limits=limits)
        answer = await self._way.fetch(ask)
        if answer.status != 200:
            raise word(answer)
        document = answer.json()
        if not isinstance(document, dict):
            raise Invalid("OUTBOUND_JSON", peer=answer.peer)
        return document

    async def _ask(self, issuer: str, grant: Grant, limits: Limits) -> Token:
        for _ in range(2):
            answer, asked_at = await self._post(issuer, grant, limits)
            told = answer.json() if answer.status < 500 else {}
            known = told if isinstance(told, dict) else {}
            origin = Origin.of(issuer)
            if known.get("error") != "use_dpop_nonce" or not self.note(origin, answer.headers):
                break
        if answer.status == 200:
            return _token(known, asked_at, issuer)
        if answer.status in {400, 401, 403}:
            error = known.get("error")
            shown = error if isinstance(error, str) and _ERROR.match(error) else "invalid_client"
            raise Unauthenticated("SIGNIN_REFUSED", issuer=issuer, error=shown)
        raise word(answer)

    async def _post(self, issuer: str, grant: Grant, limits: Limits) -> tuple[Answer, float]:
        origin, endpoint = Origin.of(issuer), await self._endpoint(issuer, limits)
        form = {
            "grant_type": "client_credentials",
            "scope": grant.scope,
            "resource": grant.resource,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(issuer),
            "purpose": grant.purpose,
            "protocol": grant.protocol,
        }
        body = urlencode({name: value for name, value in form.items() if value}).encode("ascii")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **self.proof(origin, "POST", endpoint),
        }
        asked_at = self._clock()
        answer = await self._way.fetch(Ask(origin, endpoint, "POST", headers, body, limits))
        return answer, asked_at

    def assertion(self, issuer: str) -> str:
        """Return a signed client assertion: one audience, one minute, one use."""
        now = int(self._clock())
        return self._credentials.key.sign(
            {
                "iss": self._credentials.client_id,
                "sub": self._credentials.client_id,
                "aud": issuer,
                "iat": now,
                "exp": now + ASSERTION_SECONDS,
                "jti": self._nonce(),
            }
        )


def well_known(base: str, name: str) -> str:
    """Return where a metadata document stands: before the path, not after it (RFC 8414 §3)."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


def _token(document: Mapping[str, object], asked_at: float, issuer: str) -> Token:
    value, kind = document.get("access_token"), document.get("token_type")
    seconds = document.get("expires_in")
    usable = (
        isinstance(value, str)
        and len(value) <= TOKEN_CHARACTERS_MAX
        and _TOKEN.match(value) is not None
        and isinstance(kind, str)
        and kind.lower() in _KINDS
        and type(seconds) is int
        and 0 < seconds <= TOKEN_SECONDS_MAX
    )
    if not usable or not isinstance(value, str) or not isinstance(seconds, int):
        raise Invalid("SIGNIN_ANSWER", issuer=issuer)
    return Token(value, asked_at + RENEW_AT * seconds, _KINDS[str(kind).lower()])


def _digest(token: str) -> str:
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
