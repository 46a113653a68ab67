"""What a node gave is kept with its receipt, and proven by the node's own log."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.support.callers import BASE_URL, LISTED, OPEN, House, credentials, house

from hanse.audit.proof import read_proof
from hanse.client.cache import AnswerCache
from hanse.client.conversation import Conversation, Pulled
from hanse.client.deadline import Deadline
from hanse.client.keys import ClientKey
from hanse.client.question import Question
from hanse.client.receipts import Drawer, Receipt, account_of
from hanse.client.signin import Credentials, Grant, Tokens
from hanse.client.verification import Pin
from hanse.errors import Conflict, HanseError
from hanse.node.keeper import Keeper
from hanse.node.record import find
from hanse.outbound import Outbound


@pytest.fixture
def aalst(tmp_path: Path) -> Iterator[House]:
    built = house(tmp_path / "aalst")
    yield built
    built.node.close()


class Given(Tokens):
    """A token that was given, where nobody has to be asked for one."""

    async def header(self, grant: Grant, deadline_seconds: float = 10.0) -> dict[str, str]:
        return dict(credentials("partner"))


def talk(way: Outbound, built: House, folder: Path) -> Conversation:
    key = ClientKey.generate()
    jwk = built.node.publisher.key.public_jwk()
    tokens = Given(way, Credentials("provincie", key, ()))
    pin = Pin("NIS41002", "Stad Aalst", [jwk])
    return Conversation(BASE_URL, way, tokens=tokens, pin=pin, cache=AnswerCache(folder))


async def pulled(built: House, folder: Path, dataset: str) -> Pulled:
    transport = httpx.ASGITransport(app=built.app)
    async with Outbound(networks=["127.0.0.0/8"], transport=transport) as way:
        asked = Question(dataset, purpose="beleid", permitted=True)
        return await talk(way, built, folder).pull(asked, Deadline.after(30.0))


def test_a_receipt_is_kept_and_proven_by_both_sides(aalst: House, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    answer = asyncio.run(pulled(aalst, folder, LISTED))
    drawer = Drawer(folder / "receipts", "provincie@")
    (receipt,) = drawer.all()
    assert receipt.purpose == "beleid", "who fetches the proof signs in for the same"
    assert (receipt.ref, receipt.dataset, receipt.agency) == (answer.decision, LISTED, "NIS41002")
    # Both sides kept the same exchange.
    assert find(aalst.node.engine, receipt.ref).exchange == receipt.exchange != ""

    async def prove() -> None:
        transport = httpx.ASGITransport(app=aalst.app)
        async with Outbound(networks=["127.0.0.0/8"], transport=transport) as way:
            asking = talk(way, aalst, folder)
            with pytest.raises(HanseError):
                await asking.prove(receipt, Deadline.after(30.0))
            keeper: Keeper = aalst.app.state.keeper
            keeper.place()
            keeper.sign()
            drawer.keep(await asking.prove(receipt, Deadline.after(30.0)))

    asyncio.run(prove())
    (held,) = drawer.all()
    assert read_proof(held.proof.encode()).checkpoint.size > 0


def test_a_proof_that_is_not_there_yet_is_no_refusal(aalst: House, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    asyncio.run(pulled(aalst, folder, LISTED))
    (receipt,) = Drawer(folder / "receipts", "provincie@").all()
    asked: list[Grant] = []

    class Seen(Given):
        async def header(self, grant: Grant, deadline_seconds: float = 10.0) -> dict[str, str]:
            asked.append(grant)
            return await super().header(grant, deadline_seconds)

    async def fetched() -> None:
        transport = httpx.ASGITransport(app=aalst.app)
        async with Outbound(networks=["127.0.0.0/8"], transport=transport) as way:
            tokens = Seen(way, Credentials("provincie", ClientKey.generate(), ()))
            talking = Conversation(BASE_URL, way, tokens=tokens)
            await talking.prove(receipt, Deadline.after(30.0))

    with pytest.raises(Conflict, match="RECEIPT_EARLY"):
        asyncio.run(fetched())
    assert {grant.purpose for grant in asked} == {"beleid"}


def test_open_data_leaves_no_receipt_here(aalst: House, tmp_path: Path) -> None:
    asyncio.run(pulled(aalst, tmp_path / "cache", OPEN))
    assert Drawer(tmp_path / "cache" / "receipts", "provincie@").all() == ()


GIVEN = Receipt("0" * 32, "1" * 64, "https://a.example", "NIS1", "d", "1", "2026-11-01T09:00:00")


def test_every_account_has_a_drawer_of_its_own(tmp_path: Path) -> None:
    test, real = ("https://test.example",), ("https://catalogus.example:8443", "https://a.example")
    names = [
        account_of("provincie", real),
        account_of("provincie", test),
        account_of("stad-gent", real),
        account_of("provincie", ()),
        account_of("../stad-gent", real),
    ]
    drawers = [Drawer(tmp_path / "receipts", name) for name in names]
    for number, drawer in enumerate(drawers):
        drawer.keep(replace(GIVEN, ref=f"{number:032x}"))
    held = [[receipt.ref for receipt in drawer.all()] for drawer in drawers]
    assert held == [[f"{number:032x}"] for number in range(len(drawers))]
    assert names[:2] == ["provincie@catalogus.example:8443", "provincie@test.example"]
    assert {file.parent.parent for file in tmp_path.rglob("*.json")} == {tmp_path / "receipts"}
    assert account_of("", real) == ""
    assert Drawer(tmp_path / "receipts", "").all() == ()


def test_a_receipt_of_nobody_goes_to_who_gets_its_proof(tmp_path: Path) -> None:
    Drawer(tmp_path, "").keep(GIVEN)
    one, two = Drawer(tmp_path, "provincie@a"), Drawer(tmp_path, "stad-gent@a")
    assert one.all() == two.all() == (GIVEN,)
    proven = replace(GIVEN, proof="proof")
    one.keep(proven)
    assert (one.all(), two.all()) == ((proven,), ())
