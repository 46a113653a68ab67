"""The pages where people sign in and out, and see what they may do here."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from hanse.auth.oidc import Returned
from hanse.errors import Invalid
from hanse.node.desk import Desk
from hanse.node.pages.visitors import (
    SESSION,
    SIGN_IN,
    Visitors,
    cookie,
    drop,
    keep,
    private,
    sent_on,
)
from hanse.node.people import MAY
from hanse.node.sessions import Signed
from hanse.web import render
from hanse.web.forms import Form
from hanse.web.language import PageLanguage
from hanse.web.query import takes_dimensions

ProviderName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Word = Annotated[str, Query(max_length=4_000)]


def routes(desk: Desk) -> APIRouter:
    """Return the pages of signing in."""
    router = APIRouter(include_in_schema=False)
    visitors = Visitors(desk)

    @router.get("/{lang}/sign-in")
    def choose(request: Request, lang: PageLanguage) -> Response:
        return _page(
            visitors,
            request,
            "node_sign_in.html",
            providers=desk.choices(),
            break_glass=desk.settings.break_glass,
        )

    @router.get("/{lang}/sign-in/{name}")
    def begin(lang: PageLanguage, name: ProviderName) -> Response:
        address, browser = desk.begin(name, lang)
        return sent_on(address, keep(SIGN_IN, browser))

    @router.get("/{lang}/sign-in/{name}/return")
    @takes_dimensions  # what a provider adds is passed over (RFC 6749 §4.1.2)
    def returned(
        request: Request,
        lang: PageLanguage,
        name: ProviderName,
        state: Word = "",
        code: Word = "",
        iss: Annotated[str | None, Query(max_length=300)] = None,
    ) -> Response:
        browser = cookie(request, SIGN_IN)
        back = Returned(code, iss) if code else None
        identity, wanted = desk.returned(name, state, browser, back)
        opened = desk.admit(identity, cookie(request, SESSION))
        if opened is None:
            response = _page(visitors, request, "node_unknown.html", 403, identity=identity)
            response.headers.append("set-cookie", drop(SIGN_IN))
            return response
        return sent_on(f"/{wanted}/me", keep(SESSION, opened), drop(SIGN_IN))

    _sessions(router, visitors)
    return router


def _sessions(router: APIRouter, visitors: Visitors) -> None:
    """Add the pages of a session: its other way in, its way out, and who it is."""
    desk = visitors.desk

    @router.post("/{lang}/break-glass")
    def break_glass(request: Request, lang: PageLanguage, form: Form) -> Response:
        secret = form.get("secret", "").strip()
        if not secret:
            raise Invalid("SIGN_IN_FAILED")
        opened = desk.break_glass(secret, cookie(request, SESSION))
        return sent_on(f"/{lang}/me", keep(SESSION, opened))

    @router.post("/{lang}/sign-out")
    def leave(
        request: Request,
        lang: PageLanguage,
        signed: Annotated[Signed, Depends(visitors.sender())],
    ) -> Response:
        desk.leave(cookie(request, SESSION))
        return sent_on(f"/{lang}/", drop(SESSION))

    @router.get("/{lang}/me")
    def me(request: Request, lang: PageLanguage) -> Response:
        signed = visitors.whoever(request)
        if signed is None:
            return sent_on(f"/{lang}/sign-in")
        duties = [duty.name for duty in MAY if signed.may(duty)]
        return _page(visitors, request, "node_me.html", me=signed, duties=duties)


def _page(
    visitors: Visitors, request: Request, template: str, status: int = 200, **context: Any
) -> Response:
    frame = {**visitors.page(request), "settings": visitors.desk.settings}
    return private(render(request, template, status=status, **frame, **context))
