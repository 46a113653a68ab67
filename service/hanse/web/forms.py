"""Forms of the pages: read strictly, and only those that this site itself made.

A form holds a token of its session; a browser that says where a form comes from must say: from
here. Every other request that changes something by a cookie is refused.
"""

import secrets
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from hanse.errors import Invalid, Refused
from hanse.web.problems import UnsupportedBody
from hanse.web.site import Site

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
FIELDS_MAX: Final = 20
TOKEN: Final = "form_token"  # noqa: S105 the name of a field

_FROM_HERE: Final = frozenset({"same-origin", "none"})
_NO_ORIGIN: Final = "null"  # what a browser says under `Referrer-Policy: no-referrer`


async def _read(request: Request) -> Mapping[str, str]:
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if essence != MEDIA_TYPE:
        raise UnsupportedBody("BODY_TYPE", types=MEDIA_TYPE)
    _check_source(request)
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as fault:
        raise Invalid("FORM_FIELDS") from fault
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in value for value in fields.values()):
        raise Invalid("FORM_FIELDS")
    return fields


def _check_source(request: Request) -> None:
    site: Site = request.app.state.site
    origin = request.headers.get("origin", _NO_ORIGIN)
    if origin not in {_NO_ORIGIN, site.base}:
        raise Refused("FORM_ELSEWHERE")
    if request.headers.get("sec-fetch-site", "none") not in _FROM_HERE:
        raise Refused("FORM_ELSEWHERE")


def check_token(fields: Mapping[str, str], token: str) -> None:
    """Refuse a form that was not made for this session; raises `Refused`."""
    if not secrets.compare_digest(fields.get(TOKEN, "").encode(), token.encode()):
        raise Refused("FORM_ELSEWHERE")


Form = Annotated[Mapping[str, str], Depends(_read)]
"""The fields of a form that this site made; each name once."""
