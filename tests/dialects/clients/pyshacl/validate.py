"""Hold a graph against shapes: print what each top-level result says, by severity.

Question: `data` (text), or a `url` and `headers` to have it from, in `format`, `shapes` (Turtle
files), `known` (files of code lists).
What the graph only points to is typed in a copy first, as the shapes of classes want it.
"""

import json
import sys
from urllib.request import Request, urlopen

from pyshacl import validate
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS

SH = Namespace("http://www.w3.org/ns/shacl#")
ELI = "http://data.europa.eu/eli/ontology#LegalResource"
AUTHORITY = "http://publications.europa.eu/resource/authority/"
CLASSES = {
    "/licence/": DCTERMS.LicenseDocument,
    "/licentie/": DCTERMS.LicenseDocument,
    "/file-type/": DCTERMS.MediaTypeOrExtent,
    "media-types/": DCTERMS.MediaType,
    "/language/": DCTERMS.LinguisticSystem,
    "/frequency/": DCTERMS.Frequency,
    "/access-right/": DCTERMS.RightsStatement,
    "/refnis2025/": DCTERMS.Location,
    "/eli/": URIRef(ELI),
}
CONCEPTS = (AUTHORITY, "inspire.ec.europa.eu/metadata-codelist", "publishertype", "/auth/datatheme")
POINTED = {
    DCTERMS.conformsTo: DCTERMS.Standard,
    FOAF.page: FOAF.Document,
    FOAF.homepage: FOAF.Document,
    DCAT.landingPage: FOAF.Document,
}


def typed(graph: Graph) -> Graph:
    """Return a copy in which the terms of code lists have their classes."""
    copy = Graph()
    for triple in graph:
        copy.add(triple)
        if isinstance(triple[2], URIRef):
            pointed(copy, triple[1], triple[2])
    for licence in copy.subjects(RDF.type, DCTERMS.LicenseDocument):
        if (licence, DCTERMS.title, None) not in copy:
            copy.add((licence, DCTERMS.title, Literal("licence", lang="en")))
    return copy


def pointed(copy: Graph, predicate: URIRef, value: URIRef) -> None:
    """Type what a property points to."""
    kinds = [kind for part, kind in CLASSES.items() if part in value]
    for kind in (*kinds, POINTED.get(predicate)):
        if kind is not None:
            copy.add((value, RDF.type, kind))
    if any(part in value for part in CONCEPTS):
        concept(copy, value)


def concept(copy: Graph, value: URIRef) -> None:
    scheme = URIRef(value.rpartition("/")[0])
    if value.endswith(("/data-theme", "/datatheme")):
        scheme = value
    else:
        copy.add((value, RDF.type, SKOS.Concept))
        copy.add((value, SKOS.inScheme, scheme))
        copy.add((value, SKOS.prefLabel, Literal("term", lang="en")))
    if "publishertype" in scheme:
        scheme = URIRef("http://purl.org/adms/publishertype/1.0")
        copy.add((value, SKOS.inScheme, scheme))
    copy.add((scheme, RDF.type, SKOS.ConceptScheme))
    copy.add((scheme, DCTERMS.title, Literal("scheme", lang="en")))


def results(graph: Graph, shapes: Graph) -> list[dict[str, str]]:
    """Return the results that are not the detail of another."""
    _, report, _ = validate(
        graph,
        shacl_graph=shapes,
        inference="none",
        do_owl_imports=False,
        allow_warnings=True,
    )
    details = set(report.objects(None, SH.detail))
    return [
        {
            "severity": str(report.value(each, SH.resultSeverity)).rpartition("#")[2],
            "focus": str(report.value(each, SH.focusNode)),
            "path": str(report.value(each, SH.resultPath) or ""),
            "message": str(report.value(each, SH.resultMessage) or ""),
            "value": str(report.value(each, SH.value) or ""),
        }
        for each in report.subjects(RDF.type, SH.ValidationResult)
        if each not in details
    ]


def fetched(url: str, headers: dict[str, str]) -> str:
    with urlopen(Request(url, headers=headers)) as answer:
        return answer.read().decode()


def main() -> None:
    asked = json.load(sys.stdin)
    text = asked["data"] if "data" in asked else fetched(asked["url"], asked["headers"])
    graph = Graph().parse(data=text, format=asked["format"])
    copy = typed(graph)
    for path in asked.get("known", []):
        copy.parse(path, format="nt")
    for shapes in asked["shapes"]:
        read = Graph().parse(shapes, format="turtle")
        for each in results(copy, read):
            print(json.dumps(each))


main()
