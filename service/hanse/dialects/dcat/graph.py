"""Datasets as a DCAT graph: DCAT-AP 3.0.1, the properties of StatDCAT-AP and of national profiles.

Everything has a URI, nothing is a blank node, so that two writings of one graph are compared line
by line. Sources: DCAT 3 (W3C), DCAT-AP 3.0.1, StatDCAT-AP 1.0.1, DCAT-AP Vlaanderen, BE DCAT-AP 2.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, ODRL2, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from hanse.dialects.dcat import vocabulary, ways
from hanse.dialects.dcat.listing import Listing, Page, Publisher, Shelf, Text
from hanse.dialects.edition import text_in
from hanse.dialects.heading import perturbed_in
from hanse.messages import LANGUAGES, say

ADMS: Final = Namespace("http://www.w3.org/ns/adms#")
DCATAP: Final = Namespace("http://data.europa.eu/r5r/")
DQV: Final = Namespace("http://www.w3.org/ns/dqv#")
HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")
QB: Final = Namespace("http://purl.org/linked-data/cube#")
STAT: Final = Namespace("http://data.europa.eu/m8g/")
VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")

_PREFIXES: Final = {
    "adms": ADMS,
    "dcat": DCAT,
    "dcatap": DCATAP,
    "dct": DCTERMS,
    "dqv": DQV,
    "foaf": FOAF,
    "hydra": HYDRA,
    "odrl": ODRL2,
    "qb": QB,
    "rdfs": RDFS,
    "skos": SKOS,
    "stat": STAT,
    "vcard": VCARD,
    "xsd": XSD,
}


def graph(page: Page) -> Graph:
    """Return a page of a catalogue: whole datasets with everything they refer to."""
    made = Graph(bind_namespaces="none")
    for prefix, namespace in _PREFIXES.items():
        made.bind(prefix, namespace)
    catalogue = URIRef(f"{page.shelf.base_url}/id/catalog")
    _shelf(made, catalogue, page)
    served: dict[Publisher, list[Listing]] = {}
    for listing in page.listings:
        made.add((catalogue, DCAT.dataset, URIRef(listing.uri)))
        _dataset(made, listing)
        _record(made, catalogue, listing, page.shelf)
        if listing.is_open:
            served.setdefault(listing.publisher, []).append(listing)
    for publisher, listings in served.items():
        _services(made, catalogue, publisher, listings)
    _paging(made, page)
    return made


def _put(made: Graph, subject: Node, *pairs: tuple[URIRef, Node]) -> None:
    for predicate, value in pairs:
        made.add((subject, predicate, value))


def _texts(made: Graph, subject: Node, predicate: URIRef, text: Text, otherwise: str = "") -> None:
    """Add a text in every language it is in; `otherwise` where it is in none."""
    said = {lang: text[lang] for lang in LANGUAGES if text.get(lang, "").strip()}
    for lang, words in (said or {"nl": otherwise}).items():
        made.add((subject, predicate, Literal(words, lang=lang)))


def _said(made: Graph, subject: Node, predicate: URIRef, code: str, **slots: object) -> None:
    for lang in LANGUAGES:
        made.add((subject, predicate, Literal(say(code, lang, **slots), lang=lang)))


def _moment(made: Graph, subject: Node, predicate: URIRef, listing: Listing) -> None:
    at = listing.changed_at
    if at is not None:
        made.add((subject, predicate, Literal(at.isoformat(), datatype=XSD.dateTime)))


def _shelf(made: Graph, catalogue: URIRef, page: Page) -> None:
    shelf = page.shelf
    publisher = _agent(made, shelf.root, shelf.publisher)
    _put(
        made,
        catalogue,
        (RDF.type, DCAT.Catalog),
        (DCTERMS.identifier, Literal(shelf.base_url)),
        (DCTERMS.publisher, publisher),
        (DCTERMS.creator, publisher),
        (FOAF.homepage, URIRef(f"{shelf.base_url}/")),
        (DCTERMS.license, URIRef(vocabulary.LICENCES["CC0-1.0"])),
        (DCAT.themeTaxonomy, URIRef(vocabulary.DATA_THEMES)),
    )
    _texts(made, catalogue, DCTERMS.title, {}, shelf.name)
    _texts(made, catalogue, DCTERMS.description, shelf.about, shelf.name)
    _languages(made, catalogue)
    _contact(made, catalogue, (shelf.name, shelf.contact), shelf.base_url)
    for agency in dict.fromkeys(each.publisher.agency for each in page.listings):
        if vocabulary.place(agency):
            made.add((catalogue, DCTERMS.spatial, URIRef(vocabulary.place(agency))))
    if page.changed_at is not None:
        changed = Literal(page.changed_at.isoformat(), datatype=XSD.dateTime)
        made.add((catalogue, DCTERMS.modified, changed))


def _languages(made: Graph, subject: URIRef) -> None:
    for uri in vocabulary.LANGUAGES.values():
        made.add((subject, DCTERMS.language, URIRef(uri)))


def _agent(made: Graph, root: str, publisher: Publisher) -> URIRef:
    """Add a publisher: an agent to every profile, whatever class each wants."""
    agent = URIRef(f"{root}/id/org/{publisher.agency}")
    _put(
        made,
        agent,
        (RDF.type, FOAF.Agent),
        (RDF.type, FOAF.Organization),
        (RDF.type, DCTERMS.Agent),
        (FOAF.name, Literal(publisher.name, lang="nl")),
    )
    if publisher.agency.startswith(("NIS", "GM")):
        made.add((agent, DCTERMS.type, URIRef(vocabulary.LOCAL_AUTHORITY)))
    return agent


def _contact(made: Graph, of: URIRef, named: tuple[str, str], page: str) -> None:
    """Add the one contact of something: a role's mailbox or address, never a person's."""
    name, contact = named
    point = URIRef(f"{of}#contact")
    _put(
        made,
        of,
        (DCAT.contactPoint, point),
    )
    _put(
        made,
        point,
        (RDF.type, VCARD.Kind),
        (RDF.type, VCARD.Organization),
        (VCARD.fn, Literal(name)),
        (VCARD["organization-name"], Literal(name, lang="nl")),
        (VCARD.hasURL, URIRef(page)),
    )
    if "@" in contact:
        made.add((point, VCARD.hasEmail, URIRef(f"mailto:{quote(contact, safe='@+._-')}")))


def _dataset(made: Graph, listing: Listing) -> None:
    dataset = URIRef(listing.uri)
    agent = _agent(made, listing.root, listing.publisher)
    rights = vocabulary.PUBLIC if listing.access == "open" else vocabulary.RESTRICTED
    _put(
        made,
        dataset,
        (RDF.type, DCAT.Dataset),
        (DCTERMS.identifier, Literal(listing.identifier)),
        (DCTERMS.publisher, agent),
        (DCTERMS.creator, agent),
        (DCAT.theme, URIRef(f"{vocabulary.DATA_THEMES}/{vocabulary.theme(listing.theme)}")),
        (DCTERMS.accessRights, URIRef(rights)),
        (URIRef(f"{DCAT}version"), Literal(listing.version)),
        (DCAT.landingPage, URIRef(listing.landing)),
        (ADMS.status, URIRef(vocabulary.STATES[listing.state])),
    )
    _texts(made, dataset, DCTERMS.title, listing.title, listing.slug)
    _texts(made, dataset, DCTERMS.description, listing.description, listing.slug)
    _languages(made, dataset)
    _contact(
        made, dataset, (listing.publisher.name, listing.contact), listing.publisher.base_url + "/"
    )
    for word in dict.fromkeys((*listing.keywords, *([listing.theme] if listing.theme else []))):
        made.add((dataset, DCAT.keyword, Literal(word, lang="nl")))
    _moment(made, dataset, DCTERMS.modified, listing)
    _extent(made, dataset, listing)
    _statistics(made, dataset, listing)
    _terms(made, dataset, listing)
    _state(made, dataset, listing)
    for file in ways.files(listing):
        _distribution(made, dataset, listing, file)


def _extent(made: Graph, dataset: URIRef, listing: Listing) -> None:
    place = vocabulary.place(listing.publisher.agency)
    if place:
        made.add((dataset, DCTERMS.spatial, URIRef(place)))
    if listing.frequency:
        frequency = URIRef(vocabulary.FREQUENCIES[listing.frequency])
        made.add((dataset, DCTERMS.accrualPeriodicity, frequency))
    if listing.span:
        first, last = listing.span
        span = URIRef(f"{dataset}#temporal")
        made.add((dataset, DCTERMS.temporal, span))
        _put(
            made,
            span,
            (RDF.type, DCTERMS.PeriodOfTime),
            (DCAT.startDate, Literal(first.isoformat(), datatype=XSD.date)),
            (DCAT.endDate, Literal(last.isoformat(), datatype=XSD.date)),
        )


def _statistics(made: Graph, dataset: URIRef, listing: Listing) -> None:
    """Add what StatDCAT-AP asks: dimensions, attributes, units, and how much is hidden."""
    for name in ("REF_AREA", *listing.dimensions, "TIME_PERIOD"):
        known = vocabulary.SDMX_DIMENSIONS.get(name)
        dimension = URIRef(known or f"{dataset}#dimension-{quote(name)}")
        made.add((dataset, STAT.dimension, dimension))
        if not known:
            made.add((dimension, RDF.type, QB.DimensionProperty))
            made.add((dimension, RDFS.label, Literal(name)))
    for attribute in vocabulary.SDMX_ATTRIBUTES:
        made.add((dataset, STAT.attribute, URIRef(attribute)))
    for unit in dict.fromkeys(each.unit for each in listing.measures if each.unit):
        concept = URIRef(f"{dataset}#unit-{quote(unit, safe='')}")
        made.add((dataset, STAT.statUnitMeasure, concept))
        made.add((concept, RDF.type, SKOS.Concept))
        made.add((concept, SKOS.prefLabel, Literal(unit, lang="nl")))
    structure = ways.structure(listing)
    if structure:
        made.add((dataset, DCTERMS.conformsTo, URIRef(structure)))
    _quality(made, dataset, listing)


def _quality(made: Graph, dataset: URIRef, listing: Listing) -> None:
    """Add how many cells are hidden, of open data, or by which method figures are perturbed."""
    release = listing.release
    if release is None or not (release.sdc_method or release.hidden is not None):
        return
    quality = URIRef(f"{dataset}#quality")
    if release.sdc_method:
        for lang in LANGUAGES:
            told = f"{release.sdc_method}: {perturbed_in(release.sdc_method, lang)}"
            made.add((quality, DCTERMS.description, Literal(told, lang=lang)))
    elif listing.is_open:
        counts = {"hidden": release.hidden, "cells": release.cells}
        _said(made, quality, DCTERMS.description, "DCAT_HIDDEN", **counts)
    else:
        return
    made.add((dataset, DQV.hasQualityAnnotation, quality))
    made.add((quality, RDF.type, DQV.QualityAnnotation))


def _terms(made: Graph, dataset: URIRef, listing: Listing) -> None:
    """Add what a dataset is read under; enforcement reads the node's own register, never this."""
    if listing.access == "open":
        return
    register = f"{listing.publisher.base_url}/v1/protocols"
    rights = URIRef(f"{dataset}#rights")
    made.add((dataset, DCTERMS.rights, rights))
    made.add((rights, RDF.type, DCTERMS.RightsStatement))
    _said(made, rights, RDFS.label, "DCAT_ASK", register=register)
    for protocol in listing.protocols:
        policy = URIRef(f"{register}/{quote(protocol, safe=':')}")
        made.add((dataset, ODRL2.hasPolicy, policy))
        made.add((policy, RDF.type, ODRL2.Policy))
        made.add((policy, ODRL2.uid, Literal(protocol)))


def _state(made: Graph, dataset: URIRef, listing: Listing) -> None:
    if listing.state == "withdrawn":
        _texts(made, dataset, ADMS.versionNotes, listing.reason, say("DCAT_WITHDRAWN"))
    elif listing.release is not None:
        issued = listing.release.published_at.isoformat()
        made.add((dataset, DCTERMS.issued, Literal(issued, datatype=XSD.dateTime)))
        named = {"release": listing.release.id, "number": listing.release.number}
        _said(made, dataset, ADMS.versionNotes, "DCAT_RELEASE", **named)


def _distribution(made: Graph, dataset: URIRef, listing: Listing, file: ways.File) -> None:
    shown = URIRef(f"{dataset}#{file.id}")
    own = next(
        each for each in ways.services(listing.publisher) if each.id == (file.service or "data")
    )
    made.add((dataset, DCAT.distribution, shown))
    _put(
        made,
        shown,
        (RDF.type, DCAT.Distribution),
        (DCTERMS.identifier, Literal(f"{listing.identifier}/{file.id}")),
        (DCTERMS.title, Literal(file.title, lang="nl")),
        (DCTERMS.description, Literal(file.title, lang="nl")),
        (DCAT.accessURL, URIRef(file.access)),
        (DCTERMS.format, URIRef(f"{vocabulary.EU}/file-type/{file.format}")),
        (DCAT.mediaType, URIRef(f"http://www.iana.org/assignments/media-types/{file.media_type}")),
        (DCTERMS.license, URIRef(vocabulary.licence(listing.licence))),
        (DCATAP.availability, URIRef(vocabulary.STABLE)),
        (DCAT.accessService, URIRef(own.uri(listing.root, listing.publisher))),
    )
    _languages(made, shown)
    if file.download:
        made.add((shown, DCAT.downloadURL, URIRef(file.download)))
    if file.standard:
        made.add((shown, DCTERMS.conformsTo, URIRef(file.standard)))
    _moment(made, shown, DCTERMS.modified, listing)


def _services(
    made: Graph, catalogue: URIRef, publisher: Publisher, listings: Iterable[Listing]
) -> None:
    """Add a node's services, which serve what is open of the page."""
    served = tuple(listings)
    root, agent = served[0].root, _agent(made, served[0].root, publisher)
    for each in ways.services(publisher):
        service = URIRef(each.uri(root, publisher))
        made.add((catalogue, DCAT.service, service))
        _put(
            made,
            service,
            (RDF.type, DCAT.DataService),
            (DCTERMS.identifier, Literal(f"{publisher.agency}:{each.id}")),
            (DCTERMS.title, Literal(each.title, lang="nl")),
            (DCTERMS.description, Literal(each.about, lang="nl")),
            (DCTERMS.publisher, agent),
            (DCTERMS.creator, agent),
            (DCAT.keyword, Literal(each.id, lang="nl")),
            (DCAT.theme, URIRef(f"{vocabulary.DATA_THEMES}/{vocabulary.REGIONS}")),
            (DCTERMS.accessRights, URIRef(vocabulary.PUBLIC)),
            (DCTERMS.license, URIRef(vocabulary.licence(served[0].licence))),
            (DCAT.endpointURL, URIRef(each.endpoint)),
            (DCAT.endpointDescription, URIRef(each.description)),
            (FOAF.page, URIRef(each.description)),
            (DCTERMS.conformsTo, URIRef(each.standard)),
        )
        _languages(made, service)
        _contact(made, service, (publisher.name, served[0].contact), f"{publisher.base_url}/")
        for listing in served:
            made.add((service, DCAT.servesDataset, URIRef(listing.uri)))


def _record(made: Graph, catalogue: URIRef, listing: Listing, shelf: Shelf) -> None:
    record = URIRef(f"{shelf.base_url}/id/record/{listing.uri.partition('/id/dataset/')[2]}")
    made.add((catalogue, DCAT.record, record))
    _put(
        made,
        record,
        (RDF.type, DCAT.CatalogRecord),
        (DCTERMS.identifier, Literal(f"{listing.identifier}#record")),
        (FOAF.primaryTopic, URIRef(listing.uri)),
        (DCTERMS.conformsTo, URIRef(vocabulary.DCAT_AP)),
        (DCTERMS.title, Literal(text_in(listing.title, "nl", listing.slug), lang="nl")),
    )
    at = listing.changed_at
    moment = at.isoformat() if at else "1970-01-01T00:00:00+00:00"
    made.add((record, DCTERMS.modified, Literal(moment, datatype=XSD.dateTime)))
    _languages(made, record)
    _contact(made, record, (shelf.name, shelf.contact), f"{shelf.base_url}/")
    if listing.note:
        _texts(made, record, DCTERMS.description, listing.note)


def _paging(made: Graph, page: Page) -> None:
    """Add where the other pages are, as harvesters of CKAN read it (Hydra `PagedCollection`)."""
    own = URIRef(at_page(page.address, page.number))
    _put(
        made,
        own,
        (RDF.type, HYDRA.PagedCollection),
        (HYDRA.first, Literal(at_page(page.address, 1))),
        (HYDRA.last, Literal(at_page(page.address, page.pages))),
        (HYDRA.totalItems, Literal(page.total)),
        (HYDRA.itemsPerPage, Literal(PAGE_SIZE)),
    )
    if page.number < page.pages:
        made.add((own, HYDRA.next, Literal(at_page(page.address, page.number + 1))))
    if page.number > 1:
        made.add((own, HYDRA.previous, Literal(at_page(page.address, page.number - 1))))


PAGE_SIZE: Final = 100
"""Datasets on a page: harvesters stop reading at 50 MB."""


def at_page(address: str, number: int) -> str:
    """Return the address of a page."""
    return f"{address}{'&' if '?' in address else '?'}page={number}"
