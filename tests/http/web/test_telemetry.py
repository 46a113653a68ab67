"""What traces, counters and logs say, and that a planted figure, token or name is never in them."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.support.asgi import ask

from hanse import telemetry
from hanse.telemetry import JsonLines, TelemetrySettings, configure, outcome_of
from hanse.web import Site, create

FIGURE, PERSON = "847213", "Annelies.Peeters@stad.example"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJwcm92In0.c2lnbmF0dXJlLW9mLWl0"  # noqa: S105 planted
CANARIES = (FIGURE, PERSON, TOKEN, "geheim.example")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

PROGRAM = f"""
import asyncio, logging, sys
from hanse import telemetry
telemetry.log_lines()
assert telemetry.configure("hanse-node")
from hanse.web import Site, create
from tests.support.asgi import exchange
app = create(Site("Node", "https://node-gent.example"))

@app.get("/v1/datasets/{{slug}}")
async def dataset(slug: str) -> dict[str, str]:
    with telemetry.span("door.answer", dataset="bevolking", value={FIGURE}, mailbox="{PERSON}"):
        telemetry.count_cells(12, "csv", "protocol")
        logging.getLogger("hanse.door").info(
            "door.answered", extra={{"rows": 12, "value": {FIGURE}, "reason": "Bearer {TOKEN}"}}
        )
    assert "traceparent" in telemetry.traceparent()
    return {{}}

@app.get("/v1/broken")
async def broken() -> None:
    with telemetry.span("door.broken"):
        raise ValueError("{FIGURE} {PERSON}")

headers = [
    (b"traceparent", b"00-{TRACE}-00f067aa0ba902b7-01"),
    (b"authorization", b"Bearer {TOKEN}"),
]
for path in ("/v1/datasets/geheim.example", "/v1/broken", "/nowhere/geheim.example"):
    asyncio.run(exchange(app, path, headers=headers))
"""


@pytest.fixture
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A collector on loopback that keeps what it is sent, by path."""
    received: dict[str, bytes] = {}

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received[self.path] = received.get(self.path, b"") + body
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()
    thread.join(5)


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        env={**os.environ, **environment},
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_collector_gets_routes_and_counts_and_no_planted_word(
    collector: tuple[str, dict[str, bytes]],
) -> None:
    address, received = collector
    ran = run(PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=address)
    assert ran.returncode == 0, ran.stderr
    traces, metrics = received["/v1/traces"], received["/v1/metrics"]
    assert b"GET /v1/datasets/{slug}" in traces
    assert bytes.fromhex(TRACE) in traces
    assert b"door.answer" in traces
    assert b"bevolking" in traces
    assert b"ValueError" in traces
    for name in (b"hanse.requests", b"hanse.refusals", b"hanse.cells", b"answered", b"failed"):
        assert name in metrics
    for canary in CANARIES:
        assert canary.encode() not in traces + metrics
        assert canary not in ran.stderr
    lines = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    answered = next(line for line in lines if line["event"] == "door.answered")
    assert (answered["rows"], answered["reason"]) == (12, "[removed]")
    assert answered["trace"] == TRACE
    assert "value" not in answered


def test_without_the_sdk_it_stays_off_and_says_so() -> None:
    program = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "sys.modules['opentelemetry.exporter'] = None\n"
        "from hanse import telemetry\n"
        "telemetry.log_lines()\n"
        "assert telemetry.configure('hanse') is False\n"
        "with telemetry.span('x', rows=1): telemetry.count_cells(1, 'csv', 'open')\n"
        "assert telemetry.traceparent() == {}\n"
    )
    ran = run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert ran.returncode == 0, ran.stderr
    assert "telemetry.off" in ran.stderr


@pytest.mark.parametrize(
    "settings",
    [
        TelemetrySettings(),
        TelemetrySettings(sdk_disabled=True, exporter_otlp_endpoint="http://127.0.0.1:9"),
    ],
)
def test_it_is_off_unless_an_operator_names_a_collector(settings: TelemetrySettings) -> None:
    assert configure("hanse", settings) is False


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "answered"),
        (304, "answered"),
        (400, "invalid"),
        (401, "refused"),
        (403, "refused"),
        (404, "refused"),
        (413, "invalid"),
        (429, "refused"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_an_outcome_is_a_word_a_city_understands(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


def line_of(message: object, *args: object, **fields: object) -> dict[str, object]:
    record = logging.LogRecord("hanse.x", logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(fields)
    line: dict[str, object] = json.loads(JsonLines().format(record))
    return line


def test_a_log_line_holds_listed_fields_only() -> None:
    line = line_of("door.refused %s", FIGURE, rule="PURPOSE", obs_value=FIGURE, party="0207451227")
    assert line["event"] == "door.refused %s"
    assert (line["rule"], line["party"]) == ("PURPOSE", "0207451227")
    assert FIGURE not in json.dumps(line)


@pytest.mark.parametrize(
    "planted",
    [
        TOKEN,
        f"Bearer {TOKEN}",
        "DPoP abc",
        "Basic cHJvdjp4",
        "hft_0123456789abcdef",
        PERSON,
        "https://prov:hft_x@node.example/",
    ],
)
def test_a_secret_in_a_listed_field_is_removed(planted: str) -> None:
    secret = planted.rpartition(" ")[2]
    line = json.dumps(line_of(f"seen {planted}", reason=f"for {planted} now"))
    assert secret not in line
    assert "[removed]" in line


def test_an_exception_is_its_kind_and_place_and_never_its_text() -> None:
    try:
        raise ValueError(FIGURE)
    except ValueError:
        record = logging.LogRecord(
            "hanse.x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info()
        )
    line = JsonLines().format(record)
    assert "ValueError" in line
    assert "test_an_exception" in line
    assert FIGURE not in line
    assert json.loads(JsonLines().format(logging.makeLogRecord({"msg": {"a": FIGURE}})))["event"]
    assert FIGURE not in JsonLines().format(logging.makeLogRecord({"msg": {"a": FIGURE}}))


def test_a_long_field_is_cut_and_other_libraries_are_quiet() -> None:
    assert len(str(line_of("x", reason="r " * 500)["reason"])) == telemetry.MAX_FIELD_CHARACTERS
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        telemetry.log_lines()
        assert not logging.getLogger("sqlalchemy.engine").isEnabledFor(logging.INFO)
        assert logging.getLogger("hanse.door").isEnabledFor(logging.INFO)
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
        logging.getLogger("hanse").setLevel(logging.NOTSET)


def test_a_request_costs_a_trace_nothing_when_nobody_listens() -> None:
    app = create(Site("Node", "https://node-gent.example"))
    assert ask(app, "/health/live", headers=[(b"traceparent", b"nonsense")]).status == 200
