"""Nodes as a catalogue sees them: datasets, a signed feed with its sequence, an application."""

import io
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import pyarrow as pa

from hanse.cube.cells import protected_schema
from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import FEED, MANIFEST, SigningKey, sign
from hanse.wire import (
    Coverage,
    DatasetEntry,
    Feed,
    IndicatorEntry,
    Manifest,
    ReleaseEntry,
    Tombstone,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def indicator(indicator_id: str = "inwoners", nl: str = "Inwoners", **given: Any) -> IndicatorEntry:
    """Return an indicator that is complete in what `given` leaves out."""
    return IndicatorEntry(
        **{
            "id": indicator_id,
            "name": {"nl": nl, "en": f"{nl} (en)", "fr": f"{nl} (fr)"},
            "description": {"nl": f"{nl} op 1 januari"},
            "unit": "personen",
            "measure_type": "count",
            "aggregation": "sum",
            "definition_version": "1.0.0",
            "reference_point": "P1D@01-01",
            "source": "Rijksregister",
            **given,
        }
    )


def release(number: int = 1, of: str = "bevolking") -> ReleaseEntry:
    """Return a release whose digest follows from its number and dataset."""
    return ReleaseEntry(
        release_id=f"2026-03-{number:02}.1",
        release_no=number,
        manifest=digest(f"{of}{number}".encode()),
        published_at=NOW,
        coverage=Coverage(
            cells=100, hidden=3, areas=20, indicators=1, periods=["2024"], levels=["wijk@2025"]
        ),
    )


def dataset(slug: str = "bevolking", **given: Any) -> DatasetEntry:
    """Return a dataset that is complete in what `given` leaves out."""
    return DatasetEntry(
        **{
            "slug": slug,
            "title": {"nl": slug.capitalize(), "en": slug.capitalize(), "fr": slug.capitalize()},
            "description": {"nl": f"Alles over {slug}"},
            "theme": "demografie",
            "access": "open",
            "licence": "CC-BY-4.0",
            "contact": "data@example.org",
            "contract_version": "1.0.0",
            "profile": "standaard-5",
            "indicators": [indicator()],
            "levels": ["gemeente@2025", "wijk@2025"],
            "periods": ["2023", "2024"],
            "current": release(of=slug),
            **given,
        }
    )


def tombstone(slug: str, number: int = 1) -> Tombstone:
    """Return the withdrawal of a whole dataset."""
    reason = {"nl": "Fout in de bron", "en": "Fault in the source", "fr": "Erreur à la source"}
    return Tombstone(kind="dataset", id=slug, release_no=number, at=NOW, reason=reason)


@dataclass
class FeedNode:
    """A node that serves nothing but its feed; what it says can be changed between looks."""

    agency: str = "NIS41002"
    name: str = "Aalst"
    base_url: str = "http://127.0.0.1:8101"
    key: SigningKey = field(default_factory=SigningKey.generate)
    sequence: int = 1
    datasets: list[DatasetEntry] = field(default_factory=lambda: [dataset()])
    tombstones: list[Tombstone] = field(default_factory=list)
    asked: list[dict[bytes, bytes]] = field(default_factory=list)

    def feed(self) -> Feed:
        """Return the snapshot as it stands."""
        return Feed(
            agency=self.agency,
            name=self.name,
            kbo="0207437270",
            base_url=self.base_url,
            sequence=self.sequence,
            issued_at=NOW,
            software="hanse 0.1.0",
            datasets=self.datasets,
            tombstones=self.tombstones,
        )

    def statement(self) -> str:
        """Return the signed snapshot."""
        return sign(content(self.feed()), FEED, self.key)

    def publish(self, *datasets: DatasetEntry) -> "FeedNode":
        """Say something new under the next sequence."""
        self.datasets = list(datasets)
        self.sequence += 1
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as a node does: the statement, or 304 for a caller who has it."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        self.asked.append(headers)
        body = self.statement().encode("ascii")
        etag = f'"{digest(content(self.feed()))}"'.encode("ascii")
        known = headers.get(b"if-none-match") == etag
        answered = [(b"etag", etag), (b"content-type", b"application/jose")]
        status = 304 if known else 200
        await send({"type": "http.response.start", "status": status, "headers": answered})
        await send({"type": "http.response.body", "body": b"" if known else body})


def content(feed: Feed) -> bytes:
    """Return the bytes of a snapshot that are signed."""
    return canonical(feed.model_dump(mode="json", by_alias=True))


Cell = tuple[str, str, str, float | None, str]
"""Level, area, period, value, public status."""


@dataclass
class DataNode(FeedNode):
    """A node that also serves the cells of its open datasets, as the client wants them proven."""

    cells: dict[str, list[Cell]] = field(default_factory=dict)
    pulled: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the feed, a signed manifest, or cells."""
        parts = scope.get("path", "").strip("/").split("/")
        if parts[:2] != ["v1", "datasets"]:
            await super().__call__(scope, receive, send)
            return
        self.pulled.append(scope["query_string"].decode("ascii"))
        entry = next(each for each in self.datasets if each.slug == parts[2])
        manifest = self.manifest(entry)
        headers = [(b"release", manifest.release_id.encode("ascii"))]
        if parts[-1] == "manifest.jws":
            body = sign(document(manifest), MANIFEST, self.key).encode("ascii")
            headers.append((b"content-type", b"application/jose"))
        else:
            body = self.arrow(entry, parse_qs(scope["query_string"].decode("ascii")))
            proof = b64encode(sha256(body).digest())
            headers += [
                (b"content-type", b"application/vnd.apache.arrow.stream"),
                (b"release-digest", digest(document(manifest)).encode("ascii")),
                (b"repr-digest", b"sha-256=:" + proof + b":"),
            ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def arrow(self, entry: DatasetEntry, asked: dict[str, list[str]]) -> bytes:
        """Return the cells that are asked for as an Arrow stream."""
        wanted = {name: set(values[0].split(",")) for name, values in asked.items()}
        rows = [
            {
                "indicator": indicator_id,
                "level": level,
                "area": area,
                "period": period,
                "obs_value": value,
                "obs_status": status,
                "conf_status": "C" if status == "Q" else "F",
            }
            for indicator_id in (each.id for each in entry.indicators)
            for level, area, period, value, status in self.cells.get(entry.slug, [])
            if indicator_id in wanted["indicator"]
            and level in wanted.get("level", {level})
            and area in wanted.get("area", {area})
            and period in wanted.get("period", {period})
        ]
        schema = pa.schema(
            [
                pa.field(each.name, pa.float64() if each.name == "obs_value" else pa.string())
                for each in protected_schema()
            ]
        )
        held = io.BytesIO()
        with pa.ipc.new_stream(held, schema) as stream:
            stream.write_table(pa.Table.from_pylist(rows, schema))
        return held.getvalue()

    def manifest(self, entry: DatasetEntry) -> Manifest:
        """Return the manifest of a dataset's current release."""
        current = entry.current
        assert current is not None
        assert current.coverage is not None
        return Manifest(
            dataset=entry.slug,
            agency=self.agency,
            release_id=current.release_id,
            release_no=current.release_no,
            published_at=current.published_at,
            contract=digest(b"contract"),
            contract_version=entry.contract_version,
            profile=entry.profile,
            profile_digest=digest(b"profile"),
            title=entry.title,
            description=entry.description,
            theme=entry.theme,
            access=entry.access,
            licence=entry.licence,
            contact=entry.contact,
            indicators=entry.indicators,
            coverage=current.coverage,
            parts=[],
        )


def document(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest that are signed."""
    return canonical(manifest.model_dump(mode="json", by_alias=True))
