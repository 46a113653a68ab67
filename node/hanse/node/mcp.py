"""Answers an assistant's tools: every figure through the door, decided and recorded like any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from hanse.cube.period import read_period
from hanse.cube.query import PeriodWindow, Query
from hanse.dialects.edition import Edition
from hanse.dialects.mcp import comparing, describing, figures, offer
from hanse.dialects.mcp.figures import Part, Row, Speech
from hanse.dialects.mcp.tools import Outcome
from hanse.errors import Invalid, Refused
from hanse.node import explaining
from hanse.node.answer import Answer
from hanse.node.heading import heading
from hanse.node.readers import Reader, edition, editions
from hanse.node.running import Node

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one caller's tools are run, in one language."""

    node: Node
    reader: Reader
    lang: str

    def call(self, tool: str, given: Arguments) -> Outcome:
        """Run a tool; raises the words of the door."""
        run: Mapping[str, Callable[[Arguments], Outcome]] = {
            "search": self._search,
            "describe": self._describe,
            "pull": self._pull,
            "compare": self._compare,
            "explain": self._explain,
        }
        return run[tool](given)

    def _search(self, given: Arguments) -> Outcome:
        found = describing.hits(editions(self.node, self.reader), given.get("query", ""), self.lang)
        start, limit = given.get("start", 0), given.get("limit") or offer.HITS
        return describing.searched(found, start, limit, self.lang)

    def _describe(self, given: Arguments) -> Outcome:
        found = edition(self.node, self.reader, given["dataset"], given.get("release"))
        return describing.described(self._speech(found), given.get("find", ""))

    def _pull(self, given: Arguments) -> Outcome:
        query = question(given, given.get("indicators"))
        answer, speech = self._answered(query)
        start, limit = given.get("start", 0), given.get("limit") or offer.ROWS
        return figures.pulled(speech, _part(answer, speech, start, limit))

    def _compare(self, given: Arguments) -> Outcome:
        query = question(given, (given["indicator"],))
        answer, speech = self._answered(query)
        if answer.rows > offer.COMPARED_MAX:
            raise Invalid("MCP_COMPARE_LARGE", count=answer.rows, limit=offer.COMPARED_MAX)
        wanted = given["indicator"].lower()
        indicator = next(each for each in speech.edition.indicators if each.id == wanted)
        rows = _part(answer, speech, 0, offer.COMPARED_MAX).rows
        return comparing.compared(speech, indicator, rows)

    def _explain(self, given: Arguments) -> Outcome:
        asked = {**given, "areas": (given["area"],), "periods": given["period"]}
        query = replace(question(asked, (given["indicator"],)), permitted_only=False)
        told = explaining.explain(
            self.node.door, self.reader.principal, query, self.reader.purpose, self.lang
        )
        structured: Row = told.model_dump(mode="json", exclude_none=True)
        return Outcome(figures.plain(told.sentence), structured)

    def _answered(self, query: Query) -> tuple[Answer, Speech]:
        """Return the door's answer, and the release that it is from as this reader may see it."""
        reader = self.reader
        answer = self.node.door.answer(reader.principal, query, reader.purpose, reader.form)
        found = edition(self.node, reader, query.dataset, answer.manifest.release_id)
        about = heading(self.node.settings, answer, query)
        return answer, replace(self._speech(found), decision=answer.decision, url=about.url)

    def _speech(self, found: Edition) -> Speech:
        why = explaining.why_hidden(found.contract.profile, self.lang)
        return Speech(found, self.lang, why)


def question(given: Arguments, indicators: tuple[str, ...] | None) -> Query:
    """Return the arguments of a tool as a question; what is left out goes as far as is open."""
    return Query(
        dataset=given["dataset"],
        indicators=frozenset(each.lower() for each in indicators) if indicators else None,
        levels=frozenset({given["level"]}) if given.get("level") else None,
        areas=frozenset(given["areas"]) if given.get("areas") else None,
        periods=_window(given.get("periods", "")),
        breakdowns=MappingProxyType(
            {name: frozenset(codes) for name, codes in given.get("breakdown", {}).items()}
        ),
        release=given.get("release"),
        permitted_only=True,
    )


def _window(text: str) -> PeriodWindow | None:
    start, colon, end = (each.strip() for each in text.partition(":"))
    first = read_period(start) if start else None
    last = read_period(end) if end else None
    if first is None and last is None:
        return None
    return PeriodWindow(first, last if colon else first)


def _part(answer: Answer, speech: Speech, start: int, limit: int) -> Part:
    """Return some rows of an answer; what comes before costs nothing, what comes after little."""
    assert answer.pieces is not None  # noqa: S101 a dialect is answered in pieces
    rows: list[Row] = []
    for _, cleared in answer.pieces.after(start):
        rows.extend(speech.rows([cleared.table.slice(0, limit - len(rows))]))
        if len(rows) >= limit:
            break
    return Part(rows, start, answer.rows)


def check_origin(resource: str, origin: str | None) -> None:
    """Refuse a page of another site (MCP, Streamable HTTP: DNS rebinding); programs send none."""
    if origin is not None and origin.rstrip("/") != resource:
        raise Refused("MCP_ORIGIN")


def instructions(name: str) -> str:
    """Return what assistants are told of this house."""
    return f"{figures.plain(name)}. {offer.INSTRUCTIONS}"
