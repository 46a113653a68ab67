"""The catalogue over real sockets: slow, silent, lying and broken nodes among good ones."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.support import postgres
from tests.support.catalogues import Federation, federation
from tests.support.feeds import NOW, FeedNode, content, dataset, tombstone
from tests.support.live import eventually, harvested, live
from tests.support.needs import need
from tests.support.peers import Behaviour, drips, hangs, peer, raw, says

from hanse.catalog import answers
from hanse.catalog.harvest import Look
from hanse.policies.signatures import FEED, SigningKey, sign

DEADLINE_SECONDS = 1.0
JOSE = "Content-Type: application/jose"


def signed(document: bytes, node: FeedNode) -> Behaviour:
    """Answer with these bytes under the node's own signature."""
    return says("200 OK", sign(document, FEED, node.key).encode("ascii"), JOSE)


def fine(node: FeedNode) -> Behaviour:
    """Answer with the node's own snapshot."""
    return says("200 OK", node.statement().encode("ascii"), JOSE)


def of_another(node: FeedNode) -> Behaviour:
    """Answer with the node's snapshot under a key nobody registered."""
    return fine(replace(node, key=SigningKey.generate()))


WRONG: dict[str, tuple[object, str, str]] = {
    "silent": (lambda _: hangs, "OUTBOUND_SILENT", "stale"),
    "dripping": (lambda _: drips(declared=50_000), "OUTBOUND_SLOW", "stale"),
    "with a wrong key": (of_another, "STATEMENT_SIGNATURE", "refused"),
    "showing a page": (
        lambda _: says("200 OK", b"<!doctype html>", "Content-Type: text/html"),
        "FEED_TYPE",
        "refused",
    ),
    "ten thousand deep": (lambda node: signed(b"[" * 10_000, node), "OUTBOUND_JSON", "refused"),
    "too large": (
        lambda _: says("200 OK", b"x" * 300_000, JOSE),
        "OUTBOUND_TOO_LARGE",
        "refused",
    ),
    "packed": (
        lambda _: says("200 OK", b"x", JOSE, "Content-Encoding: gzip"),
        "OUTBOUND_ENCODING",
        "refused",
    ),
    "redirecting": (
        lambda _: says("302 Found", b"", "Location: http://127.0.0.1:1/v1/feed"),
        "OUTBOUND_REDIRECT",
        "refused",
    ),
    "faulty": (lambda _: says("500 Internal Server Error"), "FEED_STATUS", "stale"),
    "not speaking HTTP": (lambda _: raw(b"SSH-2.0\r\n\r\n"), "OUTBOUND_CUT", "refused"),
    "of another city": (
        lambda node: signed(content(replace(node, agency="NIS11002").feed()), node),
        "FEED_IDENTITY",
        "refused",
    ),
}


@contextmanager
def answering(name: str, agency: str, behave: object) -> Iterator[FeedNode]:
    """Give a node whose address is a peer that behaves so."""
    node = FeedNode(agency=agency, name=name)
    with peer(lambda connection: _behave(behave, node)(connection)) as known:
        node.base_url = known.url
        yield node


def _behave(behave: object, node: FeedNode) -> Behaviour:
    return behave(node)  # type: ignore[operator,no-any-return]


def world(home: Path, *nodes: FeedNode) -> Federation:
    return federation(
        home,
        *nodes,
        network=True,
        harvest_deadline_seconds=DEADLINE_SECONDS,
        snapshot_bytes=200_000,
    )


def states(of: Federation) -> dict[str, tuple[str, str]]:
    members = answers.members(of.catalogue).members
    return {each.agency: (each.harvest.state, each.harvest.code) for each in members}


def test_no_broken_node_blocks_another_and_each_has_its_own_public_reason(tmp_path: Path) -> None:
    with ExitStack() as stack:
        good = [
            stack.enter_context(answering(f"Stad {number}", f"NIS2000{number}", fine))
            for number in range(3)
        ]
        bad = {
            case: stack.enter_context(answering(f"Node {case}", f"NIS3{number:04}", behave))
            for number, (case, (behave, _, _)) in enumerate(WRONG.items())
        }
        made = world(tmp_path, *good, *bad.values())
        started = time.monotonic()
        looks = {each.agency: each for each in asyncio.run(made.catalogue.harvester.once())}
        spent = time.monotonic() - started
    assert spent < 4 * DEADLINE_SECONDS
    assert all(looks[node.agency] == Look(node.agency, changed=True) for node in good)
    found = states(made)
    assert {found[node.agency] for node in good} == {("fresh", "")}
    expected = {case: (state, code) for case, (_, code, state) in WRONG.items()}
    assert {case: found[node.agency] for case, node in bad.items()} == expected
    assert answers.datasets(made.catalogue, 1).total == len(good)


def test_a_node_that_falls_silent_keeps_its_entries_with_their_age(tmp_path: Path) -> None:
    node = FeedNode()
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    made.down(node)
    made.clock.pass_(hours=2)
    (look,) = asyncio.run(made.catalogue.harvester.once())
    assert look.code == "OUTBOUND_UNREACHABLE"
    (found,) = answers.datasets(made.catalogue, 1).datasets
    assert (found.harvest.state, found.harvest.age_seconds) == ("stale", 7_200)
    assert found.harvest.why["nl"].startswith("Deze partij is niet bereikbaar.")


def test_an_older_sequence_is_a_rollback_and_changes_nothing(tmp_path: Path) -> None:
    node = FeedNode(sequence=7, datasets=[dataset("werk")])
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    node.sequence, node.datasets = 6, [dataset("wonen")]
    (look,) = asyncio.run(made.catalogue.harvester.once())
    assert look.code == "FEED_ROLLBACK"
    (found,) = answers.datasets(made.catalogue, 1).datasets
    assert (found.dataset.slug, found.harvest.state, found.harvest.alarm) == (
        "werk",
        "refused",
        True,
    )
    node.sequence = 8
    asyncio.run(made.catalogue.harvester.once())
    after = answers.members(made.catalogue).members[0].harvest
    assert (after.state, after.alarm, after.sequence) == ("fresh", False, 8)


def test_other_content_under_the_same_sequence_raises_the_alarm(tmp_path: Path) -> None:
    node = FeedNode()
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    node.datasets = [dataset("wonen")]
    (look,) = asyncio.run(made.catalogue.harvester.once())
    assert look.code == "FEED_FORKED"
    assert answers.members(made.catalogue).members[0].harvest.alarm


def test_a_release_that_changes_under_its_name_raises_the_alarm(tmp_path: Path) -> None:
    node = FeedNode()
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    first = node.datasets[0].current
    assert first is not None
    rewritten = first.model_copy(update={"manifest": "sha-256:" + "0" * 64})
    node.publish(dataset(current=rewritten))
    (look,) = asyncio.run(made.catalogue.harvester.once())
    assert look.code == "FEED_REWRITTEN"
    assert answers.dataset(made.catalogue, node.agency, "bevolking").dataset.current == first


def test_a_node_with_nothing_new_is_asked_for_headers_only(tmp_path: Path) -> None:
    node = FeedNode()
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    made.clock.pass_(minutes=5)
    (look,) = asyncio.run(made.catalogue.harvester.once())
    assert look == Look(node.agency)
    assert b"if-none-match" in node.asked[1]
    assert answers.members(made.catalogue).members[0].harvest.age_seconds == 0


def test_a_dataset_left_out_stays_until_a_tombstone_takes_it_away(tmp_path: Path) -> None:
    node = FeedNode(datasets=[dataset("werk"), dataset("wonen")])
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    node.publish(dataset("werk"))
    asyncio.run(made.catalogue.harvester.once())
    assert answers.dataset(made.catalogue, node.agency, "wonen").absent
    node.tombstones = [tombstone("wonen")]
    node.publish(dataset("werk"))
    asyncio.run(made.catalogue.harvester.once())
    assert [each.dataset.slug for each in answers.datasets(made.catalogue, 1).datasets] == ["werk"]


def test_an_announced_node_is_looked_at_soon_by_a_running_catalogue(tmp_path: Path) -> None:
    node = FeedNode()
    made = federation(tmp_path, node, harvest_seconds=3_600)
    with live(made.app) as url:
        harvested(url, 1)
        node.publish(dataset("wonen"), dataset("bevolking"))
        sent = httpx.post(f"{url}/v1/announce", json={"agency": node.agency})
        strange = httpx.post(f"{url}/v1/announce", json={"agency": "NIS99999"})
        assert (sent.status_code, strange.status_code) == (202, 202)
        eventually(lambda: httpx.get(f"{url}/v1/datasets").json()["total"] == 2)
        assert len(node.asked) < 5


@pytest.mark.needs("postgresql")
def test_the_same_harvest_stands_in_postgresql(tmp_path: Path) -> None:
    need("postgresql")
    with postgres.cluster() as server:
        _harvest_twice(tmp_path, postgres.database(server))


def _harvest_twice(home: Path, database_url: str) -> None:
    node = FeedNode(sequence=2**40, datasets=[dataset("werk"), dataset("wonen")])
    made = federation(home, node, database_url=database_url)
    asyncio.run(made.catalogue.harvester.once())
    node.publish(dataset("werk"))
    asyncio.run(made.catalogue.harvester.once())
    found = answers.datasets(made.catalogue, 1)
    assert [(each.dataset.slug, each.absent) for each in found.datasets] == [
        ("werk", False),
        ("wonen", True),
    ]
    assert answers.members(made.catalogue).members[0].harvest.sequence == 2**40 + 1
    assert found.datasets[0].dataset.current is not None
    assert found.datasets[0].dataset.current.published_at == NOW
    made.catalogue.engine.dispose()
