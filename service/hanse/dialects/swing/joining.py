"""Spreadsheet formulas that join text: `CONCATENATE`, `&`, `MID`, references, texts and numbers.

All that indicator sheets use to write their own formulas and names. Anything else is not guessed.
"""

import re
from collections.abc import Mapping

MAX_DEPTH = 60
"""How far one cell may lead to another; a column filled down refers to the cell above it."""

MAX_TEXT = 32_767
"""The longest text a spreadsheet cell holds."""

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z]+)(?=\()'
    r"|(?P<cell>\$?[A-Za-z]{1,3}\$?\d{1,7})|(?P<sign>[(),;&]))"
)


class Unreadable(ValueError):
    """The formula does more than join text, or leads in a circle."""


def evaluate(cells: Mapping[str, object], coordinate: str, depth: int = 0) -> str | float:
    """Return what the cell at `coordinate` (`B2`) shows; `cells` holds values and `=…` formulas."""
    if depth > MAX_DEPTH:
        raise Unreadable(coordinate)
    value = cells.get(coordinate, "")
    if not isinstance(value, str) or not value.startswith("="):
        return value if isinstance(value, float) else _as_text(value)
    return _Reader(cells, value[1:], depth).whole()


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        raise Unreadable(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, cells: Mapping[str, object], text: str, depth: int) -> None:
        self.cells = cells
        self.depth = depth
        self.tokens = self._split(text)
        self.at = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise Unreadable(text)
            tokens.append((match.lastgroup, match.group(match.lastgroup)))
            position = match.end()
        return tokens

    def whole(self) -> str | float:
        value = self._joined()
        if self.at != len(self.tokens) or len(_as_text(value)) > MAX_TEXT:
            raise Unreadable
        return value

    def _joined(self) -> str | float:
        value = self._part()
        while self._next() == "&":
            self.at += 1
            value = _as_text(value) + _as_text(self._part())
        return value

    def _next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _part(self) -> str | float:
        if self.at >= len(self.tokens):
            raise Unreadable
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind == "number":
            return float(text)
        if kind == "cell":
            return evaluate(self.cells, text.replace("$", "").upper(), self.depth + 1)
        if kind == "name":
            return self._call(text.upper())
        raise Unreadable(text)

    def _call(self, name: str) -> str:
        self.at += 1  # the bracket that made it a call
        arguments = [self._joined()]
        while self._next() in {",", ";"}:
            self.at += 1
            arguments.append(self._joined())
        if self._next() != ")":
            raise Unreadable(name)
        self.at += 1
        if name in {"CONCATENATE", "CONCAT"}:
            return "".join(_as_text(each) for each in arguments)
        if name == "MID" and len(arguments) == 3:
            start, length = int(float(arguments[1])), int(float(arguments[2]))
            return _as_text(arguments[0])[max(start - 1, 0) :][:length]
        raise Unreadable(name)
