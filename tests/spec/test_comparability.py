"""The table of `tests/spec/tables/comparability.py`, one test a row."""

from dataclasses import replace

import pytest
from tests.spec.tables.comparability import ROWS

from hanse.cube.comparability import Facts, MarkCode, mark
from hanse.cube.period import Period
from hanse.messages import LANGUAGES


def facts_of(text: str) -> tuple[Facts, dict[str, str]]:
    stated = dict(part.split("=", 1) for part in text.split())
    rest = {"status": stated.pop("status", "A"), "since": stated.pop("since", "")}
    numbers = {
        name: float(stated.pop(name)) for name in ("round_base", "threshold") if name in stated
    }
    facts = Facts(
        breaks=tuple(filter(None, stated.pop("breaks", "").split(","))),
        recalculated=stated.pop("recalculated", "") == "yes",
        **numbers,  # type: ignore[arg-type]
        **stated,  # type: ignore[arg-type]
    )
    return facts, rest


@pytest.mark.parametrize(("situation", "reference", "other", "period", "code", "reasons"), ROWS)
def test_a_figure_has_one_mark_and_all_its_reasons(
    situation: str, reference: str, other: str, period: str, code: str, reasons: str
) -> None:
    facts, rest = facts_of(other)
    since = Period.parse(rest["since"]) if rest["since"] else None
    found = mark(facts_of(reference)[0], facts, Period.parse(period), rest["status"], since)
    assert (found.code, ", ".join(each.code for each in found.reasons)) == (code, reasons), (
        situation
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_mark_and_every_reason_is_said_in_words(lang: str) -> None:
    for code in MarkCode:
        assert mark(Facts(), Facts(), Period.parse("2024")).label(lang)
        assert code.name not in mark(Facts(), Facts(), Period.parse("2024")).label(lang)
    reference = Facts("a", "1", "p", "x", "g@2024", "m", 1.0, 5.0)
    told = Facts("b", "2", "q", "y", "g@2025", "n", 5.0, 21.0, "CELL_KEY")
    other = replace(told, breaks=("2024",), recalculated=True)
    reasons = mark(reference, other, Period.parse("2024"), "Q").reasons
    assert len(reasons) == 12
    assert all("{" not in each.say(lang) and "COMPARE" not in each.say(lang) for each in reasons)
