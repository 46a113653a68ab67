"""System query options: which rows, which columns, in which order, how many."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from hanse.dialects.media import Range, best, ranges, refusal
from hanse.dialects.odata.filter import Expression, NotOffered, read
from hanse.errors import Invalid

OFFERED: Final = (
    "$filter", "$select", "$orderby", "$top", "$skip", "$count", "$format", "$skiptoken",
)  # fmt: skip
OTHER: Final = ("purpose",)
JSON: Final = "application/json"
ANYHOW: Final = ("$metadata", "hanse.pbids")
"""Ends of addresses that have one form, whatever a reader accepts: clients ask for these in any."""

_INSTEAD: Final = {
    "$apply": "ODATA_APPLY",
    "$expand": "ODATA_EXPAND",
    "$search": "ODATA_SEARCH",
}
"""What is said of an option that is not offered, where there is something to use instead."""

_COUNTS: Final = ("text/plain", JSON)
_WHOLE: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Order:
    """One column to sort by."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What a question asks of a set of rows; `token` continues an earlier one."""

    filter: Expression | None = None
    select: tuple[str, ...] = ()
    order: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    token: str = ""
    said: str = ""
    """The question as it was written, without its token: what a next page must repeat."""


def parameters(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a raw query; raises `Invalid` where one stands twice.

    `+` is a blank here, as spreadsheets write it; clients that mean a plus write `%2B`.
    """
    pairs = [part.partition("=") for part in query.split("&") if part]
    found = [(unquote_plus(name), unquote_plus(text)) for name, _, text in pairs]
    names = [name for name, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Invalid("QUERY_TWICE", name=twice[:40] if twice.isprintable() else "?")
    return found


def options(given: Sequence[tuple[str, str]], columns: Sequence[str]) -> Options:
    """Return what the parameters ask of rows with these columns.

    Raises `NotOffered` (ODATA_OPTION and its like) for a `$` option that is not offered,
    `NotAcceptable` (ODATA_FORMAT) for another format than JSON, `Invalid` for what does not exist
    or cannot be read: nothing is ever ignored.
    """
    held = {name: text for name, text in given if name not in OTHER}
    for name in held:
        if name not in OFFERED:
            shown = name[:40] if name.isprintable() else "?"
            if name.startswith("$"):
                raise NotOffered(
                    _INSTEAD.get(name, "ODATA_OPTION"), given=shown, choice=", ".join(OFFERED)
                )
            raise Invalid("QUERY_UNKNOWN", name=shown, choice=", ".join(OFFERED))
    if not _is_json(held.get("$format", "json")):
        raise refusal("ODATA_FORMAT", held["$format"], (JSON,))
    text = held.get("$filter")
    return Options(
        filter=read(text, columns) if text else None,
        select=_select(held.get("$select"), columns),
        order=_order(held.get("$orderby"), columns),
        top=_number(held, "$top"),
        skip=_number(held, "$skip") or 0,
        count=_flag(held.get("$count")),
        token=held.get("$skiptoken", ""),
        said="&".join(
            f"{name}={value}"
            for name, value in sorted(held.items())
            if name not in ("$skiptoken", "$top")
        ),
    )


def accepted(parts: Sequence[str], given: Sequence[tuple[str, str]], accept: str) -> None:
    """Check that a reader accepts JSON at an address with these parts, a count as text too.

    `$format` goes before `Accept` (OData 4.0 §11.2.11). Parameters such as `odata.metadata=full`
    are wishes that the answer's own media type answers; `odata=verbose` is the JSON of an older
    OData, in another shape. Raises `NotAcceptable` (MEDIA_NOT_OFFERED).
    """
    end = parts[-1] if parts else ""
    if end in ANYHOW or any(name == "$format" for name, _ in given):
        return
    offered = _COUNTS if end == "$count" else (JSON,)
    if best([each for each in ranges(accept) if not _is_verbose(each)], offered) is None:
        raise refusal("MEDIA_NOT_OFFERED", accept, offered)


def _is_json(text: str) -> bool:
    found = ranges(text)
    return len(found) == 1 and found[0].media in ("json", JSON) and not _is_verbose(found[0])


def _is_verbose(wanted: Range) -> bool:
    return wanted.parameters.get("odata", "").lower() == "verbose"


def _select(text: str | None, columns: Sequence[str]) -> tuple[str, ...]:
    if text in (None, "", "*"):
        return ()
    wanted = [part.strip() for part in (text or "").split(",")]
    for name in wanted:
        _known(name, columns)
    return tuple(name for name in columns if name in wanted)


def _order(text: str | None, columns: Sequence[str]) -> tuple[Order, ...]:
    if not text:
        return ()
    found = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        _known(name, columns)
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise Invalid("ODATA_FILTER", at=0, near=direction[:20])
        found.append(Order(name, direction.strip().lower() == "desc"))
    return tuple(found)


def _known(name: str, columns: Sequence[str]) -> None:
    if name not in columns:
        shown = name[:40] if name.isprintable() else "?"
        raise Invalid("ODATA_PROPERTY", given=shown, choice=", ".join(columns))


def _number(held: dict[str, str], name: str) -> int | None:
    text = held.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text):
        raise Invalid("ODATA_NUMBER", name=name)
    return int(text)


def _flag(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise Invalid("ODATA_NUMBER", name="$count")
    return text == "true"
