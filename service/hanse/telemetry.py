"""Traces, counters and logs that say what happened and never what the figures were.

Off unless the standard `OTEL_…` variables name a collector. Sampled at the head; W3C `traceparent`
is read and passed on. Every attribute and log field is on a closed list: what is not listed is
dropped, because a list of what to hide is never complete. Works with `opentelemetry-api` alone.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry import context, metrics, propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pydantic_settings import BaseSettings, SettingsConfigDict

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SAMPLE_RATIO: Final = "0.1"
"""Share of traces kept when the operator says nothing."""

MAX_FIELD_CHARACTERS: Final = 200

FIELDS: Final = frozenset(
    {
        "action", "agency", "attempt", "bytes", "cells", "check", "client", "code", "count",
        "dataset", "decision", "dialect", "digest", "elapsed_ms", "event", "format", "host",
        "issuer", "kid", "kind", "level", "limit", "method", "node", "outcome", "party", "period",
        "place", "port", "profile", "protocol", "reason", "reference", "release", "route", "rows",
        "rule", "seconds", "sequence", "state", "status", "step", "version",
    }
)  # fmt: skip
"""What a log line or a span may say beside its name. A figure, a token or a person has no field."""

_REMOVED = "[removed]"
_SECRET = re.compile(
    r"(?i)(bearer|dpop|basic)\s+\S+"  # an Authorization value
    r"|[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a compact JWS
    r"|hft_[A-Za-z0-9_-]+"  # a feed token
    r"|://[^/\s@]+@"  # user information in an address
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # a mailbox
)

log = logging.getLogger(__name__)

_tracer = trace.get_tracer("hanse")
_meter = metrics.get_meter("hanse")
_requests = _meter.create_counter("hanse.requests", "{request}", "Requests by outcome")
_refusals = _meter.create_counter("hanse.refusals", "{refusal}", "Refusals by reason")
_cells = _meter.create_counter("hanse.cells", "{cell}", "Cells served by dialect")
_seconds = _meter.create_histogram("hanse.request.duration", "s", "Time until the answer ended")


class TelemetrySettings(BaseSettings):
    """The standard OpenTelemetry variables this service looks at; the SDK reads the rest itself."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True, extra="ignore")

    sdk_disabled: bool = False
    exporter_otlp_endpoint: str = ""
    exporter_otlp_traces_endpoint: str = ""
    exporter_otlp_metrics_endpoint: str = ""
    traces_sampler: str = ""
    traces_sampler_arg: str = SAMPLE_RATIO

    @property
    def configured(self) -> bool:
        """Whether an operator named a collector."""
        named = (
            self.exporter_otlp_endpoint,
            self.exporter_otlp_traces_endpoint,
            self.exporter_otlp_metrics_endpoint,
        )
        return not self.sdk_disabled and any(named)


def configure(service_name: str, settings: TelemetrySettings | None = None) -> bool:
    """Start exporting traces and metrics when the operator asked for it; say whether it did.

    Without the SDK (a base install) it stays off and says so in the log.
    """
    chosen = settings or TelemetrySettings()
    if not chosen.configured:
        return False
    try:
        _export(service_name, chosen)
    except ImportError:
        log.warning("telemetry.off", extra={"reason": "opentelemetry-sdk is not installed"})
        return False
    return True


def _export(service_name: str, settings: TelemetrySettings) -> None:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create({"service.name": service_name})
    # None lets the SDK read OTEL_TRACES_SAMPLER itself.
    ratio = None
    if not settings.traces_sampler:
        ratio = ParentBased(TraceIdRatioBased(float(settings.traces_sampler_arg)))
    tracing = TracerProvider(sampler=ratio, resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    metrics.set_meter_provider(MeterProvider([reader], resource=resource))


@contextmanager
def span(name: str, **attributes: str | float | bool) -> Iterator[Span]:
    """Trace a piece of work; an attribute outside `FIELDS` is dropped.

    An exception is recorded by its kind only: its text may hold what may not leave.
    """
    with _tracer.start_as_current_span(
        name, attributes=_cleaned(attributes), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as fault:
            current.set_status(Status(StatusCode.ERROR, type(fault).__name__))
            raise


def count_refusal(code: str, status: int) -> None:
    """Count a refusal by its code and status."""
    _refusals.add(1, {"code": code, "status": status})


def count_cells(cells: int, dialect: str, access: str) -> None:
    """Count cells that were served, by dialect and by how open they are."""
    _cells.add(cells, {"dialect": dialect, "access": access})


def traceparent() -> dict[str, str]:
    """Return the headers that carry the running trace to another service (W3C Trace Context)."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def outcome_of(status: int) -> str:
    """Return the word a city understands for a status: answered, refused, invalid or failed."""
    if status < 400:
        return "answered"
    if status in {401, 403, 404, 429}:
        return "refused"
    return "invalid" if status < 500 else "failed"


class Traces:
    """ASGI: one span and one count per request, named by its route and never by its address."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on inside a span of its own."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = datetime.now(UTC)
        token = context.attach(propagate.extract(_trace_headers(scope)))
        try:
            with _tracer.start_as_current_span(
                scope["method"], kind=SpanKind.SERVER, record_exception=False
            ) as current:
                try:
                    await self.app(scope, receive, noted)
                finally:
                    _finish(current, scope, status or 500, began)
        finally:
            context.detach(token)


def _trace_headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("ascii"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in {b"traceparent", b"tracestate"}
    }


def _finish(current: Span, scope: Scope, status: int, began: datetime) -> None:
    method = scope["method"]
    route = getattr(scope.get("route"), "path", "unrouted")
    outcome = outcome_of(status)
    labels = {"method": method, "route": route, "outcome": outcome}
    _requests.add(1, labels)
    _seconds.record((datetime.now(UTC) - began).total_seconds(), labels)
    if not current.is_recording():
        return
    current.update_name(f"{method} {route}")
    current.set_attributes({**labels, "http.response.status_code": status})
    if status >= 500:
        current.set_status(Status(StatusCode.ERROR))


def _cleaned(fields: Mapping[str, object]) -> dict[str, str | float | bool]:
    return {name: _clean(value) for name, value in fields.items() if name in FIELDS}


def _clean(value: object) -> str | float | bool:
    if isinstance(value, int | float | bool):
        return value
    return _SECRET.sub(_REMOVED, str(value))[:MAX_FIELD_CHARACTERS]


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, event, listed fields, and the trace it belongs to.

    The event is the message before its slots are filled: what would fill them may be a figure or a
    name. An exception is its kind and its place in the code, never its text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _clean(record.msg if isinstance(record.msg, str) else type(record.msg)),
            **_cleaned(record.__dict__),
        }
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])[-5:]
            line["kind"] = record.exc_info[0].__name__
            line["place"] = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
        spanning = trace.get_current_span().get_span_context()
        if spanning.is_valid:
            line["trace"] = f"{spanning.trace_id:032x}"
        return json.dumps(line, ensure_ascii=True)


def log_lines(level: int = logging.INFO) -> None:
    """Send the log of this process to standard error, one JSON object per line.

    Other libraries speak from `WARNING` up: below it they describe the content they handle.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("hanse").setLevel(level)
