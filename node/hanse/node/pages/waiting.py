"""The pages of the second person: which proposals wait, what each would change, yes or no."""

from dataclasses import dataclass
from itertools import groupby, islice
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Engine
from starlette.responses import Response

from hanse.audit.entry import Entry
from hanse.errors import HanseError, NotFound, Refused
from hanse.messages import catalogue, explain, nearest
from hanse.node import log, membership, proposals, publish
from hanse.node.checking import Finding
from hanse.node.desk import Desk
from hanse.node.intake import draft as drafts
from hanse.node.pages.visitors import Visitors, private, sent_on
from hanse.node.people import Duty
from hanse.node.press import open_press
from hanse.node.proposals import ProposalRow
from hanse.node.publish import Intent, Kind, Prepared
from hanse.node.sessions import Signed
from hanse.node.tables import read_moment
from hanse.node.world import Worlds
from hanse.outbound import Transport
from hanse.store.session import reading, transaction
from hanse.web import render
from hanse.web.forms import Form
from hanse.web.language import PageLanguage

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]

LIST_MAX = 50
"""How many changes, findings and codes of one kind a page names."""

FINDINGS_SHOWN = 3
"""How many findings of one rule a page tells in full."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the second person's pages work with; `transport` replaces the network."""

    desk: Desk
    worlds: Worlds
    transport: Transport | None = None


def routes(table: Table) -> APIRouter:
    """Return the pages of proposals."""
    router = APIRouter(include_in_schema=False)
    desk, visitors = table.desk, Visitors(table.desk)
    seeing = Depends(visitors.who(Duty.SEE_PROPOSALS))

    @router.get("/{lang}/proposals")
    def waiting(
        request: Request, lang: PageLanguage, signed: Annotated[Signed, seeing]
    ) -> Response:
        with reading(desk.engine) as session:
            rows = proposals.waiting(session)
        lines = [_line(table, row, lang) for row in rows]
        return _page(visitors, request, "node_proposals.html", lines=lines)

    @router.get("/{lang}/proposals/{number}")
    def one(
        request: Request, lang: PageLanguage, number: Number, signed: Annotated[Signed, seeing]
    ) -> Response:
        row = _row(desk.engine, number)
        shown = _difference(table, row, lang)
        may = {
            "may_approve": signed.may(Duty.APPROVE) and not _same(signed, row),
            "same_person": signed.may(Duty.APPROVE) and _same(signed, row),
            "may_turn_down": signed.may(Duty.TURN_DOWN),
        }
        line = {**_line(table, row, lang), **shown.pop("named", {})}
        return _page(visitors, request, "node_proposal.html", line=line, **may, **shown)

    @router.post("/{lang}/proposals/{number}/approve")
    def approve(
        lang: PageLanguage,
        number: Number,
        signed: Annotated[Signed, Depends(visitors.sender(Duty.APPROVE))],
    ) -> Response:
        row = _row(desk.engine, number)
        released = _approve(table, row, signed)
        return sent_on(f"/{lang}/datasets/{row.dataset}/releases/{released}")

    @router.post("/{lang}/proposals/{number}/turn-down")
    def turn_down(
        lang: PageLanguage,
        number: Number,
        form: Form,
        signed: Annotated[Signed, Depends(visitors.sender(Duty.TURN_DOWN))],
    ) -> Response:
        with transaction(desk.engine) as session:
            row = proposals.turn_down(
                session, number, form.get("reason", ""), signed.name or signed.kind
            )
            what = {"dataset": row.dataset, "event": "turned-down", "kind": row.kind}
            by = {"by": signed.name or signed.kind}
            log.note(session, Entry(kind="release", what=what, people=by), desk.clock())
        return sent_on(f"/{lang}/proposals")

    return router


def _same(signed: Signed, row: ProposalRow) -> bool:
    """Say whether who looks is who proposed, by their name or by the other one they go by."""
    names = [each for each in (signed.name, signed.alias) if each]
    return any(proposals.same_person(each, row.proposed_by) for each in names)


def _row(engine: Engine, number: int) -> ProposalRow:
    with reading(engine) as session:
        return proposals.get(session, number)


def _approve(table: Table, row: ProposalRow, signed: Signed) -> str:
    if _same(signed, row):
        raise Refused("APPROVAL_SAME_PERSON", dataset=row.dataset)
    press = open_press(table.desk.settings, table.desk.clock)
    try:
        draft = drafts.load(press.home, row.dataset)
        with reading(press.engine) as session:
            if proposals.standing(session, row.dataset).id != row.id:
                raise NotFound("PROPOSAL_GONE")
        released = publish.approve(press, draft, signed.name)
    finally:
        press.engine.dispose()
    membership.announce(table.desk.settings, table.transport)
    return released.release_id


def _line(table: Table, row: ProposalRow, lang: str) -> dict[str, Any]:
    offer = table.worlds.current().offers.get(row.dataset)
    return {
        "number": row.id,
        "dataset": row.dataset,
        "title": nearest(offer.contract.title, lang) if offer else row.dataset,
        "kind": row.kind,
        "reason": row.reason,
        "by": row.proposed_by,
        "at": read_moment(row.proposed_at),
    }


def _difference(table: Table, row: ProposalRow, lang: str) -> dict[str, Any]:
    """Return what a proposal would change now, or why that cannot be told."""
    press = open_press(table.desk.settings, table.desk.clock)
    try:
        prepared = publish.prepare(press, drafts.load(press.home, row.dataset))
    except HanseError as fault:
        known = fault.code if fault.code in catalogue() else "UNTOLD"
        told = explain(known, lang, **{"code": fault.code, **fault.parameters})
        return {
            "prepared": None,
            "fault": told,
            "code": fault.code,
            "stale": False,
            "findings": [],
        }
    finally:
        press.engine.dispose()
    return {
        "named": {"title": nearest(prepared.contract.title, lang) or row.dataset},
        "prepared": prepared,
        "fault": None,
        "stale": _is_stale(prepared, row),
        "findings": [
            {"rule": rule, "blocks": [_parts(each, lang) for each in found if each.blocks]}
            for rule, found in groupby(_by_rule(prepared), key=lambda each: each.rule)
        ][:LIST_MAX],
        "limit": LIST_MAX,
    }


def _by_rule(prepared: Prepared) -> list[Finding]:
    """Return the findings by rule: of each the first, those that stop publication before others."""
    ordered = sorted(prepared.findings, key=lambda each: (each.rule, not each.blocks))
    return [
        each
        for _, found in groupby(ordered, key=lambda each: each.rule)
        for each in islice(found, FINDINGS_SHOWN)
    ]


def _parts(finding: Finding, lang: str) -> dict[str, str]:
    return {**finding.said(lang), "code": finding.message_code}


def _is_stale(prepared: Prepared, row: ProposalRow) -> bool:
    return prepared.digest(Intent(cast("Kind", row.kind), row.reason)) != row.digest


def _page(visitors: Visitors, request: Request, template: str, **context: Any) -> Response:
    frame = {**visitors.page(request), "settings": visitors.desk.settings}
    return private(render(request, template, **frame, **context))
