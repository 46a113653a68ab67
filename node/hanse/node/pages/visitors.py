"""Who visits a page: the cookies of a session and of a sign-in under way, and what they open."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from hanse.errors import Refused
from hanse.node.desk import Desk
from hanse.node.people import Duty
from hanse.node.sessions import SIGN_IN_SECONDS, Signed
from hanse.web.forms import Form, check_token

SESSION: Final = "__Host-hanse"
SIGN_IN: Final = "__Host-hanse-sign-in"
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def cookie(request: Request, name: str) -> str:
    """Return the value of a cookie, "" where there is none or more than one of that name."""
    values = [
        value.strip()
        for header in request.headers.getlist("cookie")
        for each in header.split(";")
        for key, _, value in [each.strip().partition("=")]
        if key == name
    ]
    return values[0] if len(values) == 1 else ""


def sent_on(path: str, *cookies: str) -> RedirectResponse:
    """Return the way to another page, with cookies set."""
    response = RedirectResponse(path, 303)
    for each in cookies:
        response.headers.append("set-cookie", each)
    return response


def keep(name: str, value: str) -> str:
    """Return the line that sets a cookie; a sign-in's ends by itself."""
    life = f"; Max-Age={SIGN_IN_SECONDS}" if name == SIGN_IN else ""
    return f"{name}={value}; {_ATTRIBUTES}{life}"


def drop(name: str) -> str:
    """Return the line that takes a cookie away."""
    return f"{name}=; {_ATTRIBUTES}; Max-Age=0"


class Visitors:
    """What a route asks about whoever opens a page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def whoever(self, request: Request) -> Signed | None:
        """Return who is signed in, if anybody."""
        return self.desk.signed(cookie(request, SESSION))

    def somebody(self, request: Request) -> Signed:
        """Return who is signed in; raises `Refused` where nobody is."""
        found = self.whoever(request)
        if found is None:
            raise Refused("SIGN_IN_FIRST")
        return found

    def who(self, duty: Duty) -> Callable[[Request], Signed]:
        """Return the dependency that is somebody of a duty; anybody else is refused."""

        def checked(request: Request) -> Signed:
            found = self.somebody(request)
            if not found.may(duty):
                raise Refused("ROLE_MISSING")
            return found

        return checked

    def sender(self, duty: Duty | None = None) -> Callable[..., Signed]:
        """Return the dependency that is the somebody of a duty who sent a form of their own."""

        def checked(request: Request, form: Form) -> Signed:
            found = self.who(duty)(request) if duty else self.somebody(request)
            check_token(form, found.form_token)
            return found

        return checked

    def page(self, request: Request) -> dict[str, Any]:
        """Return what the frame of every page shows: who is signed in, and whether one can."""
        signed = self.whoever(request)
        reads_log = signed is not None and signed.may(Duty.READ_LOG)
        return {"signed": signed, "reads_log": reads_log, "desk_open": self.desk.open}


def private(response: Response) -> Response:
    """Mark a page as this visitor's own."""
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response
