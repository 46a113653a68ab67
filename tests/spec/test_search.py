"""What the search finds, as questions and answers; every engine gives the same subjects."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.support.subjects import STEMS, corpus, subject

from hanse.catalog.search import Question, Search
from hanse.catalog.search.engine import TantivySearch
from hanse.catalog.search.memory import MemorySearch

HELD = (
    subject("jw", "Jeugdwerkloosheid", en="Youth unemployment", fr="Chômage des jeunes"),
    subject("wj", "Werkloosheid bij de jeugd", states=["phasing-out"]),
    subject("graad", "Jeugdwerkloosheidsgraad"),
    subject(
        "inwoners",
        "Aantal inwoners",
        en="Inhabitants",
        fr="Nombre d'habitants",
        theme="demografie",
        agencies=["NIS41002", "NIS11002"],
    ),
    subject("dichtheid", "Bevolkingsdichtheid", en="Population density", theme="demografie"),
    subject(
        "opvang",
        "Kinderopvangplaatsen",
        text="Vergunde plaatsen in de opvang van kinderen",
        theme="gezin",
        levels=["gemeente@2025", "wijk@2025"],
    ),
    subject(
        "stroom",
        "Elektriciteitsverbruik van huishoudens",
        fr="Consommation d'électricité des ménages",
        theme="energie",
        access=["protocol"],
        agencies=["NIS11002"],
    ),
    subject("loon", "Niet-werkende werkzoekenden", en="Jobseekers", fr="Demandeurs d'emploi"),
    subject("v1101_t", "Leerlingen in het basisonderwijs", fr="Élèves", theme="onderwijs"),
)

FOUND: tuple[tuple[str, str, set[str]], ...] = (
    ("a compound finds its parts apart", "jeugdwerkloosheid", {"jw", "wj", "graad"}),
    ("parts apart find the compound", "werkloosheid jeugd", {"jw", "wj", "graad"}),
    ("the order of words does not matter", "jeugd werkloosheid", {"jw", "wj", "graad"}),
    ("a linking s is seen through", "dichtheid bevolking", {"dichtheid"}),
    ("a plural finds its singular", "leerling", {"v1101_t"}),
    ("a singular finds its plural", "inwoner", {"inwoners"}),
    ("a genitive plural finds the plural", "huishouden", {"stroom"}),
    ("a plural inside a compound counts", "kinderen opvang", {"opvang"}),
    ("the beginning of a word is enough", "elektric", {"stroom"}),
    ("diacritics may be left out", "chomage", {"jw"}),
    ("diacritics may be there", "Élève", {"v1101_t"}),
    ("capitals do not matter", "INWONERS", {"inwoners"}),
    ("English names count", "youth unemployment", {"jw"}),
    ("French names count", "habitants", {"inwoners"}),
    ("French elisions are seen through", "l'électricité", {"stroom"}),
    ("a code is found as written", "v1101_t", {"v1101_t"}),
    ("small words are overlooked", "de werkloosheid van de jeugd", {"jw", "wj", "graad"}),
    ("a hyphen separates words", "werkende werkzoekenden", {"loon"}),
    ("every word must be there", "jeugd dichtheid elektriciteit inwoners", set()),
    ("what nobody publishes is not found", "zeppelin", set()),
    ("signs alone are no question", "%&*", {each.id for each in HELD}),
)

ENGINES: dict[str, Callable[[Path], Search]] = {
    "memory": lambda _: MemorySearch(),
    "tantivy": TantivySearch,
}


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Search:
    made = ENGINES[request.param](tmp_path / "index")
    made.rebuild(HELD, "1")
    return made


def ids(engine: Search, words: str, **filters: str) -> set[str]:
    chosen = {name: frozenset(value.split()) for name, value in filters.items()}
    found = engine.find(Question(words, chosen))
    return set() if found.widened else {hit.id for hit in found.hits}


@pytest.mark.parametrize(("rule", "words", "expected"), FOUND, ids=[rule for rule, *_ in FOUND])
def test_a_question_finds(engine: Search, rule: str, words: str, expected: set[str]) -> None:
    assert ids(engine, words) == expected, rule


def test_what_is_asked_in_one_word_stands_before_its_longer_kin(tmp_path: Path) -> None:
    engine = TantivySearch(tmp_path)
    engine.rebuild(HELD, "1")
    assert engine.find(Question("jeugdwerkloosheid")).hits[0].id == "jw"


def test_when_no_subject_has_all_words_those_with_some_are_given_and_it_is_said(
    engine: Search,
) -> None:
    found = engine.find(Question("inwoners zeppelin"))
    assert found.widened
    assert [hit.id for hit in found.hits] == ["inwoners"]


def test_values_of_one_facet_widen_and_facets_narrow(engine: Search) -> None:
    assert ids(engine, "", theme="demografie") == {"inwoners", "dichtheid"}
    both = ids(engine, "", theme="demografie energie")
    assert both == {"inwoners", "dichtheid", "stroom"}
    assert ids(engine, "", theme="demografie energie", agency="NIS11002") == {"inwoners", "stroom"}
    assert ids(engine, "", state="phasing-out") == {"wj"}
    assert ids(engine, "", level="wijk") == {"opvang"}


def test_a_facet_counts_what_each_of_its_values_would_give(engine: Search) -> None:
    chosen = {"theme": frozenset(["energie"])}
    counts = engine.find(Question("", chosen)).counts
    assert counts["theme"] == {"werk": 4, "demografie": 2, "gezin": 1, "energie": 1, "onderwijs": 1}
    assert counts["agency"] == {"NIS11002": 1}


def test_pages_divide_the_answer_without_overlap(engine: Search) -> None:
    pages = [engine.find(Question("", page=page, size=4)) for page in (1, 2, 3, 4)]
    assert [len(page.hits) for page in pages] == [4, 4, 1, 0]
    assert {page.total for page in pages} == {9}
    assert len({hit.id for page in pages for hit in page.hits}) == 9


def test_an_update_replaces_drops_and_keeps(engine: Search) -> None:
    engine.update({"jw", "wj"}, [subject("wj", "Zeppelins")], "2")
    assert ids(engine, "zeppelin") == {"wj"}
    assert ids(engine, "jeugdwerkloosheid") == {"graad"}
    assert ids(engine, "inwoners") == {"inwoners"}
    assert engine.revision == "2"
    assert engine.publishing("NIS11002") == {"inwoners", "stroom"}


def test_an_index_directory_opens_again_as_it_was(tmp_path: Path) -> None:
    first = TantivySearch(tmp_path)
    first.rebuild(HELD, "7")
    again = TantivySearch(tmp_path)
    assert again.revision == "7"
    assert ids(again, "werkloosheid jeugd") == {"jw", "wj", "graad"}


def test_a_damaged_index_directory_is_rebuilt_not_trusted(tmp_path: Path) -> None:
    TantivySearch(tmp_path).rebuild(HELD, "7")
    (tmp_path / "state.json").write_text('{"format": 1, "generation": 9, "revision": "7"}')
    damaged = TantivySearch(tmp_path)
    assert damaged.revision == ""
    assert damaged.find(Question("inwoners")).total == 0
    damaged.rebuild(HELD, "8")
    assert ids(damaged, "inwoners") == {"inwoners"}


def gain(relevant: Sequence[bool], wanted: int) -> float:
    """Return nDCG@10 of an answer, `wanted` being how many right subjects there are."""
    found = sum(right / math.log2(place + 2) for place, right in enumerate(relevant[:10]))
    best = sum(1 / math.log2(place + 2) for place in range(min(10, wanted)))
    return found / best if best else 1.0


def test_the_order_is_good_on_a_corpus_whose_answers_are_known(tmp_path: Path) -> None:
    held = list(corpus(2_000))
    engine = TantivySearch(tmp_path)
    engine.rebuild([each.record for each in held], "1")
    about = {each.record.id: each.stems for each in held}
    kinds = {
        "single": [{stem} for stem in STEMS[:25]],
        "apart": [{STEMS[n], STEMS[n + 7]} for n in range(25)],
        "compound": [{STEMS[n], STEMS[n + 11]} for n in range(25)],
    }
    for kind, asked in kinds.items():
        gains = []
        for stems in asked:
            words = "".join(sorted(stems)) if kind == "compound" else " ".join(sorted(stems))
            found = engine.find(Question(words, size=10))
            wanted = sum(stems <= each for each in about.values())
            gains.append(gain([stems <= about[hit.id] for hit in found.hits], wanted))
        assert sum(gains) / len(gains) >= 0.93, (kind, gains)
