"""A protection profile: which rules a dataset's small numbers are hidden by.

People review profiles as YAML files; their digest stands in every release, so a reader can tell by
which rules a figure was, or was not, shown. A profile can only tighten what a source demands.
Fields: the policy record of Flemish practice (thresholds of Swing, Statbel, the city surveys).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from hanse.errors import Invalid, NotFound, Refused
from hanse.policies import yamlform
from hanse.policies.canonical import canonical, digest
from hanse.policies.method import (
    CELL_KEY,
    SUPPRESS,
    Perturbing,
    Rounding,
    Spread,
    load_method,
    said_method,
)

BASIS_ORDER: Final = ("threshold", "sample", "numerator", "weight", "itself")
"""What is compared with the minimum: the first of these that an indicator has.

`itself` holds only for an indicator that counts units: of an amount or a mean, the number says
nothing about how many people are behind it. (Order: Swing's threshold rule; ratios take their
numerator.)
"""

LIMIT_MAX = 1_000_000

PERTURBED_MIN = 5
"""A node rounds to this or more, and lets noise go as far or further.

Readers of a release may know where nobody lives, and lay many tables side by side. Beside that a
smaller base or deviation leaves fewer than three possible counts.
"""

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}\Z")
_CODE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}\Z")
_NUMBERS = ("min_count", "min_denominator", "min_n", "round_base")
_MAPPINGS = ("min_count_by_level", "source_override")
_FIELDS = frozenset(
    {"schema", "name", "title", "description", "zero_shown", "allowed_levels"}
    | {"method", "rest_hidden"}
    | set(_NUMBERS)
    | set(_MAPPINGS)
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one profile; every number counts units (persons, households, forms).

    `min_count` is the lowest count that may be shown, `min_count_by_level` another one for a level
    (by its code, whatever the vintage), `source_override` a higher one for figures of a source (by
    its code). `min_denominator` and `min_n` do the same for what a ratio is divided by and for the
    respondents of a survey. Zero itself is shown where `zero_shown`. `round_base` above 1 rounds
    every count to its nearest multiple. `allowed_levels` are level codes; none listed allows all.
    `method` is how figures are perturbed instead of hidden; None hides. Beside it a rule that hides
    or rounds has no place, and what is small is covered by it. Where `rest_hidden`, a share is
    judged by what it leaves over too: of 4,000 of whom 3,997 said yes, three did not. Of a survey
    it always is.
    """

    name: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    min_count: int = 0
    zero_shown: bool = True
    min_denominator: int = 0
    min_n: int = 0
    round_base: int = 1
    min_count_by_level: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    source_override: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    allowed_levels: tuple[str, ...] = ()
    method: Perturbing | None = None
    rest_hidden: bool = False

    def __post_init__(self) -> None:
        if self.method is None:
            return
        hides = {"round_base": self.round_base > 1, "min_n": self.min_n > 0}
        hides |= {"rest_hidden": self.rest_hidden}
        wrong = [name for name, found in hides.items() if found]
        wrong += [] if self.zero_shown else ["zero_shown"]
        wrong += [name for name, limits in self._minima() if max(limits) > self._covered]
        wrong += _too_little(self.method)
        if wrong:
            raise Invalid("PROFILE_FIELD", field=wrong[0])

    @property
    def _covered(self) -> int:
        """The lowest count that the method leaves as it is, or nearly so."""
        return self.method.base if isinstance(self.method, Rounding) else LIMIT_MAX

    def _minima(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield "min_count", (self.min_count,)
        for name in _MAPPINGS:
            yield name, (0, *getattr(self, name).values())

    @property
    def mark(self) -> str:
        """What recipients read about every figure; empty where small ones are hidden."""
        return self.method.mark if self.method else ""

    @property
    def content_digest(self) -> str:
        """The digest of the rules: equal profiles have equal digests, however they were written.

        How far noise goes is not in it: whoever knows the rest could try every number.
        """
        said = self.as_document()
        return digest(canonical({**said, "method": CELL_KEY} if self._noisy else said))

    @property
    def _noisy(self) -> bool:
        return isinstance(self.method, Spread)

    def as_document(self) -> dict[str, Any]:
        """Return the profile as it is written: every field, the newer ones where they say more."""
        other = {} if self.method is None else {"method": said_method(self.method)}
        return {
            **other,
            **({"rest_hidden": True} if self.rest_hidden else {}),
            "schema": 1,
            "name": self.name,
            "title": dict(self.title),
            "description": dict(self.description),
            "zero_shown": self.zero_shown,
            "allowed_levels": sorted(self.allowed_levels),
            **{name: getattr(self, name) for name in _NUMBERS},
            **{name: dict(getattr(self, name)) for name in _MAPPINGS},
        }

    def minimum(self, level: str, sources: tuple[str, ...] = ()) -> int:
        """Return the lowest count shown at a level (`gemeente@2025`) for figures of these sources.

        The strictest of the level's own rule and those of the sources wins.
        """
        own = self.min_count_by_level.get(level.partition("@")[0], self.min_count)
        return max([own, *(self.source_override.get(code, 0) for code in sources)])

    def check_hides(self) -> None:
        """Raise `Refused` for one that perturbs: what stays would be exact beside such figures."""
        if self.method is not None:
            raise Refused("PROFILE_METHOD", profile=self.name, method=self.method.name)

    def allows(self, level: str) -> bool:
        """Say whether figures at this level may be published at all."""
        return not self.allowed_levels or level.partition("@")[0] in self.allowed_levels


def load(text: str) -> Profile:
    """Read the review form; `Invalid` names the field that is unknown, missing or out of bounds."""
    return from_document(yamlform.load(text))


def from_document(document: Mapping[str, Any]) -> Profile:
    """Make a profile of a plain mapping; nothing is guessed and nothing extra is passed over."""
    unknown = sorted(set(document) - _FIELDS)
    if unknown:
        raise Invalid("PROFILE_FIELD", field=unknown[0])
    if document.get("schema") != 1:
        raise Invalid("PROFILE_FIELD", field="schema")
    return Profile(
        name=_name(document),
        title=_texts(document, "title"),
        description=_texts(document, "description"),
        zero_shown=_truth(document, "zero_shown"),
        allowed_levels=_codes(document, "allowed_levels"),
        min_count_by_level=_limits(document, "min_count_by_level"),
        source_override=_limits(document, "source_override"),
        method=_method(document),
        rest_hidden=_truth(document, "rest_hidden", default=False),
        **{name: _limit(document.get(name, _DEFAULTS[name]), name) for name in _NUMBERS},
    )


_DEFAULTS = {"min_count": 0, "min_denominator": 0, "min_n": 0, "round_base": 1}


@cache
def shipped() -> Mapping[str, Profile]:
    """Return the profiles that come with Hanse, by name."""
    folder = resources.files("hanse.policies") / "profiles"
    files = (item for item in folder.iterdir() if item.name.endswith(".yaml"))
    profiles = {item.name.removesuffix(".yaml"): load(item.read_text("utf-8")) for item in files}
    return MappingProxyType(profiles)


def find(name: str, own: Mapping[str, Profile] = MappingProxyType({})) -> Profile:
    """Return the profile with this name, a node's `own` before the shipped ones."""
    known = {**shipped(), **own}
    if name not in known:
        raise NotFound("PROFILE_UNKNOWN", name=name[:40], known=", ".join(sorted(known)))
    return known[name]


def _name(document: Mapping[str, Any]) -> str:
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise Invalid("PROFILE_FIELD", field="name")
    return name


def _texts(document: Mapping[str, Any], name: str) -> Mapping[str, str]:
    texts = document.get(name)
    if not isinstance(texts, Mapping) or "nl" not in texts or set(texts) - {"nl", "en", "fr"}:
        raise Invalid("PROFILE_FIELD", field=name)
    if not all(isinstance(text, str) and text.strip() for text in texts.values()):
        raise Invalid("PROFILE_FIELD", field=name)
    return MappingProxyType(dict(texts))


def _too_little(method: Perturbing) -> list[str]:
    """Return the parameter of a method that leaves too few counts possible, if any."""
    if isinstance(method, Rounding):
        return ["base"] if method.base < PERTURBED_MIN else []
    return ["deviation"] if method.deviation < PERTURBED_MIN else []


def _method(document: Mapping[str, Any]) -> Perturbing | None:
    try:
        return load_method(document.get("method", SUPPRESS))
    except Invalid as fault:
        raise Invalid("PROFILE_FIELD", field=str(fault.parameters["key"])) from fault


def _truth(document: Mapping[str, Any], name: str, *, default: bool = True) -> bool:
    value = document.get(name, default)
    if not isinstance(value, bool):
        raise Invalid("PROFILE_FIELD", field=name)
    return value


def _limit(value: object, name: str) -> int:
    lowest = 1 if name == "round_base" else 0
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not lowest <= value <= LIMIT_MAX:  # type: ignore[operator]
        raise Invalid("PROFILE_FIELD", field=name)
    return value  # type: ignore[return-value]


def _limits(document: Mapping[str, Any], name: str) -> Mapping[str, int]:
    limits = document.get(name, {})
    if not isinstance(limits, Mapping) or not all(_is_code(code) for code in limits):
        raise Invalid("PROFILE_FIELD", field=name)
    return MappingProxyType({code: _limit(limits[code], name) for code in sorted(limits)})


def _codes(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    codes = document.get(name, [])
    if not isinstance(codes, list) or not all(_is_code(code) for code in codes):
        raise Invalid("PROFILE_FIELD", field=name)
    return tuple(sorted(set(codes)))


def _is_code(value: object) -> bool:
    return isinstance(value, str) and bool(_CODE.match(value))
