"""A comparison as a workbook that explains itself: what was asked, who gave what, what compares."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from hanse.client.comparison import Comparison
from hanse.client.outcome import NodeState
from hanse.dialects.comparison_book import About, render
from hanse.messages import LANGUAGES, say


def workbook(comparison: Comparison, title: str, lang: str = "nl", command: str = "") -> bytes:
    """Return the workbook; `command` is how somebody else fetches the same.

    Raises what `hanse.dialects.comparison_book.render` raises.
    """
    lang = lang if lang in LANGUAGES else "nl"
    published = [each.published_at for each in comparison.outcomes if each.published_at]
    newest = max(published, default=datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC)
    about = About(
        title, lang, _facts(comparison, command, lang), _status(comparison, lang),
        _reasons(comparison, lang), newest,
    )  # fmt: skip
    return render(comparison.table, about)


def _facts(comparison: Comparison, command: str, lang: str) -> list[tuple[str, str]]:
    answered = [each for each in comparison.outcomes if each.state is NodeState.ANSWERED]
    releases = sorted({f"{each.name}: {each.dataset}@{each.release}" for each in answered})
    cities = len({each.agency for each in comparison.outcomes})
    given = len({each.agency for each in answered})
    facts = (
        ("BOOK_ANSWERED", say("BOOK_ANSWERED_TOLD", lang, given=given, cities=cities)),
        ("BOOK_CELLS", str(comparison.table.num_rows)),
        ("COLUMN_RELEASE", "; ".join(releases) or "-"),
        ("XLSX_PROTOCOL", ", ".join(sorted({each.protocol for each in answered})) or "-"),
        ("BOOK_MARKS", say("BOOK_MARKS_TOLD", lang)),
        ("XLSX_QUERY", command or "-"),
    )
    return [(say(code, lang), value) for code, value in facts]


def _status(comparison: Comparison, lang: str) -> Sequence[tuple[str, ...]]:
    lines = [
        (
            each.name, say(f"STATE_{each.state.name}", lang), each.dataset, each.release,
            each.manifest, each.why(lang) if each.code else "",
        )
        for each in comparison.outcomes
    ]  # fmt: skip
    remarks = [
        (each.origin_name, say(f"MARK_{each.reason.mark.name}", lang), "", "", "",
         f"{each.reason.say(lang)} ({each.cells})")
        for each in comparison.remarks
    ]  # fmt: skip
    return [*lines, *remarks]


def _reasons(comparison: Comparison, lang: str) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in comparison.remarks:
        found[each.origin, each.reason.code].append(each.reason.say(lang))
    return dict(found)
