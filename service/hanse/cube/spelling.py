"""One spelling per text: a letter and its accent as one sign (Unicode NFC).

A spreadsheet may hold `é` as one sign or as two that look the same. Codes are compared and signed,
so everything that is read from outside gets the first spelling.
"""

from unicodedata import normalize


def composed(text: str) -> str:
    """Return the text in Unicode's composed form (NFC)."""
    return text if text.isascii() else normalize("NFC", text)
