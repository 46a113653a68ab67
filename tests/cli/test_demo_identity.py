"""The demo's identity provider: a node believes it, and it gives nobody what they did not ask."""

import re
import time
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from tests.support.houses import free_ports

from hanse.auth.oidc import Begun, Provider, RelyingParty, Returned
from hanse.cli.demo.cast import PEOPLE, Someone
from hanse.cli.demo.identity import CODES_MAX, DemoIdentity, served
from hanse.errors import Invalid
from hanse.outbound import Answer, Ask, Blocking, Outbound

BACK = "http://127.0.0.1:9/nl/sign-in/demo/return"
CLIENT = "hanse-aalst"


@pytest.fixture(scope="module")
def identity() -> Iterator[DemoIdentity]:
    (port,) = free_ports(1)
    made = DemoIdentity(f"http://127.0.0.1:{port}", {CLIENT: BACK})
    with served(made):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                httpx.get(f"{made.issuer}/keys")
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        yield made


@pytest.fixture
def party(identity: DemoIdentity) -> Iterator[RelyingParty]:
    with Blocking(lambda: Outbound(networks=["127.0.0.0/8"])) as way:

        def fetch(ask: Ask) -> Answer:
            return way.run(way.way.fetch(ask))

        provider = Provider("demo", "Demo", identity.issuer, CLIENT)
        yield RelyingParty(provider, fetch, time.time)


def chosen(address: str, person: str) -> dict[str, str]:
    """Return what comes back when somebody says on the page who they are."""
    page = httpx.get(address)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', page.text)]
    assert len(links) == len(PEOPLE)
    (link,) = [each for each in links if f"person={person}" in each]
    sent = httpx.get(str(httpx.URL(address).join(link)))
    assert sent.status_code == 303
    there = httpx.URL(sent.headers["location"])
    assert str(there.copy_with(query=None)) == BACK
    return dict(there.params)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda each: each.role)
def test_a_node_believes_who_somebody_says_they_are(
    identity: DemoIdentity, party: RelyingParty, person: Someone
) -> None:
    begun = Begun.new()
    back = chosen(party.address(begun, BACK), person.subject)
    assert (back["state"], back["iss"]) == (begun.state, identity.issuer)
    who = party.finish(Returned(back["code"], back["iss"]), begun, BACK)
    assert (who.issuer, who.subject, who.name) == (identity.issuer, person.subject, person.name)
    with pytest.raises(Invalid, match="SIGN_IN_FAILED"):
        party.finish(Returned(back["code"], back["iss"]), begun, BACK)


def test_a_code_opens_nothing_for_who_did_not_ask_for_it(party: RelyingParty) -> None:
    begun = Begun.new()
    code = chosen(party.address(begun, BACK), PEOPLE[0].subject)
    with pytest.raises(Invalid, match="SIGN_IN_FAILED"):
        party.finish(Returned(code["code"], code["iss"]), Begun.new(), BACK)
    code = chosen(party.address(begun, BACK), PEOPLE[0].subject)
    with pytest.raises(Invalid, match="SIGN_IN_FAILED"):
        party.finish(Returned(code["code"], code["iss"]), begun, BACK.replace("nl", "en"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CLIENT, "hanse-gent"),
        ("response_type=code", "response_type=token"),
        ("=S256", "=plain"),
        ("%3A9%2F", "%3A10%2F"),
    ],
)
def test_it_sends_nobody_elsewhere(party: RelyingParty, old: str, new: str) -> None:
    address = party.address(Begun.new(), BACK)
    assert old in address
    for more in ("", f"&person={PEOPLE[0].subject}"):
        assert httpx.get(address.replace(old, new) + more).status_code == 400


def test_what_is_asked_comes_back_as_text(party: RelyingParty) -> None:
    page = httpx.get(party.address(Begun.new(), BACK) + "&x=%22%3E%3Cscript%3E")
    assert "<script" not in page.text


def test_it_forgets_codes_that_nobody_fetches(identity: DemoIdentity, party: RelyingParty) -> None:
    first, begun = Begun.new(), Begun.new()
    code = chosen(party.address(first, BACK), PEOPLE[0].subject)
    last = f"{party.address(begun, BACK)}&person={PEOPLE[0].subject}"
    with httpx.Client() as client:
        for _ in range(CODES_MAX + 1):
            client.get(last)
    with pytest.raises(Invalid, match="SIGN_IN_FAILED"):
        party.finish(Returned(code["code"], code["iss"]), first, BACK)
