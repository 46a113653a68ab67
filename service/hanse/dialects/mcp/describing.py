"""What there is: hits of a search over releases, and one release with its codes."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hanse.cube.indicator import Indicator
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.mcp.figures import Row, Speech, plain
from hanse.dialects.mcp.offer import CODES_SHOWN, INDICATORS_SHOWN
from hanse.dialects.mcp.tools import Outcome
from hanse.messages import say

_WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """Return text without accents and capitals."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in bare if not unicodedata.combining(each))


def hits(editions: Iterable[Edition], query: str, lang: str) -> list[Row]:
    """Return the indicators that have any of the words, those with most of them first.

    All of them, by dataset, where no word is given.
    """
    words = set(_WORD.findall(folded(query)))
    found = [
        (_fitting(words, _subject(edition, each)), edition, each)
        for edition in editions
        for each in edition.indicators
    ]
    if words:
        found = sorted(
            (each for each in found if each[0]), key=lambda each: (-each[0], each[1].slug)
        )
    return [_hit(edition, each, lang) for _, edition, each in found]


def _fitting(words: set[str], subject: str) -> int:
    return sum(word in subject for word in words)


def _subject(edition: Edition, indicator: Indicator) -> str:
    contract = edition.contract
    texts = [contract.title, indicator.name, indicator.description, indicator.definition]
    told = [text for each in texts for text in each.values()]
    told += [edition.slug, indicator.id, indicator.theme, *indicator.keywords]
    return folded(" ".join(told))


def _hit(edition: Edition, indicator: Indicator, lang: str) -> Row:
    return {
        "dataset": edition.slug,
        "title": plain(text_in(edition.contract.title, lang, edition.slug)),
        "indicator": indicator.id,
        "name": plain(text_in(indicator.name, lang, indicator.id)),
        "unit": indicator.unit,
        "levels": list(edition.areas),
        "periods": _span([str(each) for each in edition.periods]),
        "release": edition.release,
        "licence": edition.licence,
    }


def _span(periods: Sequence[str]) -> str:
    return f"{periods[0]}:{periods[-1]}" if periods else ""


def searched(found: Sequence[Row], start: int, limit: int, lang: str) -> Outcome:
    """Return a part of the hits."""
    shown = list(found[start : start + limit])
    more = max(0, len(found) - start - len(shown))
    lines = [
        f"{each['dataset']} / {each['indicator']}: {each['name']} ({each['unit']}), "
        f"{', '.join(each['levels'])}, {each['periods']}, {each['licence']}"
        for each in shown
    ]
    lines.append(say("MCP_ROWS", lang, shown=len(shown), total=len(found)))
    structured: Row = {"total": len(found), "start": start, "more": more, "hits": shown}
    if more:
        structured["next"] = {"start": start + len(shown)}
        lines.append(say("MCP_MORE_HITS", lang, more=more, start=start + len(shown)))
    return Outcome("\n".join(lines), structured)


def described(speech: Speech, find: str) -> Outcome:
    """Return one release with its codes; `find` narrows indicators, areas and codes."""
    edition, lang = speech.edition, speech.lang
    wanted = folded(find)
    description = plain(text_in(edition.contract.description, lang), 2_000)
    indicators = _some(
        [_indicator(each, lang) for each in edition.indicators], wanted, INDICATORS_SHOWN
    )
    levels = {
        level: _some([{"code": a.code, "name": plain(a.name)} for a in areas], wanted, CODES_SHOWN)
        for level, areas in edition.areas.items()
    }
    breakdowns = {
        each.id: _some(
            [
                {"code": c.id, "name": plain(text_in(c.name, lang, c.id))}
                for c in each.codelist.codes
            ],
            wanted,
            CODES_SHOWN,
        )
        for each in edition.dimensions
    }
    structured: Row = {
        "source": speech.source(),
        "description": description,
        "indicators": indicators,
        "levels": levels,
        "breakdowns": breakdowns,
        "periods": [str(each) for each in edition.periods],
    }
    lines = [f"{edition.slug}: {structured['source']['title']}. {description}"]
    lines += _told({"indicators": indicators}, _indicator_line, lang)
    lines += _told(levels, _code_line, lang)
    lines += _told(breakdowns, _code_line, lang)
    lines.append(f"periods: {', '.join(structured['periods'])}")
    return Outcome("\n".join([*lines, speech.footer]), structured)


def _indicator(each: Indicator, lang: str) -> Row:
    told = {
        "code": each.id,
        "name": plain(text_in(each.name, lang, each.id)),
        "definition": plain(text_in(each.definition or each.description, lang), 1_000),
        "unit": each.unit,
        "measure": each.measure_type.value,
        "decimals": each.decimals,
        "about": each.reference_point,
        "state": each.state.value,
        "successor": each.successor,
        "provisional_from": each.provisional_from,
        "footnote": plain(text_in(each.footnote, lang)),
        "breaks": [
            {"period": found.period, "reason": plain(text_in(found.reason, lang))}
            for found in each.breaks
        ],
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _some(entries: list[Row], wanted: str, most: int) -> Row:
    """Return the entries that fit, and how many of those are left out."""
    fitting = [each for each in entries if wanted in folded(f"{each['code']} {each['name']}")]
    return {
        "total": len(entries),
        "shown": fitting[:most],
        "more": max(0, len(fitting) - most),
    }


def _told(
    lists: Mapping[str, Mapping[str, Any]], line: Callable[[Row], str], lang: str
) -> Iterator[str]:
    for name, held in lists.items():
        yield f"{name} ({held['total']}): " + "; ".join(line(each) for each in held["shown"])
        if held["more"]:
            yield say("MCP_MORE_CODES", lang, more=held["more"])


def _code_line(entry: Row) -> str:
    return f"{entry['code']} {entry['name']}"


def _indicator_line(entry: Row) -> str:
    told = f"{entry['code']} {entry['name']} ({entry['unit']})"
    return f"{told}: {entry['definition']}" if entry.get("definition") else told
