"""The conversation with one node: asked without a name first, signed in where that is demanded.

Open data needs no issuer, so nobody's key is used and no issuer is told who reads what. Everything
a node answers is held against what it signed before it is believed.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

import pyarrow as pa
import pyarrow.compute as pc

from hanse.audit.proof import PROOF_BYTES_MAX
from hanse.client.answers import Model, expect, read
from hanse.client.cache import AnswerCache, Kept
from hanse.client.cells import MEDIA_TYPE, read_cells
from hanse.client.deadline import Deadline
from hanse.client.question import Question
from hanse.client.receipts import DRAWER, About, Drawer, Receipt, proven, read_receipt
from hanse.client.signin import Grant, Tokens
from hanse.client.verification import (
    NO_PIN,
    Pin,
    SignedManifest,
    check_body,
    open_feed,
    open_manifest,
)
from hanse.cube.period import read_period
from hanse.errors import Invalid, Unauthenticated
from hanse.outbound import Answer, Ask, Limits, Origin, Outbound
from hanse.wire import Explanation, Feed, Manifest

STATEMENT_BYTES: Final = 20_000_000
JOSE: Final = "application/jose"
JSON: Final = "application/json"
ARROW: Final = MEDIA_TYPE
SENTENCE_BYTES: Final = 1_000_000
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pulled:
    """Cells of one release, verified: from whom, which release, under which protocol and licence.

    `table` has the columns of a protected cube; text plain. `reused` says that the node confirmed
    an answer that was kept. `decision` names the node's record of this answer.
    """

    table: pa.Table
    node: str
    agency: str
    name: str
    release: str
    manifest: Manifest
    manifest_digest: str
    protocol: str = ""
    decision: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """A release by name; `digest` is the one that an answer said it is from, "" where none did."""

    dataset: str
    release: str
    digest: str = ""
    purpose: str = ""

    @property
    def path(self) -> str:
        """Where its signed manifest stands on a node."""
        dataset, release = (quote(name, safe="") for name in (self.dataset, self.release))
        return f"/v1/datasets/{dataset}/releases/{release}/manifest.jws"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request to a node: `dataset` is what its answer is about, "" for the node itself."""

    path: str
    accept: str = JSON
    dataset: str = ""
    purpose: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)


class Conversation:
    """Talks to the node at `url`; `pin` says whose it is and which keys it signs with."""

    def __init__(
        self,
        url: str,
        way: Outbound,
        *,
        tokens: Tokens | None = None,
        party: str = "",
        pin: Pin = NO_PIN,
        cache: AnswerCache | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.origin = Origin.of(self.url)
        self.way = way
        self.pin = pin
        self._tokens = tokens
        self._party = party
        self._cache = cache
        self._closed: set[str] = set()
        self._manifests: dict[str, SignedManifest] = {}
        self._sequence = 0

    async def ask(self, wanted: Wanted, within: Deadline, body_bytes: int = 0) -> Answer:
        """Ask, and sign in when the node wants to know who asks.

        A token that is refused is renewed once; a second no is `Unauthenticated`.
        """
        limits = within.limits(body_bytes)
        for _ in range(3):
            headers = await self.headers(wanted, within)
            answer = await self.way.fetch(self.request(wanted, headers, limits))
            if not self.may_try(answer, wanted, headers):
                return answer
        return answer

    async def headers(self, wanted: Wanted, within: Deadline) -> dict[str, str]:
        """Return the headers of a request, with a token where this dataset is known to want one."""
        told = {"Accept": wanted.accept, **wanted.headers}
        if wanted.purpose:
            told["Purpose"] = quote(wanted.purpose, safe=" -._~")
        if self._tokens is None or wanted.dataset not in self._closed:
            return told
        told["Exchange-Id"] = secrets.token_hex(16)  # both logs name it
        grant = Grant(self.url, purpose=wanted.purpose)
        return {**told, **await self._tokens.header(grant, within.seconds_left)}

    def request(self, wanted: Wanted, headers: Mapping[str, str], limits: Limits) -> Ask:
        """Return the request as it goes out, each try with its own proof where a key is proved."""
        ask = Ask(self.origin, self.url + wanted.path, headers=headers, limits=limits)
        return self._tokens.seal(ask) if self._tokens else ask

    def may_try(self, answer: Answer, wanted: Wanted, sent: Mapping[str, str]) -> bool:
        """After a 401: sign in if we had not, renew a token that was refused."""
        if answer.status != 401 or self._tokens is None:
            return False
        if self._tokens.note(self.origin, answer.headers):
            return True  # the token is good; the next proof carries the node's number
        if "Authorization" in sent:
            self._tokens.forget(Grant(self.url, purpose=wanted.purpose))
        self._closed.add(wanted.dataset)
        return True

    async def body(self, model: type[Model], wanted: Wanted, within: Deadline) -> Model:
        """Return a body of the node."""
        return read(model, expect(await self.ask(wanted, within, STATEMENT_BYTES)))

    async def feed(self, within: Deadline) -> Feed:
        """Return the node's signed snapshot; an older one than seen before is refused."""
        answer = expect(await self.ask(Wanted("/v1/feed", JOSE), within, STATEMENT_BYTES))
        feed = open_feed(answer.text(), self.pin, self.url, self._sequence)
        self._sequence = feed.sequence
        return feed

    async def manifest(self, edition: Edition, within: Deadline) -> SignedManifest:
        """Return the signed manifest of a release.

        Raises `Invalid` for a signature that does not hold, and for a manifest of something else.
        """
        signed = self._held(edition.digest) if edition.digest else None
        if signed is None:
            wanted = Wanted(edition.path, JOSE, edition.dataset, edition.purpose)
            answer = expect(await self.ask(wanted, within, STATEMENT_BYTES))
            signed = open_manifest(answer.text(), self.pin, self.url)
            self._keep(signed, answer.text())
        named = (signed.manifest.dataset, signed.manifest.release_id)
        if named != (edition.dataset, edition.release):
            raise Invalid("STATEMENT_OTHER", peer=self.url)
        if edition.digest and signed.digest != edition.digest:
            raise Invalid("STATEMENT_OTHER", peer=self.url)
        return signed

    def _held(self, digest: str) -> SignedManifest | None:
        if digest in self._manifests:
            return self._manifests[digest]
        statement = self._cache.manifest(digest) if self._cache else None
        if statement is None:
            return None
        try:
            signed = open_manifest(statement, self.pin, self.url)
        except Invalid:  # kept under an older pin, or damaged: the node is asked again
            return None
        return signed if signed.digest == digest else None

    def _keep(self, signed: SignedManifest, statement: str) -> None:
        self._manifests[signed.digest] = signed
        if self._cache:
            self._cache.put_manifest(signed.digest, statement)

    async def pull(self, question: Question, within: Deadline) -> Pulled:
        """Return the cells that a question opens.

        Verified: the body against its digest, the release against its signed manifest, and that
        nothing was answered that was not asked.
        """
        target = f"{question.target('arrow')}&codec=raw"
        key = question.digest(self.url, self._party, "arrow")
        kept = self._cache.find(key) if self._cache else None
        wanted = Wanted(target, ARROW, question.dataset, question.purpose, _unless(kept))
        answer = expect(await self.ask(wanted, within), (200, 304))
        reused = kept if answer.status == 304 else None
        headers = {**reused.headers} if reused else answer.headers
        body = reused.body if reused else answer.body
        check_body(headers, body, self.url)
        receipt = {name: answer.headers.get(name, "") for name in ("audit-receipt", "exchange-id")}
        signed = await self.signed(question, {**headers, **receipt}, within)
        table = read_cells(body, self.url)
        _check_scope(table, question, signed.manifest, self.url)
        if self._cache and not reused:
            self._cache.put(key, headers, body)
        return self.pulled(table, signed, answer.headers, reused=reused is not None)

    async def signed(
        self, question: Question, headers: Mapping[str, str], within: Deadline
    ) -> SignedManifest:
        """Return the signed manifest of the release that an answer says it is from."""
        release, digest = headers.get("release", ""), headers.get("release-digest", "")
        if not release or not digest:
            raise Invalid("STATEMENT_OTHER", peer=self.url)
        edition = Edition(question.dataset, release, digest, question.purpose)
        signed = await self.manifest(edition, within)
        self._receive(signed, headers, question.purpose)
        return signed

    def _receive(self, signed: SignedManifest, headers: Mapping[str, str], purpose: str) -> None:
        if self._cache is None or signed.manifest.access == "open":
            return
        about = About(
            node=self.url,
            agency=self.pin.agency,
            dataset=signed.manifest.dataset,
            release=signed.manifest.release_id,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            purpose=purpose,
        )
        receipt = read_receipt(headers, about)
        if receipt is not None:
            account = self._tokens.account if self._tokens else ""
            Drawer(self._cache.folder / DRAWER, account).keep(receipt)

    async def prove(self, receipt: Receipt, within: Deadline) -> Receipt:
        """Return a receipt with the node's proof of it, checked.

        Raises `Invalid` for a proof that does not hold, or that does not come yet.
        """
        path = f"/v1/receipts/{receipt.ref}"
        wanted = Wanted(path, "text/plain", receipt.dataset, receipt.purpose)
        answer = await self.ask(wanted, within, PROOF_BYTES_MAX)
        return proven(receipt, answer, self.pin.keys)

    def pulled(
        self,
        table: pa.Table,
        signed: SignedManifest,
        headers: Mapping[str, str],
        *,
        reused: bool = False,
    ) -> Pulled:
        """Say of verified cells where they came from."""
        return Pulled(
            table=table,
            node=self.url,
            agency=self.pin.agency,
            name=self.pin.name,
            release=signed.manifest.release_id,
            manifest=signed.manifest,
            manifest_digest=signed.digest,
            protocol=headers.get("protocol", ""),
            decision=headers.get("decision", ""),
            reused=reused,
        )

    async def explain(self, question: Question, within: Deadline) -> Explanation:
        """Return why a cell is what it is, or why a question is refused."""
        told = {
            "indicator": ",".join(question.indicators),
            "area": ",".join(question.areas),
            "level": question.level,
            "period": question.periods,
        }
        query = urlencode({name: value for name, value in told.items() if value}, safe=",:@")
        path = f"/v1/datasets/{quote(question.dataset, safe='')}/explain?{query}"
        wanted = Wanted(path, dataset=question.dataset, purpose=question.purpose)
        return read(Explanation, expect(await self.ask(wanted, within, SENTENCE_BYTES)))

    async def sign_in(self, purpose: str, within: Deadline) -> None:
        """Get a token for this node, to see whether that works; raises what stands in the way."""
        if self._tokens is None:
            raise Unauthenticated("PEER_SIGN_IN", peer=self.url)
        await self._tokens.header(Grant(self.url, purpose=purpose), within.seconds_left)


def _unless(kept: Kept | None) -> Mapping[str, str]:
    return {"If-None-Match": kept.etag} if kept else NOTHING


def _check_scope(table: pa.Table, question: Question, manifest: Manifest, peer: str) -> None:
    """Refuse cells of an indicator that was not asked for, or that the manifest does not list."""
    for spelled in pc.unique(table.column("period")).to_pylist():
        read_period(spelled)
    answered = set(pc.unique(table.column("indicator")).to_pylist())
    listed = {entry.id for entry in manifest.indicators}
    asked = set(question.indicators) or listed
    levels = set(pc.unique(table.column("level")).to_pylist())
    elsewhere = bool(question.level) and not levels <= set(question.level.split(","))
    if not answered <= listed & asked or elsewhere:
        raise Invalid("ANSWER_CELLS", peer=peer)
