"""One way to write numbers per language, held against Babel, which makes pages and sheets."""

import pytest
from babel.numbers import format_decimal
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hanse.messages import LANGUAGES, numbers
from hanse.report import formats
from hanse.web import formats as pages

LOCALES = {"nl": "nl_BE", "en": "en_GB", "fr": "fr_BE"}
VALUES = st.floats(-1e12, 1e12, allow_nan=False).map(lambda each: round(each, 6))


@settings(deadline=None)
@given(VALUES, st.sampled_from(LANGUAGES), st.integers(0, 6))
@example(2.675, "nl", 2)
@example(0.5, "fr", 0)
@example(-1234567.5, "en", 0)
@example(1e-7, "nl", 3)
def test_screens_pages_and_sheets_write_one_number_alike(
    value: float, lang: str, decimals: int
) -> None:
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    wanted = format_decimal(value, format=pattern, locale=LOCALES[lang])
    told = {
        numbers.decimal(value, lang, decimals),
        formats.decimal(value, lang, decimals),
        pages.number(value, lang, decimals),
    }
    assert told == {wanted}


@pytest.mark.parametrize(
    ("value", "nl", "en", "fr"),
    [
        (0.0, "0", "0", "0"),
        (3020.0, "3.020", "3,020", "3\u202f020"),
        (-1234.5, "-1.234,5", "-1,234.5", "-1\u202f234,5"),
        (0.1 + 0.2, "0,3", "0.3", "0,3"),
        (0.000125, "0,000125", "0.000125", "0,000125"),
        (100 / 3, "33,33333333", "33.33333333", "33,33333333"),
        (12_345_678_901.25, "12.345.678.901", "12,345,678,901", "12\u202f345\u202f678\u202f901"),
        (1e300, *(mark.join(["1", *["000"] * 100]) for mark in (".", ",", "\u202f"))),
        (1e15, "1.000.000.000.000.000", "1,000,000,000,000,000", "1" + "\u202f000" * 5),
    ],
)
def test_a_number_has_the_decimals_that_it_has(value: float, nl: str, en: str, fr: str) -> None:
    assert [numbers.plain(value, lang) for lang in ("nl", "en", "fr")] == [nl, en, fr]


def test_what_was_computed_has_fewer_digits_and_never_less_than_its_whole() -> None:
    told = [numbers.plain(each, "nl", numbers.DIGITS_MADE) for each in (100.03311, 1e7 / 3, 2 / 3)]
    assert told == ["100,033", "3.333.333", "0,666667"]


def test_a_difference_says_its_direction() -> None:
    assert [numbers.signed(each, "nl", 1) for each in (1.25, -1.25, 0.0)] == [
        "+1,2",
        "-1,2",
        "+0,0",
    ]
