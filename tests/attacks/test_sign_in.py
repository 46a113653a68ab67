"""Signing people in, and everything that must not sign anybody in."""

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlmodel import select
from tests.support.asgi import Reply
from tests.support.callers import NOW, Moment
from tests.support.identity import CLIENT, GONE, SECRET, Identity, identity, make_key
from tests.support.visits import Browser, at_provider

from hanse.errors import HanseError
from hanse.node import home, people, providers, sessions
from hanse.node.app import create_app
from hanse.node.log import PendingRow
from hanse.node.people import GIVEN, MAY, Duty, PersonRow, Role
from hanse.node.sessions import GlassRow, SessionRow, SignInRow
from hanse.node.settings import NodeSettings
from hanse.store.session import reading, transaction

BASE = "http://127.0.0.1:8101"
HOST = "127.0.0.1:8101"
BACK = f"{BASE}/nl/sign-in/stad/return"
SESSION, SIGN_IN = "__Host-hanse", "__Host-hanse-sign-in"


@dataclass(slots=True)
class City:
    """A node where people sign in, the provider they sign in at, and the time there."""

    app: Any
    provider: Identity
    clock: Moment
    settings: NodeSettings

    @property
    def engine(self) -> Any:
        return self.app.state.node.engine

    def browser(self) -> Browser:
        return Browser(self.app, HOST)

    def person(self, subject: str, *roles: str, name: str = "An Peeters") -> int:
        with transaction(self.engine) as session:
            row = PersonRow(issuer=self.provider.issuer, subject=subject, name=name, added_at="")
            return people.add(session, row, roles, self.clock()).number

    def signed_in(self, *roles: str, subject: str = "u-1") -> Browser:
        with suppress(HanseError):  # known already
            self.person(subject, *roles)
        browser = self.browser()
        self.provider.subject = subject
        assert self.returned(browser).status == 303
        return browser

    def returned(self, browser: Browser, **bent: str) -> Reply:
        """Walk to the provider and back."""
        return browser.get(at_provider(self.begun(browser)))

    def begun(self, browser: Browser) -> str:
        reply = browser.get("/nl/sign-in/stad")
        assert reply.status == 303
        return reply.header("location") or ""

    def count(self, table: Any) -> int:
        with reading(self.engine) as session:
            return len(session.exec(select(table)).all())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("node") / "aalst"
    home.init(folder, {"agency": "NIS41002", "name": "Stad Aalst", "base_url": BASE})
    clock = Moment()
    with identity(lambda: clock().timestamp(), redirect_uri=BACK) as provider:
        told = {"title": "Stad", "issuer": provider.issuer, "client_id": CLIENT, "secret": SECRET}
        providers.add(folder, "stad", providers.ProviderFile.model_validate(told))
        settings = NodeSettings(_env_file=folder / "node.env", home=folder, break_glass=True)
        app = create_app(settings, clock=clock)
        yield City(app, provider, clock, settings)
        app.state.desk.close()
        app.state.node.close()


@pytest.fixture
def city(made: City) -> City:
    made.clock.at = max(made.clock.at, NOW) + timedelta(hours=13)
    provider = made.provider
    provider.claims, provider.metadata, provider.answer = {}, {}, {}
    provider.signs_with, provider.down, provider.subject = provider.key, False, "u-1"
    provider.algorithm = "RS256"
    made.app.state.desk.providers._parties.clear()
    with transaction(made.engine) as session:
        for table in (SessionRow, SignInRow, GlassRow, people.RoleRow, PersonRow):
            for row in session.exec(select(table)):
                session.delete(row)
            session.flush()
    return made


def test_a_person_the_city_knows_signs_in_and_sees_their_role(city: City) -> None:
    browser = city.signed_in("checker")
    page = browser.get("/nl/me").body.decode()
    assert "Je bent aangemeld als An Peeters." in page
    assert "Nakijker" in page
    assert "Noodbeheerder" not in page, "what the provider says of roles is not read"
    assert city.provider.refused == []
    assert browser.cookies.keys() == {SESSION}


def test_whoever_the_city_does_not_know_is_told_what_to_pass_on_and_gets_no_session(
    city: City,
) -> None:
    browser = city.browser()
    reply = city.returned(browser)
    assert reply.status == 403
    assert city.provider.issuer in reply.body.decode()
    assert "u-1" in reply.body.decode()
    assert browser.cookies == {}
    assert city.count(SessionRow) == 0


def test_the_callback_in_another_browser_signs_nobody_in(city: City) -> None:
    city.person("u-1", "checker")
    attacker, victim = city.browser(), city.browser()
    address = at_provider(city.begun(attacker))
    for browser in (victim, city.browser()):
        reply = browser.get(address)
        assert reply.status == 400
        assert SESSION not in browser.cookies
    city.begun(victim)
    assert victim.get(address).status == 400, "a sign-in of its own does not help"


def test_a_callback_is_good_for_one_use(city: City) -> None:
    city.person("u-1", "checker")
    browser = city.browser()
    address = at_provider(city.begun(browser))
    kept = dict(browser.cookies)
    assert browser.get(address).status == 303
    browser.cookies = kept
    assert browser.get(address).status == 400
    assert city.count(SessionRow) == 1


def test_twenty_callbacks_at_once_open_one_session(city: City) -> None:
    city.person("u-1", "checker")
    browser = city.browser()
    address = at_provider(city.begun(browser))
    copies = [Browser(city.app, HOST, dict(browser.cookies)) for _ in range(20)]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda each=each: found.append(each.get(address).status))
        for each in copies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(303) == 1
    assert city.count(SessionRow) == 1


def test_a_code_of_somebody_else_brings_nothing_without_its_proof_key(city: City) -> None:
    city.person("u-1", "checker")
    victim, attacker = city.browser(), city.browser()
    stolen = re.search(r"code=([^&]+)", at_provider(city.begun(victim)))
    own = at_provider(city.begun(attacker))
    assert stolen
    reply = attacker.get(re.sub(r"code=[^&]+", f"code={stolen[1]}", own))
    assert reply.status == 400
    assert city.provider.refused[-1] == "verifier"


BENT_ANSWERS = [
    ("forged issuer", {"iss": "https://evil.example"}),
    ("no issuer though the provider names itself", {"iss": GONE}),
    ("issuer with a slash too many", {"iss": "{issuer}/"}),
    ("another state", {"state": "x" * 43}),
    ("no state", {"state": GONE}),
    ("no code", {"code": GONE}),
    ("an error instead", {"code": GONE, "error": "access_denied"}),
    ("a code that is none", {"code": "made-up"}),
    ("a huge state", {"state": "s" * 3_000}),
]


@pytest.mark.parametrize(("why", "bent"), BENT_ANSWERS, ids=[row[0] for row in BENT_ANSWERS])
def test_an_answer_that_is_not_exactly_right_is_refused(
    city: City, why: str, bent: dict[str, Any]
) -> None:
    city.person("u-1", "checker")
    city.provider.answer = {
        name: value.format(issuer=city.provider.issuer) if isinstance(value, str) else value
        for name, value in bent.items()
    }
    browser = city.browser()
    reply = city.returned(browser)
    assert reply.status == 400
    assert SESSION not in browser.cookies
    assert city.count(SessionRow) == 0


def test_a_provider_that_never_names_itself_may_leave_its_name_out(city: City) -> None:
    city.person("u-1", "checker")
    city.provider.metadata = {"authorization_response_iss_parameter_supported": GONE}
    city.provider.answer = {"iss": GONE}
    assert city.returned(city.browser()).status == 303


BENT_TOKENS = [
    ("another nonce", {"nonce": "n" * 43}),
    ("no nonce", {"nonce": GONE}),
    ("a nonce that is a list", {"nonce": ["x"]}),
    ("of another issuer", {"iss": "https://evil.example"}),
    ("for another client", {"aud": "somebody-else"}),
    ("for another client too", {"aud": [CLIENT, "somebody-else"]}),
    ("azp of another client", {"azp": "somebody-else"}),
    ("expired", {"exp": 1}),
    ("no end", {"exp": GONE}),
    ("an end that is a text", {"exp": "2999"}),
    ("made long ago", {"iat": 1}),
    ("made tomorrow", {"iat": 4_000_000_000, "exp": 4_000_000_300}),
    ("nobody", {"sub": GONE}),
    ("an empty subject", {"sub": ""}),
    ("a subject that is a list", {"sub": ["u-1"]}),
    ("a subject of 256 signs", {"sub": "u" * 256}),
]


@pytest.mark.parametrize(("why", "bent"), BENT_TOKENS, ids=[row[0] for row in BENT_TOKENS])
def test_an_id_token_that_is_not_exactly_right_is_refused(
    city: City, why: str, bent: dict[str, Any]
) -> None:
    city.person("u-1", "checker")
    city.provider.claims = bent
    browser = city.browser()
    assert city.returned(browser).status == 400
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_token_of_a_key_that_the_provider_does_not_publish_is_refused(
    city: City, algorithm: str
) -> None:
    city.person("u-1", "checker")
    city.provider.algorithm = algorithm
    assert city.returned(city.browser()).status == 303
    city.provider.signs_with = make_key("RS256")
    assert city.returned(city.browser()).status == 400


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the short one is ours
def test_a_short_key_and_another_algorithm_are_refused(city: City) -> None:
    city.person("u-1", "checker")
    good = city.provider.key
    try:
        city.provider.key = city.provider.signs_with = RSAKey.generate_key(1024)
        assert city.returned(city.browser()).status == 400
    finally:
        city.provider.key = city.provider.signs_with = good
    city.provider.algorithm, city.provider.signs_with = "ES256", make_key("ES256")
    assert city.returned(city.browser()).status == 400


BENT_METADATA = [
    ("another issuer", {"issuer": "https://evil.example"}),
    ("a token endpoint elsewhere", {"token_endpoint": "https://evil.example/token"}),
    ("keys elsewhere", {"jwks_uri": "http://127.0.0.1:1/keys"}),
    ("an address that is a script", {"authorization_endpoint": "javascript:alert(1)"}),
    ("no address", {"authorization_endpoint": GONE}),
    ("keys that are none", {"jwks_uri": "{issuer}/.well-known/openid-configuration"}),
]


@pytest.mark.parametrize(("why", "bent"), BENT_METADATA, ids=[row[0] for row in BENT_METADATA])
def test_a_provider_that_describes_itself_otherwise_signs_nobody_in(
    city: City, why: str, bent: dict[str, Any]
) -> None:
    city.person("u-1", "checker")
    city.provider.metadata = {
        name: value.format(issuer=city.provider.issuer) if isinstance(value, str) else value
        for name, value in bent.items()
    }
    browser = city.browser()
    reply = browser.get("/nl/sign-in/stad")
    if reply.status == 303 and (reply.header("location") or "").startswith(city.provider.issuer):
        reply = browser.get(at_provider(reply.header("location") or ""))
    assert reply.status in {400, 503}
    assert SESSION not in browser.cookies
    assert b"evil.example" not in reply.body


def test_a_provider_that_is_away_is_told_and_breaks_nothing(city: City) -> None:
    city.provider.down = True
    assert city.browser().get("/nl/sign-in/stad").status == 503
    assert city.browser().get("/nl/").status == 200
    assert city.browser().get("/nl/sign-in/geen").status == 404


def test_a_session_somebody_brought_along_is_not_the_one_they_get(city: City) -> None:
    city.person("u-1", "checker")
    browser = city.browser()
    browser.cookies[SESSION] = "planted-by-somebody-else"
    assert city.returned(browser).status == 303
    first = browser.cookies[SESSION]
    assert first != "planted-by-somebody-else"
    thief = Browser(city.app, HOST, {SESSION: first})
    assert thief.get("/nl/me").status == 200
    assert city.returned(browser).status == 303
    assert browser.cookies[SESSION] != first
    assert thief.get("/nl/me").status == 303, "the old session ended with the new sign-in"


def test_a_session_ends_unused_and_at_the_latest_at_its_day(city: City) -> None:
    browser = city.signed_in("checker")
    city.clock.at += timedelta(minutes=29)
    assert browser.get("/nl/me").status == 200
    city.clock.at += timedelta(minutes=29)
    assert browser.get("/nl/me").status == 200, "used, so not idle"
    city.clock.at += timedelta(minutes=31)
    assert browser.get("/nl/me").status == 303
    browser = city.signed_in()
    for _ in range(12 * 3 + 1):
        city.clock.at += timedelta(minutes=20)
        last = browser.get("/nl/me").status
    assert last == 303


def test_what_the_table_of_sessions_holds_opens_none(city: City) -> None:
    browser = city.signed_in("checker")
    with reading(city.engine) as session:
        row = session.exec(select(SessionRow)).one()
    assert browser.cookies[SESSION] not in row.model_dump_json()
    assert Browser(city.app, HOST, {SESSION: row.digest}).get("/nl/me").status == 303


def test_two_cookies_of_one_name_are_no_session(city: City) -> None:
    browser = city.signed_in("checker")
    doubled = f"{browser.cookies[SESSION]}; {SESSION}=other"
    assert Browser(city.app, HOST, {SESSION: doubled}).get("/nl/me").status == 303


def test_signing_out_ends_the_session_and_needs_its_own_form(city: City) -> None:
    browser = city.signed_in("checker")
    token = browser.form_token("/nl/me")
    kept = dict(browser.cookies)
    for fields, headers in (
        ({}, {}),
        ({"form_token": "x" * 43}, {}),
        ({"form_token": token}, {"origin": "https://evil.example"}),
        ({"form_token": token}, {"sec_fetch_site": "cross-site"}),
        ({"form_token": token}, {"sec_fetch_site": "same-site"}),
    ):
        assert browser.post("/nl/sign-out", fields, **headers).status == 403
    assert browser.get("/nl/sign-out").status == 405
    assert browser.get("/nl/me").status == 200
    own = {"origin": BASE, "sec_fetch_site": "same-origin"}
    assert browser.post("/nl/sign-out", {"form_token": token}, **own).status == 303
    assert Browser(city.app, HOST, kept).get("/nl/me").status == 303


def test_a_form_of_one_session_is_refused_in_another(city: City) -> None:
    one, other = city.signed_in("checker"), city.signed_in("checker", subject="u-2")
    token = one.form_token("/nl/me")
    assert other.post("/nl/sign-out", {"form_token": token}).status == 403


FORMS = [
    ("a field twice", b"form_token=a&form_token=b", 400),
    ("not UTF-8", b"form_token=%ff", 400),
    ("NUL", b"form_token=a%00", 400),
    ("raw bytes", b"form_token=\xff", 400),
    ("too many fields", b"&".join(b"a%d=1" % n for n in range(30)), 400),
]


@pytest.mark.parametrize(("why", "body", "status"), FORMS, ids=[row[0] for row in FORMS])
def test_a_form_that_is_none_is_refused(city: City, why: str, body: bytes, status: int) -> None:
    browser = city.signed_in("checker")
    assert browser._send("POST", "/nl/sign-out", body, {}).status == status
    assert browser.get("/nl/me").status == 200


def test_a_person_who_is_removed_or_loses_a_role_does_so_at_the_next_click(city: City) -> None:
    browser = city.signed_in("checker")
    assert browser.get("/nl/proposals").status == 200
    with transaction(city.engine) as session:
        number = people.everybody(session)[0].number
        people.take(session, number, "checker")
    assert browser.get("/nl/proposals").status == 403
    with transaction(city.engine) as session:
        sessions.end_all(session, number)
        people.remove(session, number)
    assert browser.get("/nl/me").status == 303


@pytest.mark.parametrize("role", GIVEN)
def test_every_role_does_its_duties_and_no_other(city: City, role: Role) -> None:
    browser = city.signed_in(role.value)
    assert (browser.get("/nl/proposals").status == 200) == (role in MAY[Duty.SEE_PROPOSALS])
    token = browser.form_token("/nl/me")
    for path, duty in (("approve", Duty.APPROVE), ("turn-down", Duty.TURN_DOWN)):
        fields = {"form_token": token, "reason": "niet goed"}
        status = browser.post(f"/nl/proposals/999/{path}", fields).status
        assert status == (404 if role in MAY[duty] else 403), path


def test_a_cookie_opens_no_figures(city: City) -> None:
    browser = city.signed_in("data-manager")
    assert browser.get("/v1/decisions/none").status == 401


@pytest.mark.parametrize(
    "path",
    ["/nl/proposals", "/nl/proposals/1"],
)
def test_nobody_sees_a_page_of_the_house(city: City, path: str) -> None:
    reply = city.browser().get(path)
    assert reply.status == 403
    assert reply.header("cache-control") == "no-store"


def test_break_glass_is_off_and_opens_once_with_alarm_when_it_is_on(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction(city.engine) as session:
        secret = sessions.make_glass(session, city.clock())
    browser = city.browser()
    with caplog.at_level(logging.CRITICAL):
        assert browser.post("/nl/break-glass", {"secret": "guess"}).status == 400
        assert "people.break_glass" not in caplog.messages
        assert browser.post("/nl/break-glass", {"secret": secret}).status == 303
        assert "people.break_glass" in caplog.messages
    assert secret not in caplog.text
    assert "noodtoegang" in browser.get("/nl/me").body.decode()
    assert city.browser().post("/nl/break-glass", {"secret": secret}).status == 400
    token = browser.form_token("/nl/me")
    assert browser.post("/nl/proposals/1/approve", {"form_token": token}).status == 403
    city.clock.at += timedelta(minutes=61)
    assert browser.get("/nl/me").status == 303


def test_a_break_glass_secret_is_good_for_an_hour_and_a_new_one_ends_it(city: City) -> None:
    with transaction(city.engine) as session:
        old = sessions.make_glass(session, city.clock())
        new = sessions.make_glass(session, city.clock())
    assert city.browser().post("/nl/break-glass", {"secret": old}).status == 400
    city.clock.at += timedelta(minutes=61)
    assert city.browser().post("/nl/break-glass", {"secret": new}).status == 400


def test_sign_ins_that_never_come_back_do_not_pile_up(city: City) -> None:
    browser = city.browser()
    for _ in range(3):
        city.begun(browser)
    city.clock.at += timedelta(seconds=sessions.SIGN_IN_SECONDS + 1)
    city.begun(browser)
    assert city.count(SignInRow) == 1


def test_who_came_in_and_who_did_not_is_in_the_log_of_the_node(city: City) -> None:
    with transaction(city.engine) as session:
        before = {row.ref for row in session.exec(select(PendingRow))}
        secret = sessions.make_glass(session, city.clock())
    city.returned(city.browser())
    city.signed_in("checker")
    city.browser().post("/nl/break-glass", {"secret": secret})
    with reading(city.engine) as session:
        rows = sorted(session.exec(select(PendingRow)), key=lambda row: row.id or 0)
    bodies = [row.body for row in rows if row.ref not in before]
    told = [(each["kind"], each["what"]["event"]) for each in map(json.loads, bodies)]
    assert told == [("login", "refused"), ("login", "opened"), ("break-glass", "used")]
    assert not any("u-1" in body or "An Peeters" in body for body in bodies)


def test_no_secret_is_in_the_log(city: City, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="hanse"):
        browser = city.signed_in("checker")
        city.provider.claims = {"nonce": "another"}
        city.returned(city.browser())
    told = caplog.text
    assert "oidc.refused" in told
    for secret in (SECRET, browser.cookies[SESSION], "An Peeters", "u-1"):
        assert secret not in told
