"""Numbers, dates and counts as readers of each language write them (CLDR, through Babel)."""

from datetime import date, datetime

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

LOCALES = {"nl": "nl_BE", "en": "en_GB", "fr": "fr_BE"}


def number(value: float | None, lang: str, decimals: int | None = None) -> str:
    """Return a number with the language's separators, `decimals` digits after the mark.

    None (no value) is an empty text: the caller shows the symbol of its status.
    """
    if value is None:
        return ""
    pattern = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=LOCALES[lang]))


def day(value: date, lang: str) -> str:
    """Return a date in words, such as `1 maart 2026`."""
    return str(format_date(value, format="long", locale=LOCALES[lang]))


def moment(value: datetime, lang: str) -> str:
    """Return a date with its time and zone."""
    return str(format_datetime(value, format="d MMMM yyyy, HH:mm z", locale=LOCALES[lang]))
