"""What is asked of a search engine, what it holds, what it finds: the interface any engine answers.

A subject is what a reader looks for: an indicator, or the concept that several indicators claim. An
engine holds one record per subject and gives ids back; filters and counts are about subjects.
"""

import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.wire import Hit

FACETS = ("theme", "level", "access", "agency", "state")
"""Level is the code without its vintage: a reader looks for districts, not an edition of them."""

PAGE_SIZE = 20
LAST_PAGE = 500
MOST_FACET_VALUES = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A subject as it is indexed.

    `titles` and `texts` hold, per language, what it is called and what is said of it; `labels` hold
    codes that are looked for as written. `reach` is how many nodes publish it.
    """

    hit: Hit
    titles: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, tuple[str, ...]]
    labels: tuple[str, ...]
    facets: Mapping[str, frozenset[str]]
    reach: int

    @property
    def id(self) -> str:
        """The subject's id."""
        return self.hit.id


@dataclass(frozen=True, slots=True)
class Question:
    """Words and filters. Values of one facet widen, facets narrow; no words means everything."""

    words: str = ""
    filters: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    page: int = 1
    size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Findings:
    """A page of subjects, best first, and per facet how many subjects each value would leave.

    The counts of a facet disregard its own filter, so that a second value shows what it would add.
    `widened` says that no subject held all words, so subjects with some of them are given.
    """

    total: int
    hits: tuple[Hit, ...]
    counts: Mapping[str, Mapping[str, int]]
    widened: bool = False


class Search(typing.Protocol):
    """An engine. `revision` is the state of the tables it was last brought up to."""

    @property
    def revision(self) -> str:
        """The revision it was last brought up to; empty when it never was."""
        ...

    def rebuild(self, records: Iterable[Record], revision: str) -> None:
        """Forget everything and hold exactly `records`."""
        ...

    def update(self, gone: Collection[str], records: Iterable[Record], revision: str) -> None:
        """Drop the subjects `gone`, replace those in `records`, keep the others."""
        ...

    def publishing(self, agency: str) -> frozenset[str]:
        """Return the ids of the subjects it holds that `agency` publishes."""
        ...

    def find(self, question: Question) -> Findings:
        """Answer a question."""
        ...


def texts_of(record: Record) -> Iterable[str]:
    """Yield the Dutch texts of a record: what the lexicon of compound parts is learned from."""
    yield from record.titles.get("nl", ())
    yield from record.texts.get("nl", ())
