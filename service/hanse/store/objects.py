"""Folders and files that never change once they have a name: written aside, synced, then renamed.

A folder is named by the SHA-256 of its manifest, a derived file by the question it answers and the
SHA-256 of its bytes. Between the first write and the rename nothing has a name, so a process that
dies at any moment leaves either the whole thing or a `.tmp-…` that the sweeper removes.
"""

import hashlib
import itertools
import os
import re
import shutil
import time
import typing
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import NotFound

MANIFEST = "manifest.json"
TEMPORARY_AGE_SECONDS = 3_600
KEPT_FILES = 1_000
"""How many derived files are kept: questions are endless, disks are not."""

KEPT_BYTES = 4_000_000_000
"""How many bytes of them; the newest stays, however large."""

_ADDRESS = re.compile(r"^[0-9a-f]{64}\Z")
_COUNTER = itertools.count()


class ObjectStore(typing.Protocol):
    """Where content-addressed folders live; a directory here, an object store elsewhere."""

    def drafting(self) -> AbstractContextManager[Path]:
        """Give an empty folder without a name; it is gone after the block unless it was kept."""
        ...

    def keep(self, draft: Path, manifest: bytes) -> str:
        """Give the draft its name, for good; return the address: the SHA-256 of `manifest`."""
        ...

    def folder(self, address: str) -> Path:
        """Return the folder with this address; `NotFound` where there is none."""
        ...

    def sweep(self, referenced: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Remove what nobody refers to; return what was removed."""
        ...


@dataclass(frozen=True, slots=True)
class DirectoryStore:
    """An object store in one directory of the local file system."""

    root: Path

    @contextmanager
    def drafting(self) -> Iterator[Path]:
        """Give an empty folder `.tmp-<pid>-<n>` beside the kept ones."""
        self.root.mkdir(parents=True, exist_ok=True)
        draft = _fresh(self.root)
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def keep(self, draft: Path, manifest: bytes) -> str:
        """Sync every file, write the manifest last, and rename the folder to its address.

        The same content twice is one folder: the address says that the bytes are equal.
        """
        address = hashlib.sha256(manifest).hexdigest()
        for path in sorted(draft.iterdir()):
            sync_file(path)
        _write_synced(draft / MANIFEST, manifest)
        sync_folder(draft)
        target = self.root / address
        if target.exists():
            os.utime(target)  # it is about to be referred to: young again for the sweeper
        else:
            draft.rename(target)
        sync_folder(self.root)
        return address

    def folder(self, address: str) -> Path:
        """Return the folder with this address; `NotFound` where there is none."""
        path = self.root / address
        if not _ADDRESS.match(address) or not path.is_dir():
            raise NotFound("OBJECT_UNKNOWN", address=address[:64])
        return path

    def sweep(self, referenced: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Remove `.tmp-…` older than an hour and folders that nobody refers to since `older_than`.

        `now` is seconds since the epoch. A folder that was just renamed is young: its transaction
        may still be on its way.
        """
        kept = frozenset(referenced)
        limit = max(older_than, TEMPORARY_AGE_SECONDS)
        gone: list[str] = []
        for path in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            temporary = path.name.startswith(".tmp-")
            stray = bool(_ADDRESS.match(path.name)) and path.name not in kept
            age = now - path.stat().st_mtime
            if (temporary and age > TEMPORARY_AGE_SECONDS) or (stray and age > limit):
                _remove(path)
                gone.append(path.name)
        return tuple(gone)


@dataclass(frozen=True, slots=True)
class DerivedFiles:
    """Files that can be made again, each named by what it answers and the digest of its bytes.

    At most `most_files` and `most_bytes` of them are kept: those used last.
    """

    root: Path
    most_files: int = KEPT_FILES
    most_bytes: int = KEPT_BYTES

    def find(self, key: str, suffix: str) -> Path | None:
        """Return the file that answers `key` (64 hexadecimal digits), or None."""
        if not _ADDRESS.match(key):
            raise NotFound("OBJECT_UNKNOWN", address=key[:64])
        found = next(iter(sorted(self.root.glob(f"{key}-*{suffix}"))), None)
        if found is not None:
            with suppress(OSError):  # another thread may just have made room
                # The moment of writing stays: it tells whether the bytes were touched.
                os.utime(found, ns=(time.time_ns(), found.stat().st_mtime_ns))
        return found

    def make(self, key: str, suffix: str, write: Callable[[Path], None]) -> Path:
        """Let `write` fill a file, then give it its name; two makers at once leave one file."""
        self.root.mkdir(parents=True, exist_ok=True)
        draft = _fresh(self.root)
        try:
            write(draft)
            sync_file(draft)
            target = self.root / f"{key}-{hash_file(draft)}{suffix}"
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(self.root)
        self._make_room()
        return target

    def _make_room(self) -> None:
        """Remove what was used longest ago; whoever reads such a file keeps its bytes."""
        held: list[tuple[int, int, str]] = []
        for file in os.scandir(self.root):
            with suppress(FileNotFoundError):
                about = file.stat()
                held.append((about.st_atime_ns, about.st_size, file.path))
        held = sorted(each for each in held if not _is_temporary(each[2]))
        files, size = len(held), sum(each[1] for each in held)
        for _, length, path in held[:-1]:
            if files <= self.most_files and size <= self.most_bytes:
                return
            Path(path).unlink(missing_ok=True)
            files, size = files - 1, size - length


def _is_temporary(path: str) -> bool:
    return Path(path).name.startswith(".tmp-")


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Return once the file's bytes are on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Return once the folder's names are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _fresh(root: Path) -> Path:
    names = (root / f".tmp-{os.getpid()}-{number}" for number in _COUNTER)
    return next(path for path in names if not path.exists())  # a dead process had our number once
