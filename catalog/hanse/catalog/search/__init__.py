"""Finding a subject: words, the interface of an engine, the reference engine and tantivy's."""

from hanse.catalog.search.question import FACETS as FACETS
from hanse.catalog.search.question import Findings as Findings
from hanse.catalog.search.question import Question as Question
from hanse.catalog.search.question import Record as Record
from hanse.catalog.search.question import Search as Search
