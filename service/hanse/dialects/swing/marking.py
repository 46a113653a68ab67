"""Indicators as another house receives them: under a prefix of their origin, and protected.

What Swing's own connector does with `dna_`: the receiver sees where a subject comes from, cannot
change it, and cannot loosen its threshold. Formulas stay behind: their figures travel, and a
formula over what the receiver may not see would only fail.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from hanse.cube.indicator import Indicator, Sample, SourceThreshold
from hanse.errors import Invalid

CODE_MAX: Final = 50
"""Characters of a Swing code."""

_PREFIX: Final = re.compile(r"[a-z][a-z0-9]{0,14}_")
_INTERNAL: Final = frozenset(
    {
        "Protected", "Formula", "Base indicator", "Aggregation indicator", "Allocation indicator",
        "Sample indicator", "Stddev indicator", "Threshold indicator", "Calculation indicator",
        "Free textfield", "Free text field 2", "Free text field 3", "Seq no", "Indicator code",
    }
)  # fmt: skip
"""Columns kept from a source sheet that name other codes, or people of the house."""


def prefix_of(text: str) -> str:
    """Return a prefix as codes carry it; raises `Invalid` (SWING_PREFIX) for what cannot be one."""
    if not _PREFIX.fullmatch(text):
        raise Invalid("SWING_PREFIX", given=text[:20] if text.isprintable() else "?")
    return text


def of_agency(agency: str) -> str:
    """Return the prefix of a house: `nis41002_`."""
    return prefix_of(re.sub(r"[^a-z0-9]", "", agency.lower())[:15] + "_")


def marked(indicators: Sequence[Indicator], prefix: str) -> tuple[Indicator, ...]:
    """Return the indicators under a prefix, protected; references only to one another.

    Raises `Invalid` (SWING_CODE_LONG) for a code that would be longer than Swing takes.
    """
    codes = {each.id: f"{prefix}{each.origin_code or each.id}" for each in indicators}
    long = next((code for code in codes.values() if len(code) > CODE_MAX), None)
    if long is not None:
        raise Invalid("SWING_CODE_LONG", given=long[:80], limit=CODE_MAX)
    return tuple(_marked(each, codes) for each in indicators)


def _marked(indicator: Indicator, codes: Mapping[str, str]) -> Indicator:
    origin = {name: text for name, text in indicator.origin.items() if name not in _INTERNAL}
    return replace(
        indicator,
        origin_code=codes[indicator.id],
        weight=codes.get(indicator.weight or ""),
        numerator=codes.get(indicator.numerator or ""),
        denominator=codes.get(indicator.denominator or ""),
        formula=None,
        sample=_sample(indicator.sample, codes),
        threshold=_threshold(indicator.threshold, codes),
        steward="",
        checker="",
        protected=True,
        origin=origin,
    )


def _sample(sample: Sample | None, codes: Mapping[str, str]) -> Sample | None:
    if sample is None or sample.n_indicator not in codes:
        return None
    return replace(
        sample,
        n_indicator=codes[sample.n_indicator],
        base_indicator=codes.get(sample.base_indicator or ""),
        stddev_indicator=codes.get(sample.stddev_indicator or ""),
    )


def _threshold(
    threshold: SourceThreshold | None, codes: Mapping[str, str]
) -> SourceThreshold | None:
    if threshold is None:
        return None
    return replace(threshold, on=codes.get(threshold.on or ""))
