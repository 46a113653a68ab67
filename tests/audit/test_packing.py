"""How the bytes of an entry lie on the disk: smaller, and the same again when they are read."""

import hashlib
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.logs import ledger, said

from hanse.audit.entry import BODY_BYTES_MAX
from hanse.audit.packing import PARTED, SQUEEZED, WORDS, WORDS_PARTED, pack, unpack
from hanse.node import inspection

words = st.sampled_from([WORDS[start : start + 40] for start in range(0, len(WORDS), 40)])
plain = st.binary(min_size=16, max_size=32).map(lambda part: b'"%s"' % part.hex().encode())
in_base64 = st.text("ABghx_-059", min_size=42, max_size=44).map(lambda text: f'"{text}"'.encode())
bodies = st.lists(st.binary(max_size=60) | words | plain | in_base64, max_size=40).map(b"".join)


def squeezed(text: bytes, against: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, against)
    return engine.compress(text) + engine.flush()


def first_way(body: bytes) -> bytes:
    """Return what the log kept before there was a second way."""
    return SQUEEZED + squeezed(body, WORDS)


@given(bodies)
@settings(max_examples=300, deadline=None)
def test_what_was_kept_is_read_again(body: bytes) -> None:
    assert unpack(pack(body)) == body


def test_every_spelling_of_what_goes_in_its_bytes_comes_back() -> None:
    reference, digest = "0a" * 16, "b1" * 32
    thumbprint = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"
    wild = thumbprint[:-1] + "Z"  # decodes to the same bytes: it must not come back as another text
    spellings = [
        *(reference, reference.upper(), reference[1:], f"{reference}0", reference * 3),
        *(digest, f"sha-256:{digest}", digest.upper(), f"{digest}00", digest[:-2]),
        *(thumbprint, wild, f"{thumbprint}A", "a" * 43, "0" * 43),
    ]
    for text in spellings:
        for body in (f'{{"it":"{text}"}}', f'["{text}","{text}"]', text, f'"{text}', f":{text}"):
            assert unpack(pack(body.encode())) == body.encode(), body


def test_what_the_first_way_kept_is_read_as_ever() -> None:
    body = b'{"kind":"release","ref":"' + b"0a" * 16 + b'"}'
    assert unpack(first_way(body)) == body
    assert first_way(body) != pack(body)


def test_marks_that_are_text_are_no_marks() -> None:
    body = b'{"a":"\x01\x02\x03"}'
    assert pack(body)[:1] == SQUEEZED
    assert unpack(pack(body)) == body


@pytest.mark.parametrize("more", [b"", b"x", bytes(15), bytes(17)])
def test_parts_that_do_not_fit_their_marks_are_no_entry(more: bytes) -> None:
    forged = PARTED + squeezed(b'{"ref":"\x02"}', WORDS_PARTED) + more
    assert unpack(forged) == forged


def test_digests_take_no_more_than_their_bytes() -> None:
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(20)]
    body = "".join(f'"sha-256:{each}",' for each in digests).encode()
    assert len(pack(body)) < 20 * 32 + 30


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
    assert len(pack(body)) < len(body) / 3


def test_the_words_of_the_first_way_never_change() -> None:
    told = hashlib.sha256(WORDS).hexdigest()
    assert told == "5477729d7491c64a6a045772b72e65e090a388f4893a5d4f457037181f6b165b"


def test_the_words_of_the_second_way_never_change() -> None:
    told = hashlib.sha256(WORDS_PARTED).hexdigest()
    assert told == "2765cf68582ae853ea98e1ad5ad3544118700e4a9fe538201a08c70979bc71e2"


@pytest.mark.parametrize(
    "kept",
    [
        *(b"", b"{}", b"\x00", b"\x03abc"),
        *(SQUEEZED, SQUEEZED + b"\xff\xff", first_way(b'{"v":1}')[:-1]),
        *(PARTED, PARTED + b"\xff\xff", pack(b'{"v":1}')[:-1]),
    ],
)
def test_what_nobody_kept_comes_back_as_it_is(kept: bytes) -> None:
    assert unpack(kept) == kept


@pytest.mark.parametrize("way", [first_way, pack])
def test_what_follows_a_stream_is_part_of_no_entry(way: Callable[[bytes], bytes]) -> None:
    kept = way(b'{"v":1}') + b"more"
    assert unpack(kept) == kept


def test_a_stream_that_would_swell_is_not_read_to_its_end() -> None:
    for bomb in (
        first_way(bytes(50 * BODY_BYTES_MAX)),
        PARTED + squeezed(bytes(50 * BODY_BYTES_MAX), WORDS_PARTED),
    ):
        assert unpack(bomb) == bomb


def test_the_largest_entry_is_read_whole() -> None:
    body = b"x" * BODY_BYTES_MAX
    assert unpack(pack(body)) == body


def test_entries_of_before_are_read_and_verified_beside_new_ones(tmp_path: Path) -> None:
    held = ledger(tmp_path)
    held.write(4)
    before = said(held.engine)
    with closing(held.owned()) as owned:
        for index, kept in ((0, before[0]), (2, before[2]), (3, first_way(before[3].encode()))):
            owned.execute("UPDATE audit_body SET body = ? WHERE idx = ?", (kept, index))
        kinds = [kind for (kind,) in owned.execute("SELECT typeof(body) FROM audit_body")]
    assert kinds == ["text", "blob", "text", "blob"]
    assert said(held.engine) == before
    assert inspection.inspect(held.engine, held.signer.verifier).entries == 4
