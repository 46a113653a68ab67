"""The columns of a table as Delta describes them: names, types, and what each one is."""

import json
from typing import Any, Final

from hanse.cube.cells import NUMBER_COLUMNS, SAMPLE_COLUMNS
from hanse.dialects.edition import Edition, text_in
from hanse.messages import named

_KEYS: Final = ("indicator", "level", "area", "period")
_MEASURES: Final = (("obs_value", "double"), ("obs_status", "string"), ("conf_status", "string"))
_SAMPLE: Final = tuple(
    (name, "double" if name in NUMBER_COLUMNS else "string") for name in SAMPLE_COLUMNS
)


def schema(edition: Edition, lang: str) -> str:
    """Return the schema of a table, as the JSON text that stands inside the metadata."""
    fields = [
        *(_field(name, "string", _told(name, lang)) for name in _KEYS),
        *(
            _field(each.id, "string", text_in(each.name, lang, each.id))
            for each in edition.dimensions
        ),
        *(_field(name, type_, _told(name, lang)) for name, type_ in _MEASURES),
        *(_field(name, type_, _told(name, lang)) for name, type_ in _SAMPLE if edition.sampled),
    ]
    return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)


def _field(name: str, type_: str, comment: str) -> dict[str, Any]:
    return {"name": name, "type": type_, "nullable": True, "metadata": {"comment": comment}}


def _told(name: str, lang: str) -> str:
    return named("column", name, lang)
