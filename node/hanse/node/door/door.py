"""The one door figures leave by: decide, open, scrub, record.

Who asks is known when they come here, and rendering comes after. What may not be known to exist is
not here: a stranger's question about it and about nothing at all have one answer.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Engine

from hanse import telemetry
from hanse.audit.entry import Sealed
from hanse.auth.principal import Principal
from hanse.auth.tokens import Revocations
from hanse.cube.changes import Transition
from hanse.cube.cleared import scrub
from hanse.cube.contract import Access
from hanse.cube.query import Extent, Query
from hanse.errors import Invalid, NotFound, Refused, Unauthenticated
from hanse.node import record, shape
from hanse.node.answer import Answer, Cell, Changed, Described, Format, Permitted
from hanse.node.door.case import (
    Case,
    asked_part,
    first_permit,
    known,
    opened,
    part_of,
    request_of,
    shape_of,
)
from hanse.node.door.certified import certified
from hanse.node.record import Decision
from hanse.node.releases import manifest, tables
from hanse.node.releases.cells import Codec
from hanse.node.tables import moment
from hanse.node.world import Offer, Worlds
from hanse.policies.decision import Check, NotPermitted, Permit, decide
from hanse.policies.protocol import TIME_ZONE
from hanse.policies.register import Register
from hanse.policies.request import AXES
from hanse.store.session import reading

_ZONE = ZoneInfo(TIME_ZONE)
_SHAPES_MAX = 64

log = logging.getLogger(__name__)


class Door:
    """Decides and opens for one node.

    `clock` gives the moment, with its time zone; `guard` returns what is revoked, and raises while
    what is not open has to wait.
    """

    def __init__(
        self,
        engine: Engine,
        home: Path,
        clock: Callable[[], datetime],
        *,
        guard: Callable[[], Revocations],
        record_open: bool = True,
    ) -> None:
        self._engine = engine
        self._home = home
        self._clock = clock
        self._record_open = record_open
        self._guard = guard
        self._journal = record.journal(engine)
        self.worlds = Worlds(engine, home, self._today)

    def close(self) -> None:
        """Let go of the database."""
        self._journal.close()
        self.worlds.close()

    def paused(self) -> AbstractContextManager[None]:
        """Record nothing for the length of a block: whoever wants to waits, and goes on after."""
        return self._journal.paused()

    def answer(
        self,
        principal: Principal,
        query: Query,
        purpose: str | None,
        form: Format,
        codec: Codec = "raw",
        exchange: str = "",
    ) -> Answer:
        """Return the cells that one protocol opens of what is asked.

        Raises `Unauthenticated` where nobody asks for what is not open, `NotFound` for what whoever
        asks may not know of, `NotPermitted` (recorded) for what no protocol opens, `Invalid` for a
        code that does not exist, `Unavailable` where the decision cannot be recorded.
        """
        case = replace(self._case(principal, query, purpose, form), exchange=exchange)
        permit = self._permit(case, query)
        extent = permit.extent
        found = opened(case, query, extent, form, codec)
        sealed = self._record(case, permit, found.rows, found.hidden)
        telemetry.count_cells(found.rows, form, case.offer.contract.access.value)
        return Answer(
            manifest=case.cells.manifest,
            digest=case.cells.digest,
            permit=permit,
            extent=extent,
            decision=sealed.ref if sealed else "",
            rows=found.rows,
            cleared=found.cleared,
            runs=found.runs,
            file=found.file,
            receipt=sealed.receipt if sealed else "",
            exchange=exchange,
            pieces=found.pieces,
        )

    def again(
        self, principal: Principal, query: Query, purpose: str | None, form: Format
    ) -> Answer:
        """Return the file of an answer anew, for a reader who fetches it in parts.

        Decided as `answer` decides, refusals recorded; what leaves was recorded when the reader was
        told of the file.
        """
        case = self._case(principal, query, purpose, form)
        permit = self._permit(case, query)
        found = opened(case, query, permit.extent, form, "raw")
        held = case.cells
        return Answer(held.manifest, held.digest, permit, permit.extent, "", found.rows,
                      file=found.file)  # fmt: skip

    def permitted(self, principal: Principal, dataset: str, purpose: str | None) -> Permitted:
        """Return what may be asked: every axis as far as the protocol that opens least opens it.

        No figure leaves, so nothing is recorded; refusals are those of `answer`.
        """
        query = Query(dataset, permitted_only=True)
        case = self._case(principal, query, purpose, "")
        permit = _in_force(case, first_permit(case, part_of(case, query), self._today()))
        return Permitted(case.cells.manifest, case.cells.digest, permit, permit.extent)

    def described(
        self,
        principal: Principal,
        query: Query,
        purpose: str | None,
        form: Format,
    ) -> Described:
        """Return what a release has for whoever asks in one format.

        Axes that the question leaves open go as far as the protocol opens them. No figure leaves,
        so nothing is recorded; refusals are those of `answer`.
        """
        asked = replace(query, permitted_only=True)
        case = self._case(principal, asked, purpose, form)
        part = part_of(case, asked)
        asking = request_of(case, part, part.silent)
        permit = _in_force(case, decide(asking, case.world.register, self._today()))
        return Described(
            case.cells.manifest,
            case.cells.digest,
            permit,
            permit.extent,
            shape_of(case.cells),
            case.world.register.hash,
            case.world.registry,
        )

    def changed(
        self,
        principal: Principal,
        query: Query,
        purpose: str | None,
        form: Format,
        since: datetime,
    ) -> Changed:
        """Return what changed for whoever asks since a moment, by the rights of today.

        Compared with the release that was current then, a withdrawn one too: of that, no more than
        keys leave. Refusals and records are those of `answer`.
        """
        case = self._case(principal, query, purpose, form)
        return self._changed(case, query, self._current_at(query.dataset, since))

    def stepped(
        self,
        principal: Principal,
        query: Query,
        purpose: str | None,
        form: Format,
        earlier: str | None,
    ) -> Changed:
        """Return what `changed` does, since a release by its name; None is since nothing."""
        case = self._case(principal, query, purpose, form)
        base: tables.ReleaseRow | None = None
        if earlier is not None:
            with reading(self._engine) as session:
                base = tables.named(session, query.dataset, earlier)
        return self._changed(case, query, base)

    def _changed(self, case: Case, query: Query, base: tables.ReleaseRow | None) -> Changed:
        permit = self._permit(case, query)
        newer = case.cells.select(permit.extent)
        older = newer.slice(0, 0) if base is None else self._older(case, query, base)
        found = Transition(older, newer)
        sealed = self._record(case, permit, found.rows, found.hidden)
        return Changed(
            manifest=case.cells.manifest,
            digest=case.cells.digest,
            permit=permit,
            decision=sealed.ref if sealed else "",
            since=base.release_id if base else None,
            changes=found,
            receipt=sealed.receipt if sealed else "",
        )

    def _current_at(self, dataset: str, at: datetime) -> tables.ReleaseRow | None:
        moment_ = moment(at)
        with reading(self._engine) as session:
            rows = tables.history(session, dataset)
        held = (row for row in rows if row.published_at <= moment_)
        return next(
            (row for row in held if not row.withdrawn_at or row.withdrawn_at > moment_), None
        )

    def _older(self, case: Case, query: Query, base: tables.ReleaseRow) -> pa.Table:
        cells = certified(manifest.folder_of(self._home, base.digest))
        then = replace(case, cells=cells, release_id=base.release_id)
        part = shape.part(shape_of(cells), shape.clipped(shape_of(cells), query))
        try:
            narrow = part.silent if query.permitted_only else frozenset[str]()
            permit = decide(request_of(then, part, narrow), case.world.register, self._today())
        except NotPermitted:
            return cells.select(Extent()).slice(0, 0)
        return cells.select(permit.extent)

    def explain(self, principal: Principal, query: Query, purpose: str | None) -> Cell:
        """Return the status of one cell, None where the release has no such cell.

        Which kind of hidden a cell is stays in the house; refusals are those of `answer`.
        """
        case = self._case(principal, query, purpose, "json")
        permit = self._permit(case, query)
        cleared = scrub(case.cells.select(permit.extent))
        table = cleared.table
        if table.num_rows > 1:
            raise Invalid("EXPLAIN_ONE_CELL", cells=table.num_rows)
        self._record(case, permit, cleared.rows, cleared.hidden)
        status = table.column("obs_status")[0].as_py() if table.num_rows else None
        return Cell(case.cells.manifest, permit, status)

    def visible(self, principal: Principal) -> tuple[Offer, ...]:
        """Return the datasets that whoever asks may know of, by slug."""
        world = self.worlds.current()
        return tuple(
            offer
            for slug in sorted(world.offers)
            if (offer := world.offer(slug)) and world.known_to(offer, principal.client_id)
        )

    def offer(self, principal: Principal, slug: str) -> Offer:
        """Return a dataset that whoever asks may know of; see `answer` for what is raised else."""
        return known(self.worlds.current(), principal, slug)

    def register(self) -> Register:
        """Return the register in force."""
        return self.worlds.current().register

    def stands(self, permit: Permit) -> bool:
        """Say whether a permit would be given now, by the same text: asked while bytes leave."""
        if not permit.everybody and _revoked(permit, self._guard()):
            return False
        try:
            again = decide(permit.request, self.worlds.current().register, self._today())
        except NotPermitted:
            return False
        return again.content_hash == permit.content_hash

    def _today(self) -> date:
        return self._clock().astimezone(_ZONE).date()

    def _case(self, principal: Principal, query: Query, purpose: str | None, form: str) -> Case:
        world = self.worlds.current()
        offer = known(world, principal, query.dataset)
        if not principal.known and offer.contract.access is not Access.OPEN:
            raise Unauthenticated("SIGN_IN_NEEDED")
        governed = offer.contract.access is not Access.OPEN
        revoked = self._guard().protocols if governed else frozenset[str]()
        if not principal.reaches(offer.slug):
            raise Refused("FEED_TOKEN_DATASET", dataset=offer.slug)
        if None not in (purpose, principal.purpose) and purpose != principal.purpose:
            raise Refused("PURPOSE_DIFFERS")
        release_id, digest = self._release(offer, query.release)
        cells = certified(manifest.folder_of(self._home, digest))
        asked_for = purpose or principal.purpose
        return Case(world, offer, principal, asked_for, form, cells, release_id, revoked)

    def _release(self, offer: Offer, release_id: str | None) -> tuple[str, str]:
        if offer.release_id is None or offer.digest is None:
            raise NotFound("RELEASE_NONE", dataset=offer.slug)
        if release_id in (None, offer.release_id):
            return offer.release_id, offer.digest
        with reading(self._engine) as session:
            found = tables.find(session, offer.slug, release_id)
        return found.release_id, found.digest

    def _permit(self, case: Case, query: Query) -> Permit:
        today = self._today()
        try:
            try:
                part = part_of(case, query)
            except Invalid:
                # Codes are told only to whoever may see something of the dataset.
                decide(
                    request_of(case, part_of(case, Query(query.dataset)), AXES),
                    case.world.register,
                    today,
                )
                raise
            narrow = part.silent if query.permitted_only else frozenset[str]()
            return _in_force(
                case, decide(request_of(case, part, narrow), case.world.register, today)
            )
        except NotPermitted as refusal:
            raise refusal.recorded(self._record_refusal(case, query, refusal)) from None

    def _record(self, case: Case, permit: Permit, rows: int, hidden: int) -> Sealed | None:
        if permit.everybody and not self._record_open:
            return None
        decision = Decision(
            request=permit.request,
            release_id=case.release_id,
            manifest=case.cells.digest,
            register_hash=case.world.register.hash,
            checks=(),  # every one of them passed
            party=case.principal.party,
            protocol=permit.protocol,
            protocol_version=permit.version,
            content_hash=permit.content_hash,
            rows=rows,
            hidden=hidden,
            exchange=case.exchange,
            credential=case.principal.credential,
            user=case.principal.user,
        )
        return record.write(self._journal, decision, self._clock())

    def _record_refusal(self, case: Case, query: Query, refusal: NotPermitted) -> str:
        if refusal.code == "DECISION_KEY" and case.principal.bound:
            # A right token for a key that no protocol names: its issuer is wrong, or was taken.
            log.error("token.key_not_named", extra={"client": case.principal.client_id})
        decision = Decision(
            request=request_of(case, asked_part(case, query), frozenset()),
            release_id=case.release_id,
            manifest=case.cells.digest,
            register_hash=case.world.register.hash,
            checks=refusal.checks,
            party=case.principal.party,
            code=refusal.code,
            protocol=refusal.protocol,
            exchange=case.exchange,
            credential=case.principal.credential,
            user=case.principal.user,
        )
        return record.write(self._journal, decision, self._clock()).ref


def _revoked(permit: Permit, revoked: Revocations) -> bool:
    """Say whether the protocol, the client or the key a permit rests on was revoked since."""
    asked = permit.request
    return (
        permit.protocol in revoked.protocols
        or asked.client in revoked.clients
        or asked.thumbprint in revoked.thumbprints
    )


def _in_force(case: Case, permit: Permit) -> Permit:
    """Return a permit unless its protocol was revoked elsewhere."""
    if permit.protocol in case.revoked:
        ended = Check("status", False, permit.protocol, "revoked", "id")
        raise NotPermitted(ended, permit.protocol)
    return permit
