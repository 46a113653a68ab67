"""An answer of the door as HTTP: rendered, or sent as the bytes it already is.

What exists as bytes goes out as slices of the mapped file, with its exact length and by range; what
is small is rendered first, so that its digest can stand in front.
"""

import base64
import hashlib
import itertools
import json
import mmap
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hanse.cube.cleared import Cells, Cleared
from hanse.cube.query import Extent
from hanse.dialects import arrow_ipc, csv, csvw, json_cells, parquet, xlsx
from hanse.dialects.heading import METHOD_HEADER, Heading
from hanse.dialects.media import accepted
from hanse.errors import Invalid
from hanse.node.answer import WHOLE_ROWS, Answer, Format
from hanse.node.releases import manifest
from hanse.node.releases.views import Runs

CHUNK_BYTES: Final = 1 << 20
MAPPED_MAX: Final = 64
"""How many files stay mapped: address space and page cache, no memory of the process."""

FORMS: Final[Mapping[str, Format]] = {
    "json": "json",
    "csv": "csv",
    "csv-spreadsheet": "csv",
    "xlsx": "xlsx",
    "parquet": "parquet",
    "arrow": "arrow",
}
"""The names a question may give a format, and what a protocol calls each."""

_MEDIA: Final[Mapping[str, str]] = {
    "json": json_cells.MEDIA_TYPE,
    "csv": csv.MEDIA_TYPE,
    "csv-spreadsheet": csv.MEDIA_TYPE,
    "xlsx": xlsx.MEDIA_TYPE,
    "parquet": parquet.MEDIA_TYPE,
    "arrow": arrow_ipc.MEDIA_TYPE,
}
_SUFFIX: Final[Mapping[str, str]] = {
    "json": json_cells.SUFFIX,
    "csv": csv.SUFFIX,
    "csv-spreadsheet": csv.SUFFIX,
    "xlsx": xlsx.SUFFIX,
    "parquet": parquet.SUFFIX,
    "arrow": arrow_ipc.SUFFIX,
}
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is wanted: a name of `FORMS`, the Arrow codec, the reader's language.

    `none_match` is the entity tag the reader holds already, `query` the question as it was written.
    """

    form: str
    codec: arrow_ipc.Codec = "raw"
    lang: str = "nl"
    none_match: str = ""
    query: str = ""


def form_of(given: str | None, accept: str) -> str:
    """Return the format that is asked for by name, else the one that `Accept` weighs highest.

    Who accepts everything gets JSON. Raises `Invalid` (FORMAT_UNKNOWN) for a name that does not
    exist, `NotAcceptable` (MEDIA_NOT_OFFERED) where none of the formats is accepted.
    """
    if given is not None:
        if given not in FORMS:
            shown = given[:20] if given.isprintable() else "?"
            raise Invalid("FORMAT_UNKNOWN", given=shown, choice=", ".join(FORMS))
        return given
    return accepted(accept, {_MEDIA[form].partition(";")[0]: form for form in FORMS.values()})


def respond(answer: Answer, heading: Heading, wish: Wish, governed: bool) -> Response:
    """Return the response: 304 where the reader holds these bytes, else the cells."""
    tag = entity_tag(answer, wish)
    name = f"{heading.dataset}-{heading.release}{_SUFFIX[wish.form]}"
    headers = headed(answer, heading, name, governed) | {"ETag": tag}
    if FORMS[wish.form] == "csv":
        headers["Link"] = f"{_described_by(heading, wish.query)}, {headers['Link']}"
    if wish.none_match and tag.removeprefix("W/") in _tags(wish.none_match):
        return Response(status_code=304, headers=headers)
    if answer.file is not None:
        return _File(answer.file, headers=headers, media_type=_MEDIA[wish.form])
    if answer.runs is not None:
        return Segments(tuple(_views(answer.runs)), headers, _MEDIA[wish.form])
    cells = answer.cleared if answer.pieces is None else answer.pieces.coded()
    assert cells is not None  # noqa: S101 an answer is one of the four
    pieces = _rendered(cells, heading, wish)
    if answer.rows > WHOLE_ROWS:
        return StreamingResponse(pieces, headers=headers, media_type=_MEDIA[wish.form])
    body = b"".join(pieces)
    headers["Repr-Digest"] = _digest_field(hashlib.sha256(body).digest())
    return Segments((memoryview(body),), headers, _MEDIA[wish.form])


def _rendered(cells: Cells, heading: Heading, wish: Wish) -> Iterator[bytes]:
    if isinstance(cells, Cleared) and wish.form == "arrow":
        return arrow_ipc.render(cells, heading, wish.codec)
    renderers: dict[str, Callable[[], Iterator[bytes]]] = {
        "json": lambda: json_cells.render(cells, heading),
        "csv": lambda: csv.render(cells, heading),
        "csv-spreadsheet": lambda: csv.render_for_spreadsheets(cells, heading),
        "xlsx": lambda: xlsx.render(cells, heading, wish.lang),
    }
    return renderers[wish.form]()


def headed(answer: Answer, heading: Heading, name: str, governed: bool) -> dict[str, str]:
    """Return what an answer that is kept as a file of some name says about itself."""
    headers = {
        "Release": heading.release,
        "Release-Digest": answer.digest,
        "Protocol": answer.permit.protocol,
        "Link": f'<{_licence_address(heading.licence)}>; rel="license"',
        "Cache-Control": "private, no-store" if governed else "public, max-age=300",
        "Vary": "Authorization, Accept, Purpose",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if answer.decision:
        headers["Decision"] = answer.decision
        headers["Audit-Receipt"] = answer.receipt
    if heading.sdc_method:
        headers[METHOD_HEADER] = heading.sdc_method
    if answer.exchange:
        headers["Exchange-Id"] = answer.exchange
    if answer.file is not None:
        headers["Repr-Digest"] = _digest_field(bytes.fromhex(_file_digest(answer)))
    return headers


def _described_by(heading: Heading, query: str) -> str:
    """Return the link to what describes these lines (CSV on the Web, W3C 2015, §5.2)."""
    address = f"{heading.url.partition('?')[0]}.csv-metadata.json"
    return f'<{address}{f"?{query}" if query else ""}>; rel="describedby"; type="{csvw.MEDIA_TYPE}"'


def _licence_address(licence: str) -> str:
    if licence.startswith(("https://", "http://")):
        return licence
    return f"https://spdx.org/licenses/{re.sub(r'[^A-Za-z0-9.+-]', '-', licence)}"


def _digest_field(digest: bytes) -> str:
    """Return the value of `Repr-Digest` (RFC 9530 §3)."""
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def _file_digest(answer: Answer) -> str:
    assert answer.file is not None  # noqa: S101 only asked of files
    part = next((part for part in answer.manifest.parts if part.path == answer.file.name), None)
    if part is not None:
        return part.sha256.removeprefix("sha-256:")
    return answer.file.stem.rpartition("-")[2]


def entity_tag(answer: Answer, wish: Wish) -> str:
    """Return the entity tag: of the bytes themselves where they are known, else of what is said.

    It depends on what was opened, so two recipients with other rights never share one.
    """
    if answer.file is not None:
        return f'"{_file_digest(answer)}"'
    told = [answer.digest, answer.permit.content_hash, *_told(answer.extent)]
    facts = json.dumps([*told, wish.form, wish.codec, wish.lang])
    tag = hashlib.sha256(facts.encode()).hexdigest()
    return f'"{tag}"' if answer.runs is not None else f'W/"{tag}"'


def _told(extent: Extent) -> list[object]:
    window = extent.periods
    return [
        sorted(extent.indicators or ()),
        {level: sorted(codes or ()) for level, codes in sorted((extent.areas or {}).items())},
        [str(window.start), str(window.end)] if window else None,
        {name: sorted(codes) for name, codes in sorted(extent.breakdowns.items())},
    ]


def _tags(none_match: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in none_match.split(",")]


class _File(FileResponse):
    """A file by ranges; its entity tag is the digest of its bytes."""

    chunk_size = CHUNK_BYTES


class Segments(Response):
    """Bytes that exist as one body, without a copy: ranges of files, or what was rendered whole.

    One range may be asked for (RFC 9110 §14); `If-Range` must be the very tag.
    """

    def __init__(
        self, views: tuple[memoryview, ...], headers: Mapping[str, str], media_type: str
    ) -> None:
        self.views = views
        self.length = sum(len(view) for view in self.views)
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.body = b""
        self.init_headers({**headers, "Accept-Ranges": "bytes", "Content-Length": str(self.length)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole body, or the range that is asked for."""
        asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
        start, end = self._range(asked)
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if scope["method"] != "HEAD":
            for piece in _pieces(self.views, start, end):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _range(self, asked: Mapping[bytes, str]) -> tuple[int, int]:
        found = _RANGE.fullmatch(asked.get(b"range", ""))
        if found is None or asked.get(b"if-range", self.headers["etag"]) != self.headers["etag"]:
            return 0, self.length
        start, end = _bounds(found[1], found[2], self.length)
        if start >= end:
            self.status_code = 416
            self.headers["Content-Range"] = f"bytes */{self.length}"
            self.headers["Content-Length"] = "0"
            return 0, 0
        self.status_code = 206
        self.headers["Content-Range"] = f"bytes {start}-{end - 1}/{self.length}"
        self.headers["Content-Length"] = str(end - start)
        return start, end


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    """Return the half-open range of a `Range` field; empty where it cannot be satisfied."""
    if first:
        return int(first), min(int(last) + 1, length) if last else length
    return (max(length - int(last), 0), length) if last else (0, 0)


def _views(runs: Runs) -> Iterator[memoryview]:
    yield memoryview(runs.head)
    yield from _mapped(runs.path, runs.ranges)
    if runs.cut_path is not None:
        yield from _mapped(runs.cut_path, runs.cut_ranges)
    yield memoryview(runs.tail)


def _mapped(path: Path, ranges: Sequence[tuple[int, int]]) -> Iterator[memoryview]:
    if not ranges:
        return
    whole = _whole(path, manifest.fingerprint(path))
    for offset, length in ranges:
        yield whole[offset : offset + length]


@lru_cache(maxsize=MAPPED_MAX)
def _whole(path: Path, _fingerprint: manifest.Fingerprint) -> memoryview:
    """Return a file's bytes; it stays mapped, for its pages would be looked up anew each time."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _pieces(views: Sequence[memoryview], start: int, end: int) -> Iterator[memoryview]:
    begins = itertools.accumulate((len(view) for view in views), initial=0)
    for view, begin in zip(views, begins, strict=False):
        first, last = max(start - begin, 0), min(end - begin, len(view))
        for offset in range(first, last, CHUNK_BYTES):
            yield view[offset : min(offset + CHUNK_BYTES, last)]
