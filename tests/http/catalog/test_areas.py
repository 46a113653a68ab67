"""The area registry: a signed list, tables by digest, kept by nodes beside their own layers."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.support.catalogues import BASE_URL, Federation, federation

from hanse.areas import Area, Level, Registry
from hanse.areas.level import OWN_LAYER, known_level
from hanse.areas.tables import registry_from
from hanse.catalog import oauth
from hanse.errors import Conflict, Invalid
from hanse.node import areacopies, areas
from hanse.node.settings import NodeSettings
from hanse.policies.signatures import AREAS, SigningKey, verify

TABLES = {
    "def_gemeente.csv": "code,name\n11002,Antwerpen\n41002,Aalst\n",
    "def_gemeente2024.csv": "code,name\n11002,Antwerpen\n11007,Borsbeek\n41002,Aalst\n",
    "agg_gemeente2024_gemeente.csv": "a,b\n11002,11002\n11007,11002\n41002,41002\n",
}


def league(home: Path) -> Federation:
    folder = home / "areas"
    folder.mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / name).write_text(text, "utf-8")
    return federation(home)


def node(home: Path, catalogue: Path, key: SigningKey | None = None) -> NodeSettings:
    pinned = home / "catalogue-keys.json"
    home.mkdir(parents=True, exist_ok=True)
    public = (key or oauth.anchor(catalogue)).public_jwk()
    pinned.write_text(json.dumps({"keys": [public]}), "utf-8")
    return NodeSettings(
        home=home, catalogue_url=BASE_URL, catalogue_keys=str(pinned), _env_file=None
    )


async def get(known: Federation, path: str) -> httpx.Response:
    async with known.client() as client:
        return await client.get(path)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_list_is_signed_and_every_table_is_what_its_digest_says(tmp_path: Path) -> None:
    known = league(tmp_path)
    answer = await get(known, "/v1/areas")
    assert answer.headers["content-type"] == "application/jose"
    told = json.loads(verify(answer.text, AREAS, [oauth.anchor(tmp_path).public_jwk()]))
    assert told["catalogue"] == BASE_URL
    texts = {}
    for each in told["files"]:
        table = await get(known, f"/v1/areas/{each['sha256']}")
        assert f"sha-256:{hashlib.sha256(table.content).hexdigest()}" == each["sha256"]
        assert "immutable" in table.headers["cache-control"]
        texts[each["name"]] = table.text
    assert registry_from(texts) == registry_from(TABLES)
    assert (await get(known, "/v1/areas/sha-256:" + "0" * 64)).status_code == 404
    assert (await get(known, "/v1/areas/anything")).status_code == 422


def own_layer() -> Registry:
    layer: Level = replace(known_level("wijk@2025"), base=OWN_LAYER)
    return Registry().with_level(layer, [Area("W1", "Eigen wijk")])


def test_a_node_keeps_a_copy_beside_its_own_layers(tmp_path: Path) -> None:
    known = league(tmp_path / "catalogue")
    settings = node(tmp_path / "node", tmp_path / "catalogue")
    areas.store(settings.home, own_layer())
    transport = httpx.ASGITransport(app=known.app)
    found = areacopies.fetch(settings, transport)
    assert {each.id for each in found.levels} == {"gemeente@2024", "gemeente@2025", "wijk@2025"}
    kept = areas.load(settings.home)
    assert kept == found
    assert kept.level("wijk@2025").base == OWN_LAYER
    assert areacopies.fetch(settings, transport) == found


def test_a_list_under_another_key_is_refused(tmp_path: Path) -> None:
    known = league(tmp_path / "catalogue")
    settings = node(tmp_path / "node", tmp_path / "catalogue", SigningKey.generate())
    with pytest.raises(Invalid) as fault:
        areacopies.fetch(settings, httpx.ASGITransport(app=known.app))
    assert fault.value.code == "STATEMENT_SIGNATURE"
    assert not (settings.home / "areas").exists()
    unpinned = settings.model_copy(update={"catalogue_keys": ""})
    with pytest.raises(Invalid) as fault:
        areacopies.fetch(unpinned)
    assert fault.value.code == "AREAS_UNPINNED"


def test_a_vintage_that_says_something_else_is_refused(tmp_path: Path) -> None:
    theirs = registry_from(TABLES)
    ours = Registry().with_level(known_level("gemeente@2025"), [Area("11002", "Antwerpen")])
    with pytest.raises(Conflict) as fault:
        areacopies.joined(theirs, ours)
    assert fault.value.code == "AREAS_CHANGED"
