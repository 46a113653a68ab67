"""Lists of shares, schemas and tables: one line of JSON each, for clients read no more of them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hanse.dialects.delta.names import Place

MEDIA_TYPE: Final = "application/json; charset=utf-8"
PAGE_ITEMS: Final = 500

Item = dict[str, str]


def shares(places: Iterable[Place]) -> list[Item]:
    """Return the shares of tables, by name."""
    return [{"name": name} for name in sorted({each.share for each in places})]


def schemas(places: Iterable[Place]) -> list[Item]:
    """Return the schemas of tables, by name."""
    found = sorted({(each.schema, each.share) for each in places})
    return [{"name": schema, "share": share} for schema, share in found]


def tables(places: Iterable[Place]) -> list[Item]:
    """Return the tables, by schema and name."""
    found = sorted(places, key=lambda each: (each.schema, each.table))
    return [{"name": each.table, "schema": each.schema, "share": each.share} for each in found]


def page(items: Sequence[Item], token: str) -> bytes:
    """Return one page of a list; `token` opens the next, "" where there is none."""
    document: dict[str, Any] = {"items": list(items)}
    if token:
        document["nextPageToken"] = token
    return line(document)


def line(document: dict[str, Any]) -> bytes:
    """Return a document as the one line of JSON that clients read."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
