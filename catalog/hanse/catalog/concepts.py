"""The shared definitions that indicators claim: ids, versions, names, and the words readers use.

A registry is a file under review: the one that comes with Hanse, and `concepts.toml` in the home
folder of the catalogue, whose entries stand before it.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from hanse.catalog.search.words import tokens
from hanse.errors import Invalid
from hanse.policies.canonical import canonical, digest
from hanse.wire import ConceptEntry

MOST_READINGS = 4
"""Other readings of one question that are tried."""


@dataclass(frozen=True)
class Concepts:
    """The concepts by id."""

    entries: Mapping[str, ConceptEntry]

    def claimed(self, claim: str | None) -> ConceptEntry | None:
        """Return the concept that a claim (`inwoners`, `inwoners@1.0.0`) names, if known."""
        return self.entries.get(claim.partition("@")[0]) if claim else None

    def subject(self, indicator_id: str, claim: str | None) -> str:
        """Return what groups an indicator with others: the concept it claims, else its own id."""
        concept = self.claimed(claim)
        return concept.id if concept else indicator_id

    def shared(self, claims: Iterable[str | None]) -> ConceptEntry | None:
        """Return the concept that one of these claims names: an id alike is no claim."""
        return next((found for each in claims if (found := self.claimed(each))), None)

    @cached_property
    def digest(self) -> str:
        """The content address of the registry: an index made with another one is made again."""
        return digest(canonical({key: each.model_dump() for key, each in self.entries.items()}))

    def readings(self, question: str) -> tuple[str, ...]:
        """Return other ways to put a question, where words of it are a synonym of a concept."""
        asked = tokens(question)
        found: dict[str, None] = {}
        for synonym, name in self._synonyms:
            place = _place(synonym, asked)
            if place is not None:
                rest = [*asked[:place], *asked[place + len(synonym) :]]
                found[" ".join([name, *rest])] = None
        return tuple(found)[:MOST_READINGS]

    @cached_property
    def _synonyms(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        return tuple(self._each_synonym())

    def _each_synonym(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for concept in self.entries.values():
            name = next(iter(concept.name.values()))
            for words in concept.synonyms.values():
                yield from ((tuple(tokens(each)), name) for each in words)


def _place(synonym: tuple[str, ...], asked: list[str]) -> int | None:
    size = len(synonym)
    places = range(len(asked) - size + 1)
    return next((at for at in places if size and tuple(asked[at : at + size]) == synonym), None)


def load(home: Path | None = None) -> Concepts:
    """Return the registry that comes with Hanse, under that of the catalogue in `home`.

    Raises `Invalid` (CONCEPTS_FILE) with the place of what is wrong.
    """
    entries = _read((resources.files("hanse.catalog") / "concepts.toml").read_text("utf-8"), "")
    own = home / "concepts.toml" if home else None
    if own and own.exists():
        entries |= _read(own.read_text("utf-8"), own.name)
    return Concepts(entries)


def _read(text: str, file: str) -> dict[str, ConceptEntry]:
    try:
        given = tomllib.loads(text)
        return {
            key: ConceptEntry.model_validate({"id": key, **body}) for key, body in given.items()
        }
    except tomllib.TOMLDecodeError as fault:
        raise Invalid("CONCEPTS_FILE", file=file, fault=str(fault)[:200]) from fault
    except (ValidationError, TypeError) as fault:
        raise Invalid("CONCEPTS_FILE", file=file, fault=str(fault)[:200]) from fault
