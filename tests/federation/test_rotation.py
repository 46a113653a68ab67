"""An issuer changes its key three times while tokens are asked for and used: none fails."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.asgi import ask
from tests.support.federation import NODE, Catalogue

from hanse.auth.jwks import Issuers, KeyCache
from hanse.auth.verifier import Verifier
from hanse.catalog import oauth
from hanse.errors import HanseError

ROTATIONS = 3
WORKERS = 4
STEPS = 24
STEP_SECONDS = 3_600
"""An hour each: a key is published for a day before it signs."""


def test_three_rotations_under_load_fail_no_request(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    anchor = [oauth.anchor(catalogue.home).public_jwk()]

    def fetch() -> str:
        return ask(catalogue.app, "/v1/jwks").body.decode()

    def seconds() -> float:
        return float(catalogue.clock.seconds)

    cache = KeyCache(fetch, tmp_path / "node" / "keys", seconds, anchor, spawn=lambda work: work())
    cache.warm()
    verifier = Verifier(Issuers({catalogue.settings.issuer: cache}), NODE, seconds)
    failed: list[str] = []
    signed_by: set[str] = set()
    counted = threading.Lock()

    def work(_: int) -> None:
        reply = asyncio.run(catalogue.post(catalogue.form()))
        try:
            claims = verifier.verify(reply.json()["access_token"])
        except (HanseError, KeyError) as fault:
            failed.append(f"{reply.status} {fault}")
            return
        with counted:
            signed_by.add(claims.kid)

    done = 0
    with ThreadPoolExecutor(WORKERS) as threads:
        for _ in range(ROTATIONS):
            oauth.rotate_keys(catalogue.home, catalogue.clock())
            for _ in range(STEPS + 2):
                list(threads.map(work, range(WORKERS)))
                done += WORKERS
                catalogue.clock.forward(seconds=STEP_SECONDS)
    assert failed == []
    assert done == ROTATIONS * (STEPS + 2) * WORKERS
    assert len(signed_by) == ROTATIONS + 1
    published = json.loads(fetch())["keys"]
    assert len(published) <= 2, "what nothing can be signed with any more is gone"
