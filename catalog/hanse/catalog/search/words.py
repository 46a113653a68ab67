"""Words as the search compares them: folded, stemmed, and Dutch compounds taken apart.

Dutch glues words together ("jeugdwerkloosheid"), so stemming alone misses "werkloosheid van de
jeugd". The lexicon of parts is learned from the catalogue's own text: words that stand free
somewhere may be parts elsewhere. Dynamic programming picks the split with the longest parts.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import cast

import tantivy

from hanse.messages import LANGUAGES

LONGEST_WORD = 64
LEARNED_PART_LETTERS = 4
SHORTEST_COMPOUND = 7
LINKS = ("", "s", "e", "en", "er", "n")
"""What Dutch may put between two parts: gemeente-s-niveau, boek-en-kast, kind-er-opvang."""

_TOKEN = re.compile(r"[a-z0-9]+")
_STEMMERS = {"nl": "dutch", "en": "english", "fr": "french"}
_VOWELS = frozenset("aeiouy")
_SETTLED_AFTER = 3
_HARD = {"v": "f", "z": "s"}
_OPEN_SYLLABLE = re.compile(r"([^aeiouy])([aeou])([^aeiouy])\Z")


def _lists(name: str) -> frozenset[str]:
    text = (resources.files("hanse.catalog.search") / name).read_text("utf-8")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return frozenset(word for line in lines for word in line.split())


STEMS = _lists("stems.txt")
"""Free-standing words of statistics that are parts whatever the catalogue holds."""

STOP_WORDS = _lists("stopwords.txt")


def fold(text: str) -> str:
    """Return `text` in lower case without diacritics, so that écoles and ECOLES meet."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def tokens(text: str) -> list[str]:
    """Return the folded words of `text`, in order; one longer than a word can be is cut."""
    return [word[:LONGEST_WORD] for word in _TOKEN.findall(fold(text))]


def meaningful(words: Iterable[str]) -> list[str]:
    """Return the words that carry meaning; all of them when none does."""
    given = list(words)
    return [word for word in given if word not in STOP_WORDS] or given


def _stemmer(language: str) -> Callable[[str], list[str]]:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
    analyzer = builder.filter(tantivy.Filter.stemmer(language)).build()
    return cast("Callable[[str], list[str]]", analyzer.analyze)


_ANALYZE: Mapping[str, Callable[[str], list[str]]] = {
    lang: _stemmer(language) for lang, language in _STEMMERS.items()
}


@lru_cache(maxsize=200_000)
def stem(word: str, lang: str) -> str:
    """Return the stem of a folded word.

    The Dutch stemmer gives a plural's genitive another stem than the plural, so it is applied until
    nothing changes; then spellings that inflection changes are brought together.
    """
    for _ in range(_SETTLED_AFTER):
        shorter = _ANALYZE[lang](word)[0]
        if shorter == word:
            break
        word = shorter
    return _settled_dutch(word) if lang == "nl" else word


def _settled_dutch(word: str) -> str:
    """Bring what the stemmer leaves apart together: werkloze and werkloos, grenz and grens."""
    inflected = word.endswith("e") and len(word) > LEARNED_PART_LETTERS
    bare = word[:-1] if inflected else word
    hardened = bare[:-1] + _HARD.get(bare[-1:], bare[-1:])
    return _OPEN_SYLLABLE.sub(r"\1\2\2\3", hardened) if inflected else hardened


def stems(word: str) -> frozenset[str]:
    """Return the stems of a word whose language is not known: a reader's word."""
    return frozenset(stem(word, lang) for lang in LANGUAGES)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words that may be parts of a compound."""

    parts: frozenset[str]

    @classmethod
    def learned(cls, texts: Iterable[str]) -> "Lexicon":
        """Learn the parts from Dutch texts: every word that stands free in them."""
        seen = {word for text in texts for word in tokens(text)}
        return cls(frozenset(word for word in seen if _may_be_part(word)) | STEMS)

    def split(self, word: str) -> tuple[str, ...]:
        """Return the smallest parts of a compound in order, or `()` when it is not one.

        The best split has the largest sum of squared part lengths: few long parts before many
        short ones; a part that is a compound itself (jeugdwerkloosheid in jeugdwerkloosheidsgraad)
        is split again. A word is never its own only part.
        """
        parts = self._longest_parts(word)
        return tuple(small for part in parts for small in (self.split(part) or (part,)))

    def _longest_parts(self, word: str) -> tuple[str, ...]:
        if len(word) < SHORTEST_COMPOUND or word in STEMS:
            return ()
        best: list[tuple[int, tuple[str, ...]] | None] = [None] * (len(word) + 1)
        best[0] = (0, ())
        for end in range(1, len(word) + 1):
            best[end] = self._best_ending_at(word, end, best)
        found = best[len(word)]
        return found[1] if found else ()

    def _best_ending_at(
        self, word: str, end: int, best: list[tuple[int, tuple[str, ...]] | None]
    ) -> tuple[int, tuple[str, ...]] | None:
        options: list[tuple[int, tuple[str, ...]]] = []
        for start in range(end - 2):
            before = best[start]
            if before is None or (start == 0 and end == len(word)):
                continue
            part, link = self._part(word[start:end], final=end == len(word))
            if part:
                options.append((before[0] + len(part) ** 2 - len(link), (*before[1], part)))
        return max(options, key=lambda option: option[0], default=None)

    def _part(self, piece: str, *, final: bool) -> tuple[str, str]:
        for link in ("",) if final else LINKS:
            part = piece.removesuffix(link) if link else piece
            if part in self.parts and len(part) + len(link) == len(piece):
                return part, link
        return "", ""


def _may_be_part(word: str) -> bool:
    long_enough = len(word) >= LEARNED_PART_LETTERS and word.isalpha()
    return long_enough and word not in STOP_WORDS and bool(_VOWELS.intersection(word))


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text as it is compared: its words as written, their stems, and the stems of parts."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    parts: tuple[str, ...]


class Analyser:
    """Analyses texts and questions with one lexicon; remembers the words it met."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._parts = lru_cache(maxsize=200_000)(self._part_stems)

    def text(self, text: str, lang: str) -> Analysis:
        """Return the analysis of a text of a known language; only Dutch compounds are split."""
        words = meaningful(tokens(text))
        parts = [part for word in words for part in self.parts(word)] if lang == "nl" else []
        return Analysis(tuple(words), tuple(stem(word, lang) for word in words), tuple(parts))

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the stems of the parts of a Dutch compound, `()` for a plain word."""
        return self._parts(word)

    def _part_stems(self, word: str) -> tuple[str, ...]:
        return tuple(stem(part, "nl") for part in self.lexicon.split(word))

    def asked(self, question: str) -> tuple["AskedWord", ...]:
        """Return the words of a question, each with every form it may be found by."""
        return tuple(
            AskedWord(word, stems(word), frozenset(self.parts(word)))
            for word in dict.fromkeys(meaningful(tokens(question))[:MOST_WORDS])
        )


MOST_WORDS = 16
"""Words of a question that are looked at; a longer one is cut rather than refused."""


@dataclass(frozen=True, slots=True)
class AskedWord:
    """One word of a question: as written, its stems, the stems of its parts."""

    word: str
    stems: frozenset[str]
    parts: frozenset[str]
