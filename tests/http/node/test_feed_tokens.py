"""Feed tokens: for tools that cannot prove a key, read-only, narrow, and over at a word."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select
from tests.support import agreed, proofs
from tests.support.callers import CLOSED, LISTED, NOW, OPEN, House
from tests.support.holders import CLIENT, DATA, PROTOCOL, Holder, bound_house

from hanse.auth import feedtokens
from hanse.auth.feedtokens import FeedGrant, is_feed_token
from hanse.auth.gate import Asked, Gate
from hanse.auth.tokens import NOTHING_REVOKED, Revocations
from hanse.errors import Conflict, Invalid, NotFound, Refused, Unauthenticated
from hanse.node import credentials, record
from hanse.node.credentials import Feeds, NewFeedToken
from hanse.node.log import PendingRow
from hanse.node.tables import moment
from hanse.store.session import reading, transaction

pytestmark = pytest.mark.anyio

KEY = proofs.key()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node whose protocol lets one client in without proof; it has a key as well."""
    built = bound_house(tmp_path_factory.mktemp("feeds") / "aalst", KEY, bearer=True)
    yield built
    built.node.close()


def made(house: House, **changes: object) -> tuple[str, str]:
    """Return a new token and its id."""
    base: dict[str, object] = {"client": CLIENT, "label": secrets.token_hex(8), "made_by": "an"}
    asked = NewFeedToken(**{**base, **changes})  # type: ignore[arg-type]
    with transaction(house.node.engine) as session:
        text, row = credentials.make(
            session, asked, house.node.door.register(), credentials.secret(house.home), NOW
        )
    return text, row.id


def basic(user: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def ways(token: str) -> list[dict[str, str]]:
    return [
        {"Authorization": f"Bearer {token}"},
        {"apikey": token},
        {"ApiKey": token},
        basic("rcp_7f3", token),
        basic("", token),
        basic("é", token),
    ]


async def get(house: House, path: str, headers: Mapping[str, str]) -> httpx.Response:
    async with house.client() as client:
        return await client.get(path, headers=dict(headers))


async def test_every_presentation_opens_the_same(house: House) -> None:
    token, _ = made(house)
    answers = [await get(house, DATA, way) for way in ways(token)]
    assert [each.status_code for each in answers] == [200] * 6
    assert len({each.content for each in answers}) == 1
    assert answers[0].headers["cache-control"] == "private, no-store"


async def test_its_id_stands_in_the_record_of_every_answer_and_refusal(house: House) -> None:
    token, credential = made(house)
    opened = await get(house, DATA, basic("rcp_7f3", token))
    refused = await get(house, DATA.replace("statistiek", "beleid"), {"apikey": token})
    for ref in (opened.headers["decision"], refused.json()["decision"]):
        written = record.as_document(record.find(house.node.engine, ref))
        assert (written["client"], written["credential"]) == (CLIENT, credential)
        assert token not in json.dumps(written)


async def test_a_revoked_token_ends_with_the_next_request(house: House) -> None:
    token, credential = made(house)
    assert (await get(house, DATA, {"apikey": token})).status_code == 200
    with transaction(house.node.engine) as session:
        credentials.revoke(session, credential, NOW)
    answer = await get(house, DATA, {"apikey": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "FEED_TOKEN_REVOKED")
    assert token not in answer.text
    public = await get(house, f"/v1/datasets/{OPEN}", {"apikey": token})
    assert public.status_code == 401, "never answered as nobody in silence"
    with transaction(house.node.engine) as session:
        first = credentials.revoke(session, credential, NOW + timedelta(days=1)).revoked_at
    assert first == moment(NOW)


async def test_when_its_protocol_is_revoked_the_refusal_says_so(tmp_path: Path) -> None:
    house = bound_house(tmp_path / "aalst", KEY, bearer=True)
    token, credential = made(house)
    assert (await get(house, DATA, {"apikey": token})).status_code == 200
    me = Holder(house, KEY)
    bound = me.token()
    with transaction(house.node.engine) as session:
        agreed.step(session, house.home, PROTOCOL, "revoke", NOW)
    answer = await get(house, DATA, {"apikey": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "FEED_TOKEN_CLOSED")
    keyed = await get(house, DATA, me.headers(bound, DATA))
    assert (keyed.status_code, keyed.json()["code"]) == (403, "DECISION_REVOKED")
    with reading(house.node.engine) as session:
        (row,) = credentials.of(session)
    state = credentials.state_of(row, house.node.door.register(), NOTHING_REVOKED, NOW)
    assert (row.id, state) == (credential, "no-protocol")
    house.node.close()


def test_the_list_says_what_opens_nothing(house: House) -> None:
    _, credential = made(house)
    register, later = house.node.door.register(), NOW + timedelta(days=91)
    with reading(house.node.engine) as session:
        (row,) = (each for each in credentials.of(session) if each.id == credential)
    gone = Revocations(clients=frozenset({CLIENT}))
    ended = Revocations(protocols=frozenset({PROTOCOL}))
    told = [
        credentials.state_of(row, register, revoked, at)
        for revoked, at in ((NOTHING_REVOKED, NOW), (gone, NOW), (ended, NOW), (gone, later))
    ]
    assert told == ["live", "client-revoked", "no-protocol", "ended"]


async def test_a_token_opens_only_what_it_was_narrowed_to(house: House) -> None:
    here, _ = made(house, datasets=(CLOSED,), dialects=("api",))
    elsewhere, _ = made(house, datasets=(LISTED,))
    other_way, _ = made(house, dialects=("odata",))
    assert (await get(house, DATA, {"apikey": here})).status_code == 200
    for token, code in ((elsewhere, "FEED_TOKEN_DATASET"), (other_way, "FEED_TOKEN_DIALECT")):
        answer = await get(house, DATA, {"apikey": token})
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_it_opens_no_more_than_the_protocol(house: House) -> None:
    token, _ = made(house)
    wrong = DATA.replace("statistiek", "beleid")
    answer = await get(house, wrong, {"apikey": token})
    assert (answer.status_code, answer.json()["code"]) == (403, "DECISION_PURPOSE")
    unknown = await get(house, f"/v1/datasets/{LISTED}/data?purpose=statistiek", {"apikey": token})
    assert unknown.status_code == 403
    assert (await get(house, "/v1/decisions/x", {"apikey": token})).status_code == 403


async def test_it_expires_and_it_is_forgotten_when_nobody_uses_it(tmp_path: Path) -> None:
    house = bound_house(tmp_path / "aalst", KEY, bearer=True)
    short, _ = made(house, days=10)
    long, _ = made(house, days=396)
    house.clock.at = NOW + timedelta(days=9)
    assert (await get(house, DATA, {"apikey": short})).status_code == 200
    house.clock.at = NOW + timedelta(days=10)
    over = await get(house, DATA, {"apikey": short})
    assert (over.status_code, over.json()["code"]) == (401, "FEED_TOKEN_ENDED")
    house.clock.at = NOW + timedelta(days=80)
    assert (await get(house, DATA, {"apikey": long})).status_code == 200
    house.clock.at = NOW + timedelta(days=170)
    assert (await get(house, DATA, {"apikey": long})).status_code == 200
    house.clock.at = NOW + timedelta(days=261)
    assert (await get(house, DATA, {"apikey": long})).status_code == 401
    house.node.close()


async def test_only_a_client_without_proof_may_own_one(house: House, tmp_path: Path) -> None:
    strict = bound_house(tmp_path / "aalst", KEY)
    with pytest.raises(Invalid, match="FEED_TOKEN_CLIENT"):
        made(strict)
    with pytest.raises(Invalid, match="FEED_TOKEN_CLIENT"):
        made(house, client="vreemde")
    strict.node.close()
    token, _ = made(house)
    pepper = credentials.secret(house.home)
    asked = Feeds(house.node.engine, pepper, lambda: NOW, strict.node.door.register)
    with pytest.raises(Unauthenticated, match="FEED_TOKEN_CLOSED"):  # its protocol wants proof now
        asked.find(token)
    assert asked.find(feedtokens.make()) is None, "who guesses learns nothing"
    revoked = Revocations(clients=frozenset({CLIENT}))
    args = (house.node.engine, pepper, lambda: NOW, house.node.door.register)
    with pytest.raises(Unauthenticated, match="FEED_TOKEN_REVOKED"):
        Feeds(*args, lambda: revoked).find(token)
    assert Feeds(*args).find(token) is not None


def test_making_and_ending_one_stands_in_the_log(house: House) -> None:
    token, credential = made(house)
    with transaction(house.node.engine) as session:
        credentials.revoke(session, credential, NOW)
        credentials.revoke(session, credential, NOW)
    with reading(house.node.engine) as session:
        bodies = [row.body for row in session.exec(select(PendingRow))]
    ours = [json.loads(body)["what"] for body in bodies if credential in body]
    assert [what["event"] for what in ours if "event" in what] == ["made", "revoked"]
    assert not any(token in body or '"an"' in body for body in bodies)


def test_two_live_tokens_under_a_label_are_enough(house: House) -> None:
    made(house, label="twee")
    _, second = made(house, label="twee")
    with pytest.raises(Conflict, match="FEED_TOKEN_LIVE"):
        made(house, label="twee")
    with transaction(house.node.engine) as session:
        credentials.revoke(session, second, NOW)
    assert made(house, label="twee")


@pytest.mark.parametrize(
    "changes", [{"days": 0}, {"days": 397}, {"label": ""}, {"label": "x" * 61}, {"label": "a\nb"}]
)
def test_a_token_has_a_name_and_an_end(house: House, changes: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="FEED_TOKEN_FORM"):
        made(house, **changes)


def test_no_token_stands_in_the_database(house: House) -> None:
    token, credential = made(house)
    with reading(house.node.engine) as session:
        rows = [row.model_dump_json() for row in credentials.of(session)]
        assert credential in {row.id for row in credentials.of(session, CLIENT)}
        assert not credentials.of(session, "vreemde")
    assert token not in "".join(rows)
    assert token[4:40] not in (house.home / "node.db").read_bytes().decode("latin-1")
    assert (house.home / "keys" / "pepper").stat().st_mode & 0o077 == 0
    with pytest.raises(NotFound), transaction(house.node.engine) as session:
        credentials.revoke(session, "ft-none", NOW)


def test_a_token_is_recognised_by_its_form() -> None:
    token = feedtokens.make()
    assert is_feed_token(token)
    assert len(token) == 53
    last = "0" if token[-1] != "0" else "1"
    bits = "_" if token[46] != "_" else "-"
    for bad in (token[:-1] + last, token[:46] + bits + token[47:], token[1:], token + "=", ""):
        assert not is_feed_token(bad)
    assert feedtokens.digest(token, b"a") != feedtokens.digest(token, b"b")


FORMS = [
    ("Basic without colon", {"Authorization": "Basic aGZ0X3g="}, 401, "TOKEN_INVALID"),
    ("Basic not base64", {"Authorization": "Basic a===="}, 401, "TOKEN_INVALID"),
    ("Basic not UTF-8", {"Authorization": "Basic /zr/"}, 401, "TOKEN_INVALID"),
    ("Basic with a password", basic("an", "geheim"), 401, "TOKEN_INVALID"),
    ("apikey that is none", {"apikey": "hft_x"}, 401, "TOKEN_INVALID"),
    ("unknown token", {"apikey": feedtokens.make()}, 401, "TOKEN_INVALID"),
    ("two", {"apikey": feedtokens.make(), **basic("a", feedtokens.make())}, 400, "TWICE"),
    ("CKAN's header", {"X-CKAN-API-Key": feedtokens.make()}, 401, "TOKEN_INVALID"),
]


@pytest.mark.parametrize(
    ("headers", "status", "code"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
async def test_what_is_no_feed_token_is_nobodys(
    house: House, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await get(house, DATA, headers)
    assert answer.status_code == status
    assert code in answer.json()["code"]


@pytest.mark.parametrize("name", ["apikey", "token", "access_token", "key", "api_key"])
async def test_a_key_in_an_address_is_explained_and_not_repeated(house: House, name: str) -> None:
    token, _ = made(house)
    answer = await get(house, f"{DATA}&{name}={token}", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "CREDENTIALS_IN_QUERY")
    assert token not in answer.text


async def test_nobody_is_offered_both_ways_and_a_browser_no_window(house: House) -> None:
    closed = await get(house, DATA, {})
    unknown = await get(house, DATA.replace(CLOSED, "bestaat-niet"), {})
    assert closed.status_code == unknown.status_code == 401
    assert closed.content == unknown.content
    offered = closed.headers.get_list("www-authenticate")
    assert [line.partition(" ")[0] for line in offered] == ["Bearer", "Basic"]
    assert "resource_metadata=" in offered[0]
    assert {"Authorization", "apikey"} <= set(closed.headers["vary"].split(", "))
    own = await get(house, DATA, {"Sec-Fetch-Mode": "cors"})
    assert [line.partition(" ")[0] for line in own.headers.get_list("www-authenticate")] == [
        "Bearer"
    ]


async def test_below_auth_nobody_is_answered(house: House) -> None:
    token, _ = made(house)
    lists = (
        "/v1/datasets",
        "/v1/feed",
        f"/v1/datasets/{OPEN}",
        "/health/live",
        "/x",
        "/v1/nothing",
    )
    for path in lists:
        answer = await get(house, f"/auth{path}", {})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_NEEDED")
        bad = await get(house, f"/auth{path}", {"apikey": feedtokens.make()})
        assert (bad.status_code, bad.json()["code"]) == (401, "TOKEN_INVALID")
    named = await get(house, "/auth/v1/datasets", {"apikey": token})
    public = await get(house, "/v1/datasets", {})
    slugs = [{each["slug"] for each in answer.json()["datasets"]} for answer in (named, public)]
    assert CLOSED in slugs[0] - slugs[1]
    assert (await get(house, f"/auth{DATA}", {"apikey": token})).status_code == 200
    for path in ("/auth", "/auth/health/live", "/auth/nl/", "/auth/v1/nothing"):
        assert (await get(house, path, {"apikey": token})).status_code == 404
    assert (await get(house, "/authority", {})).status_code == 404


async def test_below_auth_a_proof_is_about_that_address(house: House) -> None:
    me = Holder(house, KEY)
    token = me.token()
    below = f"/auth{DATA}"
    assert (await get(house, below, me.headers(token, below))).status_code == 200
    assert (await get(house, below, me.headers(token, DATA))).status_code == 401


async def test_a_feed_token_does_not_travel_in_the_clear(house: House) -> None:
    token, _ = made(house)
    gate = house.node.gate
    open_air = Gate(gate.verifier, gate.proofs, gate.feeds, private=False)
    asked = Asked([(b"apikey", token.encode())])
    with pytest.raises(Refused, match="FEED_TOKEN_PLAIN"):
        open_air.identify(asked)
    assert gate.identify(asked).credential
    with pytest.raises(Unauthenticated):
        Gate(gate.verifier).identify(asked)
    bound = [(b"authorization", b"DPoP x"), (b"dpop", b"y")]
    with pytest.raises(Unauthenticated, match="TOKEN_INVALID"):
        Gate(gate.verifier).identify(Asked(bound))


@pytest.mark.parametrize(
    ("address", "plain", "private"),
    [
        ("https://data.aalst.example", False, True),
        ("http://127.0.0.1:8101", False, True),
        ("http://localhost:8101", False, True),
        ("http://data.aalst.example", False, False),
        ("http://data.aalst.example", True, True),
    ],
)
def test_the_clear_is_what_others_can_read(
    house: House, address: str, plain: bool, private: bool
) -> None:
    settings = house.node.settings.model_copy(
        update={"base_url": address, "feed_tokens_plain": plain}
    )
    assert settings.private is private


async def test_no_token_stands_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token, _ = made(house)
    for way in ways(token):
        await get(house, DATA, way)
        await get(house, DATA.replace("statistiek", "beleid"), way)
    assert token not in caplog.text
    assert json.dumps(token)[5:30] not in caplog.text


async def test_a_tool_that_cannot_say_its_purpose_reads_for_the_one_its_token_was_made_for(
    house: House,
) -> None:
    silent = DATA.partition("&purpose")[0]
    token, _ = made(house, purpose="statistiek")
    answer = await get(house, silent, {"apikey": token})
    assert answer.status_code == 200
    written = record.find(house.node.engine, answer.headers["decision"])
    assert written.purpose == "statistiek"
    other = await get(house, f"{silent}&purpose=beleid", {"apikey": token})
    assert (other.status_code, other.json()["code"]) == (403, "PURPOSE_DIFFERS")
    unsaid, _ = made(house)
    refused = await get(house, silent, {"apikey": unsaid})
    assert (refused.status_code, refused.json()["code"]) == (403, "DECISION_PURPOSE")
    with pytest.raises(Invalid, match="FEED_TOKEN_PURPOSE"):
        made(house, purpose="reclame")


async def test_a_token_for_a_network_opens_nothing_from_another(house: House) -> None:
    here, _ = made(house, networks=("127.0.0.0/8", "2001:db8::/32"))
    elsewhere, _ = made(house, networks=("192.0.2.0/24",))
    assert (await get(house, DATA, {"apikey": here})).status_code == 200
    for told in ({}, {"X-Forwarded-For": "192.0.3.7"}, {"X-Forwarded-For": "192.0.2.7, 192.0.3.7"}):
        answer = await get(house, DATA, {"apikey": elsewhere, **told})
        assert (answer.status_code, answer.json()["code"]) == (403, "FEED_TOKEN_NETWORK")
    # The proxy on this machine says who asked through it.
    passed = {"apikey": elsewhere, "X-Forwarded-For": "192.0.2.7"}
    assert (await get(house, DATA, passed)).status_code == 200
    with pytest.raises(Invalid, match="FEED_TOKEN_FORM"):
        made(house, networks=("192.0.2.7/24",))


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("192.0.2.9", True),
        ("::ffff:192.0.2.9", True),
        ("192.0.3.9", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("testclient", False),
    ],
)
def test_networks_are_read_as_addresses(address: str, reached: bool) -> None:
    grant = FeedGrant("ft-1", CLIENT, networks=frozenset({"192.0.2.0/24", "2001:db8::/32"}))
    assert grant.reached_from(address) is reached
    assert FeedGrant("ft-1", CLIENT).reached_from(address)


@pytest.mark.parametrize(
    ("user", "kept"), [("rcp_7f3", "rcp_7f3"), ("an@stad.be", None), ("", None)]
)
async def test_the_name_beside_a_token_is_kept_where_it_is_no_persons(
    house: House, user: str, kept: str | None
) -> None:
    token, _ = made(house)
    answer = await get(house, DATA, basic(user, token))
    assert record.find(house.node.engine, answer.headers["decision"]).user == kept
