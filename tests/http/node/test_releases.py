"""`/v1/datasets/{slug}/releases`: who may know which editions there are, and read a manifest."""

from typing import Any

import pytest
from tests.support.callers import INTERNAL, LISTED, OPEN, UNLISTED, House

from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import MANIFEST, verify
from hanse.wire import Manifest

pytestmark = pytest.mark.anyio


async def listed(house: House, caller: str, slug: str) -> Any:
    async with house.client(caller) as client:
        return await client.get(f"/v1/datasets/{slug}/releases")


@pytest.mark.caller
async def test_everybody_may_list_the_releases_of_what_is_listed(aalst: House, caller: str) -> None:
    answer = await listed(aalst, caller, OPEN)
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["current"] == shown["releases"][0]["release_id"]
    assert shown["releases"][0]["state"] == "published"
    assert not {"proposed_by", "approved_by"} & set(shown["releases"][0])


@pytest.mark.caller("nobody", "stranger")
async def test_what_may_not_be_known_is_answered_like_what_is_not(
    aalst: House, caller: str
) -> None:
    absent = await listed(aalst, caller, "bestaat-niet")
    for slug in (UNLISTED, INTERNAL):
        hidden = await listed(aalst, caller, slug)
        assert hidden.status_code == absent.status_code
        assert hidden.json()["code"] == absent.json()["code"]


async def test_whom_a_protocol_names_may_list_the_unlisted(aalst: House) -> None:
    assert (await listed(aalst, "partner", UNLISTED)).status_code == 200


@pytest.mark.caller
async def test_a_manifest_is_what_the_node_signed(aalst: House, caller: str) -> None:
    known = (await listed(aalst, caller, OPEN)).json()["releases"][0]
    path = f"/v1/datasets/{OPEN}/releases/{known['release_id']}"
    async with aalst.client(caller) as client:
        plain = await client.get(path)
        signed = await client.get(f"{path}/manifest.jws")
    keys = [aalst.node.publisher.key.public_jwk()]
    assert signed.headers["content-type"] == "application/jose"
    assert digest(verify(signed.text, MANIFEST, keys)) == known["manifest"]
    body = Manifest.model_validate(plain.json())
    assert digest(canonical(body.model_dump(mode="json", by_alias=True))) == known["manifest"]
    assert plain.headers["etag"] == f'"{known["manifest"]}"'


@pytest.mark.caller("nobody", "stranger")
async def test_counts_of_governed_figures_are_not_for_strangers(aalst: House, caller: str) -> None:
    known = (await listed(aalst, caller, LISTED)).json()["releases"][0]
    path = f"/v1/datasets/{LISTED}/releases/{known['release_id']}"
    async with aalst.client(caller) as client:
        for each in (path, f"{path}/manifest.jws"):
            answer = await client.get(each)
            assert answer.status_code in {401, 403}
            assert "coverage" not in answer.text


async def test_a_release_that_is_not_there_is_not_found(aalst: House) -> None:
    async with aalst.client("nobody") as client:
        for release in ("2020-01-01.1", "x" * 200):
            answer = await client.get(f"/v1/datasets/{OPEN}/releases/{release}")
            assert answer.status_code == 404


async def test_a_parameter_nobody_knows_is_named(aalst: House) -> None:
    async with aalst.client("nobody") as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/releases?sinds=2020")
    assert (answer.status_code, "sinds" in answer.text) == (400, True)
