"""Signs people in at an identity provider elsewhere: OpenID Connect, authorization code with PKCE.

A relying party of few choices: S256 only, one redirect address per provider, `state` for one
browser and one use, `nonce` in the token, and the issuer named in the answer compared (RFC 9207).
Nothing the provider says about roles is read: who may do what here is in our own table. Whatever is
wrong is one fault, `SIGN_IN_FAILED`; the log holds which.
"""

import base64
import hashlib
import logging
import secrets
import time
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from hanse.auth.compact import decode, moment, open_compact
from hanse.errors import HanseError, Invalid, Unavailable
from hanse.outbound import Answer, Ask, Limits, Origin

DISCOVERY: Final = "/.well-known/openid-configuration"
LEEWAY_SECONDS: Final = 60
MAX_AGE_SECONDS: Final = 600
"""How old an ID token may be when it arrives: it is fetched the moment it is made."""

KNOWN_SECONDS: Final = 900.0
"""How long a provider's metadata and keys are used before they are looked up again."""
AGAIN_SECONDS: Final = 60.0
"""The least time between two look-ups that an unknown key name causes."""

MAX_SUBJECT_CHARACTERS: Final = 255
RSA_BITS_MIN: Final = 2048
LIMITS: Final = Limits(deadline_seconds=10.0, body_bytes=200_000, tries=1)

_FAMILIES: Final = {
    "ES256": ("EC", "P-256"),
    "Ed25519": ("OKP", "Ed25519"),
    "EdDSA": ("OKP", "Ed25519"),
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
}
"""What a provider may sign with, and the key that fits: most cities' providers use RS256."""

_REGISTRY = JWSRegistry(algorithms=["ES256", "Ed25519", "RS256", "PS256"])
_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}
_KINDS: Mapping[str, Any] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}

log = logging.getLogger(__name__)

Fetch = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider the operator configured; `secret` is empty for a client without one."""

    name: str
    title: str
    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """The secrets of one sign-in: `state` and `nonce` travel, `verifier` stays here."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Begun":
        """Return fresh secrets of 256 bits each."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


class Returned(typing.NamedTuple):
    """What came back in the address: `iss` is None where the provider does not name itself."""

    code: str
    iss: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider; `name` is what it calls them, for showing only."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorize: str
    token: str
    names_itself: bool
    keys: tuple[Mapping[str, Any], ...]
    looked_at: float


class RelyingParty:
    """One provider as this service signs people in with it.

    `fetch` asks the provider and nobody else; `clock` gives seconds since 1970, `ticks` seconds
    that never go back.
    """

    def __init__(
        self,
        provider: Provider,
        fetch: Fetch,
        clock: Callable[[], float],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.provider = provider
        self.origin = Origin.of(provider.issuer)
        self._fetch = fetch
        self._clock = clock
        self._ticks = ticks
        self._held: _Metadata | None = None

    def address(self, begun: Begun, redirect_uri: str) -> str:
        """Return where to send the browser; raises `Unavailable` where the provider is away."""
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        authorize = self._metadata().authorize
        return f"{authorize}{'&' if '?' in authorize else '?'}{urlencode(asked)}"

    def finish(self, returned: Returned, begun: Begun, redirect_uri: str) -> Identity:
        """Return who signed in; raises `Invalid` for anything that is not exactly as it should."""
        try:
            metadata = self._metadata()
            self._check_issuer(returned.iss, metadata)
            token = self._exchange(returned.code, begun.verifier, redirect_uri, metadata)
            return self._read(token, begun.nonce)
        except Unavailable:
            raise
        except (HanseError, JoseError, ValueError, TypeError, KeyError) as fault:
            reason = str(fault) if type(fault) is ValueError else type(fault).__name__
            log.warning("oidc.refused", extra={"reason": reason[:40]})
            raise Invalid("SIGN_IN_FAILED") from fault

    def _check_issuer(self, named: str | None, metadata: _Metadata) -> None:
        # RFC 9207 §2.4: whoever says it names itself, does; and a name is the right one.
        if named != self.provider.issuer and (named is not None or metadata.names_itself):
            raise ValueError("issuer")

    def _exchange(self, code: str, verifier: str, redirect_uri: str, metadata: _Metadata) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.provider.client_id,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if self.provider.secret:
            headers["authorization"] = f"Basic {_basic(self.provider)}"
        ask = Ask(
            self.origin,
            metadata.token,
            method="POST",
            headers=headers,
            body=urlencode(form).encode("ascii"),
            limits=LIMITS,
        )
        answer = self._fetch(ask)
        if answer.status >= 500:
            raise Unavailable("SIGN_IN_PROVIDER", peer=str(self.origin))
        if answer.status != 200:
            raise ValueError("code")
        document = answer.json()
        token = document.get("id_token") if isinstance(document, dict) else None
        if not isinstance(token, str):
            raise ValueError("no token")
        return token

    def _read(self, token: str, nonce: str) -> Identity:
        """Read an ID token (OpenID Connect Core §3.1.3.7); a ValueError for each fault."""
        compact = open_compact(token)
        algorithm = compact.header.get("alg")
        if algorithm not in _FAMILIES or "crit" in compact.header:
            raise ValueError("algorithm")
        key = self._key(str(algorithm), compact.header.get("kid"))
        name = "Ed25519" if algorithm == "EdDSA" else str(algorithm)
        if not _REGISTRY.get_alg(name).verify(compact.signed, compact.signature, key):
            raise ValueError("signature")
        claims = compact.payload
        self._check_times(claims)
        if claims.get("iss") != self.provider.issuer:
            raise ValueError("iss")
        self._check_audience(claims)
        said = claims.get("nonce")
        if not isinstance(said, str) or not secrets.compare_digest(said.encode(), nonce.encode()):
            raise ValueError("nonce")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS:
            raise ValueError("sub")
        shown = claims.get("name")
        return Identity(self.provider.issuer, subject, shown if isinstance(shown, str) else "")

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        ours = self.provider.client_id
        if claims.get("aud") not in (ours, [ours]) or claims.get("azp", ours) != ours:
            raise ValueError("aud")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        if moment(claims.get("exp")) <= now - LEEWAY_SECONDS:
            raise ValueError("exp")
        if not -LEEWAY_SECONDS <= now - moment(claims.get("iat")) <= MAX_AGE_SECONDS:
            raise ValueError("iat")

    def _key(self, algorithm: str, kid: object) -> Any:
        for fresh in (False, True):
            for jwk in self._metadata(fresh=fresh).keys:
                if (kid is None or jwk.get("kid") == kid) and _fits(jwk, algorithm):
                    return _imported(jwk)
        raise ValueError("key")

    def _metadata(self, *, fresh: bool = False) -> _Metadata:
        held = self._held
        age = KNOWN_SECONDS if held is None else self._ticks() - held.looked_at
        if held is not None and age < (AGAIN_SECONDS if fresh else KNOWN_SECONDS):
            return held
        try:
            found = self._look()
        except HanseError as fault:
            if held is not None and not fresh:
                return held
            raise Unavailable("SIGN_IN_PROVIDER", peer=str(self.origin)) from fault
        self._held = found
        return found

    def _look(self) -> _Metadata:
        document = self._document(self.provider.issuer.rstrip("/") + DISCOVERY)
        # OpenID Connect Discovery §4.3: metadata of another issuer is not this one's.
        if document.get("issuer") != self.provider.issuer:
            raise Invalid("SIGN_IN_PROVIDER_SAYS")
        authorize, token, jwks = (
            str(document.get(name, ""))
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        )
        if not _is_address(authorize, secure=self.origin.secure):
            raise Invalid("SIGN_IN_PROVIDER_SAYS")
        listed = self._document(jwks).get("keys")
        keys = [each for each in listed if isinstance(each, dict)] if type(listed) is list else []
        named = document.get("authorization_response_iss_parameter_supported") is True
        return _Metadata(authorize, token, named, tuple(keys), self._ticks())

    def _document(self, url: str) -> Mapping[str, Any]:
        answer = self._fetch(Ask(self.origin, url, limits=LIMITS))
        document = answer.json() if answer.status == 200 else None
        if not isinstance(document, dict):
            raise Invalid("SIGN_IN_PROVIDER_SAYS")
        return document


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _basic(provider: Provider) -> str:
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    pair = f"{quote(provider.client_id, safe='')}:{quote(provider.secret, safe='')}"
    return base64.b64encode(pair.encode("ascii")).decode("ascii")


def _is_address(url: str, *, secure: bool) -> bool:
    parsed = urlsplit(url)
    plain = url.isascii() and url.isprintable() and "\\" not in url and " " not in url
    known = parsed.scheme == "https" or (not secure and parsed.scheme == "http")
    return plain and known and bool(parsed.hostname) and not parsed.username and not parsed.fragment


def _fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    kind, curve = _FAMILIES[algorithm]
    if jwk.get("kty") != kind or jwk.get("use", "sig") != "sig" or "d" in jwk:
        return False
    return (not curve or jwk.get("crv") == curve) and jwk.get("alg", algorithm) == algorithm


def _imported(jwk: Mapping[str, Any]) -> Any:
    kind = str(jwk["kty"])
    bare = {name: str(jwk[name]) for name in _MEMBERS[kind]}
    if kind == "RSA" and int.from_bytes(decode(bare["n"])).bit_length() < RSA_BITS_MIN:
        raise ValueError("key size")
    return _KINDS[kind].import_key({"kty": kind, **bare})
