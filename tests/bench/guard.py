"""What stands between a question and its figures, in one process: token, decision, record, cut.

Processor microseconds per call, the best of several rounds; wall time beside it where it waits for
a disk. The goal is the whole guard within 350 µs and the decision within 10 µs.
"""

import tempfile
import time
import timeit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import house, servers
from tests.bench import table as generated
from tests.bench.house import SLUG, WHOLE, House
from tests.bench.report import Report, Table

from hanse.auth.bearer import credential, recalled
from hanse.auth.principal import Principal, of_claims
from hanse.auth.tokens import validate
from hanse.cube.cleared import scrub
from hanse.cube.query import Query
from hanse.dialects import arrow_ipc, json_cells
from hanse.node.answer import Answer
from hanse.node.app import create_app
from hanse.node.heading import heading
from hanse.node.releases import manifest
from hanse.node.releases.cells import open_cells
from hanse.node.responses import Wish, respond
from hanse.node.running import Node
from hanse.node.sequencer import catch_up
from hanse.policies.decision import decide
from hanse.policies.register import Register
from hanse.policies.request import Request

ROUNDS = 9
CALLS = 40
JOURNAL_WRITES = 400
"""So many records, and their places, until SQLite's journal file has its size: while it still grows
a write costs three times as much, and it grows once."""
AT_ONCE = 16
"""So many ask at the same moment: what waits for the disk goes in one transaction."""

Line = tuple[str, float, float, str]


def run(rows: int) -> Report:
    """Measure the parts of a slice's way through the door of a release of about `rows` cells."""
    cells = generated.cells(rows)
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name:
        node_house = house.furnish(Path(name) / "node", servers.free_port(), cells)
        app = create_app(node_house.settings)
        node: Node = app.state.node
        guarded, shared = _guard(node_house, node)
        lines = [*guarded, *_figure(node)]
        node.close()
    table = Table(
        ("part", "CPU µs", "wall µs, median", "goal"),
        tuple((part, f"{cpu:,.1f}", f"{wall:,.1f}", goal) for part, cpu, wall, goal in lines),
    )
    return Report(
        name="guard",
        command=f"python -m tests.bench guard --rows {rows} --write",
        tables=(table,),
        notes=(
            f"A slice of {generated.SLICE_ROWS:,} cells of {cells.num_rows:,}, 300 areas named by "
            "the permit; the record is on the disk (fsync) before the door opens.",
            "Records go to a journal file that has its size: it grows once, after a start.",
            f"{AT_ONCE} at once: time per record, {shared:.1f} records in a transaction.",
        ),
        facts={part: cpu for part, cpu, _, _ in lines},
    )


def _guard(node_house: House, node: Node) -> tuple[list[Line], float]:
    token = node_house.tokens.token(WHOLE)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    issuers, audience = node.verifier.issuers, node.verifier.audience
    node.verifier.verify(token)
    presented = credential(headers)
    assert presented is not None
    principal = recalled(presented, node.verifier)
    assert principal is not None
    answer = _answer(node, principal, 1)
    request, register = answer.permit.request, node.door.worlds.current().register
    today = datetime.now(UTC).date()

    def recorded() -> object:
        case = node.door._case(principal, _query(1), None, "json")
        return node.door._record(case, answer.permit, answer.rows, 0)

    def guarded() -> object:
        known = recalled(presented, node.verifier)
        assert known is not None
        case = node.door._case(known, _query(2), "statistiek", "json")
        permit = node.door._permit(case, _query(2))
        return node.door._record(case, permit, answer.rows, 0)

    for _ in range(JOURNAL_WRITES):
        recorded()
    catch_up(node.engine)
    together, shared = _together(node, recorded)
    return [
        _timed("token, verified for the first time", "≤ 120", lambda: of_claims(
            validate(token, issuers=issuers, audience=audience, now=time.time()))),
        _timed("token, seen before", "≤ 10", lambda: recalled(presented, node.verifier)),
        _timed("world: has anything changed?", "", node.door.worlds.current),
        _timed("decision", "≤ 10", lambda: _decided(request, register, today)),
        _timed("record, durable", "", recorded),
        (f"record, durable, {AT_ONCE} at once", *together, ""),
        _timed("guard: token seen, world, decision, record", "≤ 350", guarded),
        _timed("whole door: the guard, and the cells cut and scrubbed", "",
               lambda: (recalled(presented, node.verifier), _answer(node, principal, 2))),
    ], shared  # fmt: skip


def _together(node: Node, recorded: Callable[[], object]) -> tuple[tuple[float, float], float]:
    """Return (CPU, wall) in microseconds per record where many come at once, and how many share."""
    held = node.door._journal._connection._held.driver_connection
    told: list[str] = []
    held.set_trace_callback(told.append)
    rounds = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(ROUNDS):
            cpu, wall = time.process_time(), time.perf_counter()
            for each in [threads.submit(recorded) for _ in range(AT_ONCE * CALLS)]:
                each.result()
            rounds.append((time.process_time() - cpu, time.perf_counter() - wall))
    held.set_trace_callback(None)
    many = AT_ONCE * CALLS
    cpu, wall = min(cpu for cpu, _ in rounds), sorted(wall for _, wall in rounds)[ROUNDS // 2]
    return (cpu / many * 1e6, wall / many * 1e6), ROUNDS * many / told.count("COMMIT")


def _decided(request: Request, register: Register, today: object) -> object:
    return decide(request, register, today)  # type: ignore[arg-type]


def _query(number: int) -> Query:
    return Query(SLUG, indicators=frozenset({generated.indicator_name(number)}))


def _answer(node: Node, principal: Principal, number: int) -> Answer:
    return node.door.answer(principal, _query(number), "statistiek", "json")


def _figure(node: Node) -> list[Line]:
    offer = node.door.worlds.current().offers[SLUG]
    assert offer.digest is not None
    folder = manifest.folder_of(node.home, offer.digest)
    principal = Principal(client_id=WHOLE, scopes=frozenset({"dataset:read"}), purpose="statistiek")
    answer = _answer(node, principal, 3)
    extent, cleared = answer.extent, answer.cleared
    assert cleared is not None
    head = heading(node.settings, answer, _query(3))
    return [
        _timed("open the release", "", lambda: open_cells(folder)),
        _timed("find and cut 3,000 cells", "", lambda: open_cells(folder).select(extent)),
        _timed("find, cut and scrub", "", lambda: scrub(open_cells(folder).select(extent))),
        _timed("heading", "", lambda: heading(node.settings, answer, _query(3))),
        _timed("render JSON", "", lambda: b"".join(json_cells.render(cleared, head))),
        _timed("render Arrow", "", lambda: b"".join(arrow_ipc.render(cleared, head))),
        _timed("response: heading, JSON, headers, digest", "", lambda: respond(
            answer, heading(node.settings, answer, _query(3)), Wish("json"), True)),
    ]  # fmt: skip


def _timed(part: str, goal: str, work: Callable[[], object]) -> Line:
    """Return the part with its best CPU and median wall time, in microseconds per call."""
    work()
    cpu = min(timeit.repeat(work, number=CALLS, repeat=ROUNDS, timer=time.process_time))
    walls = sorted(timeit.repeat(work, number=CALLS, repeat=3))
    return part, cpu / CALLS * 1e6, walls[1] / CALLS * 1e6, goal
