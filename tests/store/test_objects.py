"""Folders that never change once they have a name, and what clears away the rest."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from hanse.errors import NotFound
from hanse.store.objects import MANIFEST, DerivedFiles, DirectoryStore

NOW = 2_000_000_000.0
DAY = 24 * 3_600


def kept(store: DirectoryStore, content: bytes) -> str:
    with store.drafting() as draft:
        (draft / "a").write_bytes(content)
        return store.keep(draft, content)


def test_a_folder_is_named_by_the_digest_of_its_manifest(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "data")
    address = kept(store, b"one")
    assert address == hashlib.sha256(b"one").hexdigest()
    assert {path.name for path in store.folder(address).iterdir()} == {"a", MANIFEST}


def test_the_same_content_twice_is_one_folder(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    assert kept(store, b"one") == kept(store, b"one")
    assert len(list(tmp_path.iterdir())) == 1


def test_what_was_not_kept_is_gone(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with pytest.raises(RuntimeError), store.drafting() as draft:  # noqa: PT012
        (draft / "a").write_bytes(b"x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_draft_of_a_dead_process_with_our_number_is_no_hindrance(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with store.drafting() as draft:
        name = draft.name
    number = int(name.rpartition("-")[2])
    for following in range(number, number + 3):
        (tmp_path / f".tmp-{os.getpid()}-{following + 1}").mkdir()
    assert len(kept(store, b"x")) == 64


@pytest.mark.parametrize("address", ["", "..", "a" * 63, "a" * 64, "A" * 64, "../" + "a" * 61])
def test_an_address_that_is_not_here_is_not_found(tmp_path: Path, address: str) -> None:
    with pytest.raises(NotFound):
        DirectoryStore(tmp_path).folder(address)


def test_the_sweeper_takes_what_nobody_refers_to_and_is_old(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    old, young, used = kept(store, b"old"), kept(store, b"young"), kept(store, b"used")
    for name in (".tmp-1-1", ".tmp-1-2"):
        (tmp_path / name).mkdir()
    ages = {old: 2 * DAY, young: DAY / 2, used: 9 * DAY, ".tmp-1-1": 3_700, ".tmp-1-2": 3_500}
    for name, age in ages.items():
        os.utime(tmp_path / name, (NOW - age, NOW - age))
    (tmp_path / "notes.txt").write_text("not ours")
    os.utime(tmp_path / "notes.txt", (0, 0))
    assert set(store.sweep({used}, DAY, NOW)) == {old, ".tmp-1-1"}
    assert {path.name for path in tmp_path.iterdir()} == {young, used, ".tmp-1-2", "notes.txt"}


def test_a_folder_about_to_be_referred_to_is_young_again(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    address = kept(store, b"one")
    os.utime(tmp_path / address, (0, 0))
    kept(store, b"one")
    assert (tmp_path / address).stat().st_mtime > 0


KEY = "0" * 64


def one(draft: Path) -> None:
    draft.write_bytes(b"one")


def test_a_derived_file_is_named_by_its_question_and_its_bytes(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path / "views")
    assert files.find(KEY, ".x") is None
    path = files.make(KEY, ".x", one)
    assert path.name == f"{KEY}-{hashlib.sha256(b'one').hexdigest()}.x"
    assert files.find(KEY, ".x") == path


def test_a_maker_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        draft.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        DerivedFiles(tmp_path).make(KEY, ".x", fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limits", [{"most_files": 3}, {"most_bytes": 11}])
def test_what_was_used_last_is_kept_and_no_more_than_fits(
    tmp_path: Path, limits: dict[str, int]
) -> None:
    files = DerivedFiles(tmp_path, **limits)
    keys = [f"{number:064x}" for number in range(6)]
    for number, key in enumerate(keys[:3]):
        path = files.make(key, ".x", one)
        os.utime(path, ns=(number, path.stat().st_mtime_ns))
    oldest = files.find(keys[0], ".x")
    for key in keys[3:5]:
        files.make(key, ".x", one)
    assert oldest is not None
    assert oldest.exists()
    assert [files.find(key, ".x") is None for key in keys[:5]] == [False, True, True, False, False]


def test_one_large_file_is_kept_whatever_the_limit(tmp_path: Path) -> None:
    assert DerivedFiles(tmp_path, most_bytes=1).make(KEY, ".x", one).exists()


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with pytest.raises(FileNotFoundError), store.drafting() as draft:  # noqa: PT012
        shutil.rmtree(draft)
        store.keep(draft, b"x")
    assert list(tmp_path.iterdir()) == []
