"""delta-sharing signs in with a private key: the assertion is the grant and says all it is for."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support import environments
from tests.support.federation import BASE, NODE, Catalogue
from tests.support.live import live

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ENDPOINT = f"{NODE}/delta/for/beleid"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    made = Catalogue(tmp_path_factory.mktemp("catalogue"))
    made.clock.now = datetime.now(UTC)  # the client goes by the clock on the wall
    return made


def read(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return found


def ask(catalogue: Catalogue, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = asyncio.run(catalogue.post(form))
    return answer.status, json.loads(answer.body)


def assertion(catalogue: Catalogue, **changes: object) -> str:
    """Return an assertion as the client makes it: no subject, what it is for inside."""
    told = {"sub": None, "scope": "dataset:read", "resource": ENDPOINT, **changes}
    return catalogue.assertion("prov", **told)


def proxied(app: ASGIApp) -> ASGIApp:
    """Return an application behind a proxy that knows it by its own name."""
    name = BASE.partition("://")[2].encode()

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope.get("headers", ()) if pair[0] != b"host"]
        told = {**scope, "headers": [*headers, (b"host", name)]}
        await app(told if scope["type"] == "http" else scope, receive, send)

    return passed


def test_the_client_gets_a_token_for_one_node_and_one_purpose(catalogue: Catalogue) -> None:
    key = catalogue.keys["prov"]
    assert isinstance(key, ECKey)
    with live(proxied(catalogue.app)) as url:
        auth = {
            "tokenEndpoint": f"{url}/oauth/token",
            "issuer": BASE,
            "clientId": "prov",
            "privateKey": {"keyId": "prov-1", "algorithm": "ES256"},
            "audience": ENDPOINT,
            "scope": "dataset:read",
        }
        profile = {
            "shareCredentialsVersion": 2,
            "type": "oauth_jwt_bearer_private_key_jwt",
            "endpoint": ENDPOINT,
            "auth": auth,
        }
        asked = {"profile": profile, "key": key.as_pem(private=True).decode()}
        (token,) = environments.run("delta-sharing", "token.py", asked)
    told = read(token)
    assert (told["aud"], told["purpose"], told["scope"]) == (NODE, "beleid", "dataset:read")
    assert told["client_id"] == "prov"
    assert "cnf" not in told


def test_an_assertion_is_good_once(catalogue: Catalogue) -> None:
    form = {"grant_type": GRANT, "assertion": assertion(catalogue)}
    assert ask(catalogue, form)[0] == 200
    assert ask(catalogue, form)[1]["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sub": "prov"}, "invalid_client"),
        ({"iss": "other"}, "invalid_client"),
        ({"iss": None}, "invalid_client"),
        ({"aud": NODE}, "invalid_client"),
        ({"exp": 1}, "invalid_client"),
        ({"jti": None}, "invalid_client"),
        ({"resource": NODE}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "https://elders.example/delta/for/beleid"}, "invalid_target"),
        ({"resource": f"{ENDPOINT}/x"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "node:enroll"}, "invalid_scope"),
    ],
)
def test_an_assertion_that_is_not_right_gives_no_token(
    catalogue: Catalogue, changes: dict[str, object], error: str
) -> None:
    form = {"grant_type": GRANT, "assertion": assertion(catalogue, **changes)}
    status, told = ask(catalogue, form)
    assert (status, told["error"]) == (400, error)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "é.é.é", f"{'A' * 8}.{'W10'}.x", "." * 3])
def test_a_grant_that_is_no_assertion_is_refused(catalogue: Catalogue, text: str) -> None:
    status, told = ask(catalogue, {"grant_type": GRANT, "assertion": text})
    assert (status, told["error"]) == (400, "invalid_client")


def test_neither_kind_of_assertion_stands_in_for_the_other(catalogue: Catalogue) -> None:
    granted = assertion(catalogue)
    for form in (
        catalogue.form(client_assertion=granted),
        catalogue.form(client_assertion=granted, client_assertion_type=GRANT),
        {"grant_type": GRANT, "assertion": catalogue.assertion("prov")},
    ):
        assert ask(catalogue, form)[1]["error"] == "invalid_client"
    more = {"grant_type": GRANT, "assertion": granted, "scope": "audit:read"}
    assert ask(catalogue, more)[1]["error"] == "invalid_request"
    assert ask(catalogue, {"grant_type": GRANT, "assertion": granted})[0] == 200
