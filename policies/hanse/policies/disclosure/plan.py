"""A plan: how a table is built up, and the rules under which its small numbers are hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hanse.errors import Invalid
from hanse.policies.method import SUPPRESS, Perturbing, Rounding, load_method

DIMENSIONS_MAX = 8
K_MAX = 1_000
WIDTH_MAX = 1_000


class Zeros(StrEnum):
    """What happens to zero: always shown (a hidden cell is then known to be ≥ 1), or hideable."""

    PUBLISH = "publish"
    SUPPRESSIBLE = "suppressible"


class Effort(StrEnum):
    """How long to look for a pattern that hides less: one pass, or until no cell can be opened."""

    ONCE = "once"
    PRUNE = "prune"


class Mismatch(StrEnum):
    """What to do with a total that is less than its parts: refuse, or not count on that sum."""

    REFUSE = "refuse"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an attacker must still think possible of a protected cell of value x.

    Some value ≥ max(x + 1, `upper_min`); some value ≤ max(`lower_max`, the least he knows), where
    given; and two values at least `width` apart.
    """

    width: int = 2
    upper_min: int = 0
    lower_max: int | None = None


R1 = Requirement(2, 0)
R2 = Requirement(3, 4)
NAMED = {"R1": R1, "R2": R2}


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """No category of `dimension` may be known to hold `percent` or more of a row of `total_min`."""

    dimension: str
    percent: int = 90
    total_min: int = 10


@dataclass(frozen=True, slots=True)
class Rules:
    """The protection rules. A count of 1 … `k` - 1 is small and hidden.

    `attacker_lower` is what the attacker knows a hidden cell to be at least: 1 where zeros are
    shown. `slivers` protects the small overlaps of zonings, which are never shown themselves.
    `strict` refuses a cell without a whole-number witness; else a linear program may stand for it.
    `mismatch` speaks where totals come as they are, and one is less than its parts. A hidden amount
    must stay open by `amount_percent` of itself on either side.
    """

    k: int = 5
    zeros: Zeros = Zeros.PUBLISH
    require: Requirement = R1
    attacker_lower: int = 1
    slivers: bool = True
    strict: bool = True
    effort: Effort = Effort.PRUNE
    homogeneity: tuple[Homogeneity, ...] = ()
    mismatch: Mismatch = Mismatch.REFUSE
    amount_percent: int = 10


Selection = Mapping[str, tuple[str, ...]]
"""Levels per dimension: the cells that have one of them in every dimension named."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: the columns that hold its codes, finest level first, and its code for all."""

    name: str
    levels: tuple[str, ...]
    total: str | None = "Total"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to protect a table of inner counts: one row per combination of finest codes.

    `cubes` are the published tables (levels per dimension, `Total` among them); none publishes
    every combination. Cells `always_shown` are never hidden, cells `preferred` as a last resort.
    `method` is how figures are perturbed instead; None hides.
    """

    axes: tuple[Axis, ...]
    value: str = "freq"
    cubes: tuple[Selection, ...] = ()
    always_shown: tuple[Selection, ...] = ()
    preferred: tuple[Selection, ...] = ()
    rules: Rules = Rules()
    method: Perturbing | None = None

    def __post_init__(self) -> None:
        if self.method is None:
            return
        exact = {"always_shown": self.always_shown, "preferred": self.preferred}
        for key, cells in (*exact.items(), ("homogeneity", self.rules.homogeneity)):
            if cells:  # nothing is hidden, and nothing may stand exact beside what is perturbed
                raise _wrong(key, self.method.name)
        if isinstance(self.method, Rounding) and self.method.base < self.rules.k:
            raise _wrong("base", self.method.base)


def load(content: Mapping[str, Any]) -> Plan:
    """Return the plan that a YAML or JSON mapping says; raise Invalid for anything unknown."""
    known = {"value", "dimensions", "cubes", "always_shown", "preferred", "rules", "method"}
    _only(content, "plan", known)
    axes = tuple(_axis(each) for each in _list(content, "dimensions"))
    if not 1 <= len(axes) <= DIMENSIONS_MAX:
        raise _wrong("dimensions", len(axes))
    names = {axis.name: axis for axis in axes}
    if len(names) != len(axes):
        raise _wrong("dimensions", "a name twice")
    return Plan(
        axes,
        _text(content, "value", "freq"),
        _selections(content, "cubes", names),
        _selections(content, "always_shown", names),
        _selections(content, "preferred", names),
        rules(content.get("rules", {})),
        load_method(content.get("method", SUPPRESS)),
    )


def rules(content: Mapping[str, Any]) -> Rules:
    """Return the rules that a mapping says; what it leaves out takes its default."""
    allowed = {"k", "zeros", "require", "attacker_lower", "slivers", "strict", "effort"}
    _only(content, "rules", allowed | {"homogeneity", "mismatch", "amount_percent"})
    zeros = _choice(Zeros, content, "zeros", Zeros.PUBLISH)
    return Rules(
        _number(content, "k", 5, 2, K_MAX),
        zeros,
        _requirement(content.get("require", "R1")),
        _number(content, "attacker_lower", int(zeros is Zeros.PUBLISH), 0, 1),
        _flag(content, "slivers"),
        _flag(content, "strict"),
        _choice(Effort, content, "effort", Effort.PRUNE),
        tuple(_homogeneity(each) for each in _list(content, "homogeneity")),
        _choice(Mismatch, content, "mismatch", Mismatch.REFUSE),
        _number(content, "amount_percent", 10, 0, 100),
    )


def _homogeneity(content: Any) -> Homogeneity:
    _only(content, "homogeneity", {"dimension", "percent", "total_min"})
    return Homogeneity(
        _text(content, "dimension", ""),
        _number(content, "percent", 90, 51, 100),
        _number(content, "total_min", 10, 2, K_MAX),
    )


def _axis(content: Any) -> Axis:
    _only(content, "dimensions", {"name", "levels", "total"})
    name = _text(content, "name", "")
    levels = tuple(str(level) for level in _list(content, "levels"))
    total = _text(content, "total", "Total") or None  # an empty one publishes no total
    if not name or not levels or len(set(levels)) != len(levels) or "Total" in levels:
        raise _wrong("dimensions", name)
    return Axis(name, levels, total)


def _requirement(content: Any) -> Requirement:
    if isinstance(content, str) and content in NAMED:
        return NAMED[content]
    _only(content, "require", {"width", "upmin", "lomax"})
    lower = content.get("lomax")
    if lower is not None:
        lower = _number(content, "lomax", 0, 0, K_MAX)
    width = _number(content, "width", 2, 1, WIDTH_MAX)
    return Requirement(width, _number(content, "upmin", 0, 0, K_MAX), lower)


def _selections(
    content: Mapping[str, Any], key: str, axes: Mapping[str, Axis]
) -> tuple[Selection, ...]:
    return tuple(_selection(each, axes) for each in _list(content, key))


def _selection(content: Any, axes: Mapping[str, Axis]) -> Selection:
    _only(content, "levels", set(axes))
    chosen = {}
    for name, levels in content.items():
        known = {*axes[name].levels, *(["Total"] if axes[name].total is not None else [])}
        if not isinstance(levels, Sequence) or isinstance(levels, str) or not set(levels) <= known:
            raise _wrong(name, levels)
        chosen[name] = tuple(levels)
    return chosen


def _only(content: Any, where: str, allowed: set[str]) -> None:
    if not isinstance(content, Mapping):
        raise _wrong(where, content)
    unknown = sorted(set(content) - allowed)
    if unknown:
        raise _wrong(where, unknown[0])


def _list(content: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = content.get(key, [])
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise _wrong(key, found)
    return found


def _text(content: Mapping[str, Any], key: str, default: str) -> str:
    found = content.get(key, default)
    if not isinstance(found, str):
        raise _wrong(key, found)
    return found


def _number(content: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
    found = content.get(key, default)
    if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
        raise _wrong(key, found)
    return found


def _flag(content: Mapping[str, Any], key: str) -> bool:
    found = content.get(key, True)
    if not isinstance(found, bool):
        raise _wrong(key, found)
    return found


def _choice(kind: type[Any], content: Mapping[str, Any], key: str, default: Any) -> Any:
    found = content.get(key, default)
    try:
        return kind(found)
    except ValueError:
        raise _wrong(key, found) from None


def _wrong(key: str, found: object) -> Invalid:
    return Invalid("DISCLOSURE_PLAN", key=key, found=str(found)[:80])
