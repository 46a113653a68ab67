"""An issuer of access tokens: who gets one, for which node, for how long, with which words in it.

Order of checks: size and shape, one way to authenticate, assertion, target, scope; then the token.
A token names one client, one node and one purpose (RFC 9068, RFC 8707) and lives at most five
minutes; one hour for a client that cannot prove a key.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.common.security import is_secure_transport
from joserfc import jws
from joserfc.jwk import ECKey

from hanse.auth.dpop import Demand, NonceMissing, Nonces, Proof, ProofFault, read_proof
from hanse.auth.issuer.assertion import ASSERTION_TYPE, ClientGate
from hanse.auth.issuer.faults import (
    TokenFault,
    bad_request,
    refused_client,
    refused_proof,
)
from hanse.auth.issuer.form import Form
from hanse.auth.issuer.granted import GRANT, translated
from hanse.auth.issuer.server import Admitted, Rules, Server, TokenRequest
from hanse.auth.issuer.storage import Agreements, Assertions, Client, Registry
from hanse.auth.keys import VerificationKey, read_key
from hanse.auth.ring import ALGORITHM, Ring
from hanse.auth.scopes import covers, parse
from hanse.auth.tokens import MAX_LIFE_SECONDS
from hanse.errors import Invalid
from hanse.policies.canonical import canonical

MAX_TOKEN_SECONDS: Final = 300
BEARER_SECONDS: Final = MAX_LIFE_SECONDS
"""Tools that cannot prove a key renew below ten minutes; every use is decided anew."""

FAILURES_PER_MINUTE: Final = 120
ENDPOINT: Final = "/oauth/token"

_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PROTOCOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


@dataclass(frozen=True, slots=True)
class IssuerParts:
    """What an issuer is made of: its identifier, its storage, its keys, its clock.

    With `nonces` every proof of possession must carry one of them; with `agreements` a token for
    one protocol names the text that is in force. `issued` writes down what a token says before it
    is given; where it raises, none is.
    """

    identifier: str
    registry: Registry
    assertions: Assertions
    ring: Callable[[], Ring]
    clock: Callable[[], float]
    token_seconds: int = MAX_TOKEN_SECONDS
    nonces: Nonces | None = None
    agreements: Agreements | None = None
    issued: Callable[[Mapping[str, Any]], None] | None = None


class Issuer:
    """Answers token requests. Synchronous: runs in a worker thread, one request at a time each."""

    def __init__(self, parts: IssuerParts) -> None:
        if is_secure_transport("http://insecure.example"):
            raise Invalid("ISSUER_INSECURE")
        if not 0 < parts.token_seconds <= MAX_TOKEN_SECONDS:
            raise Invalid("ISSUER_LIFE", limit=MAX_TOKEN_SECONDS)
        self.parts = parts
        self._gate = ClientGate(parts.identifier, parts.registry, parts.assertions, decoy=_decoy())
        self._server = Server(parts.identifier, Rules(self._authenticate, self._allow, self._mint))
        self._failures = _Failures(FAILURES_PER_MINUTE)

    def token(self, form: Form, proofs: tuple[bytes, ...] = ()) -> tuple[int, dict[str, Any]]:
        """Return (status, members) of the answer to a token request.

        `proofs` are the values of its `DPoP` header: with one, the token is bound to its key.
        """
        try:
            status, members = self._server.answer(TokenRequest(translated(form), proofs))
        except TokenFault as fault:
            status, members = fault.status, fault.body()
        if members.get("error") == "invalid_client" and self._failures.too_many(self.parts.clock()):
            # Only failures are slowed down: nobody can lock out a client that signs rightly.
            return 429, {
                "error": "temporarily_unavailable",
                "error_description": "Try again later.",
            }
        return status, members

    def published(self) -> list[dict[str, str]]:
        """Return the public keys of this issuer."""
        return self.parts.ring().published(int(self.parts.clock()))

    @property
    def nonce(self) -> str:
        """The nonce that a proof must carry now, "" where none is asked for."""
        return self.parts.nonces.current if self.parts.nonces else ""

    def _authenticate(self, request: TokenRequest) -> Admitted:
        form, now = request.form, self.parts.clock()
        kind = form.get("client_assertion_type")
        if kind not in (ASSERTION_TYPE, GRANT) or "client_secret" in form:
            raise refused_client()
        proof, fault = self._proof(request.proofs, now)
        offered = proof.key if proof else None
        assertion = form.get("client_assertion", "")
        if kind == GRANT:
            client = self._gate.granted(assertion, now, offered)
        else:
            client = self._gate.admit(assertion, form.get("client_id"), now, offered)
        # Told only now: a proof alone opens no account of what is wrong with it.
        if fault is not None:
            raise fault
        if proof is not None and not proof.spend(self.parts.assertions, now):
            raise refused_proof()
        return Admitted(client, proof.thumbprint if proof else None)

    def _proof(
        self, proofs: tuple[bytes, ...], now: float
    ) -> tuple[Proof | None, TokenFault | None]:
        if not proofs:
            return None, None
        nonces = self.parts.nonces.accepted if self.parts.nonces else ()
        address = f"{self.parts.identifier}{ENDPOINT}"
        try:
            return read_proof(proofs, Demand("POST", address, now, nonces=nonces)), None
        except NonceMissing as fault:
            wanted = "The proof must carry the nonce of this answer."
            return fault.proof, TokenFault("use_dpop_nonce", wanted)
        except ProofFault:
            return None, refused_proof()

    def _allow(self, form: Form, client: Client) -> None:
        resource = form.get("resource", "")
        known = bool(resource) and self.parts.registry.knows(resource)
        if not known or (client.resources is not None and resource not in client.resources):
            raise TokenFault("invalid_target", "Exactly one known resource must be named.")
        try:
            wanted = parse(form.get("scope", ""))
        except Invalid as fault:
            raise TokenFault("invalid_scope", "A scope is not on the published list.") from fault
        if not covers(client.scopes, wanted):
            raise TokenFault("invalid_scope", "A scope is not granted to this client.")
        if not _PURPOSE.fullmatch(form.get("purpose", "")):
            raise bad_request("A purpose must be named.")
        if "protocol" in form and not _PROTOCOL.fullmatch(form["protocol"]):
            raise bad_request("The protocol's name has a wrong form.")

    def _mint(self, form: Form, admitted: Admitted) -> dict[str, Any]:
        client, thumbprint = admitted.client, admitted.thumbprint
        now = int(self.parts.clock())
        scope = " ".join(sorted(parse(form["scope"])))
        unbound = thumbprint is None and client.bearer
        seconds = BEARER_SECONDS if unbound else self.parts.token_seconds
        claims: dict[str, Any] = {
            "iss": self.parts.identifier,
            "sub": client.client_id,
            "client_id": client.client_id,
            "aud": form["resource"],
            "iat": now,
            "exp": now + seconds,
            "jti": secrets.token_urlsafe(16),
            "scope": scope,
            "purpose": form["purpose"],
            "party": client.party,
            **self._agreed(form, client),
        }
        if thumbprint is not None:
            claims["cnf"] = {"jkt": thumbprint}
        key = self.parts.ring().signing(now)
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        token = jws.serialize_compact(header, canonical(claims), key.key, algorithms=[ALGORITHM])
        if self.parts.issued is not None:
            self.parts.issued(claims)
        return {
            "access_token": token,
            "token_type": "Bearer" if thumbprint is None else "DPoP",
            "expires_in": seconds,
            "scope": scope,
        }

    def _agreed(self, form: Form, client: Client) -> dict[str, str]:
        """Return what a token says of the one protocol it is for."""
        if "protocol" not in form:
            return {}
        told = {"protocol": form["protocol"]}
        known = self.parts.agreements
        text = known.content_hash(client.client_id, form["protocol"]) if known else None
        return told | ({"protocol_hash": text} if text else {})


class _Failures:
    """Counts failed authentications per minute, of everybody together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute = -1
        self._count = 0

    def too_many(self, now: float) -> bool:
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count > self._limit


def _decoy() -> VerificationKey:
    key = read_key(ECKey.generate_key("P-256").as_dict(private=False))
    if key is None:  # pragma: no cover - a key just made is one we use
        raise Invalid("KEYS_UNREADABLE")
    return key
