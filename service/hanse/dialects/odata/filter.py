"""The `$filter` language: read into an expression, then held against the columns of rows.

Grammar: OData 4.0 URL conventions §5.1.1, the part that spreadsheets send. A comparison with a
value that is hidden is neither true nor false, so no filter, also not its negation, tells anything
of a hidden figure; only `Value eq null` does, and that is what the status beside it says too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid

CHARACTERS_MAX: Final = 8_192
DEPTH_MAX: Final = 50
NODES_MAX: Final = 500

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d{2}-\d{2}(?:T[0-9:.]+Z?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark>[(),]))"
)
_COMPARE: Final = ("eq", "ne", "gt", "ge", "lt", "le")
_TESTS: Final = ("contains", "startswith", "endswith")
_CHANGES: Final = ("tolower", "toupper", "trim", "year")
_LITERALS: Final[Mapping[str, object]] = {"null": None, "true": True, "false": False}

Value = str | float | bool | None


class NotOffered(Invalid):
    """Something OData has and this service has not."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that was written out."""

    value: Value


@dataclass(frozen=True, slots=True)
class Property:
    """A column, perhaps changed by functions, the innermost first."""

    name: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column against a value."""

    left: Property
    operator: str
    right: Value


@dataclass(frozen=True, slots=True)
class Listed:
    """A column that is one of some values."""

    left: Property
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """A text that contains, starts or ends with another."""

    kind: str
    left: Property
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of an expression."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Joined:
    """All (`and`) or any (`or`) of some expressions."""

    operator: str
    parts: "tuple[Expression, ...]"


Expression = Comparison | Listed | Test | Not | Joined


def read(text: str, columns: Sequence[str]) -> Expression:
    """Return the expression of a filter on these columns.

    Raises `Invalid` (ODATA_FILTER) naming the place for what is no expression, (ODATA_PROPERTY) for
    a column that does not exist; `NotOffered` for a function that is not offered.
    """
    if len(text) > CHARACTERS_MAX:
        raise Invalid("ODATA_FILTER", at=CHARACTERS_MAX, near="…")
    reader = _Reader(_tokens(text), frozenset(columns))
    found = reader.any_of(0)
    reader.end()
    return found


_Token = tuple[str, str, int]


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _fault(place, text[place:])
        found.append((match.lastgroup, match[match.lastgroup], place))
        place = match.end()
        if len(found) > NODES_MAX * 4:
            raise Invalid("ODATA_FILTER", at=place, near="…")
    return found


def _fault(place: int, near: str) -> Invalid:
    shown = near.strip()[:20]
    return Invalid("ODATA_FILTER", at=place, near=shown if shown.isprintable() else "?")


class _Reader:
    """Reads tokens by descent: `or`, then `and`, then `not`, then what is compared."""

    def __init__(self, tokens: list[_Token], columns: frozenset[str]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._place = 0
        self._nodes = 0

    def end(self) -> None:
        if self._place < len(self._tokens):
            self._refuse()

    def any_of(self, depth: int) -> Expression:
        return self._joined("or", depth, self._all_of)

    def _all_of(self, depth: int) -> Expression:
        return self._joined("and", depth, self._one)

    def _joined(self, word: str, depth: int, inner: Callable[[int], Expression]) -> Expression:
        parts = [inner(depth)]
        while self._takes("name", word):
            parts.append(inner(depth))
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _one(self, depth: int) -> Expression:
        self._nodes += 1
        if depth > DEPTH_MAX or self._nodes > NODES_MAX:
            self._refuse()
        if self._takes("name", "not"):
            return Not(self._one(depth + 1))
        if self._takes("mark", "("):
            found = self.any_of(depth + 1)
            self._expect(")")
            return found
        if self._peek()[0] == "name" and self._peek()[1].lower() in _TESTS:
            return self._test(depth)
        return self._comparison(depth)

    def _test(self, depth: int) -> Expression:
        kind = self._next()[1].lower()
        self._expect("(")
        left = self._property(depth)
        self._expect(",")
        value = self._literal()
        self._expect(")")
        if not isinstance(value, str):
            self._refuse()
        found = Test(kind, left, str(value))
        if self._takes("name", "eq"):  # contains(…) eq true, as some clients write it
            wanted = self._literal()
            return found if wanted is True else Not(found)
        return found

    def _comparison(self, depth: int) -> Expression:
        left = self._property(depth)
        _, word, _ = self._next()
        if word.lower() == "in":
            return Listed(left, self._list())
        if word.lower() not in _COMPARE:
            self._place -= 1
            self._refuse()
        return Comparison(left, word.lower(), self._literal())

    def _list(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._takes("mark", ","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _property(self, depth: int) -> Property:
        kind, word, _ = self._next()
        if kind != "name" or depth > DEPTH_MAX:
            self._place -= 1
            self._refuse()
        if self._takes("mark", "("):
            if word.lower() not in _CHANGES:
                raise NotOffered("ODATA_OPTION", given=word[:40], choice=", ".join(_CHANGES))
            inner = self._property(depth + 1)
            self._expect(")")
            return Property(inner.name, (*inner.changes, word.lower()))
        if word not in self._columns:
            raise Invalid(
                "ODATA_PROPERTY", given=word[:40], choice=", ".join(sorted(self._columns))
            )
        return Property(word)

    def _literal(self) -> Value:
        kind, text, _ = self._next()
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "number":
                return float(text)
            case "date":
                return text[:10]
        if text.lower() in _LITERALS:
            found = _LITERALS[text.lower()]
            return found if found is None else bool(found)
        self._place -= 1
        self._refuse()
        return None

    def _peek(self) -> _Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "", -1)

    def _next(self) -> _Token:
        token = self._peek()
        if token[0] == "end":
            self._refuse()
        self._place += 1
        return token

    def _takes(self, kind: str, word: str) -> bool:
        held = self._peek()
        if held[0] != kind or held[1].lower() != word:
            return False
        self._place += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._takes("mark", mark):
            self._refuse()

    def _refuse(self) -> None:
        _, word, place = self._peek()
        raise _fault(max(place, 0), word)


def mask(expression: Expression, table: pa.Table) -> pa.ChunkedArray:
    """Return which rows meet an expression: true or false for each."""
    return pc.fill_null(_mask(expression, table), False)


def _mask(expression: Expression, table: pa.Table) -> pa.ChunkedArray:
    match expression:
        case Joined():
            masks = [_mask(part, table) for part in expression.parts]
            join = pc.and_kleene if expression.operator == "and" else pc.or_kleene
            found = masks[0]
            for each in masks[1:]:
                found = join(found, each)
            return found
        case Not():
            return pc.invert(_mask(expression.inner, table))
        case Listed():
            return _mask(_any_of(expression), table)
        case Test():
            return _tested(expression, _column(expression.left, table))
        case Comparison():
            return _compared(expression, _column(expression.left, table))


def _any_of(listed: Listed) -> Expression:
    parts = tuple(Comparison(listed.left, "eq", value) for value in listed.values)
    return parts[0] if len(parts) == 1 else Joined("or", parts)


def _column(wanted: Property, table: pa.Table) -> pa.ChunkedArray:
    column = table.column(wanted.name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    for change in wanted.changes:
        if not pa.types.is_string(column.type):
            raise Invalid("ODATA_TYPES", given=wanted.name)
        column = _changed(change, column)
    return column


def _changed(change: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    match change:
        case "tolower":
            return pc.utf8_lower(column)
        case "toupper":
            return pc.utf8_upper(column)
        case "trim":
            return pc.utf8_trim_whitespace(column)
    years = pc.utf8_slice_codeunits(column, 0, 4)
    numbered = pc.match_substring_regex(years, pattern="^[0-9]{4}$")
    return pc.if_else(numbered, years, None).cast(pa.float64())


def _tested(test: Test, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        raise Invalid("ODATA_TYPES", given=test.left.name)
    kinds: Mapping[str, Callable[..., pa.ChunkedArray]] = {
        "contains": pc.match_substring,
        "startswith": pc.starts_with,
        "endswith": pc.ends_with,
    }
    return kinds[test.kind](column, pattern=test.text)


def _compared(wanted: Comparison, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if wanted.right is None:
        if wanted.operator not in ("eq", "ne"):
            raise Invalid("ODATA_TYPES", given=wanted.left.name)
        found = pc.is_null(column)
        return found if wanted.operator == "eq" else pc.invert(found)
    compare: Mapping[str, Callable[..., pa.ChunkedArray]] = {
        "eq": pc.equal,
        "ne": pc.not_equal,
        "gt": pc.greater,
        "ge": pc.greater_equal,
        "lt": pc.less,
        "le": pc.less_equal,
    }
    return compare[wanted.operator](column, _scalar(wanted, column.type))


def _scalar(wanted: Comparison, type_: pa.DataType) -> pa.Scalar:
    textual = pa.types.is_string(type_)
    if textual != isinstance(wanted.right, str) or isinstance(wanted.right, bool):
        raise Invalid("ODATA_TYPES", given=wanted.left.name)
    if pa.types.is_integer(type_):
        number = float(wanted.right or 0)
        if not number.is_integer():
            raise Invalid("ODATA_TYPES", given=wanted.left.name)
        return pa.scalar(int(number), pa.int64())
    return pa.scalar(wanted.right, type_)
