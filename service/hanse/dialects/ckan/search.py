"""The part of Solr's query language that CKAN's clients send, read whole or refused.

`title:x`, `tags:(a OR b)`, `-organization:a`, `"two words"`,
`metadata_modified:[2026-01-01T00:00:00Z TO *]`,
`a OR b`, `a AND b`; terms beside one another must all hold. Source: the harvester of CKAN, ckanapi,
Solr reference guide "Standard query parser".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hanse.dialects.ckan import packages
from hanse.dialects.dcat.listing import Listing
from hanse.errors import Invalid

Holds = Callable[[Listing], bool]

TERMS_MAX: Final = 200
DEPTH_MAX: Final = 20

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<range>[\[{][^\]}]*[\]}])|(?P<quoted>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<sign>[+\-!](?=\S))|(?P<word>(?:[^\s()\[\]{}\":\\]|\\.)+)(?P<colon>:)?)"
)
_RANGE: Final = re.compile(r"[\[{]\s*(\S+)\s+TO\s+(\S+)\s*[\]}]")


class BadSearch(Invalid):
    """A search that cannot be read: CKAN's Search Query Error."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _texts(listing: Listing) -> tuple[str, ...]:
    names = [text for each in listing.measures for text in each.name.values()]
    return (
        listing.slug,
        packages.name(listing),
        listing.publisher.name,
        listing.theme,
        *listing.title.values(),
        *listing.description.values(),
        *listing.keywords,
        *names,
    )


FIELDS: Final[Mapping[str, Callable[[Listing], tuple[str, ...]]]] = MappingProxyType(
    {
        "id": lambda each: (packages.identity(each.uri),),
        "name": lambda each: (packages.name(each),),
        "title": lambda each: tuple(each.title.values()),
        "notes": lambda each: tuple(each.description.values()),
        "text": _texts,
        "organization": lambda each: (packages.organization_name(each.publisher),),
        "owner_org": lambda each: (packages.package(each, "nl")["owner_org"],),
        "groups": lambda each: (packages.group_name(each),),
        "tags": lambda each: each.keywords,
        "license_id": lambda each: (packages.package(each, "nl")["license_id"],),
        "res_format": lambda each: tuple(
            file["format"] for file in packages.package(each, "nl")["resources"]
        ),
        "access_rights": lambda each: ("PUBLIC" if each.access == "open" else "RESTRICTED",),
        "state": lambda each: ("active",),
        "type": lambda each: ("dataset",),
        "dataset_type": lambda each: ("dataset",),
        "private": lambda each: ("false",),
        "capacity": lambda each: ("public",),
        "metadata_created": lambda each: (packages.package(each, "nl")["metadata_created"],),
        "metadata_modified": lambda each: (packages.moment(each.changed_at),),
    }
)
"""The fields that can be asked for; each has every value of a package."""

_WORDED: Final = frozenset({"title", "notes", "text"})
_DATED: Final = frozenset({"metadata_created", "metadata_modified"})


def read(text: str) -> Holds:
    """Return what a query asks of a package; raises `BadSearch` (CKAN_SEARCH)."""
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    reader = _Reader(tokens)
    found = reader.together(0, "text")
    if reader.next is not None:
        raise _bad(reader.next.text)
    return found


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= TERMS_MAX:
            raise _bad(text[at : at + 20])
        kind = "field" if match.lastgroup == "colon" else str(match.lastgroup)
        group = "word" if kind == "field" else kind
        found.append(_Token(kind, match[group]))
        at = match.end()
    return found


def _bad(near: str) -> BadSearch:
    shown = near[:40] if near.isprintable() else ascii(near[:40])[1:-1]
    return BadSearch("CKAN_SEARCH", near=shown)


class _Reader:
    """Reads tokens from left to right; OR binds closer than standing beside one another."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> _Token | None:
        """The token that is read next."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def together(self, depth: int, field: str) -> Holds:
        """Read terms that must all hold."""
        if depth > DEPTH_MAX:
            raise _bad("(")
        found = [self._either(depth, field)]
        while self.next is not None and self.next.kind != "close":
            found.append(self._either(depth, field))
        return lambda listing: all(each(listing) for each in found)

    def _either(self, depth: int, field: str) -> Holds:
        found = [self._both(depth, field)]
        while self._took("OR", "||"):
            found.append(self._both(depth, field))
        return lambda listing: any(each(listing) for each in found)

    def _both(self, depth: int, field: str) -> Holds:
        found = [self._one(depth, field)]
        while self._took("AND", "&&"):
            found.append(self._one(depth, field))
        return lambda listing: all(each(listing) for each in found)

    def _took(self, *words: str) -> bool:
        token = self.next
        if token is None or token.kind != "word" or token.text not in words:
            return False
        self._at += 1
        return True

    def _take(self) -> _Token:
        token = self.next
        if token is None:
            raise _bad("…")
        self._at += 1
        return token

    def _one(self, depth: int, field: str) -> Holds:
        token = self._take()
        if token.kind == "sign" or (token.kind == "word" and token.text == "NOT"):
            inner = self._one(depth + 1, field)
            return inner if token.text == "+" else lambda listing: not inner(listing)
        if token.kind == "open":
            inner = self.together(depth + 1, field)
            if self._take().kind != "close":
                raise _bad("(")
            return inner
        if token.kind == "field":
            return self._of_field(depth, token.text)
        if token.kind not in ("word", "quoted", "range") or token.text in ("OR", "AND"):
            raise _bad(token.text)
        return _value(field, token)

    def _of_field(self, depth: int, name: str) -> Holds:
        if name == "*":
            token = self._take()
            if token.text != "*":
                raise _bad(f"*:{token.text}")
            return lambda _: True
        if name not in FIELDS:
            raise BadSearch("CKAN_FIELD", given=name[:40], choice=", ".join(sorted(FIELDS)))
        return self._one(depth + 1, name)


def _value(field: str, token: _Token) -> Holds:
    values = FIELDS[field]
    if token.kind == "range":
        return _within(field, token.text)
    wanted = _plain(token).casefold()
    if wanted == "*":
        return lambda listing: bool(values(listing))
    if field in _WORDED:
        words = wanted.removesuffix("*")
        return lambda listing: any(words in text.casefold() for text in values(listing))
    if wanted.endswith("*") and token.kind == "word":
        start = wanted[:-1]
        return lambda listing: any(each.casefold().startswith(start) for each in values(listing))
    return lambda listing: any(each.casefold() == wanted for each in values(listing))


def _plain(token: _Token) -> str:
    text = token.text[1:-1] if token.kind == "quoted" else token.text
    return re.sub(r"\\(.)", r"\1", text)


def _within(field: str, text: str) -> Holds:
    match = _RANGE.fullmatch(text)
    if match is None or field not in _DATED:
        raise _bad(f"{field}:{text}")
    values, (first, last) = FIELDS[field], match.groups()
    low, high = (None if each == "*" else _moment(each) for each in (first, last))

    def holds(listing: Listing) -> bool:
        (at,) = values(listing)
        return (low is None or at >= low) and (high is None or at <= high)

    return holds


def _moment(text: str) -> str:
    """Return a moment as packages have it, so that texts compare as moments do."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?Z?", text):
        raise _bad(text)
    day, _, rest = text.removesuffix("Z").partition("T")
    whole, _, part = (rest or "00:00:00").partition(".")
    return f"{day}T{whole}.{part.ljust(6, '0')}"
