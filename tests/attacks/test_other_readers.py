"""Two certified libraries read the same tokens: nothing that they refuse is taken here.

What we refuse beyond them is policy, row by row, and pinned: a change in either direction is news.
"""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from tests.attacks.test_proofs import ADDRESS, GOOD, KEY, SECONDS
from tests.attacks.test_proofs import ROWS as PROOFS
from tests.attacks.test_tokens import ACCEPT, ROWS, SHORT, as_bytes
from tests.support import environments, forge
from tests.support.forge import AUDIENCE, ISSUER, NOW, claims, token

pytestmark = pytest.mark.needs("node")

CLIENT, SCRIPT = "jose", "verify.mjs"
LARGEST = 20_000
"""Beyond this no header carries a token to a library."""

BEYOND_OAUTH4WEBAPI = frozenset(
    map(str, (28, 31, 36, 48, 54, 55, 57, *range(65, 74), 75, 80, 86, 91, 92, 93))
)
BEYOND_JOSE = BEYOND_OAUTH4WEBAPI | {"63", "64", "74"}
"""The numbered rows that a library takes and we refuse. 80: to JavaScript a number of 5,000 digits
is infinity, as 55 is."""


def asked(rows: list[dict[str, str]], **changes: object) -> dict[str, Any]:
    base = {"now": NOW, "issuer": ISSUER, "audience": AUDIENCE, "jwks": {"keys": forge.jwks()}}
    return {**base, "url": "https://node-gent.example/figures", "rows": rows, **changes}


def row(name: str, made: str | bytes, scheme: str = "Bearer", proof: str = "") -> dict[str, str]:
    encoded = base64.b64encode(as_bytes(made)).decode()
    sealed = base64.b64encode(proof.encode("latin-1")).decode()
    return {"id": name, "token": encoded, "scheme": scheme, "proof": sealed}


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, Mapping[str, bool]]:
    made = [(name, make()) for name, make, _ in ROWS]
    rows = [row(name, text) for name, text in made if len(text) < LARGEST]
    return {each["id"]: each for each in environments.run(CLIENT, SCRIPT, asked(rows))}


@pytest.mark.parametrize("library", ["oauth4webapi", "jose"])
def test_nothing_that_a_library_refuses_is_taken_here(
    verdicts: Mapping[str, Mapping[str, bool]], library: str
) -> None:
    taken = [name for name, _, status in ROWS if status == ACCEPT]
    assert len(taken) >= 12
    assert [name for name in taken if not verdicts[name][library]] == []


@pytest.mark.parametrize(
    ("library", "beyond"), [("oauth4webapi", BEYOND_OAUTH4WEBAPI), ("jose", BEYOND_JOSE)]
)
def test_what_we_refuse_beyond_a_library_is_known(
    verdicts: Mapping[str, Mapping[str, bool]], library: str, beyond: frozenset[str]
) -> None:
    numbered = [(name, status) for name, _, status in ROWS if name.split()[0].isdigit()]
    refused = [name for name, status in numbered if status != ACCEPT and name in verdicts]
    more = {name.split()[0] for name in refused if verdicts[name][library]}
    assert more == beyond
    assert {name.split()[0] for name, status in numbered if status == SHORT} <= beyond


def test_no_proof_that_a_library_refuses_is_taken_here() -> None:
    who = {"sub": "monitor", "client_id": "monitor", "cnf": {"jkt": KEY.thumbprint()}}
    bound = token(None, claims(iat=SECONDS, exp=SECONDS + 300, **who))
    rows = [row(name, bound, "DPoP", make(bound)) for name, make in [*GOOD, *PROOFS]]
    found = environments.run(CLIENT, SCRIPT, asked(rows, now=SECONDS, url=ADDRESS))
    seen = {each["id"]: each["oauth4webapi"] for each in found}
    assert [name for name, _ in GOOD if not seen[name]] == []
    assert sum(seen[name] for name, _ in PROOFS) < len(PROOFS) / 4
