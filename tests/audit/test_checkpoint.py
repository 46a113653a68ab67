"""Signed notes, checkpoints, witnesses' decisions and stand-alone proofs."""

import base64
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.audit.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    Note,
    Signature,
    Signer,
    Verifier,
    origin_of,
    read_checkpoint,
    read_note,
    read_verifier,
    verifier_of,
)
from hanse.audit.proof import Proof, read_proof
from hanse.audit.tree import EMPTY, consistency, inclusion, leaf_hash, nodes_of, root
from hanse.audit.witness import Seen, Submission, Verdict, admit, judge, read_submission
from hanse.errors import HanseError, Invalid

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
NODES = nodes_of(LEAVES)
LOG = Signer.of("stad.example/audit", bytes(range(32)))
EYE = Signer.of("oog.example/witness", bytes(range(1, 33)))
OTHER = Signer.of("stad.example/audit", bytes(range(2, 34)))

# golang.org/x/mod/sumdb/note publishes this key and this note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfq"
    "dngotpRZb6KE6RyyBwJnAM=\n"
)


def stands(size: int, by: Signer = LOG, root_: bytes | None = None) -> Note:
    found = root(size, NODES) if root_ is None else root_
    return by.sign(Checkpoint(by.name, size, found, ("register sha-256:00",)))


def offered(old: int, size: int, **changes: Any) -> Submission:
    proof = tuple(consistency(old, size, NODES)) if old <= size else ()
    note = stands(size)
    made = Submission(old, proof, note, read_checkpoint(note))
    return replace(made, **changes)


def test_a_note_that_another_implementation_published_verifies() -> None:
    note = read_note(GO_NOTE.encode())
    verifier = read_verifier(GO_KEY)
    assert verifier.key_id.hex() == "c74f20a3"
    assert str(verifier) == GO_KEY
    assert verifier.signed(note) is not None
    assert verifier.signed(replace(note, text=note.text.replace("think", "thank"))) is None
    assert str(note) == GO_NOTE


def test_a_checkpoint_reads_back_as_it_was_written() -> None:
    note = stands(7)
    again = read_note(str(note).encode())
    assert again == note
    told = read_checkpoint(again)
    assert (told.origin, told.size, told.root) == (LOG.name, 7, root(7, NODES))
    assert told.extensions == ("register sha-256:00",)
    assert LOG.verifier.signed(again) is not None
    assert OTHER.verifier.signed(again) is None


def test_a_cosignature_says_when_and_holds_only_as_one() -> None:
    note = stands(7)
    cosigned = note.also([EYE.cosign(note, 1_800_000_000)])
    eye = EYE.verifier.cosigner()
    assert eye.signed(cosigned) is not None
    assert EYE.verifier.signed(cosigned) is None
    line = cosigned.signatures[-1]
    never = replace(line, value=bytes(8) + line.value[8:])
    later = replace(line, value=(1_800_000_001).to_bytes(8) + line.value[8:])
    short = replace(line, value=line.value[:-1])
    for forged in (never, later, short):
        assert eye.signed(Note(note.text, (forged,))) is None
    assert note.also([EYE.cosign(note, 5), EYE.cosign(note, 5)]) == note.also([EYE.cosign(note, 5)])
    with pytest.raises(ValueError, match="time"):
        EYE.cosign(note, 0)


def test_a_key_that_is_no_point_signs_nothing() -> None:
    assert Verifier(LOG.name, b"\xff" * 31).signed(stands(3)) is None
    wrong = Signature(LOG.name, Verifier(LOG.name, b"\xff" * 32).key_id, bytes(64))
    assert Verifier(LOG.name, b"\xff" * 32).signed(Note("a\n", (wrong,))) is None


def test_a_key_is_read_from_a_line_and_from_a_jwk() -> None:
    assert read_verifier(f" {LOG.verifier}\n") == LOG.verifier
    coded = base64.urlsafe_b64encode(LOG.verifier.key).decode().rstrip("=")
    assert verifier_of(LOG.name, {"x": coded}) == LOG.verifier
    seed = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
    assert Signer.from_jwk(LOG.name, f'{{"d": "{seed}"}}').verifier == LOG.verifier


@pytest.mark.parametrize(
    "text",
    ["", "a+b", GO_KEY.replace("c74f20a3", "c74f20a4"), GO_KEY + "x", GO_KEY.replace("AR", "Ax"),
     GO_KEY.replace("+ARpc", "+BRpc"), "naam+00000000+" + "A" * 44, "naam+00000000+" + "A" * 45],
)  # fmt: skip
def test_a_line_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="AUDIT_KEY"):
        read_verifier(text)


GOOD = str(stands(7))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"tekst", b"tekst\n\n", b"\n\n\xe2\x80\x94 a AAAAAAAA\n",
        GOOD.encode()[:-1], GOOD.replace("\u2014", "-").encode(), (GOOD + "meer\n").encode(),
        GOOD.encode() + b"x" * NOTE_BYTES_MAX, GOOD.replace("audit", "aud\x00it").encode(),
        ("tekst\n\n" + "\u2014 a AAAAAAAA\n" * 33).encode(),
        "tekst\n\n\u2014 a AAAAAA==\n".encode(),
        "tekst\n\n\u2014 a AAAAAAA\n".encode(), "tekst\n\n\u2014 a AAAAAAB=\n".encode(),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="AUDIT_NOTE"):
        read_note(content)


@pytest.mark.parametrize(
    "text",
    ["a\n", "a\n1\n", "a\n01\nAAAA\n", "a\nx\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n!\n", "a\n-1\nAA==\n",
     f"a\n{2**63}\n{base64.b64encode(EMPTY).decode()}\n", f"a\n1\n{'A' * 43}=\n\nb\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="AUDIT_NOTE"):
        read_checkpoint(Note(text))


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_a_parser_fail_otherwise(content: bytes) -> None:
    for read in (read_note, read_submission, read_proof):
        with suppress(HanseError):
            read(content)


@given(st.integers(0, len(GOOD.encode()) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_checkpoint_with_a_byte_changed_is_taken(place: int, change: int) -> None:
    content = bytearray(GOOD.encode())
    content[place] ^= change
    try:
        note = read_note(bytes(content))
    except Invalid:
        return
    assert LOG.verifier.signed(note) is None


def test_an_origin_is_an_address_without_its_scheme() -> None:
    assert origin_of("https://stad.example/") == "stad.example/audit"
    assert origin_of("https://stad.example", "-2") == "stad.example/audit-2"


# What a witness decides.


@pytest.mark.parametrize(
    ("seen", "submission", "verdict"),
    [
        (Seen(), offered(0, 7), Verdict(200, 7)),
        (Seen(7, root(7, NODES)), offered(7, 20), Verdict(200, 20)),
        (Seen(7, root(7, NODES)), offered(7, 7), Verdict(200, 7)),
        (Seen(7, root(7, NODES)), offered(9, 7), Verdict(400, 7)),
        (Seen(7, root(7, NODES)), offered(4, 20), Verdict(409, 7)),
        (Seen(20, root(20, NODES)), offered(7, 7), Verdict(409, 20)),
        (Seen(7, root(7, NODES)), offered(7, 20, proof=(EMPTY,)), Verdict(422, 7)),
        (Seen(7, EMPTY), offered(7, 7), Verdict(422, 7, evidence=True)),
        (Seen(7, EMPTY), offered(3, 7), Verdict(422, 7, evidence=True)),
    ],
)
def test_what_a_witness_answers(seen: Seen, submission: Submission, verdict: Verdict) -> None:
    assert judge(submission, seen) == verdict


def logs(origin: str) -> tuple[Verifier, ...]:
    return (LOG.verifier,) if origin == LOG.name else ()


def test_a_submission_reads_back_as_it_was_sent() -> None:
    made = offered(7, 20)
    assert read_submission(made.content) == made
    assert admit(made.content, logs) == made


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"old 1\n\n", 400),
        (b"old x" + offered(7, 20).content[5:], 400),
        (b"old 7\n!\n\n" + GOOD.encode(), 400),
        (b"old 7\nAAAA\n\n" + GOOD.encode(), 400),
        (b"old 7\n\xff\n\n" + GOOD.encode(), 400),
        (b"old 0\n" + (base64.b64encode(EMPTY) + b"\n") * 64 + b"\n" + GOOD.encode(), 400),
        (offered(0, 7).content.replace(b"stad", b"dorp"), 404),
        (b"old 0\n\n" + str(stands(7, OTHER)).encode(), 403),
    ],
)
def test_what_a_witness_does_not_even_compare(content: bytes, status: int) -> None:
    assert admit(content, logs) == Verdict(status)


# Proofs that stand alone.


def proof(index: int = 3, size: int = 7) -> Proof:
    return Proof(index, tuple(inclusion(index, size, NODES)), stands(size))


def test_a_proof_stands_alone() -> None:
    made = read_proof(str(proof()).encode())
    assert made == proof()
    assert made.check(LEAVES[3], LOG.verifier) == 0
    note = made.note.also([EYE.cosign(made.note, 9)])
    assert replace(made, note=note).check(LEAVES[3], LOG.verifier, [EYE.verifier.cosigner()]) == 1


@pytest.mark.parametrize(
    ("leaf", "log", "code"),
    [
        (LEAVES[4], LOG.verifier, "AUDIT_PROOF"),
        (LEAVES[3], OTHER.verifier, "AUDIT_SIGNATURE"),
        (LEAVES[3], replace(LOG.verifier, name="dorp.example/audit"), "AUDIT_SIGNATURE"),
    ],
)
def test_a_proof_of_something_else_is_none(leaf: bytes, log: Verifier, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        proof().check(leaf, log)


def test_a_signature_under_another_origin_counts_for_nothing() -> None:
    elsewhere = LOG.sign(Checkpoint("dorp.example/audit", 7, root(7, NODES)))
    moved = replace(proof(), note=elsewhere)
    with pytest.raises(Invalid, match="AUDIT_SIGNATURE"):
        moved.check(LEAVES[3], LOG.verifier)


TEXT = str(proof())


@pytest.mark.parametrize(
    "text",
    ["", "c2sp", TEXT.replace("@v1", "@v2"), TEXT.replace("index 3", "index x"),
     TEXT.replace("index 3\n", "index 3\nAAAA\n"), TEXT.replace("index 3\n", "index 3\n!\n"),
     TEXT.replace("index 3\n", "index 3\n\u00e9\n"), "x" * 30_000 + TEXT,
     TEXT.replace("index 3\n", "index 3\n" + (base64.b64encode(EMPTY).decode() + "\n") * 65)],
)  # fmt: skip
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="AUDIT_PROOF_FORM"):
        read_proof(text.encode())
