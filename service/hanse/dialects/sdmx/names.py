"""Names in SDMX: identifiers, URNs, and codes as the standard allows them and back again.

Identifiers are IDType of the SDMX common schema: letters, digits and `_ @ $ -`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from hanse.dialects.edition import Edition

FREQ, AREA_LEVEL, REF_AREA = "FREQ", "AREA_LEVEL", "REF_AREA"
INDICATOR, TIME_PERIOD = "INDICATOR", "TIME_PERIOD"
OBS_VALUE: Final = "OBS_VALUE"
OBS_STATUS, CONF_STATUS = "OBS_STATUS", "CONF_STATUS"
UNIT_MEASURE, UNIT_MULT, DECIMALS = "UNIT_MEASURE", "UNIT_MULT", "DECIMALS"
YEAR_START: Final = "REPORTING_YEAR_START_DAY"

SERIES_ATTRIBUTES: Final = (UNIT_MEASURE, UNIT_MULT, DECIMALS, YEAR_START)
OBS_ATTRIBUTES: Final = (OBS_STATUS, CONF_STATUS)
ATTRIBUTES: Final = (*OBS_ATTRIBUTES, *SERIES_ATTRIBUTES)
SAMPLE_ATTRIBUTES: Final = ("CI_LOW", "CI_HIGH", "SAMPLE_SIZE", "CI_METHOD", "CI_Z")
"""Where a dataset has figures of a sample; empty for every other figure."""

_ID: Final = re.compile(r"[A-Za-z0-9_@$\-]+")
_PACKAGE: Final = {
    "Dataflow": "datastructure",
    "DataStructure": "datastructure",
    "Codelist": "codelist",
    "ConceptScheme": "conceptscheme",
    "Concept": "conceptscheme",
}


def minted(code: str) -> str:
    """Return a code as an identifier: itself where it is one, else a stable name made of it."""
    if _ID.fullmatch(code):
        return code
    plain = re.sub(r"[^A-Za-z0-9_@$\-]", "_", code)[:40]
    return f"{plain}_{hashlib.sha256(code.encode()).hexdigest()[:6]}"


def urn(kind: str, agency: str, name: str, version: str, item: str = "") -> str:
    """Return the URN of an artefact, or of an item in it (SDMX registry specification §6)."""
    tail = f".{item}" if item else ""
    return f"urn:sdmx:org.sdmx.infomodel.{_PACKAGE[kind]}.{kind}={agency}:{name}({version}){tail}"


def flow_urn(edition: Edition) -> str:
    """Return the URN of a dataset's dataflow."""
    return urn("Dataflow", edition.agency, edition.dialect_id, edition.contract.version)


def structure_id(edition: Edition) -> str:
    """Return `AGENCY:ID(version)`, as a CSV line names the dataflow."""
    return f"{edition.agency}:{edition.dialect_id}({edition.contract.version})"


def attributes_of(edition: Edition) -> tuple[str, ...]:
    """Return the attributes of a dataset: those of every dataset, then those of a sample."""
    return (*ATTRIBUTES, *SAMPLE_ATTRIBUTES) if edition.sampled else ATTRIBUTES


def key_of(edition: Edition) -> tuple[str, ...]:
    """Return the dimensions in the order of the key, time last; frozen within a major version."""
    breakdowns = (each.id for each in edition.dimensions)
    return (FREQ, AREA_LEVEL, REF_AREA, *breakdowns, INDICATOR, TIME_PERIOD)


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one coded dimension: identifier -> our code, in order of display."""

    ours: Mapping[str, str]

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Codes":
        """Mint an identifier for each code."""
        return cls({minted(code): code for code in codes})

    def ids(self) -> frozenset[str]:
        """Return every identifier."""
        return frozenset(self.ours)


def codes_of(edition: Edition) -> dict[str, Codes]:
    """Return the codes of every coded dimension of a dataset."""
    frequencies = dict.fromkeys(each.freq for each in edition.periods)
    areas = dict.fromkeys(area.code for held in edition.areas.values() for area in held)
    breakdowns = {
        each.id: Codes.of(code.id for code in each.codelist.codes) for each in edition.dimensions
    }
    return {
        FREQ: Codes.of(frequencies),
        AREA_LEVEL: Codes.of(edition.areas),
        REF_AREA: Codes.of(areas),
        **breakdowns,
        INDICATOR: Codes({each.id.upper(): each.id for each in edition.indicators}),
    }
