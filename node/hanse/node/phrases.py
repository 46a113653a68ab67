"""Terms of protocols in a reader's words: spans of days, durations, and the lines of its points.

The text that decides keeps its codes; what a citizen reads says them out.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from hanse.messages import named, say
from hanse.report import formats

NO_END: Final = "9999-12-31"
"""How a text says that it has no end."""

CLAUSES: Final = frozenset(
    (
        *("supplier", "recipient", "themes", "datasets", "indicators", "levels", "areas"),
        *("periods", "breakdowns", "formats", "onward", "actions", "profile", "group_size_min"),
        *("measures", "retention"),
    )
)
"""What a line of a point may begin with (`hanse.policies.points`)."""

_DURATION: Final = re.compile(r"P(?:\d+[YMWD])+")
_PART: Final = re.compile(r"(\d+)([YMWD])")
_LINE: Final = re.compile(r"([a-z_]+): (.*)", re.DOTALL)
_PROGRAM: Final = re.compile(r"([A-Za-z0-9_.@-]+): (bearer|dpop), (\d+) keys")
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d) / (\d{4}-\d\d-\d\d)")


def span(start: str, end: str, lang: str) -> str:
    """Return from which day to which day, both ISO 8601; `NO_END` is no end."""
    first = formats.day(date.fromisoformat(start), lang)
    if end == NO_END:
        return say("PHRASE_SINCE", lang, start=first)
    return say("PHRASE_SPAN", lang, start=first, end=formats.day(date.fromisoformat(end), lang))


def duration(text: str, lang: str) -> str:
    """Return an ISO 8601 duration in words, such as `5 jaar`; another text as it is."""
    if not _DURATION.fullmatch(text):
        return text
    return " ".join(
        say(f"PHRASE_{unit}{'' if count == '1' else 'S'}", lang, count=count)
        for count, unit in _PART.findall(text)
    )


def clause(line: str, lang: str) -> str:
    """Return a line of a point of a protocol in words; what somebody wrote stays as it is."""
    days, program = _DAYS.fullmatch(line), _PROGRAM.fullmatch(line)
    if days:
        return span(days[1], days[2], lang)
    if program:
        code = "PHRASE_PROGRAM_BEARER" if program[2] == "bearer" else "PHRASE_PROGRAM_KEYS"
        return say(code, lang, client=program[1], count=program[3])
    found = _LINE.fullmatch(line)
    if found is None:
        return named("ground", line, lang)
    key, value = found[1], found[2]
    if named("ground", key, lang) != key:
        return f"{named('ground', key, lang)}: {value}"
    if key not in CLAUSES:
        return line
    return f"{named('clause', key, lang)}: {_VALUES.get(key, _listed)(key, value, lang)}"


def _listed(_: str, value: str, lang: str) -> str:
    return say("PHRASE_ALL", lang) if value == "all" else value


def _body(_: str, value: str, lang: str) -> str:
    return value.removeprefix("* ") if value != "*" else say("PHRASE_EVERYBODY", lang)


def _each(kind: str) -> Callable[[str, str, str], str]:
    def told(_: str, value: str, lang: str) -> str:
        if value == "all":
            return say("PHRASE_ALL", lang)
        return ", ".join(named(kind, each, lang) for each in value.split(", "))

    return told


def _periods(_: str, value: str, lang: str) -> str:
    start, gap, end = value.partition(" / ")
    if not gap:
        return _listed("", value, lang)
    first = "" if start == "open" else say("PHRASE_FROM", lang, start=start)
    last = say("PHRASE_OPEN", lang) if end == "open" else say("PHRASE_TO", lang, end=end)
    return f"{first} {last}".strip()


def _levels(key: str, value: str, lang: str) -> str:
    if value.startswith(">= "):
        return say("PHRASE_CEILING", lang, level=named("level", value[3:], lang))
    return _each("level")(key, value, lang)


_VALUES: Final[Mapping[str, Callable[[str, str, str], str]]] = {
    "supplier": _body,
    "recipient": _body,
    "levels": _levels,
    "periods": _periods,
    "themes": _each("theme"),
    "onward": _each("onward"),
    "measures": _each("measure"),
    "actions": _each("action"),
    "retention": lambda _, value, lang: duration(value, lang),
}
