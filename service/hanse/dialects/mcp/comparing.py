"""One indicator side by side: series over periods, each cell marked for how far it compares."""

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.cube.comparability import Facts, Mark, mark
from hanse.cube.indicator import Indicator
from hanse.cube.period import read_period
from hanse.dialects.mcp.figures import Row, Speech, number, reasons, shown
from hanse.dialects.mcp.tools import Outcome
from hanse.messages import say

Series = tuple[str, str, tuple[tuple[str, str], ...]]
"""Level, area and breakdown codes."""


def compared(speech: Speech, indicator: Indicator, rows: Sequence[Row]) -> Outcome:
    """Return the rows of one indicator as series; derived figures stand only between numbers."""
    grouped: dict[Series, list[Row]] = {}
    for row in rows:
        key = (row["level"], row["area"], tuple(sorted(row.get("breakdown", {}).items())))
        grouped.setdefault(key, []).append(row)
    reference = facts_of(indicator, next(iter(grouped))[0] if grouped else "")
    series = [_series(speech, indicator, reference, held) for held in grouped.values()]
    structured: Row = {
        "source": speech.source(),
        "indicator": indicator.id,
        "unit": indicator.unit,
        "total": len(rows),
        "series": series,
    }
    lines = [f"{indicator.id} ({indicator.unit})"]
    lines += [_line(speech, each) for each in series]
    return Outcome("\n".join([*lines, *reasons(rows, speech.lang), speech.footer]), structured)


def facts_of(indicator: Indicator, level: str) -> Facts:
    """Return what decides whether figures of an indicator at a level compare."""
    return Facts(
        concept=indicator.concept or "",
        definition_version=indicator.definition_version,
        unit=indicator.unit,
        reference_point=indicator.reference_point,
        vintage=level,
        method=indicator.method,
        round_base=indicator.round_base,
        threshold=indicator.threshold.value if indicator.threshold else None,
        breaks=tuple(each.period for each in indicator.breaks),
        reporting_year_start=indicator.reporting_year_start,
    )


def _series(speech: Speech, indicator: Indicator, reference: Facts, rows: Sequence[Row]) -> Row:
    start = indicator.reporting_year_start
    ordered = sorted(rows, key=lambda row: read_period(row["period"], start))
    facts = facts_of(indicator, ordered[0]["level"])
    first = read_period(ordered[0]["period"], start)
    cells = []
    for row in ordered:
        period = read_period(row["period"], start)
        found = mark(reference, facts, period, row["status"], first if first < period else None)
        cells.append({**_cell(row), **_mark(found, speech.lang)})
    told: Row = {name: ordered[0][name] for name in ("level", "area", "area_name")}
    if "breakdown" in ordered[0]:
        told["breakdown"] = ordered[0]["breakdown"]
    return {**told, "cells": cells, "change": _change(cells, speech.lang)}


def _cell(row: Mapping[str, Any]) -> Row:
    names = ("period", "value", "status", "meaning", "hidden", "why")
    return {name: row[name] for name in names if name in row}


def _mark(found: Mark, lang: str) -> Row:
    return {
        "mark": found.code.value,
        "mark_meaning": found.label(lang),
        "reasons": [reason.say(lang) for reason in found.reasons],
    }


def _change(cells: Sequence[Row], lang: str) -> Row | None:
    """Return the change from the first period to the last, None where there is only one."""
    if len(cells) < 2:
        return None
    first, last = cells[0], cells[-1]
    told: Row = {"from": first["period"], "to": last["period"]}
    if first["value"] is None or last["value"] is None:
        return {**told, "absolute": None, "percent": None, "why": say("MCP_NO_CHANGE", lang)}
    moved = last["value"] - first["value"]
    percent = round(100 * moved / first["value"], 2) if first["value"] > 0 else None
    return {
        **told,
        "absolute": number(round(moved, 9)),
        "percent": percent,
        "mark": last["mark"],
        "mark_meaning": last["mark_meaning"],
    }


def _line(speech: Speech, series: Mapping[str, Any]) -> str:
    breakdown = "".join(f" {name}={code}" for name, code in series.get("breakdown", {}).items())
    head = f"{series['level']} {series['area']} {series['area_name']}{breakdown}"
    cells = "; ".join(
        f"{cell['period']} {shown(cell, speech.lang)} ({cell['mark_meaning']})"
        for cell in series["cells"]
    )
    change = series["change"]
    if change is None:
        return f"{head}: {cells}"
    if change["absolute"] is None:
        return f"{head}: {cells}. {change['why']}"
    percent = "" if change["percent"] is None else f" ({change['percent']:+} %)"
    moved = f"{change['absolute']:+}{percent}"
    return f"{head}: {cells}. {change['from']} → {change['to']}: {moved}"
