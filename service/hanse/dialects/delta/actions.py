"""Answers about a table: lines of JSON with its protocol, its metadata and its files.

`configuration`, `modificationTime` and `dataChange` stand there although the specification's own
examples leave them out: readers of the Delta form stop without them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from hanse.dialects.delta.capabilities import Form

MEDIA_TYPE: Final = "application/x-ndjson; charset=utf-8"
VERSION_HEADER: Final = "Delta-Table-Version"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as its metadata tells it. `schema` is JSON text; `version` the number of a release.

    `changes` says whether it is told for its change feed.
    """

    id: str
    name: str
    description: str
    schema: str
    version: int
    changes: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file of a table; moments in milliseconds since 1970, `size` in bytes.

    `id` is the digest of its bytes. `kind` is "add" for a whole table, "cdf" for changes.
    """

    url: str
    id: str
    size: int
    stats: str
    version: int
    timestamp: int
    expires: int
    kind: Literal["add", "cdf"] = "add"


def protocol(form: Form, *, changes: bool = False) -> Line:
    """Return the line on what a reader must know."""
    if form == "parquet":
        return {"protocol": {"minReaderVersion": 1}}
    writer = 4 if changes else 2  # below 4 readers deny that there can be changes
    return {"protocol": {"deltaProtocol": {"minReaderVersion": 1, "minWriterVersion": writer}}}


def metadata(form: Form, table: Table, file: File | None = None) -> Line:
    """Return the line on the table; with its file it tells how large it is."""
    size: Line = {} if file is None else {"size": file.size, "numFiles": 1}
    configuration = {"delta.enableChangeDataFeed": "true"} if table.changes else {}
    told: Line = {
        "id": table.id,
        "name": table.name,
        "description": table.description,
        "format": {"provider": "parquet"},
        "schemaString": table.schema,
        "partitionColumns": [],
        "configuration": configuration,
    }
    if form == "parquet":
        return {"metaData": {**told, "version": table.version, **size}}
    told["format"] = {"provider": "parquet", "options": {}}
    return {"metaData": {"version": table.version, **size, "deltaMetadata": told}}


def snapshot(form: Form, file: File) -> Line:
    """Return the line on the file of a table."""
    if form == "delta":
        return {"file": _wrapped(file, {"add": _added(file)})}
    return {"file": {**_plain(file), "stats": file.stats, "expirationTimestamp": file.expires}}


def change(form: Form, file: File) -> Line:
    """Return the line on a file in the change feed."""
    if form == "parquet":
        stats = {"stats": file.stats} if file.kind == "add" else {}
        return {file.kind: {**_plain(file), **stats, "expirationTimestamp": file.expires}}
    if file.kind == "add":
        return {"file": _wrapped(file, {"add": _added(file)})}
    held = {"path": file.url, "partitionValues": {}, "size": file.size, "dataChange": False}
    return {"file": _wrapped(file, {"cdc": held})}


def end(expires: int) -> Line:
    """Return the line that ends an answer, for a reader who asked for one."""
    return {"endStreamAction": {"minUrlExpirationTimestamp": expires}}


def written(lines: Iterable[Line]) -> bytes:
    """Return the lines as text."""
    return b"".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        for each in lines
    )


def _plain(file: File) -> Line:
    return {
        "url": file.url,
        "id": file.id,
        "partitionValues": {},
        "size": file.size,
        "version": file.version,
        "timestamp": file.timestamp,
    }


def _wrapped(file: File, action: Line) -> Line:
    return {
        "id": file.id,
        "version": file.version,
        "timestamp": file.timestamp,
        "expirationTimestamp": file.expires,
        "deltaSingleAction": action,
    }


def _added(file: File) -> Line:
    return {
        "path": file.url,
        "partitionValues": {},
        "size": file.size,
        "modificationTime": file.timestamp,
        "dataChange": True,
        "stats": file.stats,
    }
