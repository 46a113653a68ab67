"""One message catalogue for web, API and command line, in Dutch, English and French.

Texts stand in `texts/<topic>.toml`. A label is a text per language; a message about something that
went wrong has four parts per language: what, where, why, and what now. A slot is `{name}`.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import cast

LANGUAGES = ("nl", "en", "fr")
PARTS = ("what", "where", "why", "now")

Entry = Mapping[str, str | Mapping[str, str]]


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every message by its code; a code that stands twice is a fault of the catalogue."""
    entries: dict[str, Entry] = {}
    for file in sorted(_texts(), key=lambda item: item.name):
        for code, entry in tomllib.loads(file.read_text("utf-8")).items():
            if code in entries:
                raise ValueError(f"message {code} stands twice, again in {file.name}")
            entries[code] = cast("Entry", entry)
    return entries


def _texts() -> list[resources.abc.Traversable]:
    folder = resources.files("hanse.messages") / "texts"
    return [item for item in folder.iterdir() if item.name.endswith(".toml")]


def say(code: str, /, lang: str = "nl", **parameters: object) -> str:
    """Return the text of a message in `lang` (Dutch where a language is not ours), slots filled."""
    parts = explain(code, lang, **parameters)
    return " ".join(text for text in parts.values() if text)


def nearest(text: Mapping[str, str], lang: str) -> str:
    """Return a text in `lang`, else in the first of our languages that it has."""
    return next((text[each] for each in (lang, *LANGUAGES) if text.get(each)), "")


def named(kind: str, value: str, lang: str = "nl") -> str:
    """Return what a value of a closed list (a level, a theme, a state) is called, else itself."""
    code = f"WORD_{kind}_{value}".upper().replace("-", "_")
    return say(code, lang) if code in catalogue() else value


def explain(code: str, /, lang: str = "nl", **parameters: object) -> dict[str, str]:
    """Return a message part by part: `{"what": …}` for a label, all four for a fault."""
    entry = catalogue()[code]
    text = entry[lang if lang in LANGUAGES else "nl"]
    parts = {"what": text} if isinstance(text, str) else dict(text)
    return {name: part.format_map(_Slots(parameters)) for name, part in parts.items()}


class _Slots(dict[str, object]):
    """Leaves a slot standing when nothing fills it: a message must never fail to be said."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        super().__init__(parameters)

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
