"""Answers kept on the user's machine, named by what was asked and checked against their digest.

An entry is used only after the node said, for this caller and at this moment, that it still stands
(304 to its ETag): a permit that ended ends the entry too. Bodies are stored by their SHA-256, and
one that does not match is thrown away. Governed answers (`no-store`) are kept only where the user
says so.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hanse.client.settings import write_private

Keep = Literal["nothing", "open", "all"]
ENTRIES_MAX: Final = 2_000
BODY_BYTES_MAX: Final = 64_000_000
_KEPT_HEADERS: Final = (
    "release",
    "release-digest",
    "etag",
    "repr-digest",
    "protocol",
    "link",
    "content-type",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was."""

    etag: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A folder of answers for its owner alone."""

    folder: Path
    keep: Keep = "open"

    def find(self, key: str) -> Kept | None:
        """Return what is kept under a key, or None; a damaged entry is removed."""
        entry = self.folder / f"{key}.json"
        try:
            known = json.loads(entry.read_text("utf-8"))
            body = (self.folder / known["sha256"]).read_bytes()
            if hashlib.sha256(body).hexdigest() != known["sha256"]:
                raise ValueError("digest")
            return Kept(known["headers"]["etag"], known["headers"], body)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            entry.unlink(missing_ok=True)
            return None

    def put(self, key: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep an answer, if it may be kept and has an ETag to ask about it by."""
        if not self._may(headers) or len(body) > BODY_BYTES_MAX:
            return
        sha256 = hashlib.sha256(body).hexdigest()
        told = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        with suppress(OSError):  # a full disk costs a later request, not this answer
            self._write(sha256, body)
            write_private(
                self.folder / f"{key}.json", json.dumps({"sha256": sha256, "headers": told})
            )
            self._trim()

    def manifest(self, digest: str) -> str | None:
        """Return a signed manifest by its digest; its reader verifies it again."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.folder / f"{_name(digest)}.jws").read_text("ascii")
        return None

    def put_manifest(self, digest: str, statement: str) -> None:
        """Keep a signed manifest, unless nothing is kept."""
        if self.keep != "nothing":
            with suppress(OSError):
                write_private(self.folder / f"{_name(digest)}.jws", statement)

    def _may(self, headers: Mapping[str, str]) -> bool:
        if self.keep == "nothing" or "etag" not in headers:
            return False
        return self.keep == "all" or "no-store" not in headers.get("cache-control", "")

    def _write(self, name: str, body: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self.folder / f".{name}.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_bytes(body)
        made.replace(self.folder / name)

    def _trim(self) -> None:
        """Remove the oldest entries beyond the limit, and the bodies that none names any more."""
        entries = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        if len(entries) <= ENTRIES_MAX:
            return
        for entry in entries[: len(entries) - ENTRIES_MAX]:
            entry.unlink(missing_ok=True)
        named = {json.loads(entry.read_text("utf-8"))["sha256"] for entry in entries[-ENTRIES_MAX:]}
        for body in filter(Path.is_file, self.folder.iterdir()):
            if not body.suffix and not body.name.startswith(".") and body.name not in named:
                body.unlink(missing_ok=True)


def _name(digest: str) -> str:
    return digest.removeprefix("sha-256:")
