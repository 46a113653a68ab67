"""Which URLs a registered origin admits: of 61 hostile ones, the origin itself and no other."""

from collections.abc import Sequence

import pytest
from tests.support.peers import LOOPBACK, peer, says

from hanse.errors import Invalid, Refused
from hanse.outbound import AddressRule, Ask, Origin, Outbound
from hanse.outbound.transport import CheckedTransport

REGISTERED = "https://node-gent.example"

URLS = {
    "U1": "http://127.0.0.1/",
    "U2": "http://127.1/",
    "U3": "http://2130706433/",
    "U4": "http://0x7f000001/",
    "U5": "http://0177.0.0.1/",
    "U6": "http://[::1]/",
    "U7": "http://[::ffff:127.0.0.1]/",
    "U8": "http://[::ffff:7f00:1]/",
    "U9": "http://[::127.0.0.1]/",
    "U10": "http://[64:ff9b::7f00:1]/",
    "U11": "http://[64:ff9b:1::7f00:1]/",
    "U12": "http://[2002:7f00:1::]/",
    "U13": "http://[fe80::1%25lo]/",
    "U14": "http://[fd00:ec2::254]/",
    "U15": "http://169.254.169.254/latest/",
    "U16": "http://100.100.100.200/",
    "U17": "http://100.64.0.1/",
    "U18": "http://0.0.0.0/",
    "U19": "http://0/",
    "U20": "http://10.0.0.1/",
    "U21": "http://172.16.0.1/",
    "U22": "http://192.168.1.1/",
    "U23": "http://198.18.0.1/",
    "U24": "http://192.0.0.1/",
    "U25": "http://224.0.0.1/",
    "U26": "http://255.255.255.255/",
    "U27": "http://localhost/",
    "U28": "http://localhost./",
    "U29": "http://LOCALHOST/",
    "U30": "http://localhost.localdomain/",
    "U31": "http://ip6-localhost/",
    "U32": "https://node-gent.example@127.0.0.1/",
    "U33": "https://node-gent.example:443@127.0.0.1:80/",
    "U34": "https://127.0.0.1#@node-gent.example/",
    "U35": "https://node-gent.example\\@127.0.0.1/",
    "U36": "https://node-gent.example%00.evil/",
    "U37": "http://node-gent.example/",
    "U38": "https://node-gent.example:22/",
    "U39": "https://node-gent.example.evil.org/",
    "U40": "https://evil.org/?node-gent.example",
    "U41": "file:///etc/passwd",
    "U42": "ftp://node-gent.example/",
    "U43": "gopher://node-gent.example/",
    "U44": "data:text/plain,x",
    "U45": "jar:http://x!/",
    "U46": "//node-gent.example/",
    "U47": "https:///node-gent.example/",
    "U48": "https://node-gent.example\t/",
    "U49": "https://node-gent.example\r\nX: y/",
    "U50": "https://①②⑦.⓪.⓪.①/",
    "U51": "https://node-gent。example/",  # the stop is ideographic
    "U52": "https://nоde-gent.example/",  # noqa: RUF001 the o is Cyrillic
    "U53": "https://node-gent.example./",
    "U54": "HTTPS://NODE-GENT.EXAMPLE/../../x",
    "U55": "https://user@node-gent.example/",
    "U56": "https://[::1]:443/",
    "U57": "unix:///var/run/docker.sock",
    "U58": "https://node-gent.example:99999/",
    "U59": "",
    "U60": "https://",
    "U61": "https://node-gent.example/\0",
}
ADMITTED = {"U54": "https://node-gent.example/x"}


class Names:
    """A resolver that counts what it is asked and answers from a list, the last answer staying."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("case", sorted(set(URLS) - set(ADMITTED)))
@pytest.mark.anyio
async def test_a_url_elsewhere_is_refused_without_a_question_to_the_name_server(case: str) -> None:
    names = Names(["203.0.113.1"])
    async with Outbound(networks=LOOPBACK, resolve=names) as way:
        with pytest.raises(Refused) as refused:
            await way.fetch(Ask(Origin.of(REGISTERED), URLS[case]))
    assert refused.value.code == "OUTBOUND_URL"
    assert names.asked == []
    assert len(URLS[case]) < len(REGISTERED) or URLS[case] not in str(refused.value)


@pytest.mark.parametrize("case", sorted(ADMITTED))
def test_the_registered_origin_itself_is_admitted_in_its_canonical_spelling(case: str) -> None:
    assert Origin.of(REGISTERED).admit(URLS[case]) == ADMITTED[case]


@pytest.mark.parametrize(
    "registered",
    ["https://node-gent.example", "https://node-gent.example:443/", "HTTPS://Node-Gent.example"],
)
def test_a_default_port_may_be_spelled_or_left_out(registered: str) -> None:
    origin = Origin.of(registered)
    assert str(origin) == REGISTERED
    assert (
        origin.admit("https://node-gent.example:443/v1/feed") == "https://node-gent.example/v1/feed"
    )


@pytest.mark.parametrize("case", ["U2", "U3", "U4", "U5", "U13", "U32", "U36", "U41", "U53", "U59"])
def test_what_can_be_read_two_ways_cannot_be_registered(case: str) -> None:
    with pytest.raises(Invalid, match="OUTBOUND_BASE_URL"):
        Origin.of(URLS[case])


@pytest.mark.parametrize(
    ("address", "secure", "admitted"),
    [
        ("8.8.8.8", True, True),
        ("8.8.8.8", False, False),
        ("2a02:1800::1", True, True),
        ("127.0.0.1", True, False),
        ("10.1.2.3", True, False),
        ("100.100.100.200", True, False),
        ("169.254.169.254", True, False),
        ("192.88.99.1", True, False),
        ("224.0.0.1", True, False),
        ("::1", True, False),
        ("::127.0.0.1", True, False),
        ("::ffff:8.8.8.8", True, False),
        ("64:ff9b::808:808", True, False),
        ("64:ff9b:1::808:808", True, False),
        ("2002:808:808::1", True, False),
        ("2001:db8::1", True, False),
        ("fe80::1%lo", True, False),
        ("fd00:ec2::254", True, False),
        ("ff02::1", True, False),
        ("nonsense", True, False),
    ],
)
def test_only_public_addresses_are_connected_to_and_only_over_tls(
    address: str, secure: bool, admitted: bool
) -> None:
    assert AddressRule().admits(address, secure=secure) is admitted


def test_a_network_that_the_operator_listed_is_connected_to_without_tls_too() -> None:
    rule = AddressRule.of(("10.0.0.0/8", "127.0.0.0/8"))
    assert rule.admits("10.1.2.3", secure=False)
    assert not rule.admits("192.168.1.1", secure=False)


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["169.254.169.254"], ["localhost"]],
    ids=["private", "one of several private", "loopback", "cloud metadata", "a name again"],
)
@pytest.mark.anyio
async def test_a_registered_name_that_points_inside_is_refused(answers: list[str]) -> None:
    names = Names(answers)
    async with Outbound(resolve=names) as way:
        with pytest.raises(Refused, match="OUTBOUND_ADDRESS"):
            await way.fetch(Ask(Origin.of(REGISTERED), REGISTERED + "/v1/feed"))
    assert names.asked == ["node-gent.example"]


@pytest.mark.anyio
async def test_a_literal_private_address_is_refused_unless_its_network_is_listed() -> None:
    with peer(says("200 OK")) as known:
        async with Outbound() as way:
            with pytest.raises(Refused, match="OUTBOUND_ADDRESS"):
                await way.fetch(known.ask())
        assert known.connections == 0
        async with Outbound(networks=LOOPBACK) as way:
            assert (await way.fetch(known.ask())).status == 200


@pytest.mark.anyio
async def test_the_address_that_was_checked_is_the_address_connected_to() -> None:
    """A second answer of the name server, private this time, is never asked for."""
    with peer(says("200 OK")) as known:
        port = Origin.of(known.url).port
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        named = f"http://node-gent.example:{port}"
        async with Outbound(networks=["127.0.0.0/8"], resolve=names) as way:
            answer = await way.fetch(Ask(Origin.of(named), named + "/"))
    assert answer.status == 200
    assert names.asked == ["node-gent.example"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
@pytest.mark.anyio
async def test_a_redirect_is_not_followed(status: str) -> None:
    with peer(says("200 OK")) as other, peer(says(status, b"", f"Location: {other.url}/")) as known:
        async with Outbound(networks=LOOPBACK) as way:
            with pytest.raises(Invalid, match="OUTBOUND_REDIRECT"):
                await way.fetch(known.ask())
        assert other.connections == 0


@pytest.mark.anyio
async def test_closing_before_anything_was_sent_closes_nothing() -> None:
    await CheckedTransport(AddressRule(), None, Names(["8.8.8.8"])).aclose()
