"""The three syntaxes of a graph, chosen by the end of an address or by `Accept`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rdflib import Graph

from hanse.dialects.media import best, ranges, refusal


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
    }
)


def accepted(accept: str) -> Syntax:
    """Return the syntax that an `Accept` field weighs highest (RFC 9110 §12.5.1).

    Raises `NotAcceptable` (DCAT_MEDIA).
    """
    media_type = best(ranges(accept), _BY_MEDIA)
    if media_type is None:
        raise refusal("DCAT_MEDIA", accept, [each.media_type for each in SYNTAXES.values()])
    return _BY_MEDIA[media_type]


def written(made: Graph, syntax: Syntax) -> bytes:
    """Return a graph in a syntax, as UTF-8."""
    return made.serialize(format=syntax.writer, encoding="utf-8")
