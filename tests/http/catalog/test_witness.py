"""The catalogue cosigns the logs of its members, and of nobody else."""

import base64
from pathlib import Path

import httpx
import pytest
from tests.support.catalogues import Federation, federation
from tests.support.feeds import FeedNode

from hanse.audit.checkpoint import (
    Checkpoint,
    Note,
    Signer,
    origin_of,
    read_checkpoint,
    read_signatures,
    read_verifier,
)
from hanse.audit.tree import consistency, leaf_hash, nodes_of, root
from hanse.audit.witness import Submission

pytestmark = pytest.mark.anyio
LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
NODES = nodes_of(LEAVES)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def signer(node: FeedNode, suffix: str = "") -> Signer:
    return Signer.from_jwk(origin_of(node.base_url, suffix), node.key.private_jwk())


def offered(by: Signer, old: int, size: int, root_: bytes | None = None) -> Submission:
    note = by.sign(Checkpoint(by.name, size, root_ or root(size, NODES)))
    return Submission(old, tuple(consistency(old, size, NODES)), note, read_checkpoint(note))


async def submit(league: Federation, submission: Submission) -> httpx.Response:
    async with league.client() as client:
        return await client.post(
            "/v1/witness/add-checkpoint",
            content=submission.content,
            headers={"Content-Type": "application/octet-stream"},
        )


async def test_a_member_s_log_is_cosigned_as_long_as_it_grows(tmp_path: Path) -> None:
    node, stranger = FeedNode(), FeedNode(base_url="http://127.0.0.1:8109")
    league = federation(tmp_path / "catalogus", node)
    first = await submit(league, offered(signer(node), 0, 4))
    assert first.status_code == 200
    async with league.client() as client:
        key = read_verifier((await client.get("/v1/witness/key")).text)
    note = Note(offered(signer(node), 0, 4).note.text, read_signatures(first.text.split("\n")[:-1]))
    assert key.name == "127.0.0.1:8100/witness"
    assert key.cosigner().signed(note) is not None
    for submission, status in (
        (offered(signer(node), 4, 9), 200),
        (offered(signer(node), 4, 9), 409),
        (offered(signer(node), 9, 9, bytes(32)), 422),
        (offered(signer(node, "-2"), 0, 3), 200),
        (offered(signer(node, "-x"), 0, 3), 404),
        (offered(signer(stranger), 0, 3), 404),
        (offered(Signer.of(signer(node).name, bytes(32)), 9, 9), 403),
    ):
        answer = await submit(league, submission)
        assert answer.status_code == status
    assert answer.content == b""


async def test_its_key_stays_the_same(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        league = federation(tmp_path / "catalogus")
        async with league.client() as client:
            keys.append((await client.get("/v1/witness/key")).text)
    assert keys[0] == keys[1]
    mode = (tmp_path / "catalogus" / "keys" / "witness.jwk").stat().st_mode
    assert mode & 0o077 == 0
    assert base64.b64decode(keys[0].strip().split("+", 2)[2])[:1] == b"\x01"
