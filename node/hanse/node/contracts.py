"""A dataset's contract as JSON and back: what a draft keeps, a release signs and a reader sees."""

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from hanse.cube.codelist import Dimension
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.errors import Invalid

_CONTRACT = TypeAdapter(Contract)
_INDICATORS = TypeAdapter(tuple[Indicator, ...])
_DIMENSIONS = TypeAdapter(tuple[Dimension, ...])


def dump(contract: Contract) -> dict[str, Any]:
    """Return the contract as a JSON object: text, whole numbers, finite floats, lists and
    objects."""
    return cast("dict[str, Any]", _CONTRACT.dump_python(contract, mode="json"))


def load(document: Mapping[str, Any]) -> Contract:
    """Return the contract of a JSON object; raises `Invalid` (CONTRACT_SHAPE) naming the field."""
    try:
        return _CONTRACT.validate_json(json.dumps(document, allow_nan=False))
    except (ValidationError, ValueError, TypeError) as fault:
        raise Invalid("CONTRACT_SHAPE", field=_field(fault)) from fault


def dump_parts(
    indicators: tuple[Indicator, ...], dimensions: tuple[Dimension, ...]
) -> dict[str, Any]:
    """Return indicators and dimensions as JSON, for the way out of the decoding process."""
    return {
        "indicators": _INDICATORS.dump_python(indicators, mode="json"),
        "dimensions": _DIMENSIONS.dump_python(dimensions, mode="json"),
    }


def load_parts(document: Mapping[str, Any]) -> tuple[tuple[Indicator, ...], tuple[Dimension, ...]]:
    """Return what `dump_parts` dumped."""
    return (
        _INDICATORS.validate_python(document["indicators"]),
        _DIMENSIONS.validate_python(document["dimensions"]),
    )


def _field(fault: Exception) -> str:
    if isinstance(fault, ValidationError):
        return ".".join(str(part) for part in fault.errors()[0]["loc"][:6])[:120]
    return "?"
