"""`/v1/reports`: what the log says of who received what, to each party its own lines.

A party is who proves a key that a signed protocol names: what a token says of its own party or
scopes opens nothing here, for whoever took over its issuer could write it. All lines are for who
signs in on the pages. That somebody looked is an entry itself.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from starlette.responses import JSONResponse

from hanse.audit.entry import Entry, Who
from hanse.auth.principal import Principal
from hanse.errors import Invalid, Refused, Unauthenticated
from hanse.node import accounts, log, office, reports
from hanse.node.accounts import Form, Made
from hanse.node.reports import Reader, Wanted
from hanse.node.routes.datasets import Reader as Lang
from hanse.node.running import Node
from hanse.policies.protocol import Party
from hanse.store.session import transaction
from hanse.web.signin import Caller

Name = Annotated[str, Path(pattern=r"^[a-z]{1,20}$", description="Such as `received`.")]
Text = Annotated[str, Query(max_length=140)]
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization, Cookie"}


def asked(
    protocol: Text = "", dataset: Text = "", exchange: Text = "", since: Text = "", until: Text = ""
) -> Wanted:
    """Return what a report is narrowed to; raises `Invalid` (AUDIT_DAY) for what is no day."""
    for day in (since, until):
        try:
            date.fromisoformat(day or "2000-01-01")
        except ValueError as fault:
            raise Invalid("AUDIT_DAY", day=day[:20]) from fault
    return Wanted(protocol.strip(), dataset.strip(), exchange.strip(), since, until)


Asked = Annotated[Wanted, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Archive:
    """What reports are made from."""

    node: Node

    def make(self, name: str, wanted: Wanted, looking: Entry) -> Made:
        """Return a report, once it is written down that somebody looks.

        Raises what `hanse.node.reports.make` raises, and then nothing is written.
        """
        at = self.node.publisher.clock()
        own = self.node.publisher.key.public_jwk()
        made = reports.make(reports.Desk(self.node.engine, own, office.day(at)), name, wanted)
        with transaction(self.node.engine) as session:
            log.note(session, looking, at)
        return Made(made, wanted, self.node.settings.name, at)


def as_file(made: Made, form: Form, lang: str) -> Response:
    """Return a report as a file to keep, for this reader alone."""
    named = f"{made.report.name}-{made.at.date().isoformat()}.{form}"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{named}"'}
    return Response(made.file(form, lang), media_type=accounts.MEDIA_TYPES[form], headers=headers)


def routes(node: Node) -> APIRouter:
    """Return the route of programs; people have pages."""
    router = APIRouter(prefix="/v1", tags=["audit"])
    archive = Archive(node)

    @router.get("/reports/{name}", response_model=dict[str, Any])
    def report(
        name: Name,
        wanted: Asked,
        caller: Caller,
        lang: Lang,
        form: Annotated[Literal["json", "csv", "xlsx", "pdf"], Query(alias="format")] = "json",
    ) -> Response:
        """A report of the log: the lines about the caller's own party."""
        own = replace(wanted, reader=_reader(node, caller))
        made = archive.make(name, own, _looking(caller, name))
        if form == "json":
            return JSONResponse(made.report.document, headers=PRIVATE)
        return as_file(made, form, lang)

    return router


def _reader(node: Node, caller: Principal) -> Reader:
    """Return the party that a caller proves to be.

    Raises `Refused` (REPORT_PARTY) for a caller whose key no protocol here names for its client.
    """
    if not caller.known:
        raise Unauthenticated("SIGN_IN_NEEDED")
    for held in node.door.worlds.current().book.held:
        for party in held.protocol.recipients:
            if party.client_id == caller.client_id and _proves(caller, party):
                return Reader(party.client_id or "", party.kbo or "")
    raise Refused("REPORT_PARTY")


def _proves(caller: Principal, party: Party) -> bool:
    if caller.thumbprint is None:
        return party.bearer
    return caller.bound and caller.thumbprint in party.keys


def _looking(caller: Principal, name: str) -> Entry:
    who = Who(caller.client_id, caller.party, caller.thumbprint)
    return Entry(kind="audit", what={"event": "read", "report": name}, who=who)
