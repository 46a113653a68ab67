"""Receipts, checkpoints and witnesses over HTTP: to whom they open, and that they hold."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select
from tests.support.callers import BASE_URL, KBO, LISTED, OPEN, House, Moment, credentials, house
from tests.support.logs import entry

from hanse.audit.checkpoint import Note, Signer, read_checkpoint, read_note, read_verifier
from hanse.audit.proof import read_proof
from hanse.audit.tree import leaf_hash
from hanse.audit.witness import Submission
from hanse.node import checkpoints, guard, home, inspection, log, record, sequencer, witnesses
from hanse.node.app import create_app
from hanse.node.keeper import Keeper
from hanse.node.log import BodyRow
from hanse.node.settings import NodeSettings
from hanse.node.tables import moment
from hanse.node.witnesses import EvidenceRow, Peer, WitnessRow
from hanse.outbound import Outbound
from hanse.store.session import reading, transaction

pytestmark = pytest.mark.anyio

DATA = f"/v1/datasets/{LISTED}/data?extent=permitted"
EXCHANGE = "6f9c2a4e1b2c4d5e8f90a1b2c3d4e5f6"
WITNESS = "/v1/witness/add-checkpoint"
BYTES = {"Content-Type": "application/octet-stream"}


def keeper(of: House) -> Keeper:
    found: Keeper = of.app.state.keeper
    return found


def kept(of: House) -> None:
    """Do what the node does once a minute."""
    keeper(of).place()
    keeper(of).sign()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node whose log only grows."""
    built = house(tmp_path_factory.mktemp("busy") / "aalst")
    yield built
    built.node.close()


async def given(of: House) -> httpx.Response:
    async with of.client("partner") as client:
        return await client.get(DATA, headers={"Exchange-Id": EXCHANGE})


async def test_a_recipient_can_prove_what_it_was_given(busy: House) -> None:
    answer = await given(busy)
    ref, leaf = answer.headers["audit-receipt"].split(";")
    assert answer.headers["exchange-id"] == EXCHANGE
    assert ref == answer.headers["decision"]
    async with busy.client("partner") as client:
        early = await client.get(f"/v1/receipts/{ref}")
        assert (early.status_code, early.json()["code"]) == (409, "RECEIPT_EARLY")
        kept(busy)
        told = await client.get(f"/v1/receipts/{ref}")
        entry = await client.get(f"/v1/receipts/{ref}/entry")
        key = read_verifier((await client.get("/v1/audit/key")).text)
    proof = read_proof(told.content)
    assert proof.check(bytes.fromhex(leaf), key) == 0
    assert leaf_hash(entry.content).hex() == leaf
    assert entry.json()["exchange"] == EXCHANGE
    assert entry.json()["what"]["rows"] == 6
    for each in (told, entry):
        assert each.headers["cache-control"] == "private, no-store"


@pytest.mark.caller("nobody", "stranger", "partner", "steward")
async def test_a_receipt_opens_to_its_own_party_and_to_who_audits(busy: House, caller: str) -> None:
    ref = (await given(busy)).headers["decision"]
    kept(busy)
    async with busy.client(caller) as client:
        for path in (f"/v1/receipts/{ref}", f"/v1/receipts/{ref}/entry"):
            status = {"nobody": 401, "stranger": 404}.get(caller, 200)
            assert (await client.get(path)).status_code == status
        absent = await client.get(f"/v1/receipts/{'0' * 32}")
        assert absent.status_code == (401 if caller == "nobody" else 404)
        assert (await client.get("/v1/receipts/..")).status_code in {404, 422}


async def test_that_somebody_audited_is_an_entry(busy: House) -> None:
    ref = (await given(busy)).headers["decision"]
    kept(busy)
    async with busy.client("steward") as client:
        await client.get(f"/v1/receipts/{ref}")
        await client.get(f"/v1/decisions/{ref}")
    with reading(busy.node.engine) as session:
        rows = session.connection().execute(text("SELECT body FROM audit_pending")).scalars()
        told = [json.loads(body) for body in rows]
    assert [(each["kind"], each["what"]["ref"]) for each in told] == [("audit", ref)] * 2
    assert {each["who"]["client"] for each in told} == {"beheer"}


async def test_an_exchange_id_that_is_none_is_not_kept(own: House) -> None:
    async with own.client("partner") as client:
        answer = await client.get(DATA, headers={"Exchange-Id": "an@stad.example"})
    assert "exchange-id" not in answer.headers
    assert b"an@stad" not in (own.home / "node.db-wal").read_bytes()


async def test_a_checkpoint_is_public_and_only_grows(busy: House) -> None:
    kept(busy)
    async with busy.client() as client:
        first = read_checkpoint(read_note((await client.get("/v1/audit/checkpoint")).content))
        await given(busy)
        kept(busy)
        note = read_note((await client.get("/v1/audit/checkpoint")).content)
        second = read_checkpoint(note)
        path = "/v1/audit/consistency?old={}&size={}"
        proof = await client.get(path.format(first.size, second.size))
        beyond = await client.get(path.format(second.size, second.size + 1))
    assert second.size == first.size + 1
    assert proof.status_code == 200
    assert beyond.json()["code"] == "AUDIT_SIZES"
    register = busy.node.door.worlds.current().register.hash
    assert second.extensions == (f"register {register}",)


async def test_without_an_entry_there_is_no_checkpoint(tmp_path: Path) -> None:
    built = bare(tmp_path / "aalst")
    async with built.client() as client:
        answer = await client.get("/v1/audit/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "AUDIT_NO_CHECKPOINT")
    built.node.close()


async def test_a_node_that_falls_behind_is_not_ready(own: House) -> None:
    await given(own)
    async with own.client() as client:
        assert (await client.get("/health/ready")).status_code == 200
        own.clock.at += witnesses.ALARM_AFTER
        await asyncio.sleep(1.1)  # a look at the checks stays valid for a second
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["checks"]["log"]) == (503, "behind")
        keeper(own).place()
        await asyncio.sleep(1.1)
        assert (await client.get("/health/ready")).json()["checks"]["log"] == "ok"


async def test_no_body_holds_a_token_an_address_or_a_figure(own: House) -> None:
    async with own.client("partner") as client:
        token = client.headers["authorization"].split(" ")[1]
        for path in (DATA, f"{DATA}&format=csv", f"/v1/datasets/{LISTED}/data?area=11002"):
            await client.get(path, headers={"User-Agent": "an.peeters@stad.example"})
    kept(own)
    with reading(own.node.engine) as session:
        told = "\n".join(session.exec(select(BodyRow.body)))
    for canary in (token, token.split(".")[2], "peeters", "stad.example", "127.0.0.1", "80009"):
        assert canary not in told
    assert not re.search(r"[^@\s]+@[a-z]+\.[a-z]+", told)


# Witnesses.


def bare(folder: Path, **changes: object) -> House:
    """Return a node without a dataset."""
    given = {"agency": "NIS41002", "name": "Stad Aalst", "kbo": KBO, "base_url": BASE_URL}
    home.init(folder, given)
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, **changes)  # type: ignore[arg-type]
    clock = Moment()
    app = create_app(settings, clock=clock)
    return House(app, app.state.node, clock, folder)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[House, House]]:
    """A node whose log another cosigns."""
    first = bare(tmp_path / "aalst")
    something(first)
    second = bare(tmp_path / "gent", witnessed=str(keeper(first).signer.verifier))
    yield first, second
    for each in (first, second):
        each.node.close()


def something(of: House) -> None:
    """Let something happen that is written down."""
    with transaction(of.node.engine) as session:
        log.note(session, entry(1), of.clock())


def peer(of: House) -> Peer:
    return Peer(keeper(of).signer.verifier.cosigner(), BASE_URL)


def way_to(of: House) -> Outbound:
    return Outbound(networks=["127.0.0.0/8"], transport=httpx.ASGITransport(app=of.app))


async def offer(two: tuple[House, House]) -> str:
    first, second = two
    async with way_to(second) as way:
        return await witnesses.offer(first.node.engine, peer(second), way, first.clock())


def state(two: tuple[House, House]) -> WitnessRow:
    with reading(two[0].node.engine) as session:
        (row,) = witnesses.states(session)
        return row


async def test_a_witness_s_signature_stands_under_the_checkpoint(two: tuple[House, House]) -> None:
    first, second = two
    kept(first)
    assert await offer(two) == ""
    something(first)
    kept(first)
    assert await offer(two) == ""
    assert await offer(two) == ""
    async with first.client() as client:
        note = read_note((await client.get("/v1/audit/checkpoint")).content)
    assert peer(second).verifier.signed(note) is not None
    assert state(two).size == read_checkpoint(note).size
    assert inspection.inspect(first.node.engine, keeper(first).signer.verifier).checkpoints == 2


async def test_a_witness_that_was_away_goes_on_from_what_it_saw(two: tuple[House, House]) -> None:
    first, _ = two
    kept(first)
    async with Outbound(networks=["127.0.0.0/8"]) as nowhere:
        away = Peer(peer(two[1]).verifier, "http://127.0.0.1:9")
        fault = await witnesses.offer(first.node.engine, away, nowhere, first.clock())
    assert fault == state(two).fault == "OUTBOUND_UNREACHABLE"
    something(first)
    kept(first)
    assert await offer(two) == ""
    assert state(two).fault == ""


async def test_a_node_that_forgot_what_it_told_catches_up(two: tuple[House, House]) -> None:
    first, _ = two
    kept(first)
    await offer(two)
    with first.node.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql("DELETE FROM audit_witness")
        connection.exec_driver_sql("COMMIT")
    something(first)
    kept(first)
    assert await offer(two) == ""


async def submitted(to: House, submission: Submission) -> httpx.Response:
    async with to.client() as client:
        return await client.post(WITNESS, content=submission.content, headers=BYTES)


def standing(of: House) -> tuple[Note, int]:
    with reading(of.node.engine) as session:
        stood = checkpoints.newest(session)
    return stood.note, stood.size


async def test_every_answer_of_a_witness(two: tuple[House, House]) -> None:
    first, second = two
    kept(first)
    note, size = standing(first)
    good = Submission(0, (), note, read_checkpoint(note))
    stranger = Signer.of("elders.example/audit", bytes(range(32)))
    forger = Signer.of(keeper(first).signer.name, bytes(range(32)))
    elsewhere = Note(note.text.replace(keeper(first).signer.name, "elders.example/audit"))
    unsigned = forger.sign(read_checkpoint(note))
    async with second.client() as client:
        malformed = await client.post(WITNESS, content=b"old\n\n", headers=BYTES)
    assert malformed.status_code == 400
    for made, status in (
        (Submission(0, (), stranger.sign(read_checkpoint(elsewhere)), good.checkpoint), 404),
        (Submission(0, (), unsigned, good.checkpoint), 403),
        (Submission(size + 1, (), note, good.checkpoint), 400),
        (Submission(1, (), note, good.checkpoint), 409),
        (good, 200),
        (good, 409),
        (Submission(size, (), note, good.checkpoint), 200),
    ):
        answer = await submitted(second, made)
        assert answer.status_code == status, made.old
        if status == 409:
            assert answer.headers["content-type"].startswith("text/x.tlog.size")
            assert answer.text in {"0\n", f"{size}\n"}


async def test_two_histories_at_one_size_are_kept_as_evidence(
    two: tuple[House, House], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = two
    kept(first)
    await offer(two)
    note, size = standing(first)
    other = read_checkpoint(Note(note.text))
    forged = keeper(first).signer.sign(type(other)(other.origin, size, bytes(32)))
    for _ in range(2):
        answer = await submitted(second, Submission(size, (), forged, read_checkpoint(forged)))
        assert answer.status_code == 422
    with reading(second.node.engine) as session:
        (row,) = session.exec(select(EvidenceRow)).all()
    assert (row.size, row.root) == (size, bytes(32))
    assert read_note(row.note.encode()) == forged
    assert "witness.split_view" in caplog.messages


async def test_of_two_submissions_at_once_one_is_cosigned(two: tuple[House, House]) -> None:
    first, second = two
    kept(first)
    note, size = standing(first)
    made = read_checkpoint(note)
    other = keeper(first).signer.sign(type(made)(made.origin, size, bytes(32)))
    answers = await asyncio.gather(
        *(
            submitted(second, Submission(0, (), each, read_checkpoint(each)))
            for each in (note, other) * 4
        )
    )
    assert sorted(answer.status_code for answer in answers).count(200) == 1


async def test_the_keeper_does_it_all(two: tuple[House, House]) -> None:
    first, second = two
    own = keeper(first)
    own.peers = (peer(second),)
    something(first)
    async with way_to(second) as way:
        await own.step(way)
        await own.step(way)
    assert state(two).fault == ""
    assert state(two).size > 0
    something(first)
    own.stop()
    assert standing(first)[1] == state(two).size + 1


async def test_a_keeper_that_cannot_write_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = bare(tmp_path / "aalst")
    with own.node.engine.begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        connection.execute(text("DROP TABLE audit_pending"))
    async with way_to(own) as way:
        await keeper(own).step(way)
    keeper(own).stop()
    own.node.close()
    assert caplog.messages.count("audit.keeper") == 2


async def test_open_answers_have_a_receipt_too(aalst: House) -> None:
    async with aalst.client() as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/data")
    assert answer.headers["audit-receipt"].startswith(answer.headers["decision"])


async def test_governed_figures_wait_for_a_log_that_is_behind_and_open_ones_do_not(
    tmp_path: Path,
) -> None:
    own = house(tmp_path / "aalst", audit_lag_seconds=60)
    await given(own)
    own.clock.at += timedelta(seconds=sequencer.LAG_SECONDS_MAX + 1)
    opened = f"/v1/datasets/{OPEN}/data?level=gemeente@2025"
    async with own.client("partner") as client:
        await asyncio.sleep(guard.LOOK_SECONDS)
        answer = await client.get(DATA)
        assert (answer.status_code, answer.json()["code"]) == (503, "AUDIT_BEHIND")
        assert (await client.get(opened)).status_code == 200
        keeper(own).place()
        assert (await client.get(DATA)).status_code == 200
    own.node.close()


async def test_a_node_that_needs_a_witness_waits_when_none_answers_for_too_long(
    tmp_path: Path,
) -> None:
    here = house(tmp_path / "aalst", witness_hours=24)
    async with here.client("partner") as client:
        here.clock.at += timedelta(hours=23)
        assert (await _asked(here, client)) == (200, "")
        here.clock.at += timedelta(hours=2)
        await asyncio.sleep(guard.LOOK_SECONDS)
        assert (await _asked(here, client)) == (503, "AUDIT_UNWITNESSED")
        with transaction(here.node.engine) as session:
            session.add(WitnessRow(witness="w", size=1, at=moment(here.clock.at)))
        assert (await _asked(here, client)) == (200, "")
    here.node.close()


async def _asked(here: House, client: httpx.AsyncClient) -> tuple[int, str]:
    """Ask with a token of the moment; the log keeps up meanwhile."""
    keeper(here).place()
    now = int(here.clock.at.timestamp())
    headers = credentials("partner", iat=now, exp=now + 300)
    answer = await client.get(DATA, headers=dict(headers))
    return answer.status_code, "" if answer.status_code == 200 else answer.json()["code"]


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "parquet", "arrow"])
@pytest.mark.parametrize("part", ["", "&indicator=inw", "&period=2023"])
async def test_an_entry_says_how_many_cells_it_gave_and_how_many_of_them_hidden(
    busy: House, form: str, part: str
) -> None:
    path = f"/v1/datasets/{OPEN}/data?format="
    async with busy.client() as client:
        shown = (await client.get(f"{path}json{part}")).json()
        answer = await client.get(f"{path}{form}{part}")
    hidden = shown["data"]["conf_status"].count("C")
    told = record.find(busy.node.engine, answer.headers["decision"])
    assert (told.rows, told.hidden) == (shown["rows"], hidden)
    assert 0 < hidden < shown["rows"]
