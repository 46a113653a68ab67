"""Reports of the log: each party its own lines, the data protection officer all of them."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from sqlalchemy import text
from tests.support import agreed
from tests.support.callers import LISTED, PARTNER, UNLISTED, House, credentials, house
from tests.support.visits import Browser

from hanse.node import home, office, people, sessions
from hanse.node.keeper import Keeper
from hanse.node.people import GIVEN, MAY, Duty, PersonRow, Role
from hanse.node.reports import REPORTS, Desk, Reader, Wanted, make
from hanse.store.session import reading, transaction

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1:8101"
PROTOCOL = "urn:protocol:aalst:2026-001"
EXCHANGE = "6f9c2a4e1b2c4d5e8f90a1b2c3d4e5f6"
REFUSED = f"/v1/datasets/{LISTED}/data?area=11002&indicator=inw"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node that gave figures twice, and refused twice."""
    built = house(tmp_path_factory.mktemp("node") / "aalst")
    asyncio.run(_busy(built))
    keeper: Keeper = built.app.state.keeper
    keeper.place()
    keeper.sign()
    yield built
    built.node.close()


async def _busy(built: House) -> None:
    async with built.client("partner") as client:
        path = f"/v1/datasets/{LISTED}/data?extent=permitted"
        for _ in range(2):
            assert (await client.get(path, headers={"Exchange-Id": EXCHANGE})).status_code == 200
        assert (await client.get(REFUSED)).status_code == 403
    async with built.client("stranger") as client:
        assert (await client.get(REFUSED)).status_code == 403


async def lines(node: House, caller: str, asked: str) -> list[dict[str, Any]]:
    async with node.client(caller) as client:
        answer = await client.get(f"/v1/reports/{asked}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    told: list[dict[str, Any]] = answer.json()["lines"]
    return told


def whole(node: House, name: str, wanted: Wanted | None = None) -> list[dict[str, Any]]:
    """Return what who accounts for the node reads."""
    desk = Desk(node.node.engine, node.node.publisher.key.public_jwk(), office.day(node.clock()))
    told: list[dict[str, Any]] = make(desk, name, wanted or Wanted()).document["lines"]
    return told


def visitor(node: House, *roles: str) -> Browser:
    with transaction(node.node.engine) as session:
        row = PersonRow(issuer="https://id.example", subject="-".join(roles) or "nobody",
                        name="Els Maes", added_at="")  # fmt: skip
        found = people.find(session, row.issuer, row.subject)
        person = found or people.add(session, row, roles, node.clock())
        desk = node.app.state.desk
        secret = sessions.open_session(session, person, desk.life, node.clock())
    return Browser(node.app, HOST, {"__Host-hanse": secret})


async def test_it_says_who_received_what_under_which_clause_since_when(node: House) -> None:
    (line,) = [each for each in whole(node, "received") if each["client"]]
    agreed = (line["protocol"], line["version"], line["purpose"], line["onward"])
    assert agreed == (PROTOCOL, 1, "beleid", "none")
    assert line["basis"].startswith("legal_protocol")
    assert (line["client"], line["dataset"], line["times"]) == ("provincie", LISTED, 2)
    assert (line["cells"], line["hidden"]) == (12, 8)
    assert line["since"] <= line["last"]


async def test_each_party_sees_its_own_lines_and_who_accounts_sees_all(node: House) -> None:
    own, everything = {"provincie"}, {"vreemde", "provincie"}
    assert {each["client"] for each in await lines(node, "partner", "refused")} == own
    assert {each["client"] for each in whole(node, "refused")} == everything
    assert {each["client"] for each in await lines(node, "partner", "received")} == own
    assert len(await lines(node, "partner", f"exchange?exchange={EXCHANGE}")) == 2
    for name in ("terms", "processing", "changes"):
        told = json.dumps(await lines(node, "partner", name))
        assert PROTOCOL in told
        assert "open-data" not in told, name
        assert "open-data" in json.dumps(whole(node, name)), name
    assert {each["client"] for each in await lines(node, "partner", "terms")} == own


FORGED: tuple[dict[str, object], ...] = (
    {"client_id": "vreemde"},
    {"client_id": "vreemde", "party": "0207725597"},
    {"client_id": "vreemde", "scope": "dataset:read audit:read", "party": "0207725597"},
    {"client_id": "beheer", "scope": "dataset:read audit:read"},
    {"client_id": "provincie", "scope": "audit:read", "cnf": {"jkt": "A" * 43}},
)


@pytest.mark.parametrize("claims", FORGED, ids=[str(each) for each in FORGED])
async def test_no_token_alone_makes_somebody_a_party(
    node: House, claims: dict[str, object]
) -> None:
    async with node.client() as client:
        headers = credentials("stranger", **claims)
        for name in REPORTS:
            answer = await client.get(f"/v1/reports/{name}", headers=headers)
            assert answer.status_code in {401, 403}, name
        assert answer.json()["code"] != "AUDIT_REPORT"


@pytest.mark.caller("nobody", "stranger", "steward")
async def test_who_is_no_party_reads_nothing(node: House, caller: str) -> None:
    async with node.client(caller) as client:
        for name in REPORTS:
            answer = await client.get(f"/v1/reports/{name}")
            assert answer.status_code == (401 if caller == "nobody" else 403)
    if caller != "nobody":
        assert answer.json()["code"] == "REPORT_PARTY"


async def test_that_somebody_looked_is_an_entry(node: House) -> None:
    def looks() -> list[dict[str, Any]]:
        with reading(node.node.engine) as session:
            asked = "SELECT body FROM audit_pending ORDER BY id"
            rows = session.connection().execute(text(asked)).scalars()
            told = [json.loads(row) for row in rows]
        return [each for each in told if each["kind"] == "audit"]

    before = len(looks())
    await lines(node, "partner", "received")
    async with node.client("partner") as client:
        assert (await client.get("/v1/reports/none")).status_code == 400
        assert (await client.get("/v1/reports/exchange")).status_code == 400
        assert (await client.get("/v1/reports/received?since=gisteren")).status_code == 400
    (entry,) = looks()[before:]
    assert entry["what"] == {"event": "read", "report": "received"}
    assert entry["who"]["client"] == "provincie"


async def test_a_report_is_a_file_in_four_forms(node: House) -> None:
    path = "/v1/reports/refused?format="
    async with node.client("partner") as client:
        files = {
            form: await client.get(path + form, headers={"Accept-Language": "nl"})
            for form in ("csv", "xlsx", "pdf")
        }
    for form, answer in files.items():
        assert answer.headers["content-disposition"].endswith(f'.{form}"')
        assert answer.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(files["csv"].content.decode("utf-8-sig"))))
    assert {row["client"] for row in rows[:-2]} == {"provincie"}
    assert [row["client"] for row in rows[-2:]] == ["register", "checkpoint"]
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"].content))
    assert [sheet.title for sheet in book] == ["Wie werd geweigerd", "Waaruit dit gemaakt is"]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == list(REPORTS["refused"][0])
    assert {cell.value for cell in sheet["A"][1:]} == {"provincie"}
    document = pypdf.PdfReader(io.BytesIO(files["pdf"].content))
    said = "".join(page.extract_text() for page in document.pages)
    assert "programma provincie" in said
    assert "sha-256:" in said
    assert "/StructTreeRoot" in document.root_object


@pytest.mark.parametrize("role", GIVEN)
def test_the_pages_open_to_who_must_account_and_to_nobody_else(node: House, role: Role) -> None:
    browser = visitor(node, role.value)
    may = role in MAY[Duty.READ_LOG]
    assert may == (role in {Role.DPO, Role.SECRETARY})
    for path in ("", "/received", "/received/csv", "/received/pdf"):
        assert browser.get(f"/nl/reports{path}").status == (200 if may else 403), path
    assert ('href="/nl/reports"' in browser.get("/nl/").body.decode()) == may
    assert ('href="/nl/reports"' in browser.get("/nl/me").body.decode()) == may


@pytest.mark.caller
async def test_no_token_opens_the_pages(node: House, caller: str) -> None:
    async with node.client(caller) as client:
        for path in ("", "/received", "/received/pdf"):
            assert (await client.get(f"/nl/reports{path}")).status_code == 403


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
@pytest.mark.parametrize("name", list(REPORTS))
def test_every_report_is_a_page_in_every_language(node: House, name: str, lang: str) -> None:
    browser = visitor(node, "dpo")
    asked = f"?exchange={EXCHANGE}" if name == "exchange" else ""
    reply = browser.get(f"/{lang}/reports/{name}{asked}")
    page = reply.body.decode()
    assert reply.status == 200
    for spoiled in ("ACCOUNTS_", "WORD_", "{", "None"):
        assert spoiled not in page, spoiled
    assert "Els Maes" not in page
    if name not in {"attention", "versions"}:
        assert '<th scope="col">' in page
        assert f"/{lang}/reports/{name}/pdf{asked}" in page


def test_a_page_says_it_in_the_words_of_its_reader(node: House) -> None:
    page = visitor(node, "dpo").get("/nl/reports/received").body.decode()
    for said in (
        "programma provincie",
        f"{PROTOCOL}, versie 1 (wettelijk protocol)",
        "niet toegelaten",
    ):
        assert said in page, said
    refused = visitor(node, "dpo").get("/nl/reports/refused").body.decode()
    assert "<td>gebied, periode</td>" in refused


@pytest.fixture
def amended(tmp_path: Path) -> Iterator[House]:
    """A node whose protocol got a second version, and a third that only the supplier signed."""
    built = house(tmp_path / "aalst")
    first = PARTNER.format(datasets=f"{LISTED}, {UNLISTED}")
    second = first.replace("version: 1", "version: 2").replace("[statsec, ", "[")
    second = second.replace("[statistiek, beleid]", "[beleid]").replace("P5Y", "P6Y")
    third = second.replace("version: 2", "version: 3").replace("[beleid]", "[beleid, onderzoek]")
    with transaction(built.node.engine) as session:
        agreed.in_force(session, built.home, second, built.clock())
        own = office.Office(built.node.settings.kbo, home.signing_key(built.home))
        office.propose(session, own, third, "an", built.clock())
    yield built
    built.node.close()


def test_it_says_what_every_version_gave_and_took(amended: House) -> None:
    told = whole(amended, "versions")
    second = [each for each in told if each["version"] == 2]
    assert {each["before"] for each in second} == {1}
    assert [(each["effect"], each["change"], each["field"], each["becomes"], each["was"])
            for each in second] == [
        ("widens", "becomes", "terms.retention", "P6Y", "P5Y"),
        ("narrows", "loses", "purposes", "statistiek", ""),
    ]  # fmt: skip
    (third,) = [each for each in told if each["version"] == 3]
    assert (third["before"], third["effect"], third["becomes"]) == (2, "widens", "onderzoek")
    other = Wanted(protocol="urn:protocol:aalst:open-data")
    assert whole(amended, "versions", other) == []
    stranger = Wanted(reader=Reader("vreemde", "0299000916"))
    assert whole(amended, "versions", stranger) == []
    assert len(whole(amended, "versions", Wanted(reader=Reader("provincie", "")))) == 3


@pytest.mark.parametrize(
    ("lang", "said"), [("nl", "beperkt"), ("en", "narrows"), ("fr", "restreint")]
)
def test_what_a_version_changed_is_a_sentence(amended: House, lang: str, said: str) -> None:
    page = visitor(amended, "dpo").get(f"/{lang}/reports/versions").body.decode()
    assert f"<td>{said}</td>" in page
    assert "DIFF_" not in page
    assert "P6Y" in page


def test_what_is_asked_narrows_the_page_and_its_files(node: House) -> None:
    browser = visitor(node, "dpo")
    page = browser.get(f"/nl/reports/received?dataset={LISTED}&since=2026-01-01").body.decode()
    assert f"/nl/reports/received/csv?dataset={LISTED}&amp;since=2026-01-01" in page
    nothing = browser.get("/nl/reports/received?dataset=onbestaand").body.decode()
    assert "Het logboek heeft hier geen regels over." in nothing
    hostile = browser.get("/nl/reports/received?dataset=%22%3E%3Cscript%3E").body.decode()
    assert "<script" not in hostile
    pick = browser.get("/nl/reports/exchange").body.decode()
    assert "Vul het nummer van de uitwisseling in." in pick
