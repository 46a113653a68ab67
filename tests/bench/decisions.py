"""The decision at 200 protocols; and, apart, 15,000 random questions beside Cedar and Rego.

Microseconds per decision, the median over many; the other engines are asked in batches as their
own bindings do best, and take minutes.
"""

import statistics
import time
from collections.abc import Sequence
from random import Random

from tests.bench.report import Report, Table
from tests.support.agreed import all_said, party_key
from tests.support.oracles import Cedar, Rego, asked, cases, facts
from tests.support.protocols import TODAY, form, of_states, one, question

from hanse.policies import protocol, statements
from hanse.policies.decision import NotPermitted, decide
from hanse.policies.protocol import Protocol
from hanse.policies.register import Register
from hanse.policies.request import Request

PROTOCOLS = 200
ROUNDS = 4_000
REGISTERS, QUESTIONS = 750, 20


def run() -> Report:
    """Measure a decision that permits, one that refuses, and the signatures it rests on."""
    register = of_states((_numbered(number), "active") for number in range(PROTOCOLS))
    allowed = _median(register, question())
    refused = _median(register, question(purpose="planning"))
    told = _median(register, question(purpose="planning"), told=True)
    rows = (
        ("decision, permitted", f"{allowed:.1f} µs", "≤ 10 µs"),
        ("decision, refused", f"{refused:.1f} µs", "≤ 10 µs"),
        ("decision, refused, with every check in words", f"{told:.1f} µs", "-"),
        ("verify two signatures", f"{_two_signatures():.0f} µs", "≤ 500 µs"),
    )
    return Report(
        name="decisions",
        command="python -m tests.bench decisions --write",
        tables=(Table(("what", "measured", "goal"), rows),),
        notes=(f"{PROTOCOLS} protocols in the register, one of them the client's own.",),
    )


def oracles() -> Report:
    """Put the same questions to three engines, and count the disagreements."""
    began = time.monotonic()
    permits, disagreements = _compared()
    rows = (
        (f"{REGISTERS * QUESTIONS:,} questions", f"{time.monotonic() - began:.0f} s", "-"),
        ("of these permitted", f"{permits:,}", "-"),
        ("disagreements", f"{disagreements}", "0"),
    )
    return Report(
        name="oracles",
        command="python -m tests.bench oracles --write",
        tables=(Table(("what", "measured", "goal"), rows),),
    )


def _numbered(number: int) -> Protocol:
    usual = form()
    recipient = {**usual["parties"][1], "client_id": f"client-{number}" if number else "provincie"}
    parties = [usual["parties"][0], recipient]
    return protocol.from_document(
        {**usual, "id": f"urn:protocol:gent:2026-{number:03}", "parties": parties}
    )


def _median(register: Register, request: Request, *, told: bool = False) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        try:
            decide(request, register, TODAY)
        except NotPermitted as refusal:
            _ = refusal.checks if told else ()
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1_000


def _permits(register: Register, request: Request) -> str | None:
    try:
        return decide(request, register, TODAY).protocol
    except NotPermitted:
        return None


def _two_signatures() -> float:
    from datetime import UTC, datetime

    read = one()
    keys = {kbo: [party_key(kbo).public_jwk()] for kbo in read.signatories}
    taken = []
    for second in range(60):  # each time other words: what was heard once is remembered
        said = all_said(read, datetime(2026, 5, 1, 12, 0, second, tzinfo=UTC))[-2:]
        began = time.perf_counter_ns()
        for text in said:
            statements.hear(text, read, keys)
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1_000


def _compared() -> tuple[int, int]:
    permits, disagreements = 0, 0
    chance = Random(1)  # noqa: S311 the same cases every time
    for entries, questions in cases(chance.randint(1, 10_000), REGISTERS, QUESTIONS):
        register, told = of_states(entries), facts(entries)
        said = [_permits(register, each) for each in questions]
        plain = [asked(each, TODAY) for each in questions]
        disagreements += _differ(said, Cedar.of(told).permits(plain))
        rego = Rego(told)
        found = [rego.permitted(each) for each in plain]
        disagreements += _differ(said, [bool(each) for each in found])
        permits += sum(each is not None for each in said)
    return permits, disagreements


def _differ(said: Sequence[str | None], other: Sequence[bool]) -> int:
    pairs = zip(said, other, strict=True)
    return sum((mine is not None) != theirs for mine, theirs in pairs)
