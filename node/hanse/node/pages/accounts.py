"""The pages of who must account for what leaves: the reports of the log, and each as a file.

They open to the data protection officer and the secretary. That somebody looked is an entry itself.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from hanse.audit.entry import Entry
from hanse.node import accounts
from hanse.node.accounts import Form
from hanse.node.pages.visitors import Visitors, private
from hanse.node.people import Duty
from hanse.node.reports import REPORTS, Wanted
from hanse.node.routes.reports import Archive, Asked, Name, as_file
from hanse.node.running import Node
from hanse.node.sessions import Signed
from hanse.web import render
from hanse.web.language import PageLanguage


def routes(node: Node, visitors: Visitors) -> APIRouter:
    """Return the pages and the files."""
    router = APIRouter(include_in_schema=False)
    archive = Archive(node)
    reading_log = Depends(visitors.who(Duty.READ_LOG))

    def page(request: Request, template: str, **context: Any) -> Response:
        frame = {**visitors.page(request), "settings": node.settings}
        return private(render(request, template, **frame, **context))

    @router.get("/{lang}/reports")
    def all_reports(
        request: Request, lang: PageLanguage, signed: Annotated[Signed, reading_log]
    ) -> Response:
        return page(request, "node_reports.html", names=tuple(REPORTS))

    @router.get("/{lang}/reports/{name}")
    def one(
        request: Request,
        lang: PageLanguage,
        name: Name,
        wanted: Asked,
        signed: Annotated[Signed, reading_log],
    ) -> Response:
        told = {"name": name, "wanted": wanted, "forms": accounts.FORMS}
        if name == "exchange" and not wanted.exchange:
            return page(request, "node_report.html", table=None, **told)
        made = archive.make(name, wanted, _by(signed, name))
        shown = {
            "table": made.table(lang),
            "facts": made.facts(lang),
            "query": _query(wanted),
            "protocols": made.protocols,
        }
        return page(request, "node_report.html", **shown, **told)

    @router.get("/{lang}/reports/{name}/{form}")
    def file(
        lang: PageLanguage,
        name: Name,
        form: Form,
        wanted: Asked,
        signed: Annotated[Signed, reading_log],
    ) -> Response:
        made = archive.make(name, wanted, _by(signed, name))
        return as_file(made, form, lang)

    return router


def _by(signed: Signed, name: str) -> Entry:
    by = {"by": signed.name or signed.kind}
    return Entry(kind="audit", what={"event": "read", "report": name}, people=by)


def _query(wanted: Wanted) -> str:
    told = {
        name: value
        for name in ("protocol", "dataset", "exchange", "since", "until")
        if (value := getattr(wanted, name))
    }
    return f"?{urlencode(told)}" if told else ""
