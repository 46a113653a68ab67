"""What a unit says of its figures: those of some are never added up, whatever else is said."""

import re

from hanse.cube.indicator import MeasureType

_TIMES = (
    "jaar|kwartaal|maand|week|dag|uur|u|year|quarter|month|day|hour|h|an|année|trimestre|mois|"
    "semaine|jour|heure"
)
_KINDS = (
    (
        MeasureType.SHARE,
        re.compile(r"(?:p|%|pct|pro ?cent|per ?cent|pour ?cent)(?![a-z])|percentage"),
    ),
    (MeasureType.MEDIAN, re.compile(r"media?an|médiane?")),
    (MeasureType.MEAN, re.compile(r"gemiddeld|mean\b|average|moyenne|score")),
    (MeasureType.INDEX, re.compile(r"co[eëé]f|ind(?:ex|ice)|gini|quoti[eë]nt")),
    (MeasureType.RATE, re.compile(r"promille|pro mille|pour mille|‰|ratio|verhouding|taux|rate\b")),
)
"""What a unit starts with, by the kind of number it is."""

_PER = re.compile(rf"(?:\b(?:per|par|pour)\b|/)(?!\s*(?:{_TIMES})\b)")
"""So much of one thing for so much of another; a time is no such thing (`kWh/jaar`)."""


def apart(unit: str) -> MeasureType | None:
    """Return the kind of number of a unit that may not be added up; None where it may."""
    text = " ".join(unit.lower().split())
    named = next((kind for kind, pattern in _KINDS if pattern.match(text)), None)
    return named or (MeasureType.RATE if _PER.search(text) else None)
