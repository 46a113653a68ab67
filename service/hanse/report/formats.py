"""Numbers, shares and dates as readers of each language write them (CLDR, through Babel)."""

from datetime import date, datetime

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

NONE = "\N{EN DASH}"
"""What stands where there is nothing to say a number of."""

LOCALES = {"nl": "nl_BE", "en": "en_GB", "fr": "fr_BE"}


def number(value: float, lang: str) -> str:
    """Return a number with the language's separators."""
    return str(format_decimal(value, locale=LOCALES[lang]))


def decimal(value: float, lang: str, decimals: int) -> str:
    """Return a number with exactly so many decimals, and the language's separators."""
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return str(format_decimal(value, format=pattern, locale=LOCALES[lang]))


def share(part: float, whole: float, lang: str, decimals: int = 1) -> str:
    """Return part of whole as a percentage; nothing of nothing is no percentage.

    A share that is neither none nor all is never rounded to 0 % or 100 %.
    """
    if not whole:
        return NONE
    least = 0.1**decimals / 100
    told = part / whole
    if 0 < told < least:
        return f"< {_percent(least, lang, decimals)}"
    if 1 - least < told < 1:
        return f"> {_percent(1 - least, lang, decimals)}"
    return _percent(told, lang, decimals)


def _percent(value: float, lang: str, decimals: int) -> str:
    pattern = "#,##0." + "0" * decimals + "\u00a0%" if decimals else "#,##0\u00a0%"
    return str(format_percent(value, format=pattern, locale=LOCALES[lang]))


def day(value: date, lang: str) -> str:
    """Return a date in words, such as `1 maart 2026`."""
    return str(format_date(value, format="long", locale=LOCALES[lang]))


def moment(value: datetime, lang: str) -> str:
    """Return a date with its time and zone."""
    return str(format_datetime(value, format="d MMMM yyyy, HH:mm z", locale=LOCALES[lang]))
