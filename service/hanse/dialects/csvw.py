"""CSV on the Web (W3C 2015): what the lines of a CSV answer are, for whoever reads them by program.

The columns of the plain form and of the one for spreadsheets, their meaning in the vocabulary of
SDMX, their key. Lost: which codes a column may have; the dataset's own description has them.
"""

import json
from typing import Any, Final

from hanse.cube.cells import MEASURE_COLUMNS, NUMBER_COLUMNS, SAMPLE_COLUMNS, protected_schema
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.heading import perturbed_in
from hanse.messages import say

MEDIA_TYPE: Final = "application/csvm+json"
_SDMX: Final = "http://purl.org/linked-data/sdmx/2009/"
_MEANING: Final = {
    "indicator": f"{_SDMX}dimension#indicator",
    "area": f"{_SDMX}dimension#refArea",
    "period": f"{_SDMX}dimension#timePeriod",
    "obs_value": f"{_SDMX}measure#obsValue",
    "obs_status": f"{_SDMX}attribute#obsStatus",
    "conf_status": f"{_SDMX}attribute#confStatus",
}
_MEASURES: Final = (*MEASURE_COLUMNS, *SAMPLE_COLUMNS)


def describe(edition: Edition, url: str, lang: str, *, for_spreadsheets: bool) -> bytes:
    """Return the description of the CSV file at an address, as JSON."""
    dimensions = [each.id for each in edition.dimensions]
    names = protected_schema(dimensions, sampled=edition.sampled).names
    document: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": lang}],
        "url": url,
        "dc:title": text_in(edition.contract.title, lang, edition.slug),
        "dc:description": text_in(edition.contract.description, lang),
        "dc:publisher": edition.publisher,
        "dc:issued": edition.published_at.isoformat(),
        "dc:hasVersion": edition.release,
        "dc:source": edition.manifest,
        "dc:license": edition.licence,
        **_notes(edition, lang),
        "dialect": {
            "delimiter": ";" if for_spreadsheets else ",",
            "encoding": "utf-8",
            "header": True,
        },
        "tableSchema": {
            "columns": [_column(edition, name, lang, for_spreadsheets) for name in names],
            "primaryKey": [name for name in names if name not in _MEASURES],
        },
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _notes(edition: Edition, lang: str) -> dict[str, Any]:
    """Return that figures are perturbed, where they are: they look like any other."""
    method = edition.sdc_method
    if not method:
        return {}
    told = {"dc:type": "sdc_method", "dc:identifier": method}
    return {"notes": [{**told, "dc:description": perturbed_in(method, lang)}]}


def _column(edition: Edition, name: str, lang: str, for_spreadsheets: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "titles": name,
        "dc:description": _label(edition, name, lang),
        "datatype": _datatype(name, for_spreadsheets),
    }
    if name in NUMBER_COLUMNS:
        found["null"] = ""
    elif name in SAMPLE_COLUMNS:
        found["required"] = False
    else:
        found["required"] = True
    return found | ({"propertyUrl": _MEANING[name]} if name in _MEANING else {})


def _datatype(name: str, for_spreadsheets: bool) -> Any:
    if name in NUMBER_COLUMNS:
        return {"base": "double", "format": {"decimalChar": ","}} if for_spreadsheets else "double"
    if name in MEASURE_COLUMNS:
        return {"base": "string", "format": "[A-Z]"}
    return "string"


def _label(edition: Edition, name: str, lang: str) -> str:
    for each in edition.dimensions:
        if each.id == name:
            return text_in(each.name or each.codelist.name, lang, each.id)
    return say(f"CSVW_{name.upper()}", lang)
