"""Server-rendered pages: one shell, the role's templates, and what templates may call.

A template extends `shell.html` and gets `lang`, `t` (text of a label), `number`, `day`, `moment`,
`static` and `language_links`. Everything is escaped; there is no inline script or style.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from hanse.errors import HanseError
from hanse.messages import LANGUAGES, catalogue, explain, say
from hanse.web import formats, language
from hanse.web.site import Site
from hanse.web.statics import Statics


class Pages:
    """The templates of one role and of the shell."""

    def __init__(self, site: Site, statics: Statics) -> None:
        own = [FileSystemLoader(site.templates)] if site.templates else []
        self.site = site
        self.environment = Environment(
            loader=ChoiceLoader([*own, PackageLoader("hanse.web", "templates")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(static=statics.address, site_title=site.title)

    def html(self, template: str, lang: str, path: str, context: Mapping[str, Any]) -> str:
        """Return a page as text, in `lang`; `path` is the page's own path."""
        return self.environment.get_template(template).render(
            lang=lang,
            path=path,
            t=partial(_label, lang),
            number=partial(_number, lang),
            day=lambda value: formats.day(value, lang),
            moment=lambda value: formats.moment(value, lang),
            language_links=language_links(path),
            **context,
        )


def _label(lang: str, code: str, /, **parameters: object) -> str:
    return say(code, lang, **parameters)


def _number(lang: str, value: float | None, decimals: int | None = None) -> str:
    return formats.number(value, lang, decimals)


def language_links(path: str) -> list[tuple[str, str, str]]:
    """Return (language, its own name, this page in it) for the language switch."""
    rest = path.partition("/")[2].partition("/")[2] if language.of_path(path) else ""
    return [(lang, language.NAMES[lang], f"/{lang}/{rest}") for lang in LANGUAGES]


def render(request: Request, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
    """Answer with a page in the language of its path."""
    pages: Pages = request.app.state.pages
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    lang = language.of_scope(path, request.scope["headers"], pages.site.language)
    own = f"{path}?{query}" if query else path  # the same question in another language
    return _answer(pages.html(template, lang, own, context), lang, status)


def problem(pages: Pages, lang: str, path: str, fault: HanseError, status: int) -> HTMLResponse:
    """Answer an error of a page with a page: what, where, why, what now."""
    code = fault.code if fault.code in catalogue() else "UNTOLD"
    parts = explain(code, lang, **{"code": fault.code, **fault.parameters})
    context = {"parts": parts, "code": fault.code, "status": HTTPStatus(status).value}
    return _answer(pages.html("problem.html", lang, path, context), lang, status)


def _answer(text: str, lang: str, status: int) -> HTMLResponse:
    return HTMLResponse(text, status, {"Content-Language": lang, "Vary": "Accept-Language"})


def routes(app: FastAPI) -> None:
    """Mount the address every problem's `type` points to: its explanation."""

    @app.get("/problems/{code}", include_in_schema=False)
    async def explanation(request: Request, code: str) -> HTMLResponse:
        known = catalogue().get(code[:64])
        told = "UNTOLD" if known is None or "what" in known else code
        pages: Pages = request.app.state.pages
        lang = language.of_scope("/", request.scope["headers"], pages.site.language)
        return render(request, "problem.html", parts=explain(told, lang), code=told, status=200)
