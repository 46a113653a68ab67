"""Every engine finds and counts the same subjects as the reference that scans them all."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.subjects import STEMS, THEMES, WORDS, corpus

from hanse.catalog.search import FACETS, Question, Record, Search
from hanse.catalog.search.engine import TantivySearch
from hanse.catalog.search.memory import MemorySearch

HELD: list[Record] = [each.record for each in corpus(150, seed=11)]
PLACE = TemporaryDirectory()
REFERENCE, ENGINE = MemorySearch(), TantivySearch(Path(PLACE.name))
for made in (REFERENCE, ENGINE):
    made.rebuild(HELD, "1")

WORD = st.one_of(
    st.sampled_from([*STEMS, *WORDS]),
    st.tuples(st.sampled_from(STEMS), st.sampled_from(STEMS)).map("".join),
    st.sampled_from(STEMS).map(lambda stem: stem[:4]),
    st.text("abcdeinorstvz", min_size=1, max_size=8),
)
VALUES = {
    "theme": st.sampled_from(THEMES),
    "access": st.sampled_from(["open", "protocol"]),
    "level": st.sampled_from(["gemeente", "wijk", "statsec"]),
}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    words = " ".join(draw(st.lists(WORD, max_size=3)))
    filters = {
        facet: frozenset(draw(st.lists(values, max_size=2))) for facet, values in VALUES.items()
    }
    return Question(words, filters, size=200)


def found(engine: Search, question: Question) -> tuple[object, ...]:
    answer = engine.find(question)
    counts = {facet: dict(answer.counts[facet]) for facet in FACETS}
    return answer.total, {hit.id for hit in answer.hits}, counts, answer.widened


@given(questions())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tantivy_finds_and_counts_what_the_scan_does(question: Question) -> None:
    assert found(ENGINE, question) == found(REFERENCE, question)
