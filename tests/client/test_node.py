"""One node: pulled, verified, kept for reuse, read in bulk, saved to disk and resumed."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.client.test_compare import INDICATOR, node
from tests.support.tiny_catalogue import TinyWorld, world

from hanse.client.cache import AnswerCache
from hanse.client.catalogue import Catalogue
from hanse.client.node import NodeClient
from hanse.client.question import Question
from hanse.client.verification import Pin
from hanse.errors import (
    HanseError,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from hanse.wire import MemberEntry

QUESTION = Question("energie", (INDICATOR,))
GOVERNED = Question("energie", (INDICATOR,), purpose="beleid")


def client(known: TinyWorld, at: int = 0) -> NodeClient:
    pin = Pin.of(MemberEntry.model_validate(known.nodes[at].member()))
    return NodeClient(known.nodes[at].url, pin=pin, line=known.line)


def asked(known: TinyWorld, ending: str) -> int:
    return sum(request.path.endswith(ending) for request in known.nodes[0].seen)


def test_open_data_is_pulled_without_a_name() -> None:
    with world([node("NIS41002")]) as known:
        pulled = client(known).pull(QUESTION)
        assert known.catalogue.asked == []
        assert all("authorization" not in request.headers for request in known.nodes[0].seen)
    assert pulled.table.num_rows == 4
    assert (pulled.agency, pulled.release, pulled.protocol) == ("NIS41002", "2025.1", "open")
    assert pulled.manifest.access == "open"
    assert pulled.decision == "D-1"


def test_a_closed_dataset_is_signed_in_for_once() -> None:
    closed = node("NIS41002", access="protocol", purposes=("beleid",))
    with world([closed]) as known:
        asking = client(known)
        assert asking.pull(GOVERNED).table.num_rows == 4
        assert asking.pull(GOVERNED).table.num_rows == 4
        assert asking.explain(GOVERNED).outcome == "hidden"
        assert [form["purpose"] for form in known.catalogue.asked] == ["beleid"]
    assert asked(known, "/data") == 3


def test_a_token_that_was_revoked_is_renewed_once_and_then_told() -> None:
    closed = node("NIS41002", access="protocol", purposes=("beleid",))
    with world([closed]) as known:
        asking = client(known)
        asking.pull(GOVERNED)
        closed.tokens.clear()
        assert asking.pull(GOVERNED).table.num_rows == 4
        closed.tokens = _Deaf()
        with pytest.raises(Unauthenticated, match="PEER_SIGN_IN"):
            asking.pull(GOVERNED)


class _Deaf(dict[str, str]):
    """Accepts no token, whatever the issuer puts in."""

    def __contains__(self, token: object) -> bool:
        return False


def test_without_credentials_a_closed_dataset_wants_a_sign_in() -> None:
    closed = node("NIS41002", access="protocol")
    with world([closed], signed_in=False) as known:
        with pytest.raises(Unauthenticated):
            client(known).pull(QUESTION)
        with pytest.raises(Unauthenticated):
            client(known).sign_in()


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("lies", "STATEMENT_SIGNATURE"),
        ("mixes", "STATEMENT_OTHER"),
        ("borrows", "STATEMENT_OTHER"),
        ("tampers", "ANSWER_DIGEST"),
        ("answers else", "ANSWER_CELLS"),
        ("says an odd digest", "ANSWER_DIGEST"),
        ("says no release", "STATEMENT_OTHER"),
    ],
)
def test_what_does_not_match_what_was_signed_is_not_used(mood: str, code: str) -> None:
    with world([node("NIS41002", mood)]) as known, pytest.raises(Invalid, match=code):
        client(known).pull(QUESTION)


def test_without_a_pin_nothing_signed_is_believed() -> None:
    with world([node("NIS41002")]) as known:
        unpinned = NodeClient(known.nodes[0].url, line=known.line)
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            unpinned.pull(QUESTION)
        with pytest.raises(Invalid, match="STATEMENT_SIGNATURE"):
            unpinned.feed()


def test_a_feed_is_verified_and_never_goes_back() -> None:
    with world([node("NIS41002")]) as known:
        asking = client(known)
        assert asking.feed().sequence == 7
        known.nodes[0].sequence = 6
        with pytest.raises(Invalid, match="FEED_OLDER"):
            asking.feed()


def test_a_feed_of_another_address_is_not_this_nodes() -> None:
    with world([node("NIS41002"), node("NIS44021")]) as known:
        known.nodes[0].url, url = known.nodes[1].url, known.nodes[0].url
        pin = Pin.of(MemberEntry.model_validate(known.nodes[0].member()))
        with pytest.raises(Invalid, match="STATEMENT_OTHER"):
            NodeClient(url, pin=pin, line=known.line).feed()


def test_the_catalogue_pins_the_keys_of_a_node() -> None:
    with world([node("NIS41002")]) as known:
        catalogue = Catalogue(known.catalogue.url, line=known.line)
        assert catalogue.node("aalst").pull(QUESTION).name == "Aalst"
        assert catalogue.node("41002").manifest("energie", "2025.1").manifest.dataset == "energie"
        assert [each.agency for each in catalogue.datasets("energie")] == ["NIS41002"]
        with pytest.raises(NotFound, match="CITY_UNKNOWN"):
            catalogue.node("Atlantis")


def test_an_answer_is_kept_and_used_again_only_when_the_node_says_that_it_stands(
    tmp_path: Path,
) -> None:
    with world([node("NIS41002")], cache=AnswerCache(tmp_path)) as known:
        asking = client(known)
        first, second = asking.pull(QUESTION), asking.pull(QUESTION)
        assert (first.reused, second.reused) == (False, True)
        assert second.table.equals(first.table)
        assert asked(known, "/data") == 2
        known.nodes[0].releases[0].access = "protocol"  # the permit is gone
        known.nodes[0].tokens = _Deaf()
        with pytest.raises(Unauthenticated):
            asking.pull(QUESTION)


def test_a_damaged_entry_is_thrown_away(tmp_path: Path) -> None:
    with world([node("NIS41002")], cache=AnswerCache(tmp_path)) as known:
        client(known).pull(QUESTION)
        for file in tmp_path.iterdir():
            if not file.suffix:
                file.write_bytes(b"other")
        pulled = client(known).pull(QUESTION)
    assert not pulled.reused
    assert pulled.table.num_rows == 4


@pytest.mark.parametrize(("keep", "kept"), [("open", False), ("all", True), ("nothing", False)])
def test_governed_answers_are_kept_only_where_the_user_says_so(
    tmp_path: Path, keep: str, kept: bool
) -> None:
    closed = node("NIS41002", access="protocol", purposes=("beleid",))
    with world([closed], cache=AnswerCache(tmp_path, keep)) as known:  # type: ignore[arg-type]
        client(known).pull(GOVERNED)
        assert client(known).pull(GOVERNED).reused is kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_manifest_is_fetched_once_even_by_another_process(tmp_path: Path) -> None:
    tiny = node("NIS41002")
    with world([tiny], cache=AnswerCache(tmp_path)) as known:
        client(known).pull(QUESTION)
        client(known).pull(QUESTION)
        assert asked(known, "manifest.jws") == 1
        with pytest.raises(HanseError):
            Catalogue(known.catalogue.url, line=known.line).indicator("v0")


def test_much_is_read_straight_into_arrow() -> None:
    closed = node("NIS41002", access="protocol", purposes=("beleid",))
    with world([closed]) as known:
        pulled = client(known).pull_all(GOVERNED)
        assert pulled.table.num_rows == 4
        assert pulled.release == "2025.1"
        with pytest.raises(Refused, match="PEER_REFUSED"):
            client(known).pull_all(Question("energie", purpose="reclame"))
        closed.mood = "tampers"
        with pytest.raises(Invalid, match="ANSWER_DIGEST"):
            client(known).pull_all(GOVERNED)


@pytest.mark.parametrize("file_format", ["parquet", "csv", "arrow"])
def test_a_nodes_own_file_is_saved(tmp_path: Path, file_format: str) -> None:
    file = tmp_path / f"energie.{file_format}"
    with world([node("NIS41002")]) as known:
        saved = client(known).save(QUESTION, file, file_format)
    assert saved.bytes == file.stat().st_size
    assert saved.signed.manifest.release_id == "2025.1"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    file = tmp_path / "energie.parquet"
    with world([node("NIS41002")]) as known:
        known.nodes[0].cut_once = 300
        with pytest.raises(Invalid, match="OUTBOUND_CUT"):
            client(known).save(QUESTION, file)
        assert not file.exists()
        saved = client(known).save(QUESTION, file)
        assert known.nodes[0].seen[-2].headers["range"] == "bytes=300-"
    assert saved.resumed_from == 300
    assert parquet.read_table(file).num_rows == 4
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_two_halves_that_nothing_holds_together_are_no_file(tmp_path: Path) -> None:
    with world([node("NIS41002")]) as known:
        known.nodes[0].cut_once = 300
        with pytest.raises(Invalid, match="OUTBOUND_CUT"):
            client(known).save(QUESTION, tmp_path / "a.parquet")
        known.nodes[0].mood = "says no digest"
        with pytest.raises(Invalid, match="ANSWER_DIGEST"):
            client(known).save(QUESTION, tmp_path / "a.parquet")
        assert list(tmp_path.iterdir()) == []
        assert client(known).pull(QUESTION).table.num_rows == 4
        assert client(known).save(QUESTION, tmp_path / "a.parquet").resumed_from == 0


def test_a_part_that_begins_elsewhere_is_dropped(tmp_path: Path) -> None:
    with world([node("NIS41002")]) as known:
        known.nodes[0].cut_once = 300
        with pytest.raises(Invalid, match="OUTBOUND_CUT"):
            client(known).save(QUESTION, tmp_path / "a.parquet")
        known.nodes[0].ranges_from = 5
        with pytest.raises(Invalid, match="ANSWER_DIGEST"):
            client(known).save(QUESTION, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_for_this_purpose_is_refused_with_its_reason(tmp_path: Path) -> None:
    closed = node("NIS41002", access="protocol", purposes=("beleid",))
    with world([closed]) as known:
        saved = client(known).save(GOVERNED, tmp_path / "a.csv", "csv")
        assert saved.signed.manifest.access == "protocol"
        wrong = Question("energie", purpose="reclame")
        with pytest.raises(Refused, match="PURPOSE_NOT_AGREED"):
            client(known).save(wrong, tmp_path / "b.csv", "csv")
        asking = client(known)
        asking.sign_in("beleid")
    with (
        world([node("NIS41002")], signed_in=False) as known,
        pytest.raises(NotFound, match="PEER_ABSENT"),
    ):
        client(known).save(Question("onbekend"), tmp_path / "c.csv", "csv")


def test_reading_much_fails_in_the_same_words() -> None:
    with world([node("NIS41002")]) as known:
        asking = client(known)
        with pytest.raises(NotFound, match="PEER_ABSENT"):
            asking.pull_all(Question("onbekend"))
        known.kill("NIS41002")
        with pytest.raises(Unavailable, match="OUTBOUND_UNREACHABLE"):
            asking.pull_all(QUESTION)
        for _ in range(4):
            with pytest.raises(Unavailable):
                asking.pull_all(QUESTION)
        with pytest.raises(Unavailable, match="OUTBOUND_BREAKER"):
            asking.pull_all(QUESTION)


def test_the_oldest_answers_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hanse.client.cache.ENTRIES_MAX", 2)
    cache = AnswerCache(tmp_path)
    (tmp_path / "receipts").mkdir()
    for number in range(4):
        cache.put(f"k{number}", {"etag": f'"{number}"'}, str(number).encode())
    kept = [cache.find(f"k{number}") for number in range(4)]
    assert [each.body if each else None for each in kept][-2:] == [b"2", b"3"]
    assert sum(each is not None for each in kept) == 2
    assert len([path for path in tmp_path.iterdir() if not path.suffix and path.is_file()]) == 2


def test_a_download_starts_again_when_the_release_changed_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "energie.parquet"
    tiny = node("NIS41002")
    with world([tiny]) as known:
        tiny.cut_once = 300
        with pytest.raises(Invalid):
            client(known).save(QUESTION, file)
        tiny.releases[0].table = tiny.releases[0].table.slice(0, 2)
        saved = client(known).save(QUESTION, file)
    assert saved.resumed_from == 0
    assert parquet.read_table(file).num_rows == 2


def test_a_file_that_does_not_match_its_digest_never_gets_its_name(tmp_path: Path) -> None:
    with (
        world([node("NIS41002", "tampers")]) as known,
        pytest.raises(Invalid, match="ANSWER_DIGEST"),
    ):
        client(known).save(QUESTION, tmp_path / "energie.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["node", "feed"])
def test_a_node_that_is_gone_is_unavailable(method: str) -> None:
    with world([node("NIS41002")]) as known:
        asking = client(known)
        known.kill("NIS41002")
        with pytest.raises(Unavailable, match="OUTBOUND_UNREACHABLE"):
            getattr(asking, method)()


def test_a_client_of_its_own_closes_its_own_line() -> None:
    with world([node("NIS41002")]) as known:
        with NodeClient(known.nodes[0].url) as alone:
            assert alone.node().agency == "NIS41002"
        with Catalogue(known.catalogue.url) as catalogue:
            assert catalogue.search("gas").total == 1
            assert catalogue.search("niets").hits == []


def test_text_columns_are_plain_whatever_the_node_sent() -> None:
    with world([node("NIS41002")]) as known:
        table = known.nodes[0].releases[0].table
        coded = table.column("area").dictionary_encode()
        known.nodes[0].releases[0].table = table.set_column(2, "area", coded)
        pulled = client(known).pull(QUESTION)
    assert pulled.table.schema.field("area").type == pa.string()
