"""The grammar of formulas: text in, a frozen tree out, or one clear error with its position.

Swing's own grammar (its manual "Handleiding Basis Swing"): `+ - * / ( )`, numbers, codes,
`sqrt(x)`, `round(x)`, `data_from_period(code,"-1")`, `data_from_mrp(code,1)`,
`cell(cube, level_item, …)` and `threshold(code)`. Codes and names ignore upper and lower case.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hanse.errors import Invalid

TEXT_LENGTH_MAX = 4_000
DEPTH_MAX = 40
"""How deep parentheses, functions and signs may nest."""

NODES_MAX = 400
"""How many numbers, codes and operators a formula may have."""

SHIFT_MAX = 1_200
"""How many periods a formula may look back or ahead: a century of months."""

Operator = Literal["+", "-", "*", "/"]
FunctionName = Literal["sqrt", "round", "negative"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number in the text."""

    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """An indicator, `shift` periods later than the cell that is computed."""

    code: str
    shift: int = 0


@dataclass(frozen=True, slots=True)
class MostRecent:
    """An indicator at its most recent period, or `back` periods it has before that."""

    code: str
    back: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """One cell of a cube per area and period; a breakdown that no item names is its total."""

    code: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An indicator as far as its own threshold lets it be seen."""

    code: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument."""

    name: FunctionName
    argument: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what stands between them."""

    operator: Operator
    left: "Node"
    right: "Node"


Reference = Series | MostRecent | Slice | Shown
Node = Number | Reference | Call | Binary


def nodes(root: Node) -> Iterator[Node]:
    """Yield every node of a tree, without recursion, so that a long sum is no deep stack."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Binary):
            waiting += (node.right, node.left)
        elif isinstance(node, Call):
            waiting.append(node.argument)


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?(?![A-Za-z0-9_.]))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<mark>[-+*/(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_SHIFT = re.compile(r"\s*([+-]?[0-9]{1,4})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise Invalid(
                "FORMULA_SYNTAX", position=position + 1, found=text[position : position + 1]
            )
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return found


def read(text: str) -> Node:
    """Return the tree of a formula.

    Raises `Invalid`: FORMULA_SYNTAX with the position (from 1) of what was not expected, or
    FORMULA_LIMIT for a text, nesting or number of terms beyond what is reasonable.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise Invalid("FORMULA_LIMIT", limit=TEXT_LENGTH_MAX)
    tokens = _tokens(text)
    if len(tokens) > NODES_MAX * 2:
        raise Invalid("FORMULA_LIMIT", limit=NODES_MAX)
    parser = _Parser(tokens)
    root = parser.sum(0)
    parser.take("end")
    if sum(1 for _ in nodes(root)) > NODES_MAX:
        raise Invalid("FORMULA_LIMIT", limit=NODES_MAX)
    return root


class _Parser:
    """Recursive descent: one method per level of binding, loosest first."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _sees(self, marks: str) -> bool:
        return self._next.kind == "mark" and self._next.text in marks

    def take(self, kind: str, text: str = "") -> _Token:
        """Return the next token if it is of this kind (and text), else say where it is wrong."""
        token = self._next
        if token.kind != kind or (text and token.text != text):
            raise self._unexpected(token)
        self._at += kind != "end"
        return token

    def _unexpected(self, token: _Token) -> Invalid:
        return Invalid("FORMULA_SYNTAX", position=token.position, found=token.text[:40] or "…")

    def sum(self, depth: int) -> Node:
        """`product (('+' | '-') product)*`."""
        left = self.product(depth)
        while self._sees("+-"):
            operator: Operator = "+" if self.take("mark").text == "+" else "-"
            left = Binary(operator, left, self.product(depth))
        return left

    def product(self, depth: int) -> Node:
        """`signed (('*' | '/') signed)*`."""
        left = self.signed(depth)
        while self._sees("*/"):
            operator: Operator = "*" if self.take("mark").text == "*" else "/"
            left = Binary(operator, left, self.signed(depth))
        return left

    def signed(self, depth: int) -> Node:
        """`('+' | '-')* term`."""
        if depth > DEPTH_MAX:
            raise Invalid("FORMULA_LIMIT", limit=DEPTH_MAX)
        if not self._sees("+-"):
            return self.term(depth)
        negative = self.take("mark").text == "-"
        inner = self.signed(depth + 1)
        return Call("negative", inner) if negative else inner

    def term(self, depth: int) -> Node:
        """A number, a code, a function, or a sum in parentheses."""
        token = self._next
        if token.kind == "number":
            return self._number()
        if token.kind == "name":
            return self._named(depth)
        self.take("mark", "(")
        inner = self.sum(depth + 1)
        self.take("mark", ")")
        return inner

    def _number(self) -> Number:
        token = self.take("number")
        value = float(token.text)
        if not math.isfinite(value):
            raise self._unexpected(token)
        return Number(value)

    def _named(self, depth: int) -> Node:
        token = self.take("name")
        name = token.text.lower()
        if not self._sees("("):
            return Series(name)
        self.take("mark")
        node = self._called(name, token, depth)
        self.take("mark", ")")
        return node

    def _called(self, name: str, token: _Token, depth: int) -> Node:
        match name:
            case "sqrt" | "round":
                return Call(name, self.sum(depth + 1))
            case "data_from_period":
                return Series(self._code(), self._shift())
            case "data_from_mrp":
                return MostRecent(self._code(), abs(self._shift()))
            case "cell":
                return Slice(self._code(), tuple(self._items()))
            case "threshold":
                return Shown(self._code())
            case _:
                raise self._unexpected(token)

    def _code(self) -> str:
        return self.take("name").text.lower()

    def _items(self) -> Iterator[str]:
        while self._sees(","):
            self.take("mark")
            quoted = self._next.kind == "text"
            token = self.take("text" if quoted else "name")
            yield (token.text[1:-1] if quoted else token.text).strip().lower()

    def _shift(self) -> int:
        """A signed whole number after a comma, in quotes as Swing writes it, or bare."""
        self.take("mark", ",")
        token = self._next
        if token.kind == "text":
            written = self.take("text").text[1:-1]
        else:
            sign = self.take("mark").text if self._sees("+-") else ""
            written = sign + self.take("number").text
        found = _SHIFT.fullmatch(written)
        if found is None or abs(int(found[1])) > SHIFT_MAX:
            raise self._unexpected(token)
        return int(found[1])
