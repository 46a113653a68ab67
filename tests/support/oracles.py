"""Two engines that others wrote, asked the same question as the decision: Cedar and Rego.

The translation starts from the text of a protocol and never from our compiled clauses, so that a
fault in either shows as a disagreement.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import cedarpy
from regopy import Interpreter
from tests.support.protocols import (
    COUNTRY,
    JOINED,
    KEY,
    LEVELS,
    OPEN,
    OTHER_KEY,
    form,
    question,
)

from hanse.cube.period import read_period
from hanse.policies import protocol
from hanse.policies.protocol import Protocol
from hanse.policies.request import AXES, Request

PLACES: Mapping[str, tuple[str, ...]] = {
    "provincie@2025": ("40000",),
    "gemeente@2025": ("41002", "44021", "11002"),
    "wijk@2025": ("41002A01", "41002A02", "44021A01"),
    "deelgemeente@2025": ("41002D",),
}
LAST = 99991231

_MODULE = """
package hanse
import rego.v1
default permitted := []
one(list, asked) if list == "*"
one(list, asked) if { list != "*"; asked in list }
covers(list, asked, _) if list == "*"
covers(list, asked, narrow) if { list != "*"; not narrow; every x in asked { x in list } }
covers(list, asked, narrow) if { list != "*"; narrow; some x in asked; x in list }
cuts(list, asked, narrow) if covers(list, asked, narrow)
cuts(list, asked, narrow) if count(asked) == 0
keyed(a) if a.everybody
keyed(a) if { not a.everybody; input.thumbprint == ""; a.bearer }
keyed(a) if { not a.everybody; input.thumbprint != ""; input.bound; input.thumbprint in a.keys }
scoped(a) if a.everybody
scoped(a) if "dataset:read" in input.scopes
scoped(a) if input.theme_scope in input.scopes
named(a) if input.protocol == ""
named(a) if input.protocol == a.id
texted(a) if input.hash == ""
texted(a) if input.hash == a.hash
whose(a) if a.everybody
whose(a) if { not a.everybody; a.client == input.client }
offered(a) if one(a.datasets, input.dataset)
offered(a) if input.theme in a.themes
timed(a) if {
  not input.narrow.periods; a.window; input.start >= a.start; input.end <= a.end
}
timed(a) if {
  input.narrow.periods; a.window
  max([input.start, a.start]) <= min([input.end, a.end])
}
permitted := [a.id |
  some a in data.agreements
  whose(a); keyed(a); scoped(a); named(a); texted(a); offered(a); timed(a)
  a.state == "active"
  input.today >= a.from; input.today < a.until
  input.action in a.actions
  one(a.purposes, input.purpose)
  input.access in a.access
  every n in a.requires { n in a.joined }
  one(a.profile, input.profile)
  covers(a.indicators, input.indicators, input.narrow.indicators)
  covers(a.levels, input.levels, input.narrow.levels)
  covers(a.areas, input.areas, input.narrow.areas)
  cuts(a.breakdowns, input.breakdowns, input.narrow.breakdowns)
  input.format in a.formats
]
"""


def facts(entries: Iterable[tuple[Protocol, str]]) -> list[dict[str, Any]]:
    """Return what each protocol opens to each recipient, as plain JSON."""
    return [
        _fact(text.document, text.content_hash, state, party)
        for text, state in entries
        for party in text.document["parties"]
        if party["role"] == "recipient"
    ]


def _fact(
    text: Mapping[str, Any], content_hash: str, state: str, party: Mapping[str, Any]
) -> dict[str, Any]:
    data, terms, opens = text["data"], text["terms"], text["basis"]["kind"] == "open_licence"
    start, end, window = _window(data.get("periods"))
    return {
        "id": text["id"],
        "hash": content_hash,
        "state": state,
        "everybody": party.get("everybody", False),
        "client": party.get("client_id", ""),
        "keys": party.get("keys", []),
        "bearer": party.get("bearer", False),
        "from": _day(text["valid"]["from"]),
        "until": _day(text["valid"]["until"]),
        "actions": text.get("actions", []),
        "purposes": _all(text.get("purposes", [])),
        "datasets": _all(data.get("datasets", [])),
        "themes": data.get("themes", []),
        "access": ["open"] if opens else ["open", "protocol"],
        "requires": text.get("requires", []),
        "joined": sorted(JOINED.get(party.get("kbo", ""), ())),
        "profile": "*" if terms["profile"] == "all" else [terms["profile"]],
        "indicators": _all(data.get("indicators", [])),
        "levels": _levels(data),
        "areas": _areas(data, party),
        "start": start,
        "end": end,
        "window": window,
        "breakdowns": _breakdowns(data),
        "formats": data.get("formats", []),
    }


def _all(values: Any) -> Any:
    return "*" if values == "all" else values


def _day(text: str) -> int:
    return int(text.replace("-", ""))


def _window(periods: Any) -> tuple[int, int, bool]:
    if periods is None:
        return 1, 0, False
    if periods == "all":
        return 0, LAST, True
    start, end = periods["from"], periods["until"]
    first = 0 if start == "open" else _day(str(read_period(start).start_date))
    last = LAST if end == "open" else _day(str(read_period(end).end_date))
    return first, last, True


def _levels(data: Mapping[str, Any]) -> Any:
    if data.get("levels") == "all":
        return "*"
    ceiling = data.get("level_ceiling")
    if ceiling is None:
        names = data.get("levels", [])
        return [level for level in PLACES if level in names or level.split("@")[0] in names]
    if ceiling not in LEVELS:
        return []
    finest = LEVELS[ceiling]
    return [
        level
        for level in PLACES
        if level.split("@")[0] == ceiling or LEVELS[level.split("@")[0]] > finest
    ]


def _areas(data: Mapping[str, Any], party: Mapping[str, Any]) -> Any:
    areas = data.get("areas", [])
    scopes = areas if isinstance(areas, dict) else {"": areas}
    opened = []
    for level, codes in PLACES.items():
        scope: Any = next(
            (scopes[key] for key in (level, level.split("@")[0], "") if key in scopes), []
        )
        refs = [party.get("territory", "nergens:0")] if scope == "own" else scope
        for code in codes:
            inside = scope == "all" or any(_lies_in(level, code, ref) for ref in refs)
            opened += [f"{level}|{code}"] if inside else []
    return opened


def _lies_in(level: str, code: str, ref: str) -> bool:
    kind, outer = ref.split(":")
    if level.split("@")[0] == kind:
        return code == outer
    if kind == "provincie":
        return code[:5] in {"41002", "44021"} and level != "deelgemeente@2025"
    return kind == "gemeente" and level == "wijk@2025" and code.startswith(outer)


def _breakdowns(data: Mapping[str, Any]) -> Any:
    opened = data.get("breakdowns", {})
    if opened == "all":
        return "*"
    return ["SEX=_T", *(f"{name}={code}" for name, codes in opened.items() for code in codes)]


def asked(request: Request, today: date) -> dict[str, Any]:
    """Return a question as plain JSON."""
    start, end = request.periods.start, request.periods.end
    return {
        "client": request.client or "",
        "thumbprint": request.thumbprint or "",
        "bound": request.bound,
        "scopes": sorted(request.scopes),
        "theme_scope": f"theme:{request.theme}:read",
        "purpose": request.purpose or "",
        "action": request.action,
        "dataset": request.dataset,
        "theme": request.theme,
        "access": request.access,
        "profile": request.profile,
        "indicators": sorted(request.indicators),
        "levels": sorted(request.levels),
        "areas": sorted(
            f"{level}|{code}" for level in request.areas for code in request.areas[level]
        ),
        "start": _day(str(start.start_date)) if start else 0,
        "end": _day(str(end.end_date)) if end else LAST,
        "breakdowns": sorted(
            f"{name}={code}" for name, codes in request.breakdowns.items() for code in codes
        ),
        "format": request.format,
        "protocol": request.protocol or "",
        "hash": request.protocol_hash or "",
        "narrow": {axis: axis in request.narrow for axis in sorted(AXES)},
        "today": _day(today.isoformat()),
    }


@dataclass(frozen=True, slots=True)
class Cedar:
    """The register as Cedar policies, one per agreement."""

    policies: cedarpy.PolicySet

    @classmethod
    def of(cls, agreements: Sequence[Mapping[str, Any]]) -> "Cedar":
        """Write every agreement as a policy."""
        return cls(cedarpy.PolicySet.from_str("\n".join(map(_policy, agreements)) or _NOTHING))

    def permits(self, questions: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Return for each question whether any policy permits it."""
        who = {"principal": 'C::"c"', "action": 'A::"a"', "resource": 'D::"d"'}
        asked_ = [{**who, "context": dict(each)} for each in questions]
        found = cedarpy.is_authorized_batch(asked_, self.policies, [])
        assert not any(each.diagnostics.errors for each in found)
        return [each.allowed for each in found]


_NOTHING = "forbid (principal, action, resource);"


def _policy(fact: Mapping[str, Any]) -> str:
    def has(name: str, field: str) -> str:
        return "true" if fact[field] == "*" else f"{_set(fact[field])}.contains(context.{name})"

    def covers(name: str) -> str:
        if fact[name] == "*":
            return "true"
        held, axis = _set(fact[name]), f"context.narrow.{name}"
        whole = f"(!{axis} && {held}.containsAll(context.{name}))"
        return f"({whole} || ({axis} && {held}.containsAny(context.{name})))"

    whose = (
        ["true"]
        if fact["everybody"]
        else [
            f"context.client == {_text(fact['client'])}",
            f'((context.thumbprint == "" && {_bool(fact["bearer"])}) || '
            f'(context.thumbprint != "" && '
            f"context.bound && {_set(fact['keys'])}.contains(context.thumbprint)))",
            '(context.scopes.contains("dataset:read") || '
            "context.scopes.contains(context.theme_scope))",
        ]
    )
    inside = f"context.start >= {fact['start']} && context.end <= {fact['end']}"
    touches = f"context.start <= {fact['end']} && context.end >= {fact['start']}"
    ordered = f"{_bool(fact['start'] <= fact['end'])} && context.start <= context.end"
    conditions = [
        *whose,
        f'(context.protocol == "" || context.protocol == {_text(fact["id"])})',
        f'(context.hash == "" || context.hash == {_text(fact["hash"])})',
        _bool(fact["state"] == "active"),
        f"context.today >= {fact['from']} && context.today < {fact['until']}",
        has("action", "actions"),
        has("purpose", "purposes"),
        f"({has('dataset', 'datasets')} || {has('theme', 'themes')})",
        has("access", "access"),
        f"{_set(fact['joined'])}.containsAll({_set(fact['requires'])})",
        has("profile", "profile"),
        covers("indicators"),
        covers("levels"),
        covers("areas"),
        f"({covers('breakdowns')} || context.breakdowns.isEmpty())",
        f"({_bool(fact['window'])} && ((!context.narrow.periods && {inside}) || "
        f"(context.narrow.periods && {touches} && {ordered})))",
        has("format", "formats"),
    ]
    return f"permit (principal, action, resource) when {{ {' && '.join(conditions)} }};"


def _set(values: Sequence[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bool(value: bool) -> str:
    return "true" if value else "false"


class Rego:
    """The register as data of one Rego module."""

    def __init__(self, agreements: Sequence[Mapping[str, Any]]) -> None:
        self._engine = Interpreter()
        self._engine.add_module("hanse", _MODULE)
        self._engine.add_data({"agreements": list(agreements)})

    def permitted(self, one: Mapping[str, Any]) -> frozenset[str]:
        """Return the ids of the protocols that permit a question."""
        self._engine.set_input(dict(one))
        told = json.loads(str(self._engine.query("data.hanse.permitted")))
        return frozenset(told["expressions"][0])


def cases(seed: int, registers: int, questions: int) -> Iterator[tuple[list[Any], list[Request]]]:
    """Return random registers, each with random questions."""
    chance = Random(seed)  # noqa: S311 the same cases every time
    for _ in range(registers):
        entries = [_entry(chance, number) for number in range(chance.randint(1, 4))]
        yield entries, [_question(chance, entries) for _ in range(questions)]


def _some(chance: Random, values: Sequence[str], least: int = 0) -> list[str]:
    # Nearly everything, most of the time: what is refused by one clause alone tells most.
    found = [value for value in values if chance.random() < 0.95]
    return found if len(found) >= least else [values[0]]


def _entry(chance: Random, number: int) -> tuple[Protocol, str]:
    def mostly(usual: Any, *others: Any) -> Any:
        return usual if chance.random() < 0.85 else chance.choice(others)

    name = f"urn:protocol:gent:{chance.choice('abc')}{number}"
    state = chance.choice(["active"] * 8 + ["suspended", "revoked"])
    if chance.random() < 0.1:
        opened = form(OPEN)
        opened["data"] = {**opened["data"], "formats": _some(chance, ("json", "csv"))}
        return protocol.from_document({**form(), **opened, "id": name}), state
    usual = form()
    recipient = {
        **usual["parties"][1],
        "keys": _some(chance, (KEY, OTHER_KEY), 1),
        "bearer": chance.random() < 0.3,
        "kbo": mostly("0207725597", "0207489542"),
    }
    refs = ("provincie:40000", "gemeente:41002", "gemeente:44021", "gemeente:11002")
    scope = chance.choice(["own", "all", _some(chance, refs)])
    areas = {"gemeente": scope, "wijk@2025": _some(chance, refs), "provincie": "all"}
    levels: dict[str, Any] = chance.choice(
        [
            {"levels": _some(chance, tuple(LEVELS))},
            {"levels": "all"},
            {"level_ceiling": chance.choice(tuple(LEVELS))},
            {"levels": ["gemeente@2025", "wijk@2019"]},
        ]
    )
    data = {
        "datasets": _some(chance, ("bevolking-wijk", "inkomens")),
        "themes": _some(chance, ("demografie",)) if chance.random() < 0.3 else [],
        "indicators": chance.choice(["all", _some(chance, ("bevolking", "huishoudens"))]),
        "areas": chance.choice([scope, areas, "all"]),
        "periods": chance.choice(
            [
                "all",
                {"from": "2018", "until": "2022"},
                {"from": "2020", "until": "open"},
                {"from": "open", "until": "2023-Q2"},
                None,
            ]
        ),
        "breakdowns": chance.choice(["all", {}, {"SEX": ["F"]}]),
        "formats": _some(chance, ("json", "csv")),
        **levels,
    }
    document = {
        **usual,
        "id": name,
        "parties": [usual["parties"][0], recipient],
        "requires": mostly([], ["FO 04/2017"], ["FO 04/2017", "RR 12/2013"]),
        "purposes": _some(chance, ("statistiek", "beleid")),
        "actions": _some(chance, ("read", "export")),
        "data": data,
        "terms": {**usual["terms"], "profile": mostly("standaard-5", "open-0")},
        "valid": mostly(
            {"from": "2026-01-01", "until": "2029-01-01"},
            {"from": "2026-06-01", "until": "2026-06-02"},
            {"from": "2026-06-02", "until": "2029-01-01"},
            {"from": "2026-01-01", "until": "2026-06-01"},
        ),
    }
    return protocol.from_document(document), state


def _question(chance: Random, entries: Sequence[tuple[Protocol, str]]) -> Request:
    def mostly(usual: Any, *others: Any) -> Any:
        return usual if chance.random() < 0.97 else chance.choice(others)

    named = chance.choice(entries)[0]
    levels = chance.sample(tuple(PLACES), chance.choice([1, 1, 2]))
    return question(
        client=mostly("provincie", "turnhout", ""),
        thumbprint=mostly(KEY, OTHER_KEY, "", "x" * 43),
        bound=mostly(True, False),
        scopes=mostly(["dataset:read"], ["theme:demografie:read"], ["audit:read"], []),
        purpose=mostly("statistiek", "beleid", "planning", ""),
        action=mostly("read", "export", "subscribe"),
        dataset=mostly("bevolking-wijk", "inkomens", "leeg"),
        access=mostly("protocol", "open", "internal"),
        profile=mostly("standaard-5", "open-0"),
        indicators=_some(
            chance, ("bevolking", "huishoudens", "inkomen")[: chance.randint(1, 3)], 1
        ),
        areas={level: _some(chance, PLACES[level][: chance.randint(1, 3)], 1) for level in levels},
        periods=chance.choice(
            [
                *(["2020", "2022"], ["2020", "2021"], ["2018", "2022"], ["2015", "2018"]),
                *(["", "2021"], ["2021", ""], ["2023-Q1", "2023-Q2"], ["2023-Q1", "2023-Q3"]),
            ]
        ),
        breakdowns=chance.choice([{}, {}, {"SEX": ["_T"]}, {"SEX": ["_T", "F"]}, {"SEX": ["M"]}]),
        format=mostly("json", "csv", "parquet"),
        narrow=chance.choice([[], [], sorted(AXES), ["areas"], ["periods"], ["breakdowns"]]),
        protocol=mostly("", named.id, "urn:protocol:gent:zz"),
        protocol_hash=mostly("", named.content_hash, "sha-256:00"),
    )


def country_levels() -> frozenset[str]:
    """Return the levels of the country that clauses are compiled for: the oracles know the same."""
    return frozenset(COUNTRY.level_ids)
