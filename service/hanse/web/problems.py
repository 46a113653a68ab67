"""Errors become answers here and nowhere else: domain words to statuses, RFC 9457 bodies.

A body says what, where, why and what now in the reader's language and never repeats input. A fault
of our own is a reference only; the log holds it too, with the kind and place of the fault.
"""

import json
import logging
import secrets
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse import telemetry
from hanse.auth.keys import SIGNING_ALGORITHMS
from hanse.dialects.media import NotAcceptable
from hanse.errors import (
    Conflict,
    HanseError,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from hanse.messages import catalogue, explain
from hanse.web import language, pages
from hanse.web.site import Site

MEDIA_TYPE: Final = "application/problem+json"
MAX_FIELD_FAULTS = 10
MAX_LOC_PARTS = 6
MAX_LOC_CHARACTERS = 50

log = logging.getLogger(__name__)


class Unprocessable(Invalid):
    """A body or path that was read and is wrong."""


class TooLarge(Invalid):
    """A body beyond its limit; the rest of it is not read."""


class UnsupportedBody(Invalid):
    """A body in a form this service does not read."""


class AddressTooLong(Invalid):
    """A path and query beyond their limit."""


class OwnFault(HanseError):
    """A fault of this service; the answer holds a reference to the log and nothing else."""


class HeadTooLarge(Invalid):
    """Headers beyond their limit."""


class UnclearLength(Invalid):
    """A message whose end can be read in two ways: nothing after it on that line is trusted."""


class WrongMethod(Invalid):
    """A method the address does not know."""


class TooMany(Refused):
    """More requests than the limit; `seconds` in the parameters says when to try again."""


STATUS: Final[dict[type[HanseError], int]] = {
    Unauthenticated: 401,
    TooMany: 429,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    Unprocessable: 422,
    TooLarge: 413,
    UnsupportedBody: 415,
    AddressTooLong: 414,
    HeadTooLarge: 431,
    WrongMethod: 405,
    NotAcceptable: 406,
    Invalid: 400,
    Unavailable: 503,
    OwnFault: 500,
}
"""Which status a word becomes: the first class that fits, so narrow ones stand before wide ones."""

_FRAMEWORK: Final[dict[int, tuple[type[HanseError], str]]] = {
    404: (NotFound, "NOT_FOUND"),
    405: (WrongMethod, "METHOD"),
}
_PROOF_ERRORS: Final = {"PROOF_INVALID": "invalid_dpop_proof", "PROOF_NONCE": "use_dpop_nonce"}
_CLOSING: Final = (TooLarge, UnsupportedBody, HeadTooLarge, UnclearLength)


def status_of(fault: HanseError) -> int:
    """Return the HTTP status of a fault."""
    return next((status for word, status in STATUS.items() if isinstance(fault, word)), 400)


def body_of(
    fault: HanseError, site: Site, lang: str, errors: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return the problem details of a fault: the fields of `hanse.wire.Problem`."""
    code = fault.code if fault.code in catalogue() else "UNTOLD"
    parts = explain(code, lang, **{"code": fault.code, **fault.parameters})
    body: dict[str, Any] = {
        "type": f"{site.base}/problems/{fault.code}",
        "title": parts["what"],
        "status": status_of(fault),
        "detail": " ".join(text for text in parts.values() if text),
        "code": fault.code,
        **{name: parts.get(name, "") for name in ("where", "why", "now")},
    }
    if "decision" in fault.parameters:
        body["decision"] = fault.parameters["decision"]
    if errors:
        body["errors"] = list(errors)
    return body


def challenges(fault: HanseError, site: Site, *, own_page: bool = False) -> list[str]:
    """Return the WWW-Authenticate lines of a 401 (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1).

    Basic is offered where feed tokens are read, or some clients never send theirs; not to our own
    pages, where a browser would show a window for passwords.
    """
    metadata = f'resource_metadata="{site.base}/.well-known/oauth-protected-resource"'
    if fault.code in _PROOF_ERRORS:
        algorithms = f'algs="{" ".join(SIGNING_ALGORITHMS)}"'
        return [f'DPoP error="{_PROOF_ERRORS[fault.code]}", {algorithms}, {metadata}']
    error = ', error="invalid_token"' if fault.code == "TOKEN_INVALID" else ""
    lines = [f'Bearer realm="hanse"{error}, {metadata}']
    if site.feed_tokens and not own_page:
        lines.append('Basic realm="hanse feed token", charset="UTF-8"')
    return lines


def is_own_page(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Say whether a browser asks: it says how (Fetch metadata), and programs do not."""
    return any(name == b"sec-fetch-mode" for name, _ in headers)


def response(
    fault: HanseError,
    site: Site,
    lang: str,
    errors: Sequence[dict[str, Any]] = (),
    *,
    own_page: bool = False,
) -> Response:
    """Return the answer to a fault, in the language of its reader."""
    body = body_of(fault, site, lang, errors)
    headers = {"Content-Language": lang, "Cache-Control": "no-store"}
    status = body["status"]
    if status == HTTPStatus.UNAUTHORIZED:
        headers["Vary"] = "Authorization, apikey, DPoP"
    if "nonce" in fault.parameters:
        headers["DPoP-Nonce"] = str(fault.parameters["nonce"])
    if "seconds" in fault.parameters and status in {429, 503}:
        headers["Retry-After"] = str(fault.parameters["seconds"])
    if isinstance(fault, _CLOSING):
        headers["Connection"] = "close"
    # ASCII with escapes: no text can make this fail, whatever it holds.
    content = json.dumps(body, ensure_ascii=True).encode("ascii")
    answer = Response(content, status, headers, MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        for line in challenges(fault, site, own_page=own_page):
            answer.headers.append("WWW-Authenticate", line)
    return answer


async def on_fault(request: Request, fault: Exception) -> Response:
    """Answer an error that rose out of a route."""
    errors: Sequence[dict[str, Any]] = ()
    headers: dict[str, str] = {}
    match fault:
        case HanseError():
            said = fault
        case RequestValidationError():
            said, errors = _of_validation(fault)
        case StarletteHTTPException():
            said, headers = _of_framework(fault), dict(fault.headers or {})
        case _:  # pragma: no cover - only the three above are registered
            raise fault
    answered = _answer(request.scope, said, errors)
    answered.headers.update(headers)
    return answered


def _answer(scope: Scope, fault: HanseError, errors: Sequence[dict[str, Any]] = ()) -> Response:
    site: Site = scope["app"].state.site
    headers = scope["headers"]
    lang = language.of_scope(scope["path"], headers, site.language)
    status = status_of(fault)
    telemetry.count_refusal(fault.code, status)
    if language.of_path(scope["path"]) and _reads_pages(headers):
        return pages.problem(scope["app"].state.pages, lang, scope["path"], fault, status)
    return response(fault, site, lang, errors, own_page=is_own_page(headers))


def _reads_pages(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


def _of_framework(fault: StarletteHTTPException) -> HanseError:
    word, code = _FRAMEWORK.get(fault.status_code, (Invalid, "REQUEST_UNREADABLE"))
    return word(code)


def _of_validation(fault: RequestValidationError) -> tuple[HanseError, list[dict[str, Any]]]:
    errors = [_field_fault(error) for error in fault.errors()[:MAX_FIELD_FAULTS]]
    origin = str(errors[0]["loc"][0]) if errors else "body"
    names = ", ".join(dict.fromkeys(str(error["loc"][-1]) for error in errors))
    if origin in {"body", "path"}:
        return Unprocessable("BODY_FIELDS" if origin == "body" else "PATH_FORM"), errors
    return Invalid("QUERY_VALUE", names=names), errors


def _field_fault(error: dict[str, Any]) -> dict[str, Any]:
    loc = [_short(part) for part in error.get("loc", ())[:MAX_LOC_PARTS]]
    return {"loc": loc or ["body"], "type": str(error.get("type", ""))[:MAX_LOC_CHARACTERS]}


def _short(part: object) -> str | int:
    if isinstance(part, int):
        return part
    return str(part)[:MAX_LOC_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


class Faults:
    """Answers what rises past the routes: the words of the gates; our own faults as a reference."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer an error unless an answer has already begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except HanseError as fault:
            if started:
                raise
            await _answer(scope, fault)(scope, receive, send)
        except Exception as fault:
            reference = _record(fault)
            if started:
                raise
            await _answer(scope, OwnFault("OWN_FAULT", reference=reference))(scope, receive, send)


def _record(fault: Exception) -> str:
    """Log the kind and the place of a fault of our own, never its text: that may hold a figure."""
    reference = secrets.token_hex(8)
    frames = traceback.extract_tb(fault.__traceback__)[-8:]
    place = [f"{frame.filename.rpartition('/hanse/')[2]}:{frame.lineno}" for frame in frames]
    log.error(
        "web.fault",
        extra={"reference": reference, "kind": type(fault).__name__, "place": " > ".join(place)},
    )
    log.debug("web.fault.text", exc_info=fault)
    return reference
