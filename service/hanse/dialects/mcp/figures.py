"""Cells as an assistant gets them: each with its status; a hidden one says why, and no number."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pyarrow as pa

from hanse.cube.cells import KEY_COLUMNS, dimensions_of
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.mcp.tools import Outcome
from hanse.errors import HanseError
from hanse.messages import catalogue, explain, say

Row = dict[str, Any]

HIDDEN: Final = "Q"
TEXT_MAX: Final = 600


def plain(text: object, most: int = TEXT_MAX) -> str:
    """Return text on one line without control characters: it stands between words of ours."""
    kept = " ".join(str(text).split())[:most]
    return "".join(each for each in kept if unicodedata.category(each)[0] != "C")


def number(value: float | None) -> int | float | None:
    """Return a whole number as such."""
    if value is None:
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value


@dataclass(frozen=True)
class Speech:
    """What one release says around its figures, in one language.

    `why_hidden` is the sentence about its rule of protection, `decision` the record of the answer,
    `url` where the same cells can be had again.
    """

    edition: Edition
    lang: str
    why_hidden: str
    decision: str = ""
    url: str = ""

    @property
    def citation(self) -> str:
        """How to cite: publisher, year, title, release, digest."""
        edition = self.edition
        title = plain(text_in(edition.contract.title, self.lang, edition.slug))
        year = edition.published_at.year
        told = f"{plain(edition.publisher)} ({year}). {title}, {edition.release}."
        return f"{told} {edition.manifest}"

    def source(self) -> Row:
        """Return what must stand beside every figure."""
        edition = self.edition
        told = {
            "dataset": edition.slug,
            "title": plain(text_in(edition.contract.title, self.lang, edition.slug)),
            "publisher": plain(edition.publisher),
            "release": edition.release,
            "release_kind": edition.kind,
            "published_at": edition.published_at.isoformat(),
            "manifest": edition.manifest,
            "licence": edition.licence,
            "citation": self.citation,
            "contact": plain(edition.contact),
            "protocol": edition.protocol,
            "decision": self.decision,
            "url": self.url,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def footer(self) -> str:
        """The same in one sentence."""
        return say(
            "MCP_SOURCE",
            self.lang,
            citation=self.citation,
            licence=self.edition.licence,
            release=self.edition.release,
            published=self.edition.published_at.date().isoformat(),
        )

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], str]:
        return {
            (level, area.code): plain(area.name)
            for level, areas in self.edition.areas.items()
            for area in areas
        }

    def rows(self, tables: Iterable[pa.Table]) -> Iterator[Row]:
        """Yield every cell of tables of protected cells."""
        for table in tables:
            breakdowns = dimensions_of(table.schema)
            for cell in table.to_pylist():
                yield self._row(cell, breakdowns)

    def _row(self, cell: Mapping[str, Any], breakdowns: Sequence[str]) -> Row:
        told: Row = {name: cell[name] for name in KEY_COLUMNS}
        told["area_name"] = self._names.get((cell["level"], cell["area"]), cell["area"])
        if breakdowns:
            told["breakdown"] = {name: cell[name] for name in breakdowns}
        return {
            **told,
            **told_of(cell["obs_value"], cell["obs_status"], self.why_hidden, self.lang),
        }

    def line(self, row: Mapping[str, Any]) -> str:
        """Return a cell as a line of text."""
        return line_of(row, self.lang)


def told_of(value: float | None, status: str, why_hidden: str, lang: str) -> Row:
    """Return what is said of one cell: value, status, its meaning, and why there is none."""
    code = f"STATUS_{status}"
    meaning = say(code, lang) if code in catalogue() else status
    told: Row = {"value": number(value), "status": status, "meaning": meaning}
    if status == HIDDEN:
        return {**told, "value": None, "hidden": True, "why": why_hidden}
    if status in SYMBOL_OF_OBS_STATUS:
        return {**told, "why": say("EXPLAIN_NO_VALUE", lang, status=meaning)}
    return told


def line_of(row: Mapping[str, Any], lang: str) -> str:
    """Return a cell as a line of text."""
    area = plain(f"{row['area']} {row.get('area_name', '')}")
    key = [row["indicator"], row["level"], area, row["period"]]
    key += [f"{name}={code}" for name, code in row.get("breakdown", {}).items()]
    return f"{' | '.join(key)}: {shown(row, lang)}"


def shown(row: Mapping[str, Any], lang: str) -> str:
    """Return what stands for a value in text: its number, or in words that there is none."""
    if row.get("hidden"):
        return f"{say('MCP_HIDDEN', lang)} [{row['status']}]"
    if row["value"] is None:
        return f"- [{row['status']}: {row['meaning']}]"
    return f"{row['value']} [{row['status']}: {row['meaning']}]"


def reasons(rows: Iterable[Mapping[str, Any]], lang: str) -> list[str]:
    """Return why cells are hidden, each reason once."""
    told = {row["why"] for row in rows if row.get("hidden")}
    return [f"{say('MCP_HIDDEN', lang)}: {why}" for why in sorted(told)]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the cells that were asked for: the rows from `start` on, of `total`."""

    rows: list[Row]
    start: int
    total: int

    @property
    def more(self) -> int:
        """How many rows come after these."""
        return max(0, self.total - self.start - len(self.rows))


def pulled(speech: Speech, part: Part) -> Outcome:
    """Return cells with what is said around them; what is left out is counted, never hushed up."""
    start, release = part.start + len(part.rows), speech.edition.release
    structured: Row = {
        "source": speech.source(),
        "total": part.total,
        "start": part.start,
        "more": part.more,
        "rows": part.rows,
        "units": _units(speech, part.rows),
    }
    lines = [speech.line(row) for row in part.rows]
    lines += reasons(part.rows, speech.lang)
    lines.append(say("MCP_ROWS", speech.lang, shown=len(part.rows), total=part.total))
    if part.more:
        structured["next"] = {"start": start, "release": release}
        lines.append(say("MCP_MORE", speech.lang, more=part.more, start=start, release=release))
    return Outcome("\n".join([*lines, speech.footer]), structured)


def _units(speech: Speech, rows: Iterable[Row]) -> dict[str, str]:
    """Return the unit of each indicator that has a row."""
    shown = {row["indicator"] for row in rows}
    return {each.id: each.unit for each in speech.edition.indicators if each.id in shown}


def failure(fault: HanseError, lang: str) -> Outcome:
    """Return what went wrong in four parts: what, where, why, what now."""
    code = fault.code if fault.code in catalogue() else "UNTOLD"
    parts = explain(code, lang, **{"code": fault.code, **fault.parameters})
    told = {name: plain(text) for name, text in parts.items() if text}
    decision = str(fault.parameters.get("decision", ""))
    structured = {"code": fault.code, **told} | ({"decision": decision} if decision else {})
    return Outcome(" ".join(told.values()), structured, failed=True)
