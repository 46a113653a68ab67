"""An assistant's tools over the whole federation, with its user's own sign-in and nobody else's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hanse.client.cells import MARK_COLUMNS
from hanse.client.comparison import Comparison
from hanse.client.federation import Federation, Wish
from hanse.client.outcome import NodeState, Outcome
from hanse.cube.comparability import MarkCode
from hanse.dialects.mcp import figures, offer
from hanse.dialects.mcp import tools as mcp
from hanse.dialects.mcp.figures import Row, plain
from hanse.errors import Invalid, Unauthenticated
from hanse.messages import nearest, say
from hanse.wire import Publication

_KEYS: Final = ("indicator", "level", "area", "period")
_ORIGIN: Final = ("origin", "origin_name", "dataset", "release")

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a local assistant's tools are run, in one language."""

    federation: Federation
    lang: str

    def call(self, tool: str, given: Arguments) -> mcp.Outcome:
        """Run a tool; that nobody is signed in is told like any other fault."""
        run: Mapping[str, Callable[[Arguments], mcp.Outcome]] = {
            "search": self._search,
            "describe": self._describe,
            "pull": self._pull,
            "compare": self._compare,
            "explain": self._explain,
        }
        try:
            return run[tool](given)
        except Unauthenticated as fault:
            return figures.failure(fault, self.lang)

    def _search(self, given: Arguments) -> mcp.Outcome:
        found = self.federation.search(given["query"], page=given.get("page") or 1)
        hits = [
            {
                "indicator": hit.id,
                "name": plain(nearest(hit.name, self.lang)),
                "unit": hit.unit,
                "datasets": hit.datasets,
                "cities": hit.agencies,
                "levels": hit.levels,
                "periods": f"{hit.first_period}:{hit.last_period}",
                "access": hit.access,
                "definitions": hit.definitions,
            }
            for hit in found.hits
        ]
        per_page = -(-found.total // max(found.pages, 1))
        more = max(0, found.total - (found.page - 1) * per_page - len(hits))
        more = more if found.page < found.pages else 0
        lines = [
            f"{hit['indicator']}: {hit['name']} ({hit['unit']}), {hit['periods']}, "
            f"{len(found.hits[place].agencies)} x" for place, hit in enumerate(hits)
        ]  # fmt: skip
        structured: Row = {"total": found.total, "more": more, "hits": hits}
        if more:
            structured["next"] = {"page": found.page + 1}
            lines.append(say("MCP_MORE_PAGES", self.lang, more=more, page=found.page + 1))
        return mcp.Outcome("\n".join(lines) or say("SEARCH_NOTHING", self.lang), structured)

    def _describe(self, given: Arguments) -> mcp.Outcome:
        found = self.federation.catalogue.indicator(given["indicator"])
        publications = [self._publication(each) for each in found.publications]
        name = plain(nearest(found.name, self.lang))
        definition = plain(nearest(found.description, self.lang), 2_000)
        lines = [f"{found.id}: {name} ({found.unit}). {definition}"]
        lines += [
            f"{each['city']} ({each['agency']}), {each['dataset']}: {', '.join(each['levels'])}, "
            f"{', '.join(each['periods'])}, {each['access']}, {each['licence']}"
            for each in publications
        ]
        structured: Row = {
            "indicator": found.id,
            "name": name,
            "definition": definition,
            "unit": found.unit,
            "publications": publications,
        }
        return mcp.Outcome("\n".join(lines), structured)

    def _publication(self, each: Publication) -> Row:
        return {
            "agency": each.agency,
            "city": plain(each.agency_name),
            "dataset": each.dataset,
            "indicator": each.indicator.id,
            "definition": plain(nearest(each.indicator.description, self.lang), 1_000),
            "definition_version": each.indicator.definition_version,
            "unit": each.indicator.unit,
            "levels": each.levels,
            "periods": each.periods,
            "access": each.access,
            "licence": each.licence,
            "release": each.current.release_id if each.current else None,
        }

    def _pull(self, given: Arguments) -> mcp.Outcome:
        indicators = ",".join(given.get("indicators", ()))
        subject = f"{given['dataset']}/{indicators}" if indicators else given["dataset"]
        comparison = self.federation.get(subject, replace(_wish(given), permitted=True))
        start, limit = given.get("start", 0), given.get("limit") or offer.ROWS
        rows = self._rows(comparison, start, limit)
        structured = self._around(comparison, rows)
        total = comparison.table.num_rows
        more = max(0, total - start - len(rows))
        structured |= {"total": total, "start": start, "more": more}
        lines = [say("MCP_ROWS", self.lang, shown=len(rows), total=total)]
        if more:
            following = {"start": start + len(rows), "release": given.get("release", "")}
            structured["next"] = {name: value for name, value in following.items() if value}
            lines.append(say("MCP_MORE_HITS", self.lang, more=more, start=start + len(rows)))
        return self._outcome(structured, lines)

    def _compare(self, given: Arguments) -> mcp.Outcome:
        comparison = self.federation.compare(given["indicator"], _wish(given))
        total = comparison.table.num_rows
        if total > offer.COMPARED_MAX:
            raise Invalid("MCP_COMPARE_LARGE", count=total, limit=offer.COMPARED_MAX)
        rows = self._rows(comparison, 0, offer.COMPARED_MAX)
        remarks = [each.document(self.lang) for each in comparison.remarks]
        structured = self._around(comparison, rows) | {"total": total, "remarks": remarks}
        lines = [f"{plain(each['origin_name'])}: {plain(each['sentence'])}" for each in remarks]
        return self._outcome(structured, lines)

    def _explain(self, given: Arguments) -> mcp.Outcome:
        asked = {**given, "areas": (given["area"],), "periods": given["period"]}
        wish = replace(_wish(asked), cities=(given["city"],))
        subject = f"{given['dataset']}/{given['indicator']}"
        ((member, question),) = self.federation.locate(subject, wish)
        question = replace(question, breakdowns=given.get("breakdown", {}))
        told = self.federation.node(member.agency).explain(question)
        structured: Row = {"city": plain(member.name), **told.model_dump(mode="json")}
        return mcp.Outcome(f"{plain(member.name)}: {plain(told.sentence)}", structured)

    def _rows(self, comparison: Comparison, start: int, limit: int) -> list[Row]:
        why = say("MCP_HIDDEN_THERE", self.lang)
        rows = []
        for cell in comparison.table.slice(start, limit).to_pylist():
            told: Row = {name: plain(cell[name]) for name in (*_KEYS, *_ORIGIN)}
            breakdown = {name: cell[name] for name in cell if name.isupper()}
            told |= {"breakdown": breakdown} if breakdown else {}
            told |= figures.told_of(cell["obs_value"], cell["obs_status"], why, self.lang)
            rows.append(told | self._mark(cell))
        return rows

    def _mark(self, cell: Mapping[str, Any]) -> Row:
        if MARK_COLUMNS[0] not in cell:
            return {}
        code = MarkCode(cell["mark"])
        return {"mark": code.value, "mark_meaning": say(f"MARK_{code.name}", self.lang)}

    def _around(self, comparison: Comparison, rows: list[Row]) -> Row:
        outcomes = comparison.outcomes
        answered = [each for each in outcomes if each.state is NodeState.ANSWERED]
        return {
            "sources": [self._source(each) for each in answered],
            "cities": [self._account(each) for each in outcomes],
            "complete": comparison.complete,
            "rows": rows,
        }

    def _source(self, each: Outcome) -> Row:
        year = each.published_at.year if each.published_at else ""
        title = plain(nearest(each.title, self.lang)) or each.dataset
        name = plain(each.name)
        return {
            "origin": each.agency,
            "publisher": name,
            "dataset": each.dataset,
            "title": title,
            "release": each.release,
            "manifest": each.manifest,
            "published_at": each.published_at.isoformat() if each.published_at else None,
            "licence": each.licence,
            "citation": f"{name} ({year}). {title}, {each.release}. {each.manifest}",
            "protocol": each.protocol,
            "decision": each.decision,
        }

    def _account(self, each: Outcome) -> Row:
        state = say(f"STATE_{each.state.name}", self.lang)
        told = {"city": plain(each.name), "state": each.state.value, "meaning": state}
        return told if each.state is NodeState.ANSWERED else {**told, "why": each.why(self.lang)}

    def _outcome(self, structured: Row, lines: Iterable[str]) -> mcp.Outcome:
        rows = structured["rows"]
        text = [self._line(row) for row in rows]
        text += figures.reasons(rows, self.lang)
        text += [
            f"{each['city']}: {each['meaning']}. {plain(each['why'])}"
            for each in structured["cities"]
            if "why" in each
        ]
        text += [*lines, *(self._cited(each) for each in structured["sources"])]
        return mcp.Outcome("\n".join(text), structured)

    def _line(self, row: Row) -> str:
        mark = f" ({row['mark_meaning']})" if "mark" in row else ""
        return f"{row['origin_name']} | {figures.line_of(row, self.lang)}{mark}"

    def _cited(self, source: Row) -> str:
        return say(
            "MCP_SOURCE",
            self.lang,
            citation=source["citation"],
            licence=source["licence"],
            release=source["release"],
            published=(source["published_at"] or "")[:10],
        )


def _wish(given: Arguments) -> Wish:
    level, areas = given.get("level", ""), ",".join(given.get("areas", ()))
    return Wish(
        areas=f"{level}:{areas}" if level and areas else areas,
        level=level,
        periods=given.get("periods", ""),
        cities=tuple(given.get("cities", ())),
        release=given.get("release", ""),
    )
