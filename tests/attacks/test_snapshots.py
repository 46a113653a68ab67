"""Snapshots that must not be taken over: each is refused whole, with its reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.feeds import FeedNode, content, dataset, indicator

from hanse.catalog import snapshots
from hanse.catalog.snapshots import Identity, mixes_scripts
from hanse.errors import HanseError
from hanse.policies.signatures import FEED, MANIFEST, SigningKey, sign

NODE = FeedNode()
IDENTITY = Identity(NODE.agency, NODE.base_url, (NODE.key.public_jwk(),))

Twist = Callable[[dict[str, Any]], object]


def refused(statement: str) -> HanseError:
    with pytest.raises(HanseError) as caught:
        snapshots.read(statement, IDENTITY)
    return caught.value


def twisted(twist: Twist) -> HanseError:
    """Sign the node's own document after a change to it, and return how it is refused."""
    document = json.loads(content(NODE.feed()))
    twist(document)
    raw = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return refused(sign(raw, FEED, NODE.key))


def entry(**given: Any) -> Twist:
    """Change the only dataset."""
    return lambda document: document["datasets"][0].update(given)


def subject(**given: Any) -> Twist:
    """Change the only indicator."""
    return lambda document: document["datasets"][0]["indicators"][0].update(given)


def repeated(many: int) -> Twist:
    def twist(document: dict[str, Any]) -> None:
        one = document["datasets"][0]
        document["datasets"] = [{**one, "slug": f"d{number}"} for number in range(many)]

    return twist


WRONG: tuple[tuple[str, Twist, str], ...] = (
    ("another party's name", lambda d: d.update(agency="NIS11002"), "FEED_IDENTITY"),
    ("another address", lambda d: d.update(base_url="http://127.0.0.1:9"), "FEED_IDENTITY"),
    ("an unknown field", lambda d: d.update(figures=[1, 2]), "FEED_SHAPE"),
    ("an unknown field of a dataset", entry(cells=[1]), "FEED_SHAPE"),
    ("an unknown schema", lambda d: d.update(schema=2), "FEED_SHAPE"),
    ("a field of another type", lambda d: d.update(sequence="many"), "FEED_SHAPE"),
    ("sequence nought", lambda d: d.update(sequence=0), "FEED_SHAPE"),
    ("internal data", entry(access="internal"), "FEED_SHAPE"),
    ("a slug with a slash", entry(slug="../etc"), "FEED_SHAPE"),
    ("a slug with a line break", entry(slug="bevolking\n"), "FEED_SHAPE"),
    ("a digest that is none", entry(current={"release_id": "1"}), "FEED_SHAPE"),
    ("a dataset twice", lambda d: d["datasets"].append(d["datasets"][0]), "FEED_ENTRY"),
    ("too many datasets", repeated(snapshots.MOST_DATASETS + 1), "FEED_LIMIT"),
    ("an id in Cyrillic", subject(id="inw\u043eners"), "FEED_ENTRY"),
    ("an id in capitals", subject(id="Inwoners"), "FEED_ENTRY"),
    ("a name that mixes alphabets", subject(name={"nl": "Inw\u043eners"}), "FEED_ENTRY"),
    ("a name that is not in NFC", subject(name={"nl": "Eleves e\u0301"}), "FEED_ENTRY"),
    ("a name that turns the line", subject(name={"nl": "Inwoners \u202e gpj"}), "FEED_ENTRY"),
    ("a name with a hidden sign", subject(name={"nl": "Inwo\u200bners"}), "FEED_ENTRY"),
    ("no name at all", subject(name={"nl": "  "}), "FEED_ENTRY"),
    ("a name in a fourth language", subject(name={"de": "Einwohner"}), "FEED_ENTRY"),
    ("a name without end", subject(name={"nl": "a" * 301}), "FEED_LIMIT"),
    ("a concept that is no id", subject(concept="<script>"), "FEED_ENTRY"),
    ("a level without a vintage", entry(levels=["gemeente"]), "FEED_ENTRY"),
    ("a period nobody reads", entry(periods=["twintig"]), "FEED_ENTRY"),
    ("a period in another spelling", entry(periods=["2024KW01"]), "FEED_ENTRY"),
    ("a text that turns the line", subject(description={"nl": "a\u202eb"}), "FEED_ENTRY"),
    ("a text with a bell", subject(description={"nl": "a\u0007b"}), "FEED_ENTRY"),
    ("a sequence beyond counting", lambda d: d.update(sequence=2**60), "FEED_LIMIT"),
    ("too many periods", entry(periods=["2024"] * 2_001), "FEED_LIMIT"),
)


def test_a_good_snapshot_is_read() -> None:
    snapshot = snapshots.read(NODE.statement(), IDENTITY)
    assert snapshot.feed == NODE.feed()
    assert snapshot.digest.startswith("sha-256:")


@pytest.mark.parametrize(("case", "twist", "code"), WRONG, ids=[case for case, *_ in WRONG])
def test_one_wrong_entry_refuses_the_snapshot(case: str, twist: Twist, code: str) -> None:
    assert twisted(twist).code == code, case


@pytest.mark.parametrize(
    "twist",
    [
        entry(periods=["2024", "2024-A1", "2024-S1", "2024-Q3", "2024-03"]),
        subject(description={"nl": "Eerste regel\r\nTweede re\u00adgel\u200b"}),
        subject(name={"nl": "Élèves per km²"}),
    ],
    ids=["every spelling of a period", "a text from a spreadsheet", "a French name"],
)
def test_what_cities_really_write_is_read(twist: Twist) -> None:
    document = json.loads(content(NODE.feed()))
    twist(document)
    signed = sign(json.dumps(document).encode(), FEED, NODE.key)
    assert snapshots.read(signed, IDENTITY).feed.sequence == 1


def test_an_indicator_twice_is_refused_and_named() -> None:
    node = FeedNode(key=NODE.key, datasets=[dataset(indicators=[indicator("a"), indicator("a")])])
    fault = refused(node.statement())
    assert (fault.code, fault.parameters["place"]) == ("FEED_ENTRY", "bevolking")


@pytest.mark.parametrize(
    "statement",
    [
        sign(content(NODE.feed()), FEED, SigningKey.generate()),
        sign(content(NODE.feed()), MANIFEST, NODE.key),
        NODE.statement()[:-8] + "AAAAAAAA",
        NODE.statement() + ".x",
        "",
        "<!doctype html>",
    ],
    ids=["another key", "another kind", "a changed signature", "four parts", "nothing", "a page"],
)
def test_what_the_node_did_not_sign_as_a_feed_is_refused_with_one_wording(statement: str) -> None:
    assert refused(statement).code == "STATEMENT_SIGNATURE"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"agency":"NIS41002","agency":"NIS41002"}',
        b"[" * 10_000,
        b'{"sequence": NaN}',
        b'{"name": "\\ud800"}',
        b"\xff\xfe",
        b"",
    ],
    ids=["a key twice", "ten thousand deep", "NaN", "a lone surrogate", "not UTF-8", "nothing"],
)
def test_signed_bytes_that_two_readers_could_read_apart_are_refused(raw: bytes) -> None:
    assert refused(sign(raw, FEED, NODE.key)).code == "OUTBOUND_JSON"


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("Inwoners per km²", False),
        ("Élèves de l'école", False),
        ("Gеnt", True),  # noqa: RUF001 the look-alike is the point
        ("α-waarde", False),  # noqa: RUF001
        ("αlfa", True),  # noqa: RUF001
    ],
)
def test_a_word_keeps_to_one_alphabet(text: str, mixed: bool) -> None:
    assert mixes_scripts(text) is mixed
