"""A second, minimal implementation of a node's surface: releases in memory, real signatures.

It speaks what the SDK needs and can be told to behave badly in one way (`mood`).
"""

import base64
import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet
from tests.support import proofs
from tests.support.tiny_server import Request, Response

from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import FEED, MANIFEST, SigningKey, sign

PUBLISHED = "2026-03-02T09:00:00Z"
Row = tuple[str, str, str, str, float | None, str]
"""Indicator, level, area, period, value, public observation status."""


def cells(rows: list[Row], **breakdown: str) -> pa.Table:
    """Return a protected table of these rows, all in one category of each breakdown."""
    names = ("indicator", "level", "area", "period")
    columns: dict[str, pa.Array] = {
        name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)
    }
    for name, code in breakdown.items():
        columns[name] = pa.array([code] * len(rows), pa.string())
    columns["obs_value"] = pa.array([row[4] for row in rows], pa.float64())
    columns["obs_status"] = pa.array([row[5] for row in rows], pa.string())
    conf = ["C" if row[5] == "Q" else "F" for row in rows]
    columns["conf_status"] = pa.array(conf, pa.string())
    return pa.table(columns)


@dataclass(slots=True)
class TinyRelease:
    """One release of one dataset; `facts` go into every indicator's entry."""

    table: pa.Table
    slug: str = "energie"
    release_id: str = "2025.1"
    access: str = "open"
    purposes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def levels(self) -> list[str]:
        return sorted(set(self.table.column("level").to_pylist()))

    @property
    def periods(self) -> list[str]:
        return sorted(set(self.table.column("period").to_pylist()))

    def entries(self) -> list[dict[str, Any]]:
        ids = sorted(set(self.table.column("indicator").to_pylist()))
        return [_entry(each) | self.facts for each in ids]

    def manifest(self, agency: str) -> dict[str, Any]:
        """Return the manifest, before it is made canonical."""
        nothing = "sha-256:" + "0" * 64
        hidden = self.table.column("obs_status").to_pylist().count("Q")
        return {
            "schema": 1,
            "dataset": self.slug,
            "agency": agency,
            "release_id": self.release_id,
            "release_no": 1,
            "published_at": PUBLISHED,
            "contract": nothing,
            "contract_version": "1.0.0",
            "profile": "standaard-5",
            "profile_digest": nothing,
            "title": {"nl": self.slug},
            "description": {"nl": self.slug},
            "theme": "energie",
            "access": self.access,
            "licence": "CC-BY-4.0",
            "contact": "data@stad.example",
            "indicators": self.entries(),
            "coverage": {
                "cells": self.table.num_rows,
                "hidden": hidden,
                "areas": len(set(self.table.column("area").to_pylist())),
                "indicators": len(self.entries()),
                "periods": self.periods,
                "levels": self.levels,
            },
            "parts": [],
        }


def _entry(indicator: str) -> dict[str, Any]:
    return {
        "id": indicator,
        "name": {"nl": indicator},
        "description": {"nl": indicator},
        "unit": "kWh",
        "measure_type": "amount",
        "aggregation": "sum",
        "definition_version": "1.0.0",
        "reference_point": "during-period",
        "method": "register",
    }


class TinyNode:
    """One node; `mood` is how it behaves, `tokens` what it accepts (token → purpose)."""

    def __init__(
        self,
        agency: str,
        name: str,
        releases: list[TinyRelease],
        mood: str = "well",
        tokens: dict[str, str] | None = None,
    ) -> None:
        self.agency, self.name, self.releases, self.mood = agency, name, releases, mood
        self.tokens = {} if tokens is None else tokens
        self.bound: dict[str, str] = {}
        self.proofs: set[str] = set()
        self.key = SigningKey.generate()
        self.forger = SigningKey.generate()
        self.url = ""
        self.issuers: list[str] = []
        self.sequence = 7
        self.seen: list[Request] = []
        self.cut_once: int | None = None
        self.ranges_from = 0
        self.explanation: dict[str, Any] = {"outcome": "hidden", "sentence": "Verborgen."}

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        if self.mood in {"hangs", "drips"} and request.path.endswith("/data"):
            answer = self._answer(request)
            return dataclasses.replace(answer, hang=self.mood == "hangs", drip=self.mood == "drips")
        if self.mood == "busy":
            return Response(503)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if path == "/.well-known/oauth-protected-resource":
            return _json(
                {
                    "resource": "http://127.0.0.9:1" if self.mood == "poses" else self.url,
                    "authorization_servers": ["http://127.0.0.9:2"]
                    if self.mood == "misleads"
                    else self.issuers,
                }
            )
        if path == "/v1/node":
            told = {"base_url": self.url, "feed": "", "datasets": "", "software": "tiny"}
            blank = {"kbo": "", "territory": "", "contact": "", "issuers": []}
            return _json({"agency": self.agency, "name": self.name, **told, **blank})
        if path == "/v1/feed":
            return self._statement(self._feed(), FEED)
        for release in self.releases:
            if path.startswith(f"/v1/datasets/{release.slug}/"):
                return self._dataset(release, path.split("/")[4:], request)
        return _problem(404, "NOT_FOUND")

    def _dataset(self, release: TinyRelease, rest: list[str], request: Request) -> Response:
        barred = self._barred(release, request)
        if barred:
            return barred
        if rest[0] == "releases" and rest[1:] == [release.release_id, "manifest.jws"]:
            return self._statement(self._manifest(release), MANIFEST)
        if rest[0] in {"data", "data.parquet"}:
            return self._data(release, request)
        if rest[0] == "explain":
            return _json(self.explanation)
        return _problem(404, "NOT_FOUND")

    def _barred(self, release: TinyRelease, request: Request) -> Response | None:
        if release.access == "open":
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if token not in self.tokens or not self._proved(scheme, token, request):
            challenge = {"WWW-Authenticate": 'Bearer realm="hanse"', "Cache-Control": "no-store"}
            return dataclasses.replace(_problem(401, "UNAUTHENTICATED"), headers=challenge)
        purpose = request.headers.get("purpose", "")
        if request.path.endswith("/data") and purpose not in release.purposes:
            return _problem(403, "PURPOSE_NOT_AGREED")
        return None

    def _proved(self, scheme: str, token: str, request: Request) -> bool:
        """Check the proof of a bound token: its key, what it is about, and that it is new."""
        if token not in self.bound:
            return scheme == "Bearer"
        value = request.headers.get("dpop", "")
        held = proofs.holder(value, request.method, self.url + request.path, token)
        fresh = value not in self.proofs
        self.proofs.add(value)
        return scheme == "DPoP" and held == self.bound[token] and fresh

    def _data(self, release: TinyRelease, request: Request) -> Response:
        table = _chosen(release.table, request.query)
        if self.mood == "answers else":
            table = cells([("v9999", "gemeente@2025", "11002", "2021", 1.0, "A")])
        kind = "parquet" if request.path.endswith(".parquet") else request.query["format"]
        body = _rendered(table, kind)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        known = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
        headers = {
            "Release": release.release_id,
            "Release-Digest": digest(canonical(release.manifest(self.agency))),
            "ETag": etag,
            "Repr-Digest": f"sha-256=:{known}:",
            "Protocol": "open" if release.access == "open" else "urn:protocol:test v1",
            "Decision": "D-1",
            "Cache-Control": "public" if release.access == "open" else "private, no-store",
        }
        if request.headers.get("if-none-match") == etag:
            return Response(304, headers)
        if self.mood == "says no digest":
            del headers["Repr-Digest"]
        if self.mood == "says an odd digest":
            headers["Repr-Digest"] = "md5=:AAAA:, sha-256=:?:"
        if self.mood == "says no release":
            del headers["Release"]
        if self.mood == "tampers":
            body = body[:-20] + bytes(20)
        return self._ranged(request, headers, body, etag)

    def _ranged(
        self, request: Request, headers: dict[str, str], body: bytes, etag: str
    ) -> Response:
        cut, self.cut_once = self.cut_once, None
        asked = request.headers.get("range", "")
        if asked and request.headers.get("if-range") == etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            start += self.ranges_from
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return Response(206, headers, body[start:], cut)
        return Response(200, headers, body, cut)

    def _manifest(self, release: TinyRelease) -> dict[str, Any]:
        manifest = release.manifest(self.agency)
        if self.mood == "mixes":
            return manifest | {"release_id": "2024.9"}
        return manifest | {"agency": "NIS99999"} if self.mood == "borrows" else manifest

    def _feed(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "agency": self.agency,
            "name": self.name,
            "kbo": "",
            "base_url": self.url,
            "sequence": self.sequence,
            "issued_at": PUBLISHED,
            "software": "tiny",
            "datasets": [],
        }

    def _statement(self, document: dict[str, Any], typ: str) -> Response:
        key = self.forger if self.mood == "lies" else self.key
        statement = sign(canonical(document), typ, key)
        return Response(200, {"Content-Type": "application/jose"}, statement.encode("ascii"))

    def member(self) -> dict[str, Any]:
        """Return how the catalogue's register knows it."""
        return {
            "agency": self.agency,
            "name": self.name,
            "kbo": "",
            "base_url": self.url,
            "status": "active",
            "keys": [self.key.public_jwk()],
            "harvest": {"state": "fresh", "age_seconds": 60},
        }

    def publications(self, indicator: str) -> list[dict[str, Any]]:
        """Return the index's lines about an indicator."""
        return [
            {
                "agency": self.agency,
                "agency_name": self.name,
                "base_url": self.url,
                "dataset": release.slug,
                "title": {"nl": release.slug},
                "theme": "energie",
                "access": release.access,
                "licence": "CC-BY-4.0",
                "contact": "",
                "profile": "standaard-5",
                "levels": release.levels,
                "periods": release.periods,
                "current": self._current(release),
                "indicator": entry,
                "harvest": {"state": "fresh", "age_seconds": 60},
            }
            for release in self.releases
            for entry in release.entries()
            if entry["id"] == indicator
        ]

    def _current(self, release: TinyRelease) -> dict[str, Any]:
        return {
            "release_id": release.release_id,
            "release_no": 1,
            "manifest": digest(canonical(release.manifest(self.agency))),
            "published_at": PUBLISHED,
        }

    def indexed(self) -> list[dict[str, Any]]:
        """Return the index's lines about its datasets."""
        return [
            {
                "agency": self.agency,
                "agency_name": self.name,
                "base_url": self.url,
                "dataset": {
                    "current": self._current(release),
                    "slug": release.slug,
                    "title": {"nl": release.slug},
                    "description": {"nl": release.slug},
                    "theme": "energie",
                    "access": release.access,
                    "licence": "CC-BY-4.0",
                    "contact": "",
                    "contract_version": "1.0.0",
                    "profile": "standaard-5",
                    "indicators": release.entries(),
                    "levels": release.levels,
                    "periods": release.periods,
                },
                "absent": False,
                "tombstones": [],
                "harvest": {"state": "fresh", "age_seconds": 60},
            }
            for release in self.releases
        ]


def _chosen(table: pa.Table, query: dict[str, str]) -> pa.Table:
    names = {"indicator": "indicator", "level": "level", "area": "area"}
    kept = table.to_pylist()
    for parameter, column in names.items():
        if parameter in query:
            wanted = set(query[parameter].split(","))
            kept = [row for row in kept if row[column] in wanted]
    if "period" in query:
        start, _, end = query["period"].partition(":")
        end = end if ":" in query["period"] else start
        kept = [row for row in kept if (start or "0") <= row["period"] <= (end or "9999")]
    return pa.Table.from_pylist(kept, table.schema)


def _rendered(table: pa.Table, kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == "parquet":
        parquet.write_table(table, sink, store_schema=False)
    elif kind == "csv":
        csv.write_csv(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    return sink.getvalue()


def _json(document: object, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


def _problem(status: int, code: str) -> Response:
    told = {"type": "about:blank", "title": code, "status": status, "code": code}
    why = {"detail": f"{code} \x1b[31m", "why": "because", "now": "ask"}
    headers = {"Content-Type": "application/problem+json"}
    return Response(status, headers, json.dumps(told | why).encode())
