"""Signing people in at a provider that is away, breaks, or says what it may not."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from hanse.auth.oidc import KNOWN_SECONDS, Begun, Provider, RelyingParty, Returned
from hanse.errors import Invalid, Unavailable
from hanse.outbound import Answer, Ask

ISSUER, BACK, NOW = "https://id.example", "https://node.example/return", 1_800_000_000.0
BEGUN = Begun("s" * 22, "n" * 22, "v" * 43)
KEY = ECKey.generate_key("P-256")


@dataclass
class House:
    """A provider as its answers; `token` is its answer at the exchange, None while it is away."""

    token: Mapping[str, Any] | None = None
    away: bool = False
    asked: list[Ask] = field(default_factory=list)
    ticks: float = 0.0

    def party(self, secret: str = "") -> RelyingParty:
        provider = Provider("stad", "Stad", ISSUER, "hanse", secret)
        return RelyingParty(provider, self._answer, lambda: NOW, lambda: self.ticks)

    def _answer(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        if ask.method == "POST":
            return _told(503, {}) if self.token is None else _told(200, self.token)
        if self.away:
            raise Unavailable("OUTBOUND_UNREACHABLE", peer=ISSUER)
        if ask.url.endswith("keys"):
            return _told(200, {"keys": [{**KEY.as_dict(private=False), "kid": "k1"}]})
        names = ("authorization", "token")
        ends = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in names}
        return _told(200, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **ends})


def _told(status: int, document: Mapping[str, Any]) -> Answer:
    headers = {"content-type": "application/json"}
    return Answer(ISSUER, status, headers, json.dumps(document).encode())


def _claims(**more: object) -> bytes:
    usual = {"iss": ISSUER, "sub": "u-1", "aud": "hanse", "nonce": BEGUN.nonce}
    return json.dumps({**usual, "iat": int(NOW), "exp": int(NOW) + 300, **more}).encode()


def _token(**more: object) -> str:
    head = {"alg": "ES256", "kid": "k1"}
    return jws.serialize_compact(head, _claims(**more), KEY, algorithms=["ES256"])


def _signed_by_nobody(algorithm: str) -> str:
    parts = (json.dumps({"alg": algorithm, "kid": "k1"}).encode(), _claims(), b"x" * 64)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _finished(house: House, secret: str = "") -> Any:
    return house.party(secret).finish(Returned("code", None), BEGUN, BACK)


def test_a_client_without_a_secret_sends_none() -> None:
    house = House({"id_token": _token()})
    assert _finished(house).subject == "u-1"
    assert "authorization" not in house.asked[-1].headers
    house = House({"id_token": _token()})
    _finished(house, "geheim")
    assert house.asked[-1].headers["authorization"].startswith("Basic ")


def test_a_provider_that_breaks_at_the_exchange_is_away_and_not_wrong() -> None:
    with pytest.raises(Unavailable, match="SIGN_IN_PROVIDER"):
        _finished(House(None))


@pytest.mark.parametrize(
    "told",
    [{}, {"id_token": None}, {"id_token": ["x"]}, {"id_token": _signed_by_nobody("HS256")},
     {"id_token": _signed_by_nobody("none")}, {"id_token": _signed_by_nobody("ES256")}],
)  # fmt: skip
def test_an_exchange_without_a_token_to_trust_signs_nobody_in(told: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid, match="SIGN_IN_FAILED"):
        _finished(House(told))


def test_a_name_that_is_no_text_is_not_shown() -> None:
    assert _finished(House({"id_token": _token(name="An")})).name == "An"
    assert _finished(House({"id_token": _token(name=["An"])})).name == ""


def test_what_is_known_of_a_provider_serves_while_it_is_away() -> None:
    house = House({"id_token": _token()})
    party = house.party()
    party.address(BEGUN, BACK)
    looked = len(house.asked)
    house.away, house.ticks = True, KNOWN_SECONDS + 1
    assert party.address(BEGUN, BACK).startswith(f"{ISSUER}/authorization?")
    assert len(house.asked) > looked
    with pytest.raises(Unavailable, match="SIGN_IN_PROVIDER"):
        House(away=True).party().address(BEGUN, BACK)
