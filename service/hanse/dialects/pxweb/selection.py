"""What a reader chooses of a table: codes, wildcards and expressions, per variable.

Expressions: `*` and `?` as wildcards, `top(n)`, `bottom(n)`, `range(a,b)`, `from(a)`, `to(b)`. A
variable may be left out only where one of its codes stands for all of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hanse.dialects.jsonstat import TIME_PERIOD, Axis
from hanse.errors import Invalid

CODES_MAX: Final = 10_000
_PARAMETER: Final = re.compile(r"valuecodes\[([^\]]{1,60})\]", re.IGNORECASE)
_CODELIST: Final = re.compile(r"codelist\[([^\]]{1,60})\]", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(top|bottom)\((\d{1,6})\)", re.IGNORECASE)
_RANGED: Final = re.compile(r"(range|from|to)\(([^()]*)\)", re.IGNORECASE)
_SPLIT: Final = re.compile(r",(?![^(]*\))")

Chosen = Mapping[str, tuple[str, ...]]
"""Expressions per variable; a variable that is not there was left out."""


def of_parameters(parameters: Iterable[tuple[str, str]]) -> Chosen:
    """Return what `valueCodes[VAR]=…` chooses; raises `Invalid` where a variable stands twice."""
    found: dict[str, tuple[str, ...]] = {}
    for name, text in parameters:
        match = _PARAMETER.fullmatch(name)
        if match is None:
            continue
        if match[1] in found:
            raise Invalid("QUERY_TWICE", name=name[:40])
        found[match[1]] = _expressions(_SPLIT.split(text))
    return found


def is_parameter(name: str) -> bool:
    """Say whether a parameter's name is one of a selection."""
    return _PARAMETER.fullmatch(name) is not None


def names_codelist(name: str) -> bool:
    """Say whether a parameter asks for another grouping of codes."""
    return _CODELIST.fullmatch(name) is not None


def of_body(body: object) -> Chosen:
    """Return what a posted `{"selection": […]}` chooses; raises `Invalid` (PXWEB_BODY)."""
    if not isinstance(body, dict) or not isinstance(body.get("selection", []), list):
        raise Invalid("PXWEB_BODY")
    found: dict[str, tuple[str, ...]] = {}
    for each in body.get("selection", []):
        code, values = _posted(each)
        if code in found:
            raise Invalid("QUERY_TWICE", name=code[:40])
        found[code] = _expressions(values)
    return found


def _posted(each: Any) -> tuple[str, list[str]]:
    if not isinstance(each, dict):
        raise Invalid("PXWEB_BODY")
    code, values = each.get("variableCode"), each.get("valueCodes", [])
    texts = isinstance(values, list) and all(isinstance(value, str) for value in values)
    if not isinstance(code, str) or not texts or each.get("codelist") not in (None, ""):
        raise Invalid("PXWEB_BODY")
    return code, values


def _expressions(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) > CODES_MAX:
        raise Invalid("PXWEB_CODES", limit=CODES_MAX)
    return tuple(text.strip() for text in texts)


def default(axis: Axis) -> tuple[str, ...]:
    """Return the codes that are chosen where nobody chooses: the total, or the last period."""
    if axis.total is not None:
        return (axis.total,)
    return axis.codes[-1:] if axis.role == "time" else axis.codes


def select(cube: Sequence[Axis], chosen: Chosen) -> tuple[Axis, ...]:
    """Return the part of a cube that is chosen.

    Raises `Invalid`: PXWEB_VARIABLE for a variable that the table does not have, PXWEB_LEFT_OUT for
    one that may not be left out, PXWEB_CODE for a code or expression that selects nothing.
    """
    known = {axis.id.upper(): axis.id for axis in cube}
    unknown = next((name for name in chosen if name.upper() not in known), None)
    if unknown is not None:
        shown = unknown[:40] if unknown.isprintable() else "?"
        raise Invalid("PXWEB_VARIABLE", given=shown, choice=", ".join(known.values()))
    given = {known[name.upper()]: texts for name, texts in chosen.items()}
    return tuple(_part(axis, given.get(axis.id), everything=not chosen) for axis in cube)


def _part(axis: Axis, texts: tuple[str, ...] | None, *, everything: bool) -> Axis:
    if everything:
        return axis.only(default(axis))
    if texts is None or texts == ():
        if axis.total is None:
            raise Invalid("PXWEB_LEFT_OUT", variable=axis.id)
        return axis.only((axis.total,))
    return axis.only({code for text in texts for code in _codes(axis, text)})


def _codes(axis: Axis, text: str) -> tuple[str, ...]:
    if text in axis.codes:
        return (text,)
    found = _expressed(axis, text)
    if not found:
        shown = text[:40] if text.isprintable() else "?"
        raise Invalid("PXWEB_CODE", given=shown, variable=axis.id)
    return found


def _expressed(axis: Axis, text: str) -> tuple[str, ...]:
    if counted := _COUNTED.fullmatch(text):
        return _counted(axis, counted[1].lower(), int(counted[2]))
    if ranged := _RANGED.fullmatch(text):
        ends = [part.strip() for part in ranged[2].split(",")]
        return _ranged(axis, ranged[1].lower(), ends)
    if "*" in text or "?" in text:
        pattern = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
        return tuple(code for code in axis.codes if re.fullmatch(pattern, code, re.IGNORECASE))
    return tuple(code for code in axis.codes if code.lower() == text.lower())


def _counted(axis: Axis, side: str, count: int) -> tuple[str, ...]:
    """Return the first or last codes; of periods the top is the newest."""
    from_end = (side == "top") == (axis.id == TIME_PERIOD)
    if count == 0:
        return ()
    return axis.codes[-count:] if from_end else axis.codes[:count]


def _ranged(axis: Axis, kind: str, ends: Sequence[str]) -> tuple[str, ...]:
    if len(ends) != (2 if kind == "range" else 1) or any(end not in axis.codes for end in ends):
        return ()
    places = [axis.codes.index(end) for end in ends]
    match kind:
        case "from":
            return axis.codes[places[0] :]
        case "to":
            return axis.codes[: places[0] + 1]
    return axis.codes[places[0] : places[1] + 1]
