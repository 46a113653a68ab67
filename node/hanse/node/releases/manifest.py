"""The manifest of a release on disk: read only when it is what its address says."""

import hashlib
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from hanse.errors import NotFound, Unavailable
from hanse.store.objects import MANIFEST, DirectoryStore, hash_file
from hanse.wire import Manifest

STATEMENT = "manifest.jws"
_OPEN_MAX = 64

Fingerprint = tuple[int, int, int]
"""Inode, time of change in ns, and size: what tells that a file is still the one that was read."""


def load(home: Path, digest: str) -> Manifest:
    """Return the manifest with this digest; `Unavailable` where its bytes were changed."""
    return read(folder_of(home, digest))


def folder_of(home: Path, digest: str) -> Path:
    """Return the folder of a release by the digest of its manifest; `NotFound` where it is not."""
    return DirectoryStore(home / "data").folder(digest.removeprefix("sha-256:"))


def read(folder: Path) -> Manifest:
    """Return the manifest of a release's folder, checked against the folder's name."""
    path = folder / MANIFEST
    return _read(path, fingerprint(path))


def statement(folder: Path) -> str:
    """Return the manifest as the node signed it, a compact JWS."""
    return (folder / STATEMENT).read_text("ascii")


def fingerprint(path: Path) -> Fingerprint:
    """Return what tells whether a file was touched since; `NotFound` where it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError as fault:
        raise NotFound("OBJECT_UNKNOWN", address=path.parent.name) from fault
    return found.st_ino, found.st_mtime_ns, found.st_size


def check(path: Path, sha256: str) -> Fingerprint:
    """Return the fingerprint of a file with this digest; hashed once per fingerprint.

    Raises `Unavailable` for any other bytes.
    """
    found = fingerprint(path)
    if f"sha-256:{_hash(path, found)}" != sha256:
        raise Unavailable("OBJECT_DAMAGED", address=f"{path.parent.name[:12]}/{path.name}")
    return found


@lru_cache(maxsize=_OPEN_MAX)
def _read(path: Path, _fingerprint: Fingerprint) -> Manifest:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != path.parent.name:
        raise Unavailable("OBJECT_DAMAGED", address=f"{path.parent.name[:12]}/{path.name}")
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as fault:
        raise Unavailable("RELEASE_READER", address=path.parent.name[:12]) from fault


@lru_cache(maxsize=_OPEN_MAX * 8)
def _hash(path: Path, _fingerprint: Fingerprint) -> str:
    return hash_file(path)
