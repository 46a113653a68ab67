"""The table of `tests/spec/tables/periods.py`, one test a row, and what periods can do."""

from datetime import date

import pytest
from tests.spec.tables.periods import ROWS

from hanse.cube.period import Period
from hanse.cube.query import PeriodWindow
from hanse.errors import Invalid
from hanse.messages import say


@pytest.mark.parametrize(
    ("text", "start", "canonical", "first_day", "last_day", "swing", "label"), ROWS
)
def test_a_spelling_is_one_period_or_none(
    text: str, start: str, canonical: str, first_day: str, last_day: str, swing: str, label: str
) -> None:
    if canonical == "PERIOD_UNKNOWN":
        with pytest.raises(Invalid) as fault:
            Period.parse(text, start)
        assert fault.value.code == canonical
        return
    period = Period.parse(text, start)
    found = (
        str(period),
        str(period.start_date),
        str(period.end_date),
        period.swing,
        period.label(),
    )
    assert found == (canonical, first_day, last_day, swing, label)


@pytest.mark.parametrize(
    ("text", "start", "count", "shifted"),
    [
        ("2024", "", -1, "2023"),
        ("2024-Q1", "", -1, "2023-Q4"),
        ("2024-S2", "", 1, "2025-S1"),
        ("2024-12", "", 14, "2026-02"),
        ("2024-A1", "--09-01", 2, "2026-A1"),
        ("2024-Q1", "--09-01", -1, "2023-Q4"),
    ],
)
def test_a_period_is_shifted_by_its_own_length(
    text: str, start: str, count: int, shifted: str
) -> None:
    assert str(Period.parse(text, start).shift(count)) == shifted


def test_beyond_the_years_that_can_be_written_there_is_no_period() -> None:
    with pytest.raises(Invalid):
        Period.parse("1000").shift(-1)
    with pytest.raises(Invalid):
        Period.parse("9997-Q4").shift(1)


def test_periods_stand_in_the_order_in_which_they_start() -> None:
    texts = ["2024-Q2", "2023", "2024-02", "2024-Q1", "2024-A1"]
    ordered = sorted(Period.parse(text, "--09-01" if "A" in text else "") for text in texts)
    assert [str(each) for each in ordered] == ["2023", "2024-Q1", "2024-02", "2024-Q2", "2024-A1"]


def test_a_swing_year_is_the_school_year_of_an_indicator_that_has_one() -> None:
    assert str(Period.parse_swing("2024", "--09-01")) == "2024-A1"
    assert str(Period.parse_swing("2024")) == "2024"
    assert str(Period.parse_swing("2024KW2", "--09-01")) == "2024-Q2"


def test_the_first_of_january_starts_a_calendar_year() -> None:
    assert Period.of("A", 2024, 1, "--01-01") == Period.parse("2024")


@pytest.mark.parametrize(
    ("freq", "start"), [("Q", date(2024, 2, 1)), ("M", date(2024, 2, 2)), ("W", date(2024, 1, 1))]
)
def test_a_period_starts_where_one_of_its_frequency_does(freq: str, start: date) -> None:
    with pytest.raises(Invalid):
        Period(start, freq)


def test_a_school_year_lies_in_a_window_by_its_days() -> None:
    school_year = Period.parse("2024/25")
    assert not PeriodWindow(Period.parse("2024"), Period.parse("2024")).holds(school_year)
    assert PeriodWindow(Period.parse("2024"), Period.parse("2025")).holds(school_year)


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_every_period_has_a_label_in_every_language(lang: str) -> None:
    for freq, count in {"A": 1, "S": 2, "Q": 4, "M": 12}.items():
        for number in range(1, count + 1):
            assert "2024" in Period.of(freq, 2024, number).label(lang)
            assert "{" not in Period.of(freq, 2024, number, "--09-01").label(lang)


def test_the_refusal_shows_what_was_written() -> None:
    with pytest.raises(Invalid) as fault:
        Period.parse("vorig jaar")
    assert "VORIG JAAR" in say(fault.value.code, "nl", **fault.value.parameters)
    with pytest.raises(Invalid):
        Period.parse("2" * 1000)
