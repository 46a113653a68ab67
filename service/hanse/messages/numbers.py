"""Numbers as readers of each language write them, the same on every screen, page and sheet.

The separators are those of CLDR for Belgium and the United Kingdom, written here so that the small
installation needs no library for them.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

_SEPARATORS: Final = {"nl": (".", ","), "en": (",", "."), "fr": ("\N{NARROW NO-BREAK SPACE}", ",")}
DIGITS: Final = 10
"""Significant digits of a number whose decimals nobody says; what is behind them is noise."""
DIGITS_MADE: Final = 6
"""Significant digits of what was computed of figures: an index, a quotient, a mean."""
_DECIMALS_MAX: Final = 12
_EXACT: Final = Context(prec=400, rounding=ROUND_HALF_EVEN)
"""Holds every digit of the largest number that a cell may have."""


def decimal(value: float, lang: str, decimals: int) -> str:
    """Return a number with exactly so many decimals, halves to the even digit."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return _spelled(f"{_rounded(exact, decimals):,f}", lang)


def plain(value: float, lang: str, digits: int = DIGITS) -> str:
    """Return a number with the decimals that it has, so many significant digits at most.

    Digits before the decimal mark are never left out.
    """
    whole = len(str(abs(int(value)))) if abs(value) >= 1 else 0
    decimals = min(max(digits - whole, 0), _DECIMALS_MAX)
    text = f"{_rounded(Decimal(repr(float(value))), decimals):,f}"
    return _spelled(text.rstrip("0").rstrip(".") if "." in text else text, lang)


def signed(value: float, lang: str, decimals: int) -> str:
    """Return a number with its sign, also where it is more."""
    told = decimal(value, lang, decimals)
    return told if value < 0 else f"+{told}"


def _rounded(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _spelled(text: str, lang: str) -> str:
    groups, mark = _SEPARATORS.get(lang, _SEPARATORS["nl"])
    return text.replace(",", "\0").replace(".", mark).replace("\0", groups)
