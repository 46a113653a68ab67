"""Errors as SDMX clients need them: an error message with the standard's code.

Codes: SDMX REST "status codes": 100 no results, 110 unauthorised, 130 too large, 140 syntax, 150
semantics, 500 our fault, 501 not implemented, 503 unavailable; 1000 and up are our own.
"""

import json
from typing import Final
from xml.sax.saxutils import escape

_CODES: Final = {
    400: 140,
    401: 110,
    403: 110,
    404: 100,
    406: 1006,
    413: 510,
    414: 1014,
    422: 150,
    429: 1029,
    500: 500,
    501: 501,
    503: 503,
}
_BASE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
XML: Final = "application/xml"
JSON: Final = "application/vnd.sdmx.structure+json;version=2.0.0"


def code_of(status: int) -> int:
    """Return the standard's code of an HTTP status."""
    return _CODES.get(status, 1000)


def as_xml(status: int, text: str, lang: str, version: str = "v2_1") -> bytes:
    """Return an error message in SDMX-ML 2.1 (`v2_1`) or 3.0 (`v3_0`)."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:Error xmlns:mes="{_BASE}{version}/message"'
        f' xmlns:com="{_BASE}{version}/common"><mes:ErrorMessage code="{code_of(status)}">'
        f'<com:Text xml:lang="{escape(lang)}">{escape(text)}</com:Text>'
        "</mes:ErrorMessage></mes:Error>"
    ).encode()


def as_json(status: int, text: str, sender: str, prepared: str) -> bytes:
    """Return an error message in SDMX-JSON."""
    meta = {"id": "error", "prepared": prepared, "sender": {"id": sender}}
    return json.dumps(
        {"meta": meta, "errors": [{"code": code_of(status), "title": text}]}, ensure_ascii=False
    ).encode()
