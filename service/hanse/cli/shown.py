"""How figures and outcomes look on a terminal: symbols for what is no number, marks in words."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hanse.cli.codes import NOT_REACHED, NOT_THERE, OK
from hanse.cli.screen import fitting
from hanse.client.answers import tame
from hanse.client.comparison import Comparison, Remark
from hanse.client.outcome import NodeState, Outcome
from hanse.cube.benchmark import Spread
from hanse.cube.comparability import MarkCode
from hanse.cube.differences import Difference
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.messages import named, nearest, numbers, say
from hanse.wire import SearchAnswer

SHOWN_ROWS = 500
SHOWN_REMARKS = 40
TYPED_AGAIN = frozenset({"DATASET", "INDICATOR", "PERIODS"})
"""Columns of what was found that go into the next command: whole, on one line."""
MARK_WIDTH = 18
"""Marks go on a next line rather than taking the room of two periods."""


def sign_of(comparison: Comparison) -> int:
    """Return the exit code: 0 it came, 3 nobody gave anything, 4 somebody was missed."""
    return sign_of_all(comparison.outcomes)


def sign_of_all(outcomes: Sequence[Outcome]) -> int:
    """Return the exit code of what was asked of many nodes."""
    if not all(each.reached for each in outcomes):
        return NOT_REACHED
    answered = any(each.state is NodeState.ANSWERED for each in outcomes)
    return OK if answered else NOT_THERE


def figures_tables(comparison: Comparison, lang: str, console: Console) -> list[Table]:
    """Return areas down, periods across; a cell is its number or its symbol, and its mark.

    More than one table where a screen is too narrow for all periods beside each other.
    """
    spans = sorted(set(comparison.table.slice(0, SHOWN_ROWS * 10)["period"].to_pylist()))
    return fitting(lambda some: _figures(comparison, lang, some), spans, console)


def _figures(comparison: Comparison, lang: str, spans: Sequence[str]) -> Table:
    rows = comparison.table.slice(0, SHOWN_ROWS * 10).to_pylist()
    names = [name for name in comparison.table.column_names if name.isupper()]
    lines: dict[tuple[str, ...], dict[str, Text]] = {}
    marks: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        line = (row["indicator"], row["origin_name"], row["area"], *(row[name] for name in names))
        lines.setdefault(line, {})[row["period"]] = _cell(row, lang)
        marks.setdefault(line, set()).add(row.get("mark", ""))
    subjects = {line[0] for line in lines}
    alone = len(subjects) == 1
    table = Table(
        box=box.SIMPLE_HEAD, title=tame(subjects.pop()) if alone else None, padding=(0, 1)
    )
    for code in ("COLUMN_INDICATOR", "COLUMN_CITY", "COLUMN_AREA")[alone:]:
        table.add_column(say(code, lang), no_wrap=True)
    for name in names:
        table.add_column(name)
    for span in spans:
        table.add_column(span, justify="right", no_wrap=True)
    marked = "mark" in comparison.table.column_names
    if marked:
        table.add_column(say("COLUMN_MARK", lang), max_width=MARK_WIDTH)
    for line, cells in list(lines.items())[:SHOWN_ROWS]:
        told = [", ".join(_mark(code, lang) for code in sorted(marks[line]))] if marked else []
        shown = [Text(tame(each)) for each in line[alone:]]
        table.add_row(*shown, *(cells.get(span, Text("")) for span in spans), *told)
    return table


def remark_lines(remarks: Sequence[Remark], lang: str) -> list[str]:
    """Return one line per city and reason why figures do not simply compare."""
    lines = [
        tame(f"{each.origin_name} ({each.cells} x): {each.reason.say(lang)}")
        for each in remarks[:SHOWN_REMARKS]
    ]
    return [*lines, "…"] if len(remarks) > SHOWN_REMARKS else lines


def elsewhere_lines(comparison: Comparison, lang: str) -> list[str]:
    """Return one line per city with blanks that may stand on the areas of another vintage."""
    found = comparison.elsewhere[:SHOWN_REMARKS]
    return [tame(f"{each.origin_name}: {each.say(lang)}", 1_000) for each in found]


def told_lines(comparison: Comparison, lang: str) -> list[str]:
    """Return what is said under compared figures: why they do not, and what differs for sure."""
    lines = [*elsewhere_lines(comparison, lang), *remark_lines(comparison.remarks, lang)]
    if comparison.differences:
        confidence = comparison.shape.confidence or 95
        lines.append(say("SURVEY_DIFFERENCES", lang, confidence=confidence))
        lines += difference_lines(comparison.differences, lang)
    return lines


def difference_lines(differences: Sequence[Difference], lang: str) -> list[str]:
    """Return one line per difference between samples, those that are sure first."""
    ordered = sorted(differences, key=lambda each: not each.significant)
    lines = [
        say(
            "SURVEY_DIFFERENCE",
            lang,
            first=tame(" ".join(each.first)),
            second=tame(" ".join(each.second)),
            difference=_signed(each.difference, lang),
            margin="?" if each.margin is None else numbers.decimal(each.margin, lang, 1),
            sentence=say(each.code, lang),
        )
        for each in ordered[:SHOWN_REMARKS]
    ]
    return [*lines, "…"] if len(ordered) > SHOWN_REMARKS else lines


def _signed(number: float | None, lang: str) -> str:
    return "?" if number is None else numbers.signed(number, lang, 1)


def spread_table(spreads: Sequence[Spread], lang: str) -> Table:
    """Return one line per indicator, level and period: how many areas, and how they lie."""
    table = Table(box=box.SIMPLE_HEAD)
    names = ("INDICATOR", "AREA", "PERIODS", "SHOWN", "LOWEST", "MEDIAN", "HIGHEST", "DEVIATION")
    for at, name in enumerate(names):
        table.add_column(say(f"COLUMN_{name}", lang), justify="right" if at > 2 else "left")
    for each in spreads[:SHOWN_ROWS]:
        found = (each.lowest, each.median, each.highest, each.deviation)
        told = [
            "" if number is None else numbers.plain(number, lang, numbers.DIGITS_MADE)
            for number in found
        ]
        place = (Text(tame(text)) for text in (each.indicator, each.level, each.period))
        table.add_row(*place, f"{each.shown}/{each.of}", *told)
    return table


def outcomes_table(outcomes: Sequence[Outcome], lang: str) -> Table:
    """Return one line per node: what it gave, from which release, or why not."""
    table = Table(box=box.SIMPLE_HEAD)
    for code in ("COLUMN_CITY", "COLUMN_OUTCOME", "COLUMN_CELLS", "COLUMN_RELEASE", "COLUMN_WHY"):
        table.add_column(say(code, lang), justify="right" if code == "COLUMN_CELLS" else "left")
    for each in outcomes:
        published = f" ({each.published_at:%Y-%m-%d})" if each.published_at else ""
        table.add_row(
            Text(tame(each.name)),
            say(f"STATE_{each.state.name}", lang),
            str(each.cells) if each.state is NodeState.ANSWERED else "",
            Text(tame(each.release) + published),
            Text(tame(each.why(lang))),
            style="" if each.state is NodeState.ANSWERED else "yellow",
        )
    return table


def missed_lines(outcomes: Sequence[Outcome], lang: str) -> list[str]:
    """Return one line per node that gave nothing: how it ended, and why."""
    missed = (each for each in outcomes if each.state is not NodeState.ANSWERED)
    return [
        tame(f"{each.name}: {say(f'STATE_{each.state.name}', lang)}. {each.why(lang)}", 1_000)
        for each in missed
    ]


def search_table(found: SearchAnswer, lang: str) -> Table:
    """Return one line per subject that was found."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=say("SEARCH_FOUND", lang, total=found.total, page=found.page, pages=found.pages),
    )
    columns = ("DATASET", "INDICATOR", "NAME", "THEME", "CITIES", "PERIODS", "ACCESS")
    for code in columns:
        table.add_column(say(f"COLUMN_{code}", lang), no_wrap=code in TYPED_AGAIN)
    for hit in found.hits:
        name = nearest(hit.name, lang) or hit.id
        themes = ", ".join(named("theme", each, lang) for each in hit.themes)
        span = f"{hit.first_period}:{hit.last_period}"
        sets = ", ".join(hit.datasets)
        told = (sets, hit.id, name, themes, str(len(hit.agencies)), span)
        table.add_row(*(Text(tame(each)) for each in told), ", ".join(hit.access))
    return table


def _cell(row: dict[str, object], lang: str) -> Text:
    value, status = row["obs_value"], str(row["obs_status"])
    if not isinstance(value, float):
        return Text(SYMBOL_OF_OBS_STATUS.get(status, "?"), style="dim")
    digits = numbers.DIGITS_MADE if "shown_as" in row else numbers.DIGITS
    shown = numbers.plain(value, lang, digits)
    low, high = row.get("ci_low"), row.get("ci_high")
    if isinstance(low, float) and isinstance(high, float):
        margin = numbers.decimal((high - low) / 2, lang, 1)
        shown = f"{numbers.decimal(value, lang, 1)} \u00b1 {margin}"
    return Text(shown if status == "A" else f"{shown} {status}")


def _mark(code: str, lang: str) -> str:
    known = code in {each.value for each in MarkCode}
    return say(f"MARK_{MarkCode(code).name}", lang) if known else code
