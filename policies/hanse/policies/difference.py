"""What changes between two versions of a protocol, as consequences and not as lines of a file.

Each difference widens, narrows or is neutral. Where the two cannot be compared without a map, it
counts as widening: a difference that is called narrower never lets anybody have more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hanse.messages import say
from hanse.policies.protocol import OPEN_END, Party, PeriodRange, Protocol

Effect = Literal["widens", "narrows", "neutral"]

_SHOWN_MAX = 12
_DAYS = {"Y": 366, "M": 31, "W": 7, "D": 1}
_ONWARD = ("none", "named", "open_licence")
_TEXTS = (
    *("licence", "recipients", "communication", "proportionality"),
    *("periodicity", "limits", "rights", "sanctions"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One consequence: `code` is its sentence in the message catalogue, filled by `who` and `what`.

    `who` is the recipient it is about, "" for all of them; `field` the place in the form.
    """

    effect: Effect
    code: str
    field: str
    what: str
    who: str = ""
    was: str = ""

    def sentence(self, lang: str = "nl") -> str:
        """Return it in words."""
        field = say(f"FIELD_{re.sub(r'[^A-Z]', '_', self.field.upper())}", lang)
        return say(self.code, lang, field=field, what=self.what, who=self.who, was=self.was)


def differences(old: Protocol, new: Protocol) -> tuple[Difference, ...]:
    """Return what changes from `old` to `new`, what widens first; nothing for equal texts."""
    found = [each for compare in _COMPARED for each in compare(old, new)]
    order: tuple[Effect, ...] = ("widens", "narrows", "neutral")
    return tuple(sorted(found, key=lambda each: order.index(each.effect)))


def keys_only(found: Sequence[Difference]) -> bool:
    """Say whether nothing but keys of recipients changed."""
    return bool(found) and {each.field for each in found} == {"parties.keys"}


def _lists(old: Protocol, new: Protocol) -> Iterator[Difference]:
    pairs: list[tuple[str, str | list[str], str | list[str]]] = [
        ("purposes", old.purposes, new.purposes),
        ("actions", old.actions, new.actions),
        ("data.themes", old.data.themes, new.data.themes),
        ("data.datasets", old.data.datasets, new.data.datasets),
        ("data.indicators", old.data.indicators, new.data.indicators),
        ("data.formats", old.data.formats, new.data.formats),
    ]
    for field, was, now in pairs:
        yield from _gained_and_lost(field, was, now)


def _gained_and_lost(
    field: str, was: str | list[str], now: str | list[str], who: str = ""
) -> Iterator[Difference]:
    """Compare two lists of what is opened; a text (`all`) opens everything."""
    if was == now:
        return
    if isinstance(now, str) or isinstance(was, str):
        effect: Effect = "widens" if isinstance(now, str) else "narrows"
        yield Difference(effect, "DIFF_BECOMES", field, _told(now), who, _told(was))
        return
    gained, lost = sorted(set(now) - set(was)), sorted(set(was) - set(now))
    if gained:
        yield Difference("widens", "DIFF_GAINS", field, _told(gained), who)
    if lost:
        yield Difference("narrows", "DIFF_LOSES", field, _told(lost), who)


def _levels(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.data, new.data
    if was.level_ceiling == now.level_ceiling is None:
        yield from _gained_and_lost("data.levels", was.levels, now.levels)
    elif (was.level_ceiling, was.levels) != (now.level_ceiling, now.levels):
        # Which of two levels is the finer is known to the map alone.
        shown = [
            f">= {each.level_ceiling}" if each.level_ceiling else _told(each.levels)
            for each in (was, now)
        ]
        yield Difference("widens", "DIFF_BECOMES", "data.levels", shown[1], "", shown[0])


def _areas(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = _per_level(old), _per_level(new)
    for level in sorted({*was, *now}):
        before, after = _scope(was, level), _scope(now, level)
        if before == after:
            continue
        if "own" in (before, after):
            effect: Effect = "narrows" if before == "all" or after == [] else "widens"
            yield Difference(
                effect, "DIFF_BECOMES", "data.areas", _at(level, after), "", _at(level, before)
            )
        else:
            yield from _gained_and_lost("data.areas", before, after)


def _per_level(protocol: Protocol) -> dict[str, str | list[str]]:
    areas = protocol.data.areas
    return dict(areas) if isinstance(areas, dict) else {"*": areas}


def _scope(scopes: dict[str, str | list[str]], level: str) -> str | list[str]:
    keys = (level, level.partition("@")[0], "*")
    return next((scopes[key] for key in keys if key in scopes), [])


def _at(level: str, scope: str | list[str]) -> str:
    return _told(scope) if level == "*" else f"{level}: {_told(scope)}"


def _periods(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.data.periods, new.data.periods
    if was == now:
        return
    wider = now == "all" or was is None or (was != "all" and now is not None and _reaches(was, now))
    shown = ["-" if each is None else _window(each) for each in (was, now)]
    effect: Effect = "widens" if wider else "narrows"
    yield Difference(effect, "DIFF_BECOMES", "data.periods", shown[1], "", shown[0])


def _window(window: str | PeriodRange) -> str:
    return f"{window.start} / {window.end}" if isinstance(window, PeriodRange) else window


def _reaches(was: object, now: object) -> bool:
    """Say whether a window may hold a period that the other does not."""
    assert isinstance(was, PeriodRange)  # noqa: S101 all and none were told apart before
    assert isinstance(now, PeriodRange)  # noqa: S101
    # Periods of one kind sort as their texts do; others are not compared.
    starts = was.start == now.start or was.start == OPEN_END
    ends = was.end == now.end or was.end == OPEN_END
    if not starts and len(was.start) == len(now.start) and now.start != OPEN_END:
        starts = was.start <= now.start
    if not ends and len(was.end) == len(now.end) and now.end != OPEN_END:
        ends = now.end <= was.end
    return not (starts and ends)


def _breakdowns(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.data.breakdowns, new.data.breakdowns
    before = was if isinstance(was, str) else _pairs(was)
    after = now if isinstance(now, str) else _pairs(now)
    yield from _gained_and_lost("data.breakdowns", before, after)


def _pairs(cut: dict[str, list[str]]) -> list[str]:
    return [f"{name}={code}" for name, codes in cut.items() for code in codes]


def _protection(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.terms, new.terms
    if was.profile != now.profile:
        yield Difference("widens", "DIFF_BECOMES", "terms.profile", now.profile, "", was.profile)
    if was.group_size_min != now.group_size_min:
        effect: Effect = "widens" if now.group_size_min < was.group_size_min else "narrows"
        sizes = str(now.group_size_min), str(was.group_size_min)
        yield Difference(effect, "DIFF_BECOMES", "terms.group_size_min", sizes[0], "", sizes[1])


def _kept(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.terms, new.terms
    if was.onward != now.onward:
        wider = _ONWARD.index(now.onward) > _ONWARD.index(was.onward)
        effect: Effect = "widens" if wider else "narrows"
        yield Difference(effect, "DIFF_BECOMES", "terms.onward", now.onward, "", was.onward)
    if was.retention != now.retention:
        effect = "widens" if _days(now.retention) >= _days(was.retention) else "narrows"
        shown = now.retention or "-", was.retention or "-"
        yield Difference(effect, "DIFF_BECOMES", "terms.retention", shown[0], "", shown[1])
    for effect, code, gone in (
        ("widens", "DIFF_LOSES", set(was.measures) - set(now.measures)),
        ("narrows", "DIFF_GAINS", set(now.measures) - set(was.measures)),
    ):
        if gone:
            yield Difference(effect, code, "terms.measures", _told(sorted(gone)))


def _days(duration: str) -> float:
    if not duration:
        return float("inf")
    return sum(int(part[:-1]) * _DAYS[part[-1]] for part in re.findall(r"[0-9]+[YMWD]", duration))


def _validity(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was, now = old.valid, new.valid
    if was == now:
        return
    wider = now.start < was.start or now.end > was.end
    shown = [f"{each.start} / {each.end}" for each in (was, now)]
    yield Difference(
        "widens" if wider else "narrows", "DIFF_BECOMES", "valid", shown[1], "", shown[0]
    )


def _required(old: Protocol, new: Protocol) -> Iterator[Difference]:
    gained = sorted(set(new.requires) - set(old.requires))
    lost = sorted(set(old.requires) - set(new.requires))
    if lost:
        yield Difference("widens", "DIFF_LOSES", "requires", _told(lost))
    if gained:
        yield Difference("narrows", "DIFF_GAINS", "requires", _told(gained))


def _recipients(old: Protocol, new: Protocol) -> Iterator[Difference]:
    was = {_name(party): party for party in old.recipients}
    now = {_name(party): party for party in new.recipients}
    for name in sorted(now.keys() - was.keys()):
        yield Difference("widens", "DIFF_RECIPIENT_NEW", "parties", name, name)
    for name in sorted(was.keys() - now.keys()):
        yield Difference("narrows", "DIFF_RECIPIENT_GONE", "parties", name, name)
    for name in sorted(now.keys() & was.keys()):
        yield from _recipient(was[name], now[name], name)


def _recipient(was: Party, now: Party, name: str) -> Iterator[Difference]:
    yield from _gained_and_lost("parties.keys", was.keys, now.keys, name)
    if was.bearer != now.bearer:
        effect: Effect = "widens" if now.bearer else "narrows"
        yield Difference(
            effect, "DIFF_BEARER" if now.bearer else "DIFF_BOUND", "parties.bearer", name, name
        )
    if (was.territory, was.kbo) != (now.territory, now.kbo):
        shown = [f"{each.kbo or '-'} {each.territory or '-'}" for each in (was, now)]
        yield Difference("widens", "DIFF_BECOMES", "parties.territory", shown[1], name, shown[0])


def _name(party: Party) -> str:
    return "*" if party.everybody else party.client_id or ""


def _ground(old: Protocol, new: Protocol) -> Iterator[Difference]:
    if old.basis.kind != new.basis.kind:
        opens = old.is_open != new.is_open
        effect: Effect = "widens" if opens else "neutral"
        yield Difference(effect, "DIFF_BECOMES", "basis.kind", new.basis.kind, "", old.basis.kind)


def _words(old: Protocol, new: Protocol) -> Iterator[Difference]:
    pairs: list[tuple[str, object, object]] = [
        (f"terms.{name}", getattr(old.terms, name), getattr(new.terms, name)) for name in _TEXTS
    ]
    pairs += [
        ("title", old.title, new.title),
        (
            "basis.text",
            (old.basis.text, old.basis.regulation),
            (new.basis.text, new.basis.regulation),
        ),
        ("advice", old.advice, new.advice),
        ("publication", old.publication, new.publication),
        ("parties.others", _others(old), _others(new)),
    ]
    for field, was, now in pairs:
        if was != now:
            yield Difference("neutral", "DIFF_REWORDED", field, field)


def _others(protocol: Protocol) -> list[tuple[str, ...]]:
    """Return what is said of the parties and decides nothing."""
    return sorted(
        (party.role, party.kbo or "", party.name, party.dpo, party.controller)
        if party.role == "supplier"
        else (party.role, _name(party), party.name, party.dpo, party.controller)
        for party in protocol.parties
    )


def _told(values: str | Sequence[str]) -> str:
    if isinstance(values, str):
        return values
    shown = ", ".join(values[:_SHOWN_MAX]) or "-"
    return shown if len(values) <= _SHOWN_MAX else f"{shown} (+{len(values) - _SHOWN_MAX})"


_COMPARED: Final[tuple[Callable[[Protocol, Protocol], Iterator[Difference]], ...]] = (
    _protection,
    _recipients,
    _lists,
    _levels,
    _areas,
    _periods,
    _breakdowns,
    _required,
    _validity,
    _kept,
    _ground,
    _words,
)
