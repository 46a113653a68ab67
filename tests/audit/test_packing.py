"""How the bytes of an entry lie on the disk: smaller, and the same again when they are read."""

import hashlib
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.logs import ledger, said

from hanse.audit.entry import BODY_BYTES_MAX
from hanse.audit.packing import SQUEEZED, WORDS, pack, unpack
from hanse.node import inspection

words = st.sampled_from([WORDS[start : start + 40] for start in range(0, len(WORDS), 40)])
bodies = st.lists(st.binary(max_size=60) | words, max_size=40).map(b"".join)


@given(bodies)
@settings(max_examples=300, deadline=None)
def test_what_was_kept_is_read_again(body: bytes) -> None:
    assert unpack(pack(body)) == body


def test_an_entry_is_kept_in_less_than_half() -> None:
    digest = hashlib.sha256(b"some text").hexdigest()
    body = (
        '{"decision":"allow","kind":"decision","ref":"01a196564a80efb205cf2628006dbcb8",'
        f'"register":"sha-256:{digest}","software":"hanse 0.1.0","v":1,"what":{{"action":"read",'
        '"dataset":"inkomens-sector","filter":{"areas":{"gemeente@2025":["43018"]},"indicators":'
        f'["ink_med"]}},"format":"json","release":"sha-256:{digest[::-1]}","release_id":'
        '"2027-03-11.2","rows":3000},"when":"2027-03-12T09:00:00.000000+00:00","who":{"client":'
        '"stad-aalst","kbo":"0812345678"},"why":{"protocol":"urn:protocol:aalst:2027-031",'
        '"purpose":"statistiek","version":3}}'
    ).encode()
    assert len(pack(body)) < len(body) / 2


def test_the_words_of_the_first_way_never_change() -> None:
    told = hashlib.sha256(WORDS).hexdigest()
    assert told == "5477729d7491c64a6a045772b72e65e090a388f4893a5d4f457037181f6b165b"


@pytest.mark.parametrize(
    "kept",
    [b"", b"{}", b"\x00", SQUEEZED, SQUEEZED + b"\xff\xff", pack(b'{"v":1}')[:-1], b"\x02abc"],
)
def test_what_nobody_kept_comes_back_as_it_is(kept: bytes) -> None:
    assert unpack(kept) == kept


def test_what_follows_a_stream_is_part_of_no_entry() -> None:
    kept = pack(b'{"v":1}') + b"more"
    assert unpack(kept) == kept


def test_a_stream_that_would_swell_is_not_read_to_its_end() -> None:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, WORDS)
    bomb = SQUEEZED + engine.compress(bytes(50 * BODY_BYTES_MAX)) + engine.flush()
    assert unpack(bomb) == bomb


def test_the_largest_entry_is_read_whole() -> None:
    body = b"x" * BODY_BYTES_MAX
    assert unpack(pack(body)) == body


def test_entries_of_before_are_read_and_verified_beside_new_ones(tmp_path: Path) -> None:
    held = ledger(tmp_path)
    held.write(4)
    before = said(held.engine)
    with closing(held.owned()) as owned:
        for index in (0, 2):
            plain = (before[index], index)
            owned.execute("UPDATE audit_body SET body = ? WHERE idx = ?", plain)
        kinds = [kind for (kind,) in owned.execute("SELECT typeof(body) FROM audit_body")]
    assert kinds == ["text", "blob", "text", "blob"]
    assert said(held.engine) == before
    assert inspection.inspect(held.engine, held.signer.verifier).entries == 4
