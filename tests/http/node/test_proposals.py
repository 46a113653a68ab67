"""The second person at a node's pages: sees what a proposal changes, says yes or no, once."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select
from tests.support.callers import Moment
from tests.support.presses import TOWN, contract, draft, registry
from tests.support.visits import Browser

from hanse.messages import explain
from hanse.node import areas, home, people, publish, sessions
from hanse.node.app import create_app
from hanse.node.intake import draft as drafts
from hanse.node.people import PersonRow
from hanse.node.press import open_press
from hanse.node.proposals import ProposalRow
from hanse.node.publish import Intent
from hanse.node.settings import NodeSettings
from hanse.store.session import reading, transaction

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 200)]
HOST = "127.0.0.1:8101"
SESSION = "__Host-hanse"
PROPOSER = "An Peeters"


@dataclass(slots=True)
class City:
    """A node with a draft, and a way to be somebody there."""

    app: object
    folder: Path
    settings: NodeSettings
    clock: Moment

    def somebody(self, name: str, *roles: str, alias: str = "") -> Browser:
        desk = self.app.state.desk  # type: ignore[attr-defined]
        with transaction(desk.engine) as session:
            row = PersonRow(
                issuer="https://id.example", subject=name, name=name, alias=alias, added_at=""
            )
            person = people.add(session, row, roles, self.clock())
            secret = sessions.open_session(session, person, desk.life, self.clock())
        return Browser(self.app, HOST, {SESSION: secret})

    def propose(self, lines: Sequence[tuple[str, ...]] = LINES, by: str = PROPOSER) -> None:  # type: ignore[assignment]
        drafts.save(self.folder, draft(lines))
        press = open_press(self.settings, self.clock)
        publish.propose(press, drafts.load(self.folder, "bevolking"), Intent(), by)
        press.engine.dispose()

    def proposals(self) -> list[ProposalRow]:
        with reading(self.app.state.desk.engine) as session:  # type: ignore[attr-defined]
            return list(session.exec(select(ProposalRow)))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    folder = tmp_path / "aalst"
    home.init(folder, {"agency": "NIS41002", "name": "Stad Aalst", "base_url": f"http://{HOST}"})
    areas.store(folder, registry())
    settings = NodeSettings(_env_file=folder / "node.env", home=folder)
    clock = Moment()
    app = create_app(settings, clock=clock)
    yield City(app, folder, settings, clock)
    app.state.node.close()


def act(browser: Browser, path: str, **fields: str) -> int:
    token = browser.form_token("/nl/me")
    return browser.post(f"/nl/proposals/{path}", {"form_token": token, **fields}).status


def test_a_second_person_sees_the_difference_and_approves_it(city: City) -> None:
    city.propose()
    bo = city.somebody("Bo Claes", "checker")
    listed = bo.get("/nl/proposals").body.decode()
    assert PROPOSER in listed
    page = bo.get("/nl/proposals/1").body.decode()
    assert "Goedkeuren en publiceren" in page
    assert "naam zoals opgegeven, niet aangemeld" in page
    reply = bo.post("/nl/proposals/1/approve", {"form_token": bo.form_token("/nl/proposals/1")})
    assert reply.status == 303
    release = bo.get(reply.header("location") or "")
    assert release.status == 200
    assert act(bo, "1/approve") == 404, "it waits no more"
    assert [row.approved_by for row in city.proposals()] == ["Bo Claes"]


@pytest.mark.parametrize(
    ("name", "alias"),
    [("An Peeters", ""), ("AN  PÉETERS", ""), ("An P. (databeheer)", "An Peeters")],
)
def test_whoever_proposed_it_approves_it_under_no_name(city: City, name: str, alias: str) -> None:
    city.propose()
    an = city.somebody(name, "data-manager", "checker", alias=alias)
    page = an.get("/nl/proposals/1").body.decode()
    assert "Je stelde dit zelf voor" in page
    assert "Goedkeuren en publiceren" not in page
    assert act(an, "1/approve") == 403
    assert [row.state for row in city.proposals()] == ["open"]


def test_a_draft_that_changed_is_shown_as_such_and_approved_by_nobody(city: City) -> None:
    city.propose()
    drafts.save(city.folder, draft([*LINES[:1], ("inw", TOWN, "41002", "2024", 201)]))
    bo = city.somebody("Bo Claes", "checker")
    page = bo.get("/nl/proposals/1").body.decode()
    assert "Het ontwerp is veranderd" in page
    assert "Goedkeuren en publiceren" not in page
    assert act(bo, "1/approve") == 409
    assert [row.state for row in city.proposals()] == ["open"]


def test_a_proposal_is_turned_down_with_a_reason_and_can_be_made_again(city: City) -> None:
    city.propose()
    bo = city.somebody("Bo Claes", "checker")
    assert act(bo, "1/turn-down", reason="  ") == 400
    assert act(bo, "1/turn-down", reason="De sector 41002B klopt niet.") == 303
    (row,) = city.proposals()
    assert (row.state, row.turned_down_reason) == ("turned-down", "De sector 41002B klopt niet.")
    assert "Er wacht geen enkel voorstel" in bo.get("/nl/proposals").body.decode()
    assert bo.get("/nl/proposals/1").status == 404
    city.propose()
    assert act(bo, "2/approve") == 303


def test_a_proposal_that_was_overtaken_is_not_the_one_that_is_approved(city: City) -> None:
    city.propose()
    city.propose([*LINES[:1], ("inw", TOWN, "41002", "2024", 500)])  # type: ignore[list-item]
    bo = city.somebody("Bo Claes", "checker")
    assert act(bo, "1/approve") == 404
    assert act(bo, "2/approve") == 303


def test_a_draft_that_is_gone_is_told_and_nothing_can_be_approved(city: City) -> None:
    city.propose()
    for path in sorted((city.folder / "drafts").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    bo = city.somebody("Bo Claes", "checker")
    reply = bo.get("/nl/proposals/1")
    assert reply.status == 200
    assert "Goedkeuren en publiceren" not in reply.body.decode()
    assert act(bo, "1/turn-down", reason="Ontwerp is weg") == 303


def test_a_refusal_says_its_code_what_now_and_that_nothing_was_published(city: City) -> None:
    city.propose()
    of = contract(profile="geen-zulk-profiel")
    drafts.save(city.folder, draft(LINES, of))
    bo = city.somebody("Bo Claes", "checker")
    page = bo.get("/nl/proposals/1").body.decode()
    assert "PROFILE_UNKNOWN" in page
    assert html.escape(explain("PROFILE_UNKNOWN", "nl")["now"].partition("{")[0]) in page
    assert "Er is niets gepubliceerd." in page
    assert "Goedkeuren en publiceren" not in page


def test_a_finding_that_stops_publication_is_told_in_full(city: City) -> None:
    city.propose()
    drafts.save(city.folder, draft([*LINES[:1], ("inw", TOWN, "41002", "2024", -4)]))
    bo = city.somebody("Bo Claes", "checker")
    page = bo.get("/nl/proposals/1").body.decode()
    parts = explain("R012", "nl")
    assert "Dit houdt de publicatie tegen" in page
    assert "<code>R012</code>" in page
    assert parts["what"] in page
    assert html.escape(parts["now"].partition("{")[0]) in page
    assert "41002" in page
    assert "Er is niets gepubliceerd." in page
    assert act(bo, "1/approve") in {404, 409}


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_the_pages_say_everything_in_each_language(city: City, lang: str) -> None:
    city.propose()
    bo = city.somebody("Bo Claes", "checker", "dpo", "analyst")
    for path in ("", "me", "proposals", "proposals/1", "sign-in"):
        reply = bo.get(f"/{lang}/{path}")
        assert reply.status == 200
        assert b"PEOPLE_" not in reply.body
        assert b"EDITION_" not in reply.body


def test_what_a_proposal_says_is_shown_as_text(city: City) -> None:
    city.propose(by="An <script>alert(1)</script>")
    bo = city.somebody("Bo <b>Claes", "checker")
    for path in ("me", "proposals", "proposals/1"):
        page = bo.get(f"/nl/{path}").body.decode()
        assert "<script" not in page
        assert "<b>" not in page
