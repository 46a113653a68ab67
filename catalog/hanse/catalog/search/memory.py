"""The reference engine: every record in memory, every question a scan. Slow, obvious, exact.

It says which subjects an engine must find and count; their order is each engine's own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hanse.catalog.search.question import FACETS, Findings, Question, Record, texts_of
from hanse.catalog.search.words import Analyser, AskedWord, Lexicon, tokens

SHORTEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class _Forms:
    """All forms a record can be found by."""

    words: frozenset[str]
    stems: frozenset[str]


class MemorySearch:
    """Holds records in a dict."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._analyser = Analyser(Lexicon(frozenset()))
        self._revision = ""

    @property
    def revision(self) -> str:
        """The revision it was last brought up to."""
        return self._revision

    def rebuild(self, records: Iterable[Record], revision: str) -> None:
        """Hold exactly `records`, with a lexicon learned from them."""
        self._records = {record.id: record for record in records}
        learned = Lexicon.learned(
            text for each in self._records.values() for text in texts_of(each)
        )
        self._analyser, self._revision = Analyser(learned), revision

    def update(self, gone: Collection[str], records: Iterable[Record], revision: str) -> None:
        """Drop and replace, with the lexicon of the last rebuild."""
        kept = {key: each for key, each in self._records.items() if key not in gone}
        self._records = kept | {record.id: record for record in records}
        self._revision = revision

    def publishing(self, agency: str) -> frozenset[str]:
        """Return the subjects that `agency` publishes."""
        found = (each for each in self._records.values() if agency in each.facets["agency"])
        return frozenset(each.id for each in found)

    def find(self, question: Question) -> Findings:
        """Scan; the order is the number of matching words, then reach, then id."""
        asked = self._analyser.asked(question.words)
        scored = {key: self._score(each, asked) for key, each in self._records.items()}
        worded = [key for key, score in scored.items() if score == len(asked)]
        widened = not worded and bool(asked)
        if widened:
            worded = [key for key, score in scored.items() if score]
        chosen = [self._records[key] for key in worded]
        passing = [each for each in chosen if _passes(each, question.filters)]
        passing.sort(key=lambda each: (-scored[each.id], -each.reach, each.id))
        start = (question.page - 1) * question.size
        page = passing[start : start + question.size]
        counts = {facet: _counts(chosen, facet, question.filters) for facet in FACETS}
        return Findings(len(passing), tuple(each.hit for each in page), counts, widened)

    def _score(self, record: Record, asked: tuple[AskedWord, ...]) -> int:
        forms = self._forms(record)
        return sum(_matches(word, forms) for word in asked)

    def _forms(self, record: Record) -> _Forms:
        words, stems = {each for label in record.labels for each in tokens(label)}, set[str]()
        for field in (record.titles, record.texts):
            for lang, texts in field.items():
                for text in texts:
                    found = self._analyser.text(text, lang)
                    words.update(found.words)
                    stems.update(found.stems, found.parts)
        return _Forms(frozenset(words), frozenset(stems))


def _matches(asked: AskedWord, forms: _Forms) -> bool:
    if asked.word in forms.words or asked.stems & forms.stems:
        return True
    if asked.parts and asked.parts <= forms.stems:
        return True
    long_enough = len(asked.word) >= SHORTEST_PREFIX
    return long_enough and any(word.startswith(asked.word) for word in forms.words)


def _passes(record: Record, filters: Mapping[str, frozenset[str]]) -> bool:
    return all(record.facets[facet] & values for facet, values in filters.items() if values)


def _counts(
    records: Iterable[Record], facet: str, filters: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    others = {name: values for name, values in filters.items() if name != facet}
    found = (each for each in records if _passes(each, others))
    return dict(Counter(value for each in found for value in each.facets[facet]))
