"""A node's own file, to disk: resumed where it broke off, and named only when its digest holds.

The part that came in lies beside the target with the ETag it belongs to. `If-Range` makes the node
decide: the rest of the same bytes (206), or everything again (200).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hanse.client.answers import word
from hanse.client.conversation import NOTHING, Conversation, Wanted
from hanse.client.deadline import Deadline
from hanse.client.question import Question
from hanse.client.verification import SignedManifest, check_digest, declared_digest
from hanse.errors import Invalid
from hanse.outbound import Answer, Opened

FILE_BYTES: Final = 20_000_000_000
PIECE_BYTES: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/[0-9*]{1,15}\Z")

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "arrow": "application/vnd.apache.arrow.stream",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Saved:
    """A file as it was saved, and the signed release it is from."""

    path: Path
    bytes: int
    resumed_from: int
    signed: SignedManifest


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes that came in so far."""

    path: Path

    @property
    def _note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def size_of(self, target: str) -> tuple[int, str]:
        """Return how many bytes of this very question are there, and their strong ETag."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            known = note["target"] == target and note["etag"].startswith('"')
            return (self.path.stat().st_size, note["etag"]) if known else (0, "")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return 0, ""

    def begin(self, target: str, etag: str) -> None:
        """Start anew: nothing so far, for a question whose answer has this ETag."""
        self.path.write_bytes(b"")
        self._note.write_text(json.dumps({"target": target, "etag": etag}), "utf-8")

    def drop(self) -> None:
        """Forget it all."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def sha256(self) -> bytes:
        """Return the digest of what is there."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


async def save(
    talk: Conversation, question: Question, file: Path, file_format: str, within: Deadline
) -> Saved:
    """Save the node's file for a question; a call after a break goes on where it broke off.

    Raises `Invalid` (ANSWER_DIGEST) when the whole does not match its digest: nothing gets the
    name.
    """
    target = question.target(file_format)
    if file_format == "parquet":
        target = target.replace("/data?", "/data.parquet?", 1)
    part = Part(file.with_name(file.name + ".part"))
    got, etag = part.size_of(target)
    resuming = {"Range": f"bytes={got}-", "If-Range": etag} if got and etag else NOTHING
    wanted = Wanted(target, MEDIA_TYPES[file_format], question.dataset, question.purpose, resuming)
    headers, start = await _receive(talk, wanted, part, within)
    signed = await talk.signed(question, headers, within)
    try:
        if start and declared_digest(headers, talk.url) is None:
            raise Invalid("ANSWER_DIGEST", peer=talk.url)  # two halves that nothing holds together
        check_digest(headers, part.sha256(), talk.url)
    except Invalid:
        part.drop()
        raise
    size = part.path.stat().st_size
    part.path.replace(file)
    part.drop()
    return Saved(file, size, start, signed)


async def _receive(
    talk: Conversation, wanted: Wanted, part: Part, within: Deadline
) -> tuple[Mapping[str, str], int]:
    """Receive what is missing; return the headers of the answer and where it went on."""
    for _ in range(3):
        headers = await talk.headers(wanted, within)
        ask = talk.request(wanted, headers, within.limits(FILE_BYTES))
        async with talk.way.stream(ask) as opened:
            if opened.status in {200, 206}:
                start = _start(opened, part, wanted)
                await _write(opened, part)
                return opened.headers, start
            body = await opened.body()
        answer = Answer(str(ask.origin), opened.status, opened.headers, body)
        if not talk.may_try(answer, wanted, headers):
            raise word(answer)
    raise word(answer)


def _start(opened: Opened, part: Part, wanted: Wanted) -> int:
    """Return where the bytes go: behind what is there, or from the start when the file changed."""
    if opened.status == 200:
        part.begin(wanted.path, opened.headers.get("etag", ""))
        return 0
    place = _RANGE.match(opened.headers.get("content-range", ""))
    got = part.path.stat().st_size
    if place is None or int(place[1]) != got:
        part.drop()
        raise Invalid("ANSWER_DIGEST", peer=str(opened.ask.origin))
    return got


async def _write(opened: Opened, part: Part) -> None:
    with part.path.open("ab") as file:
        async for piece in opened.pieces():
            file.write(piece)
