"""Views of one graph: what the Flemish and the Belgian federal profile want otherwise.

DCAT-AP 3.0.1 is the graph as it is. Sources: DCAT-AP Vlaanderen 3.0 (only two access rights, the
Belgian list of themes, its own licences), BE DCAT-AP 2 (licence and representation technique on the
dataset, type on the service).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF

from hanse.dialects.dcat import vocabulary
from hanse.dialects.dcat.graph import ADMS

MDCAT: Final = Namespace("https://data.vlaanderen.be/ns/metadata-dcat#")

DEFAULT: Final = "dcat-ap"
ADDRESSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dcat-ap": vocabulary.DCAT_AP,
        "stat": "http://data.europa.eu/m8g/",
        "vl": "https://data.vlaanderen.be/doc/applicatieprofiel/DCAT-AP-VL",
        "be": "http://vocab.belgif.be/shacl/bedcatap2#",
    }
)
"""The names a request may give a profile, and the address of each."""


def view(made: Graph, profile: str) -> Graph:
    """Return a graph as one profile of `ADDRESSES` wants it; the one handed in may be changed."""
    return _VIEWS[profile](made)


def _as_it_is(made: Graph) -> Graph:
    return made


def _flemish(made: Graph) -> Graph:
    _belgian_themes(made)
    restricted = URIRef(vocabulary.RESTRICTED)
    for subject in list(made.subjects(DCTERMS.accessRights, restricted)):
        made.set((subject, DCTERMS.accessRights, URIRef(vocabulary.NON_PUBLIC)))
    for subject, licence in list(made.subject_objects(DCTERMS.license)):
        flemish = vocabulary.FLEMISH_LICENCES.get(str(licence))
        if flemish:
            made.set((subject, DCTERMS.license, URIRef(flemish)))
    status = URIRef(vocabulary.OPEN_IN_FLANDERS)
    for dataset in list(made.subjects(RDF.type, DCAT.Dataset)):
        if (dataset, DCTERMS.accessRights, URIRef(vocabulary.PUBLIC)) in made:
            made.add((dataset, MDCAT.statuut, status))
    made.bind("mdcat", MDCAT)
    return made


def _belgian(made: Graph) -> Graph:
    _belgian_themes(made)
    for dataset in list(made.subjects(RDF.type, DCAT.Dataset)):
        made.add((dataset, ADMS.representationTechnique, URIRef(vocabulary.TEXT_TABLE)))
        for licence in _licences(made, dataset):
            made.add((dataset, DCTERMS.license, licence))
    for service in list(made.subjects(RDF.type, DCAT.DataService)):
        made.add((service, DCTERMS.type, URIRef(vocabulary.DOWNLOAD)))
    for record in list(made.subjects(RDF.type, DCAT.CatalogRecord)):
        made.add((record, RDF.type, URIRef(f"{DCAT}Record")))  # the class the federal shapes name
    for document in set(made.objects(None, DCTERMS.license)):
        made.add((document, RDF.type, DCTERMS.LicenseDocument))
        made.add((document, DCTERMS.title, Literal(_title(str(document)), lang="nl")))
    return made


def _licences(made: Graph, dataset: object) -> set[URIRef]:
    """Return what a dataset is used under: its files' licence, else the protocols of the node."""
    found: set[URIRef] = set()
    for file in made.objects(dataset, DCAT.distribution):  # type: ignore[arg-type]
        found |= {URIRef(str(each)) for each in made.objects(file, DCTERMS.license)}
    return found or {URIRef(f"{dataset}#rights")}


def _title(licence: str) -> str:
    known = {uri: name for name, uri in vocabulary.LICENCES.items()}
    return known.get(licence) or licence.rpartition("/")[2] or licence


def _belgian_themes(made: Graph) -> None:
    european, belgian = f"{vocabulary.DATA_THEMES}/", f"{vocabulary.BELGIF}/datatheme/"
    for subject, theme in list(made.subject_objects(DCAT.theme)):
        made.remove((subject, DCAT.theme, theme))
        made.add((subject, DCAT.theme, URIRef(str(theme).replace(european, belgian))))
    taxonomy = URIRef(f"{vocabulary.BELGIF}/datatheme")
    for catalogue in list(made.subjects(DCAT.themeTaxonomy, None)):
        made.set((catalogue, DCAT.themeTaxonomy, taxonomy))


_VIEWS: Final[Mapping[str, Callable[[Graph], Graph]]] = MappingProxyType(
    {"dcat-ap": _as_it_is, "stat": _as_it_is, "vl": _flemish, "be": _belgian}
)
