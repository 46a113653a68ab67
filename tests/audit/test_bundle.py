"""A proof bundle holds by itself: checked with the standard library alone, and by nobody's word."""

import runpy
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.logs import NOW, ledger

from hanse.audit import bundle, verifier
from hanse.audit.checkpoint import Note, Signer, read_checkpoint
from hanse.audit.proof import Proof
from hanse.errors import NotFound
from hanse.node import bundles, checkpoints
from hanse.node.reports import Wanted
from hanse.store.session import reading, transaction

EYE = Signer.of("oog.example/witness", bytes(range(1, 33)))
FALSE = Signer.of("stad.example/audit", bytes(range(3, 35)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the entries of one client, cosigned by one witness."""
    held = ledger(tmp_path_factory.mktemp("log"))
    held.write(40)
    size = held.checkpoint()
    with transaction(held.engine) as session:
        note = checkpoints.newest(session).note
        eye = EYE.cosign(note, int(NOW.timestamp()))
        checkpoints.cosigned(session, size, EYE.name, eye, NOW)
    keys = [held.signer.verifier, EYE.verifier.cosigner()]
    content = bundles.make(held.engine, keys, Wanted(dataset="set-7"))
    assert content == bundles.make(held.engine, keys, Wanted(dataset="set-7"))
    file = held.file.with_name("bundle.zip")
    file.write_bytes(content)
    with pytest.raises(NotFound, match="AUDIT_NOTHING"):
        bundles.make(held.engine, keys, Wanted(dataset="niets"))
    with reading(held.engine) as session:
        told = checkpoints.newest(session)
    assert told.witnesses == 1
    return file


def changed(made: Path, to: Path, name: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(to, "w") as target:
        for each in source.namelist():
            content = source.read(each)
            if each.startswith(name):
                assert old in content
                content = content.replace(old, new)
            target.writestr(each, content)
    return to


def test_a_stranger_checks_it_with_python_alone(made: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        archive.extract("verify.py", tmp_path)
        keys = archive.read("keys.txt").decode().split()
        assert archive.read("README.txt")
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py")]
    for arguments in ([], keys, keys[:1]):
        done = subprocess.run(
            [*command, str(made), *arguments], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        assert lines[:2] == ["HOLDS", "1 entries are in the log stad.example/audit, which held 40"]
        assert ("given by you" in lines[3]) is bool(arguments)
        assert lines[2].startswith(f"cosigned by {0 if arguments == keys[:1] else 1} witnesses")
    missing = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert missing.returncode == 2


def test_it_is_a_program_too(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, code in (([str(made)], 0), ([], 2), (["absent.zip"], 1)):
        monkeypatch.setattr(sys, "argv", ["verify.py", *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(verifier.__file__), run_name="__main__")
        assert left.value.code == code


FORGERIES = (
    ("entries/", b"set-7", b"set-8", "is not in the log"),
    ("proofs/", b"index 7", b"index 6", "is not in the log"),
    ("checkpoint", b"\n40\n", b"\n41\n", "signed the checkpoint"),
    ("keys", str(EYE.verifier.cosigner()).encode(), b"a+00000000+" + b"A" * 44, ""),
)


@pytest.mark.parametrize(("name", "old", "new", "said"), FORGERIES)
def test_nothing_in_it_can_be_changed(
    name: str, old: bytes, new: bytes, said: str, made: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    forged = changed(made, tmp_path / "forged.zip", name, old, new)
    assert verifier.main([str(forged)]) == (1 if said else 0)
    assert said in capsys.readouterr().out


def test_a_key_that_is_trusted_does_not_sign_for_another(made: Path) -> None:
    with pytest.raises(ValueError, match="signed the checkpoint"):
        verifier.verify(str(made), [str(FALSE.verifier)])
    with pytest.raises(ValueError, match="signed the checkpoint"):
        verifier.verify(str(made), [str(EYE.verifier.cosigner())])


@pytest.mark.parametrize("key", ["", "aalst", "aalst+1+", "a+00000000+AAAA", "a+1+" + "é" * 44])
def test_a_key_that_is_none_says_what_a_key_looks_like_and_where_it_is(
    key: str, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verifier.main([str(made), key]) == 2
    told = capsys.readouterr().out
    assert told.startswith("CANNOT CHECK: ")
    assert "NAME+ID+CODE" in told
    assert "/v1/audit/key" in told


def test_what_is_no_bundle_does_not_hold(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert verifier.main([str(tmp_path / "a.zip")]) == 1
    assert verifier.main([str(tmp_path / "absent.zip")]) == 1
    assert verifier.main([]) == 2
    assert verifier.main([str(made)]) == 0
    huge = changed(made, tmp_path / "huge.zip", "README", b"These", b"x" * 200_000)
    assert verifier.main([str(huge)]) == 1
    assert capsys.readouterr().out.count("DOES NOT HOLD") == 3


def test_too_many_files_are_not_even_read(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "FILES_MAX", 2)
    with pytest.raises(ValueError, match="too many files"):
        verifier.verify(str(made), [])


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_its_own_ed25519_agrees_with_the_library(place: int) -> None:
    message, key = b"tekst", EYE.verifier.key
    signature = EYE.key.sign(message)
    assert verifier.holds(key, message, signature)
    assert not verifier.holds(key, message + b"!", signature)
    assert not verifier.holds(FALSE.verifier.key, message, signature)
    forged = bytearray(signature)
    forged[place] ^= 64
    assert not verifier.holds(key, message, bytes(forged))


def test_odd_points_and_lengths_sign_nothing() -> None:
    signature = EYE.key.sign(b"")
    larger = int.from_bytes(signature[32:], "little") + verifier.L
    assert not verifier.holds(EYE.verifier.key, b"", signature[:32] + larger.to_bytes(32, "little"))
    assert not verifier.holds(EYE.verifier.key, b"", signature + b"\x00")
    for coded in (b"\xff" * 32, (2).to_bytes(32, "little"), b"\x01" + bytes(30) + b"\x80"):
        assert verifier.point_of(coded) is None
        assert not verifier.holds(coded, b"", signature)


def test_a_way_of_the_wrong_length_leads_nowhere() -> None:
    leaf = bytes(32)
    assert verifier.leads(leaf, 0, 1, [], leaf)
    assert not verifier.leads(leaf, 0, 1, [leaf], leaf)
    assert not verifier.leads(leaf, 0, 2, [b"short"], leaf)
    assert not verifier.leads(leaf, 2, 2, [], leaf)
    assert not verifier.leads(leaf, 0, 2, [], leaf)


def test_a_bundle_names_each_entry_by_its_place(made: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        names = [name for name in archive.namelist() if "/" in name]
        body = archive.read("entries/000000000007.json")
        note = Note(archive.read("checkpoint.txt").decode().partition("\n\n")[0] + "\n")
    assert names == ["entries/000000000007.json", "proofs/000000000007.txt"]
    assert read_checkpoint(note).size == 40
    again = bundle.write([(body, replace(Proof(7, (), note), index=9))], note, [])
    assert b"entries/000000000009.json" in again
