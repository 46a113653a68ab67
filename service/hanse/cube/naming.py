"""The naming rules of indicators, as the Flemish provinces and cities agreed them.

A name that follows them reads alike in every city and is found under one spelling. They warn and
never refuse: real sheets break them. Every finding says what to write instead. (Sources: naming
rules of Provincies in Cijfers; the Dutch name is the one that they speak of.)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hanse.cube.indicator import MeasureType
from hanse.messages import say

CODE_CHARACTERS_MAX: Final = 46
"""What is left for a code once a connector has put its own prefix before it."""

SHOWN: Final = 120
"""Characters of a description that a finding repeats."""

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        MeasureType.COUNT: "aantal",
        MeasureType.AMOUNT: "aantal",
        MeasureType.SHARE: "percentage",
        MeasureType.RATE: "ratio",
        MeasureType.MEAN: "gemiddelde",
        MeasureType.MEDIAN: "mediaan",
        MeasureType.INDEX: "varia",
        MeasureType.LABEL: "varia",
    }
)
"""The word in square brackets that a description starts with."""

MADE: Final = MappingProxyType(
    {"PROGNOSE": "prognose", "MODEL": "model", "SCENARIO": "scenario", "ENQUETE": "enquête"}
)
"""What stands before a description of figures that nobody counted, and behind their name."""

PREFIXES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        MeasureType.COUNT: ("v", "vs"),
        MeasureType.AMOUNT: ("v", "vs"),
        MeasureType.SHARE: ("vp",),
        MeasureType.RATE: ("vp",),
        MeasureType.MEAN: ("vg",),
    }
)
"""What a code starts with, by what kind of number it is; the first is proposed."""

_KIND = re.compile(
    r"\[(aantal|percentage|promille|ratio|mediaan|gemiddelde|varia)\]", re.IGNORECASE
)
_MADE = re.compile(r"(PROGNOSE|MODEL|SCENARIO|ENQU[EÊ]TE)\b[\s:,-]*")
_SUFFIX = re.compile(r"\s*[\[(](prognose|model|scenario|enqu[eê]te)[\])]", re.IGNORECASE)
_UNITS = r"(?:aantal|percentage|procent|promille|ratio)\b"
_UNIT = re.compile(
    rf"(?:^{_UNITS}|(?<=[(\[,]){_UNITS}|(?<=[(\[,] ){_UNITS}|[%‰])"
    r"(?:\s+(?:van de|van het|van|aan)\b)?",
    re.IGNORECASE,
)
"""Where a name says its unit: first, between brackets, after a comma, or as a sign. Inside a phrase
(`statistiek van het aantal inwoners`) it is a word like any other."""

_HOLLOW = re.compile(r"\(\s*\)|\[\s*\]")
_EURO = re.compile(r"\b(?:EUR|euro)\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\w.,])(\d{1,3})(?: ?(\d{3}))(?: ?(\d{3}))?(?![\w.,]\d|\w)")
_SIGNS = MappingProxyType({">=": "≥", "=>": "≥", "<=": "≤", "=<": "≤"})
_CODE = re.compile(r"(v[pgs]?|kubus)(?=\d{4}(?:_|$))", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 1800, 2199


@dataclass(frozen=True, slots=True)
class Named:
    """What the rules look at; `name` and `description` are the Dutch ones.

    `surveyed` says that its figures come from a sample.
    """

    id: str
    name: str
    description: str
    unit: str
    measure_type: str
    surveyed: bool = False


@dataclass(frozen=True, slots=True)
class Misnamed:
    """One rule that a name breaks: the message that says it, and what to write instead."""

    code: str
    instead: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def say(self, lang: str = "nl") -> str:
        """Return the rule and what to write instead, in words."""
        return say(self.code, lang, instead=self.instead, **self.parameters)


def check(named: Named) -> tuple[Misnamed, ...]:
    """Return every rule that an indicator's name, description or code breaks; none: all is well."""
    return tuple(found for rule in _RULES if (found := rule(named)) is not None)


def _capital(named: Named) -> Misnamed | None:
    first = re.match(r"\w+", named.name)
    if first is None or not first[0][0].isupper() or first[0][:2].isupper():
        return None  # An abbreviation (OCMW) keeps its capitals; so does what starts with a sign.
    if len(first[0]) == 1:
        return None
    return Misnamed("NAMING_CAPITAL", named.name[0].lower() + named.name[1:])


def _unit(named: Named) -> Misnamed | None:
    found = _UNIT.search(named.name)
    if found is None:
        return None
    return Misnamed("NAMING_UNIT", _tidy(_UNIT.sub(" ", named.name)), {"word": found[0]})


def _share(named: Named) -> Misnamed | None:
    if named.measure_type != MeasureType.SHARE or "(t.o.v. " in named.name:
        return None
    return Misnamed("NAMING_SHARE", f"{named.name} (t.o.v. …)")


def _rate(named: Named) -> Misnamed | None:
    if named.measure_type != MeasureType.RATE or re.search(r"\bper\b", named.name):
        return None
    return Misnamed("NAMING_RATE", f"{named.name} per 1.000 …")


def _euro(named: Named) -> Misnamed | None:
    if not _EURO.search(named.name):
        return None
    return Misnamed("NAMING_EURO", _EURO.sub("€", named.name))


def _thousands(named: Named) -> Misnamed | None:
    written = _THOUSANDS.sub(_pointed, named.name)
    return Misnamed("NAMING_THOUSANDS", written) if written != named.name else None


def _pointed(found: re.Match[str]) -> str:
    year = found[0].isdecimal() and _FIRST_YEAR <= int(found[0]) <= _LAST_YEAR
    return found[0] if year else ".".join(each for each in found.groups() if each)


def _signs(named: Named) -> Misnamed | None:
    written = named.name
    for plain, sign in _SIGNS.items():
        written = written.replace(plain, sign)
    return Misnamed("NAMING_SIGNS", written) if written != named.name else None


def _made(named: Named) -> Misnamed | None:
    """Look for the word behind the name of what was asked, modelled or foreseen."""
    said = _MADE.match(named.description)
    suffix = _SUFFIX.search(named.name)
    word = suffix[1] if suffix else said[1] if said else "enquête" if named.surveyed else ""
    if not word:
        return None
    wanted = f"[{MADE[_plain(word)]}]"
    if named.name.endswith(f" {wanted}"):
        return None
    return Misnamed("NAMING_MADE", f"{_tidy(_SUFFIX.sub('', named.name))} {wanted}")


def _kind(named: Named) -> Misnamed | None:
    said = _MADE.match(named.description)
    rest = named.description[said.end() :] if said else named.description
    if _KIND.match(rest):
        return None
    kind = KINDS.get(named.measure_type, "varia")
    before = f"{_plain(said[1])} " if said else ""
    return Misnamed("NAMING_KIND", f"{before}[{kind}] {rest}".strip()[:SHOWN], {"kind": kind})


def _unit_told(named: Named) -> Misnamed | None:
    counted = named.unit.lower() in KINDS.values()
    if not named.unit or counted or f"({named.unit})" in named.description:
        return None
    return Misnamed("NAMING_UNIT_TOLD", f"({named.unit})")


def _prefix(named: Named) -> Misnamed | None:
    found, wanted = _CODE.match(named.id), PREFIXES.get(named.measure_type)
    if found is None or wanted is None or found[1].lower() in {*wanted, "kubus"}:
        return None
    return Misnamed("NAMING_PREFIX", wanted[0] + named.id[found.end() :], {"prefix": found[1]})


def _length(named: Named) -> Misnamed | None:
    if len(named.id) <= CODE_CHARACTERS_MAX:
        return None
    return Misnamed(
        "NAMING_LENGTH",
        named.id[:CODE_CHARACTERS_MAX],
        {"length": str(len(named.id)), "most": str(CODE_CHARACTERS_MAX)},
    )


def _plain(word: str) -> str:
    return word.upper().replace("Ê", "E")


def _tidy(text: str) -> str:
    return " ".join(_HOLLOW.sub(" ", text).split()).strip(" -,:")


_RULES: Final[tuple[Callable[[Named], Misnamed | None], ...]] = (
    _capital, _unit, _share, _rate, _euro, _thousands, _signs, _made,
    _kind, _unit_told, _prefix, _length,
)  # fmt: skip
