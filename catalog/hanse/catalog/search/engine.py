"""The index directory: tantivy over words that were analysed before they reach it.

Fields: `words` as written (codes too, for prefixes), `title` and `parts` (stems of names, and of
the parts of their compounds), `text` (stems and parts of all that is said), one field per facet.
Names outweigh texts and whole words outweigh parts. Everything can be rebuilt from the tables;
`state.json` says which generation of the directory is in force and how far it has come.
"""

import json
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Document, Index, Occur, Query, SchemaBuilder

from hanse.catalog.search.question import (
    FACETS,
    MOST_FACET_VALUES,
    Findings,
    Question,
    Record,
    texts_of,
)
from hanse.catalog.search.words import Analyser, AskedWord, Lexicon, tokens
from hanse.wire import Hit

FORMAT = 1
SHORTEST_PREFIX = 3
WRITER_BYTES = 64_000_000
EXACT, TITLE, PART, SPLIT, TEXT, PREFIX = 8.0, 4.0, 2.0, 1.0, 1.0, 0.5
"""What a match weighs: word as written, stem in a name, stem of a part of a name, all parts of the
asked compound, stem in a text, beginning of a word."""

_TIE = 0.2


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("hit", stored=True)
    builder.add_unsigned_field("reach", fast=True)
    for name in ("words", "title", "parts", "text"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", fast=True, index_option="basic")
    return builder.build()


@dataclass(frozen=True, slots=True)
class _Live:
    """The generation that answers questions."""

    index: Index
    schema: tantivy.Schema
    analyser: Analyser
    generation: int
    revision: str


class TantivySearch:
    """The engine in a directory of its own; one process writes, its threads may all read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._live = _open(folder)

    @property
    def revision(self) -> str:
        """The revision it was last brought up to; empty when it must be rebuilt."""
        return self._live.revision if self._live else ""

    def rebuild(self, records: Iterable[Record], revision: str) -> None:
        """Write a new generation beside the old one, then put it in force."""
        with self._lock:
            held = list(records)
            lexicon = Lexicon.learned(text for each in held for text in texts_of(each))
            number = (self._live.generation if self._live else 0) + 1
            place = _fresh_folder(self._folder, number)
            _write_lexicon(place, lexicon)
            schema = _schema()
            index = Index(schema, path=str(place / "index"))
            live = _Live(index, schema, Analyser(lexicon), number, revision)
            _write(live, (), held)
            self._put_in_force(live)

    def update(self, gone: Collection[str], records: Iterable[Record], revision: str) -> None:
        """Change the generation in force; its lexicon stays until the next rebuild."""
        with self._lock:
            live = self._live
            if live is None:
                raise RuntimeError("an engine is rebuilt before it is updated")
            _write(live, gone, records)
            changed = _Live(live.index, live.schema, live.analyser, live.generation, revision)
            self._put_in_force(changed)

    def publishing(self, agency: str) -> frozenset[str]:
        """Return the ids of the subjects that `agency` publishes."""
        if self._live is None:
            return frozenset()
        searcher = self._live.index.searcher()
        query = Query.term_query(self._live.schema, "agency", agency, "basic")
        found = searcher.search(query, max(1, searcher.num_docs)).hits
        return frozenset(str(searcher.doc(address).get_first("id")) for _, address in found)

    def find(self, question: Question) -> Findings:
        """Answer from the generation in force; an engine that holds nothing finds nothing."""
        if self._live is None:
            return Findings(0, (), {facet: {} for facet in FACETS})
        return _Asking(self._live, question).answer()

    def _put_in_force(self, live: _Live) -> None:
        live.index.reload()
        state = {"format": FORMAT, "generation": live.generation, "revision": live.revision}
        _replace(self._folder / "state.json", json.dumps(state))
        self._live = live
        for old in self._folder.glob("generation-*"):
            if old.name != f"generation-{live.generation}":
                shutil.rmtree(old, ignore_errors=True)


class _Asking:
    """One question to one generation."""

    def __init__(self, live: _Live, question: Question) -> None:
        self._schema = live.schema
        self._searcher = live.index.searcher()
        self._question = question
        self._asked = live.analyser.asked(question.words)

    def answer(self) -> Findings:
        worded, widened = self._worded(Occur.Must), False
        found = self._page(worded)
        if self._asked and not _total(found) and not self._count(worded):
            worded, widened = self._worded(Occur.Should), True
            found = self._page(worded)
        counts = self._all_counts(worded)
        hits = tuple(self._hit(address) for _, address in found.hits)
        return Findings(_total(found), hits, counts, widened)

    def _page(self, worded: Query) -> tantivy.SearchResult:
        return self._searcher.search(
            self._filtered(worded, self._question.filters),
            self._question.size,
            offset=(self._question.page - 1) * self._question.size,
            order_by_field=None if self._asked else "reach",
        )

    def _count(self, query: Query) -> int:
        return _total(self._searcher.search(query, 1))

    def _hit(self, address: tantivy.DocAddress) -> Hit:
        return _hit(self._searcher.doc(address).get_first("hit"))

    def _worded(self, occur: Occur) -> Query:
        if not self._asked:
            return Query.all_query()
        return Query.boolean_query([(occur, self._word(asked)) for asked in self._asked])

    def _word(self, asked: AskedWord) -> Query:
        stems = sorted(asked.stems)
        ways = [self._term("words", asked.word, EXACT)]
        for name, weight in (("title", TITLE), ("parts", PART), ("text", TEXT)):
            ways += [self._term(name, stem, weight) for stem in stems]
        if asked.parts:
            ways.append(Query.boost_query(self._all_parts(asked.parts), SPLIT))
        if len(asked.word) >= SHORTEST_PREFIX:
            begins = Query.phrase_prefix_query(self._schema, "words", [asked.word])
            ways.append(Query.const_score_query(begins, PREFIX))
        return Query.disjunction_max_query(ways, _TIE)

    def _all_parts(self, parts: Collection[str]) -> Query:
        each = [
            Query.disjunction_max_query(
                [
                    self._term("title", part, 2.0),
                    self._term("parts", part, 2.0),
                    self._term("text", part, 1.0),
                ]
            )
            for part in sorted(parts)
        ]
        return Query.boolean_query([(Occur.Must, part) for part in each])

    def _term(self, name: str, value: str, weight: float) -> Query:
        return Query.boost_query(Query.term_query(self._schema, name, value, "freq"), weight)

    def _filtered(self, worded: Query, filters: Mapping[str, frozenset[str]]) -> Query:
        narrowing = [
            Query.const_score_query(Query.term_set_query(self._schema, facet, sorted(values)), 0.0)
            for facet, values in filters.items()
            if values
        ]
        if not narrowing:
            return worded
        return Query.boolean_query([(Occur.Must, query) for query in (worded, *narrowing)])

    def _all_counts(self, worded: Query) -> dict[str, dict[str, int]]:
        """Count every facet; those without a filter of their own share one pass over the hits."""
        filters = {name: values for name, values in self._question.filters.items() if values}
        plain = [facet for facet in FACETS if facet not in filters]
        counts = self._counts(self._filtered(worded, filters), plain)
        for facet in filters:
            others = {name: values for name, values in filters.items() if name != facet}
            counts |= self._counts(self._filtered(worded, others), [facet])
        return counts

    def _counts(self, query: Query, facets: Collection[str]) -> dict[str, dict[str, int]]:
        asked = {facet: {"terms": {"field": facet, "size": MOST_FACET_VALUES}} for facet in facets}
        if not asked:
            return {}
        found: dict[str, Any] = self._searcher.aggregate(query, asked)
        return {
            facet: {each["key"]: int(each["doc_count"]) for each in found[facet]["buckets"]}
            for facet in facets
        }


def _total(found: Any) -> int:
    return int(found.count)


def _hit(stored: Any) -> Hit:
    return Hit.model_validate_json(bytes(stored))


def _write(live: _Live, gone: Collection[str], records: Iterable[Record]) -> None:
    """Delete and add; interrupted, it is done again, for the revision moves only afterwards."""
    with live.index.writer(WRITER_BYTES, 1) as writer:
        for subject in gone:
            writer.delete_documents_by_term("id", subject)
        for record in records:
            writer.delete_documents_by_term("id", record.id)
            writer.add_document(_document(record, live.analyser))


def _document(record: Record, analyser: Analyser) -> Document:
    document = Document()
    document.add_text("id", record.id)
    document.add_bytes("hit", record.hit.model_dump_json().encode())
    document.add_unsigned("reach", record.reach)
    words = [word for label in record.labels for word in tokens(label)]
    title: list[str] = []
    parts: list[str] = []
    text: list[str] = []
    for lang, given in _by_language(record.titles):
        found = analyser.text(given, lang)
        words += found.words
        title += found.stems
        parts += found.parts
    for lang, given in _by_language(record.texts):
        found = analyser.text(given, lang)
        words += found.words
        text += (*found.stems, *found.parts)
    fields = {"words": words, "title": title, "parts": parts, "text": text}
    for name, held in fields.items():
        document.add_text(name, " ".join(held))
    for facet in FACETS:
        for value in sorted(record.facets[facet]):
            document.add_text(facet, value)
    return document


def _by_language(texts: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for lang, given in texts.items():
        for text in given:
            yield lang, text


def _open(folder: Path) -> _Live | None:
    """Open the generation in force; anything that is not right means: rebuild from the tables."""
    try:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        if state["format"] != FORMAT:
            return None
        place = folder / f"generation-{state['generation']}"
        index = Index.open(str(place / "index"))
        parts = (place / "lexicon.txt").read_text("utf-8").split()
    except (OSError, ValueError, KeyError):
        return None
    analyser = Analyser(Lexicon(frozenset(parts)))
    return _Live(index, index.schema, analyser, state["generation"], state["revision"])


def _fresh_folder(folder: Path, number: int) -> Path:
    place = folder / f"generation-{number}"
    shutil.rmtree(place, ignore_errors=True)
    (place / "index").mkdir(parents=True)
    return place


def _write_lexicon(place: Path, lexicon: Lexicon) -> None:
    (place / "lexicon.txt").write_text("\n".join(sorted(lexicon.parts)), "utf-8")


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
