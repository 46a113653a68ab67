"""Laws of the decision: it only ever gets narrower, and its answer rests on one protocol."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.protocols import COUNTRY, TODAY, USUAL, form, question

from hanse.policies import protocol, register
from hanse.policies.decision import NotPermitted, Permit, decide
from hanse.policies.protocol import Protocol
from hanse.policies.request import AXES, Request

# Four protocols a time, each read as strictly as a real one.
SLOWLY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

INDICATORS = ("bevolking", "huishoudens", "inkomen")
TOWNS = ("41002", "44021", "11002")
DISTRICTS = ("41002A01", "41002A02", "44021A01")
PURPOSES = ("statistiek", "beleid", "planning")
LEVELS = ("gemeente", "wijk", "provincie", "deelgemeente")


def some(*values: str, least: int = 0) -> st.SearchStrategy[list[str]]:
    subsets = [
        [value for place, value in enumerate(values) if number >> place & 1]
        for number in range(2 ** len(values))
    ]
    return st.sampled_from([subset for subset in subsets if len(subset) >= least])


@st.composite
def forms(draw: st.DrawFn, number: int = 0) -> dict[str, Any]:
    levels: dict[str, Any] = draw(
        st.one_of(
            st.fixed_dictionaries({"levels": some(*LEVELS)}),
            st.just({"levels": "all"}),
            st.fixed_dictionaries({"level_ceiling": st.sampled_from(LEVELS)}),
        )
    )
    refs = some("gemeente:41002", "gemeente:44021", "provincie:40000")
    scope = st.one_of(st.sampled_from(["own", "all"]), refs)
    usual = form()
    data = {
        "datasets": draw(some("bevolking-wijk", "inkomens")),
        "themes": draw(some("demografie", "werk")),
        "indicators": draw(st.one_of(st.just("all"), some(*INDICATORS))),
        "areas": draw(
            st.one_of(scope, st.dictionaries(st.sampled_from(("gemeente", "wijk")), scope))
        ),
        "periods": draw(
            st.sampled_from(
                ["all", None, {"from": "2018", "until": "2022"}, {"from": "2020", "until": "open"}]
            )
        ),
        "breakdowns": draw(st.sampled_from(["all", {}, {"SEX": ["F"]}])),
        "formats": draw(some("json", "csv")),
        **levels,
    }
    return {
        **usual,
        "id": f"urn:protocol:gent:{draw(st.sampled_from('abcd'))}{number}",
        "purposes": draw(some(*PURPOSES)),
        "actions": draw(some("read", "export")),
        "data": data,
    }


@st.composite
def questions(draw: st.DrawFn) -> Request:
    level = draw(st.sampled_from(("gemeente@2025", "wijk@2025", "provincie@2025")))
    codes = {"gemeente@2025": TOWNS, "wijk@2025": DISTRICTS, "provincie@2025": ("40000",)}
    areas = {level: draw(some(*codes[level], least=1))}
    return question(
        purpose=draw(st.sampled_from(PURPOSES)),
        indicators=draw(some(*INDICATORS, least=1)),
        areas=areas,
        periods=draw(st.sampled_from([["2018", "2020"], ["2016", "2020"], ["2021", "2025"]])),
        breakdowns=draw(st.sampled_from([{}, {"SEX": ["_T"]}, {"SEX": ["_T", "F"]}])),
        format=draw(st.sampled_from(("json", "csv"))),
        narrow=draw(some(*sorted(AXES))),
    )


def registers(count: int = 4) -> st.SearchStrategy[list[Protocol]]:
    each = [forms(number).map(protocol.from_document) for number in range(count)]
    return st.tuples(*each).map(list)


def answer(protocols: list[Protocol], request: Request, state: str = "active") -> Permit | None:
    built = register.build([(each, state) for each in protocols], COUNTRY)
    try:
        return decide(request, built, TODAY)
    except NotPermitted:
        return None


def opens(permit: Permit) -> dict[str, Any]:
    extent = permit.extent
    return {
        "indicators": extent.indicators,
        "areas": {
            f"{level}:{code}"
            for level, codes in (extent.areas or {}).items()
            for code in codes or ()
        },
        "breakdowns": {
            f"{name}={code}" for name, codes in extent.breakdowns.items() for code in codes
        },
    }


@SLOWLY
@given(registers(), questions(), st.randoms())
def test_the_order_of_protocols_changes_nothing(
    protocols: list[Protocol], request: Request, shuffle: Any
) -> None:
    before = answer(protocols, request)
    shuffled = list(protocols)
    shuffle.shuffle(shuffled)
    after = answer(shuffled, request)
    assert (before and before.protocol) == (after and after.protocol)
    assert (before and before.extent) == (after and after.extent)


@SLOWLY
@given(registers(), questions())
def test_an_answer_rests_on_a_single_protocol(protocols: list[Protocol], request: Request) -> None:
    together = answer(protocols, request)
    alone = [found for each in protocols if (found := answer([each], request))]
    assert (together is not None) == bool(alone)
    if together:
        same = next(found for found in alone if found.protocol == together.protocol)
        assert together.extent == same.extent
        assert together.extent.indicators is not None
        assert together.extent.indicators <= request.indicators


@SLOWLY
@given(registers(), questions(), st.sampled_from(["suspended", "revoked", "expired", "draft"]))
def test_what_is_not_active_permits_nothing(
    protocols: list[Protocol], request: Request, state: str
) -> None:
    assert answer(protocols, request, state) is None


def removals(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every form with one item less of one list, or with one condition gone."""
    data = document["data"]
    fewer = [
        {**document, name: [v for v in document[name] if v != gone]}
        for name in ("purposes", "actions")
        for gone in document[name]
    ]
    for name, value in data.items():
        if isinstance(value, list):
            fewer += [
                {**document, "data": {**data, name: [v for v in value if v != gone]}}
                for gone in value
            ]
        elif name != "level_ceiling":
            empty: object = None if name == "periods" else {} if name == "breakdowns" else []
            fewer.append({**document, "data": {**data, name: empty}})
    return fewer


@SLOWLY
@given(forms(), questions())
def test_taking_from_a_protocol_never_permits_more(
    document: dict[str, Any], request: Request
) -> None:
    before = answer([protocol.from_document(document)], request)
    for fewer in removals(document):
        after = answer([protocol.from_document(fewer)], request)
        if after is None:
            continue
        assert before is not None
        was, now = opens(before), opens(after)
        assert all(now[name] <= was[name] for name in was)


@SLOWLY
@given(registers(2), questions(), st.sampled_from(INDICATORS), st.sampled_from(TOWNS))
def test_asking_for_more_never_turns_a_refusal_into_a_permit(
    protocols: list[Protocol], request: Request, indicator: str, town: str
) -> None:
    whole = replace(request, narrow=frozenset())
    if answer(protocols, whole) is not None:
        return
    areas = {level: codes | {town} for level, codes in whole.areas.items()}
    more = replace(whole, indicators=whole.indicators | {indicator}, areas=areas)
    assert answer(protocols, more) is None


@SLOWLY
@given(registers(2), questions(), st.sampled_from(["dataset:read", "audit:read"]))
def test_a_token_with_fewer_scopes_never_gets_more(
    protocols: list[Protocol], request: Request, scope: str
) -> None:
    fewer = replace(request, scopes=request.scopes - {scope})
    if answer(protocols, fewer) is not None:
        assert answer(protocols, request) is not None


@given(forms())
def test_a_protocol_reads_back_as_itself_whatever_its_order(document: dict[str, Any]) -> None:
    read = protocol.from_document(document)
    again = protocol.from_document(read.document)
    assert again == read
    assert again.content_hash == read.content_hash
    turned = dict(reversed([*document.items()]))
    assert protocol.from_document(turned).content_hash == read.content_hash


def test_white_space_and_comments_change_no_digest() -> None:
    spaced = USUAL.replace("\n", "   # een opmerking\n\n")
    assert protocol.load(spaced).content_hash == protocol.load(USUAL).content_hash
