"""The three syntaxes of a graph, chosen by the end of an address or by `Accept`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rdflib import Graph

from hanse.errors import Invalid


class NotAcceptable(Invalid):
    """None of the syntaxes is one that the reader accepts."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to write a graph: its suffix, its media type, and what the writer calls it."""

    suffix: str
    media_type: str
    writer: str


TURTLE: Final = Syntax("ttl", "text/turtle", "turtle")
SYNTAXES: Final[Mapping[str, Syntax]] = MappingProxyType(
    {
        "ttl": TURTLE,
        "jsonld": Syntax("jsonld", "application/ld+json", "json-ld"),
        "rdf": Syntax("rdf", "application/rdf+xml", "xml"),
    }
)
_BY_MEDIA: Final[Mapping[str, Syntax]] = MappingProxyType(
    {
        **{each.media_type: each for each in SYNTAXES.values()},
        "application/json": SYNTAXES["jsonld"],
        "application/x-turtle": TURTLE,
        "application/xml": SYNTAXES["rdf"],
        "text/xml": SYNTAXES["rdf"],
        "text/*": TURTLE,
        "application/*": SYNTAXES["jsonld"],
        "*/*": TURTLE,
    }
)
_RANGES_MAX: Final = 20


def accepted(accept: str) -> Syntax:
    """Return the syntax that an `Accept` field weighs highest (RFC 9110 §12.5.1).

    Raises `NotAcceptable` (DCAT_MEDIA).
    """
    weighed = [_weigh(part) for part in (accept or "*/*").split(",")[:_RANGES_MAX]]
    ours = [(weight, media) for weight, media in weighed if media in _BY_MEDIA and weight > 0]
    if not ours:
        choice = ", ".join(each.media_type for each in SYNTAXES.values())
        shown = accept[:60] if accept.isprintable() else "?"
        raise NotAcceptable("DCAT_MEDIA", given=shown, choice=choice)
    return _BY_MEDIA[max(ours, key=lambda pair: pair[0])[1]]


def _weigh(media_range: str) -> tuple[float, str]:
    media, *parameters = (part.strip().lower() for part in media_range.split(";"))
    quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return float(quality), media
    except ValueError:
        return 0.0, media


def written(made: Graph, syntax: Syntax) -> bytes:
    """Return a graph in a syntax, as UTF-8."""
    return made.serialize(format=syntax.writer, encoding="utf-8")
