"""Tools as values: what each takes, as a JSON Schema and as a strict reader of arguments.

An argument that a tool does not know is refused by name: a mistyped filter left aside would answer
another question than the one asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal

from hanse.errors import Invalid

TEXT_CHARACTERS: Final = 400
CODES: Final = 500
"""How many codes one argument may list."""

Kind = Literal["text", "texts", "number", "breakdown"]

_STRING: Final[Mapping[str, object]] = MappingProxyType(
    {"type": "string", "maxLength": TEXT_CHARACTERS}
)
_STRINGS: Final[Mapping[str, object]] = MappingProxyType(
    {"type": "array", "items": dict(_STRING), "minItems": 1, "maxItems": CODES}
)
_WANTED: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "text": '"text"',
        "texts": '["code", "code"]',
        "number": "0, 1, 2 …",
        "breakdown": '{"SEX": ["F", "M"]}',
    }
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool; `most` bounds a number."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    most: int = 0

    def schema(self) -> dict[str, object]:
        """Return its JSON Schema (2020-12)."""
        told: dict[Kind, dict[str, object]] = {
            "text": dict(_STRING),
            "texts": dict(_STRINGS),
            "number": {"type": "integer", "minimum": 0, "maximum": self.most},
            "breakdown": {"type": "object", "additionalProperties": dict(_STRINGS)},
        }
        return {**told[self.kind], "description": self.description}

    def read(self, value: object) -> object:
        """Return a value as the tool uses it; raises `Invalid` for one of another form."""
        read = {"text": _text, "texts": _texts, "number": self._number, "breakdown": _breakdown}
        found = read[self.kind](value)
        if found is None:
            raise Invalid("MCP_ARGUMENT_FORM", name=self.name, wanted=_WANTED[self.kind])
        return found

    def _number(self, value: object) -> int | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and isinstance(value, int) and 0 <= value <= self.most else None


def _text(value: object) -> str | None:
    plain = isinstance(value, str) and len(value) <= TEXT_CHARACTERS
    return value.strip() if plain and isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):  # assistants often write one code without its list
        value = [value]
    if not isinstance(value, list) or not 1 <= len(value) <= CODES:
        return None
    texts = [_text(each) for each in value]
    return None if None in texts or "" in texts else tuple(each for each in texts if each)


def _breakdown(value: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict) or len(value) > CODES:
        return None
    read = {str(name): _texts(codes) for name, codes in value.items()}
    held = {name: codes for name, codes in read.items() if codes is not None}
    return held if len(held) == len(value) else None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its name, what it says of itself, what it takes, and what it gives."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    gives: tuple[str, ...] = ()
    """The members that its structured result always has."""

    def document(self) -> dict[str, object]:
        """Return it as `tools/list` has it; every tool only reads."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": {
                "type": "object",
                "properties": {each.name: each.schema() for each in self.arguments},
                "required": [each.name for each in self.arguments if each.required],
                "additionalProperties": False,
            },
            "outputSchema": {"type": "object", "required": list(self.gives)},
            "annotations": {
                "readOnlyHint": True,
                "destructiveHint": False,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }


def read_arguments(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of a call; raises `Invalid` naming the first that cannot be."""
    known = {each.name: each for each in tool.arguments}
    for name in given:
        if name not in known:
            near = get_close_matches(name[:50], known, 1)
            shown = name[:50] if name.isprintable() else "?"
            choice = near[0] if near else ", ".join(known)
            raise Invalid("MCP_ARGUMENT_UNKNOWN", tool=tool.name, name=shown, choice=choice)
    for each in tool.arguments:
        if each.required and given.get(each.name) in (None, "", []):
            raise Invalid("MCP_ARGUMENT_MISSING", tool=tool.name, name=each.name)
    return {
        name: known[name].read(value)
        for name, value in given.items()
        if value is not None and value not in ("", [], {})
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: words, the same as structured content, and whether it failed."""

    text: str
    structured: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    failed: bool = False

    def document(self) -> dict[str, object]:
        """Return it as `tools/call` has it."""
        return {
            "content": [{"type": "text", "text": self.text}],
            "structuredContent": dict(self.structured),
            "isError": self.failed,
        }
