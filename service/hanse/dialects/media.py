"""Which of the forms that are made here a reader accepts: its `Accept` field, weighed.

Source: RFC 9110 §12.5.1. A field that is absent or empty accepts everything.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.errors import Invalid

RANGES_MAX: Final = 64
"""How many media ranges of one field are read; browsers send about eight."""

_WEIGHT: Final = re.compile(r"(?:0?\.[0-9]+|[01](?:\.[0-9]*)?)")
_GIVEN_MAX: Final = 60
_ALL: Final = "*/*"


class NotAcceptable(Invalid):
    """No form that is made here is one the reader accepts."""


@dataclass(frozen=True, slots=True)
class Range:
    """One media range of an `Accept` field, in small letters; its parameters without `q`."""

    media: str
    parameters: Mapping[str, str]
    quality: float

    @property
    def width(self) -> int:
        """How much it takes in: 0 one media type, 1 a whole type, 2 everything."""
        return 2 if self.media == _ALL else int(self.media.endswith("/*"))

    def takes(self, media_type: str) -> bool:
        """Say whether a media type lies in the range, whatever their parameters."""
        if self.width == 0:
            return media_type == self.media
        return self.width == 2 or media_type.startswith(self.media[:-1])


def ranges(accept: str) -> tuple[Range, ...]:
    """Return the media ranges of an `Accept` field as they stand; a weight that is none is 0."""
    parts = [part for part in accept.split(",")[:RANGES_MAX] if part.strip()]
    return tuple(_range(part) for part in parts or [_ALL])


def _range(text: str) -> Range:
    media, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    held = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    weight = held.pop("q", "1")
    quality = min(float(weight), 1.0) if _WEIGHT.fullmatch(weight) else 0.0
    # Some Java clients write a lone star.
    return Range(_ALL if media == "*" else media.lower(), held, quality)


def best(found: Sequence[Range], offered: Iterable[str]) -> str | None:
    """Return the offered media type that the ranges weigh highest, None where none is accepted.

    A narrower range says more of a media type than a wider one. Of equals the one that is named
    goes first, then the one that is named first, then the one that is offered first.
    """
    weighed = []
    for place, media_type in enumerate(offered):
        taking = [(each.width, n) for n, each in enumerate(found) if each.takes(media_type)]
        if not taking:
            continue
        width, n = min(taking)
        if found[n].quality > 0:
            weighed.append((-found[n].quality, width, n, place, media_type))
    return min(weighed)[-1] if weighed else None


def accepted(accept: str, offered: Mapping[str, str]) -> str:
    """Return the form of the offered media type (media type → form) that a reader weighs highest.

    Raises `NotAcceptable` (MEDIA_NOT_OFFERED) where it accepts none of them.
    """
    media_type = best(ranges(accept), offered)
    if media_type is None:
        raise refusal("MEDIA_NOT_OFFERED", accept, offered)
    return offered[media_type]


def refusal(code: str, accept: str, offered: Iterable[str]) -> NotAcceptable:
    """Return what says that none of the offered media types is accepted."""
    shown = accept[:_GIVEN_MAX] if accept.isprintable() else "?"
    return NotAcceptable(code, given=shown, choice=", ".join(offered))
