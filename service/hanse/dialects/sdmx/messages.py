"""Structure messages in every version: pysdmx writes them, and what it writes amiss is mended here.

It writes every name as English, and in SDMX 3.0 an element that readers of 3.0 stumble over.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pysdmx.io.json.sdmxjson2.writer.v2_0.structure import write as write_json
from pysdmx.io.xml.sdmx21.writer.structure import write as write_xml21
from pysdmx.io.xml.sdmx30.writer.structure import write as write_xml30
from pysdmx.model import AvailabilityConstraint, Organisation
from pysdmx.model.message import Header

from hanse.dialects.sdmx.structures import Artefact

Form = Literal["xml21", "xml30", "json20"]
Writable = Artefact | AvailabilityConstraint

MEDIA_TYPE: Final = {
    "xml21": "application/vnd.sdmx.structure+xml;version=2.1",
    "xml30": "application/vnd.sdmx.structure+xml;version=3.0.0",
    "json20": "application/vnd.sdmx.structure+json;version=2.0.0",
}
_MEASURES: Final = re.compile(r"<str:MeasureRelationship>.*?</str:MeasureRelationship>", re.DOTALL)


def structures(
    artefacts: Sequence[Writable],
    form: Form,
    lang: str,
    sender: str,
    prepared: datetime,
) -> bytes:
    """Return the message that holds these artefacts."""
    header = Header(
        id="hanse", test=False, prepared=prepared, sender=Organisation(id=sender, name=sender)
    )
    write = {"xml21": write_xml21, "xml30": write_xml30, "json20": write_json}[form]
    text = write(artefacts, prettyprint=False, header=header)
    assert text is not None  # noqa: S101 without a path the text is returned
    if form == "json20":
        return _json(text, lang).encode()
    text = text.replace('xml:lang="en"', f'xml:lang="{lang}"')
    return _MEASURES.sub("", text).encode() if form == "xml30" else text.encode()


def _json(text: str, lang: str) -> str:
    """Return the document without the empty lists that its schema forbids, with its language."""
    document = json.loads(text)
    for structure in document["data"].get("dataStructures", []):
        _drop_empty(structure)
    document["meta"]["contentLanguages"] = [lang]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _drop_empty(structure: dict[str, Any]) -> None:
    components = structure.get("dataStructureComponents", {})
    for name in [name for name, value in components.items() if value == []]:
        del components[name]
