"""The strict YAML form of everything people review: protocols, profiles, vocabularies.

Plain YAML keeps the last of two equal keys, turns `NO` into False and `22:22` into 1342, and lets
a few hundred bytes of aliases grow without end: a reviewer would read one thing and the machine
another. Here a text means exactly what it shows, or it is refused with its line and column.
"""

import re
import unicodedata
from collections.abc import Iterator

import yaml

from hanse.errors import Invalid

MAX_BYTES = 65_536
MAX_DEPTH = 12
MAX_KEY_LENGTH = 64

Value = str | int | bool | list["Value"] | dict[str, "Value"]

Path = tuple[str | int, ...]
"""Keys and list positions from the top: `("data", "levels", 0)`."""

Places = dict[Path, tuple[int, int]]
"""Line and column (from 1) of every value by its path."""

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")  # every one fits RFC 8785's 2^53
_NOT_A_TEXT_KEY = frozenset({"null", "Null", "NULL", "~", "true", "false", "<<"})
_DIRECTIVE = re.compile(r"^(%|[ \t]*#[ \t]*%)", re.MULTILINE)
_LINE_ENDS = frozenset("\n\r\t")
# Controls, invisible and direction-changing characters, lone surrogates, odd line ends.
_UNREADABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def load(text: str | bytes) -> dict[str, Value]:
    """Return the one mapping that `text` holds; see `load_with_places` for what is refused."""
    return load_with_places(text)[0]


def load_with_places(text: str | bytes) -> tuple[dict[str, Value], Places]:
    """Return the one mapping that `text` holds, and where each of its values stands.

    Only `true`, `false` and plain decimal integers are typed; every other scalar is a string.
    Raises `Invalid` with line and column (both from 1) for anything that could be read in two ways:
    anchors, aliases, tags, merge keys, equal keys, several documents, directives, unreadable
    characters; and for texts over `MAX_BYTES` or deeper than `MAX_DEPTH`.
    """
    readable = _readable(text)
    try:
        builder = _Builder()
        return builder.build(yaml.parse(readable, Loader=yaml.SafeLoader)), builder.places
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Invalid("YAML_SYNTAX", line=line, column=column) from fault
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError, TypeError) as fault:
        raise Invalid("YAML_SYNTAX", line=1, column=1) from fault


def _readable(text: str | bytes) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as fault:
            before = bytes(fault.object[: fault.start])
            raise Invalid("YAML_CHARACTER", line=before.count(b"\n") + 1, column=1) from fault
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid("YAML_SIZE", line=1, column=1, limit=MAX_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        column = unreadable_at(line)
        if column:
            raise Invalid("YAML_CHARACTER", line=number, column=column)
    directive = _DIRECTIVE.search(text)
    if directive:
        line_number = text.count("\n", 0, directive.start()) + 1
        raise Invalid("YAML_DIRECTIVE", line=line_number, column=1)
    return text


def unreadable_at(text: str) -> int:
    """Return the column (from 1) of the first character a reviewer cannot see as it is, else 0.

    Text that is not in Unicode's composed form (NFC) counts from the first character that differs.
    """
    for column, character in enumerate(text, 1):
        if character not in _LINE_ENDS and unicodedata.category(character) in _UNREADABLE:
            return column
    composed = unicodedata.normalize("NFC", text)
    if composed == text:
        return 0
    pairs = enumerate(zip(text, composed, strict=False), 1)
    return next((column for column, (was, now) in pairs if was != now), len(composed))


class _Builder:
    """Builds the value from parser events: no recursion, so depth is a number and not a crash."""

    def __init__(self) -> None:
        self.root: dict[str, Value] | None = None
        self.open: list[dict[str, Value] | list[Value]] = []
        self.keys: list[str | None] = []  # of each open mapping: the key that waits for its value
        self.paths: list[Path] = []  # of each open container
        self.places: Places = {(): (1, 1)}
        self.documents = 0

    def build(self, events: Iterator[yaml.Event]) -> dict[str, Value]:
        """Return the mapping the events describe."""
        for event in events:
            self._take(event)
        if self.root is None:
            raise Invalid("YAML_MAPPING", line=1, column=1)
        return self.root

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _fault("YAML_DOCUMENTS", event)
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
            self.keys.pop()
            self.paths.pop()

    def _node(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:  # an alias names its anchor here as well
            raise _fault("YAML_ANCHOR", event)
        if getattr(event, "tag", None) is not None:
            raise _fault("YAML_TAG", event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
            return
        child: dict[str, Value] | list[Value]
        child = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(child, event)
        self.open.append(child)
        self.keys.append(None)
        self.paths.append(path)
        if len(self.open) > MAX_DEPTH:
            raise _fault("YAML_DEPTH", event, limit=MAX_DEPTH)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if unreadable_at(event.value):  # an escape may bring what the text itself does not show
            raise _fault("YAML_CHARACTER", event)
        if self.open and isinstance(self.open[-1], dict) and self.keys[-1] is None:
            key = _key(event, self.open[-1])
            self.keys[-1] = key
            self.places[(*self.paths[-1], key)] = _place_of(event)
            return
        self._place(_typed(event), event)

    def _place(self, value: Value, event: yaml.NodeEvent) -> Path:
        if not self.open:
            if not isinstance(value, dict):
                raise _fault("YAML_MAPPING", event)
            self.root = value
            return ()
        container = self.open[-1]
        if isinstance(container, list):
            path: Path = (*self.paths[-1], len(container))
            self.places[path] = _place_of(event)
            container.append(value)
            return path
        key = self.keys[-1]
        if key is None:
            raise _fault("YAML_KEY", event)
        container[key] = value
        self.keys[-1] = None
        return (*self.paths[-1], key)


def _key(event: yaml.ScalarEvent, container: dict[str, Value]) -> str:
    key = event.value
    plain = event.style is None
    if plain and (key in _NOT_A_TEXT_KEY or _INTEGER.fullmatch(key)):
        raise _fault("YAML_KEY", event)
    # ASCII only: a Cyrillic letter in a key is a second key that looks like the first.
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise _fault("YAML_KEY", event)
    if key in container:
        raise _fault("YAML_DUPLICATE", event, key=key)
    return str(key)


def _typed(event: yaml.ScalarEvent) -> str | int | bool:
    text = str(event.value)
    if event.style is not None:
        return text
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if _INTEGER.fullmatch(text) else text


def _place_of(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _fault(code: str, event: yaml.Event, **parameters: str | int) -> Invalid:
    line, column = _place_of(event)
    return Invalid(code, line=line, column=column, **parameters)
