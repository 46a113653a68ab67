"""The shared definitions that indicators claim: ids, versions, names, and the words readers use.

A registry is a file under review: the one that comes with Hanse, and `concepts.toml` in the home
folder of the catalogue, whose entries stand before it.
"""

import re
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
from hanse.wire import ConceptEntry, IndicatorEntry

MOST_READINGS = 4
"""Other readings of one question that are tried."""

_BRACKETED = re.compile(r"\[[^\]]*\]|\([^)]*\)")
"""What a name says in brackets: how its figures were made, what they are a part of."""


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

    def meant(self, words: str) -> ConceptEntry | None:
        """Return the concept that words name as a whole, by its id, a name or a synonym."""
        return self._named.get(tuple(tokens(_BRACKETED.sub(" ", words))))

    def pointed(self, indicator: IndicatorEntry) -> ConceptEntry | None:
        """Return the concept that an indicator without a known claim has the name of, if any."""
        if self.claimed(indicator.concept):
            return None
        words = (*indicator.name.values(), indicator.id)
        return next((found for each in words if (found := self.meant(each))), None)

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
    def _named(self) -> Mapping[tuple[str, ...], ConceptEntry]:
        return {words: concept for words, concept in self._each_name() if words}

    def _each_name(self) -> Iterator[tuple[tuple[str, ...], ConceptEntry]]:
        for concept in self.entries.values():
            others = (each for words in concept.synonyms.values() for each in words)
            for each in (concept.id, *concept.name.values(), *others):
                yield tuple(tokens(each)), concept

    def ambiguous(self) -> tuple[str, str, str] | None:
        """Return words that would lead to two concepts, with both ids, if there are any."""
        known: dict[tuple[str, ...], str] = {}
        for words, concept in self._each_name():
            if words and known.setdefault(words, concept.id) != concept.id:
                return " ".join(words), known[words], concept.id
        return None

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
    registry = Concepts(entries)
    if twice := registry.ambiguous():
        words, *ids = twice
        fault = f'"{words}" = {", ".join(ids)}'
        raise Invalid("CONCEPTS_FILE", file=own.name if own else "concepts.toml", fault=fault)
    return registry


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
