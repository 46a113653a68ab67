"""DCAT: what is listed, for whom, in which syntax, and what a harvester can rely on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, FOAF, ODRL2, RDF
from tests.support import golden, lists
from tests.support.callers import House, house
from tests.support.catalogues import Federation
from tests.support.feeds import dataset, release
from tests.support.lists import ask, graph

from hanse.auth.principal import NOBODY
from hanse.catalog.listings import KEEP_WITHDRAWN
from hanse.dialects.dcat.graph import PAGE_SIZE
from hanse.node.publish import withdraw

EU = "http://publications.europa.eu/resource/authority"
ADMS = "http://www.w3.org/ns/adms#"
ROOT = "http://127.0.0.1:8100"
BEVOLKING = URIRef(f"{ROOT}/id/dataset/NIS41002/BEVOLKING")
INKOMENS = URIRef(f"{ROOT}/id/dataset/NIS41002/INKOMENS")
WERK = URIRef(f"{ROOT}/id/dataset/NIS41002/WERK")
STATUS = URIRef(f"{ADMS}status")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return lists.looked_at(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture(scope="module")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = house(tmp_path_factory.mktemp("node") / "aalst")
    yield made
    made.node.close()


@pytest.mark.parametrize("path", ["/dcat", "/dcat/NIS41002/bevolking"])
@pytest.mark.parametrize("profile", ["dcat-ap", "stat", "vl", "be"])
def test_the_three_syntaxes_hold_one_graph(world: Federation, path: str, profile: str) -> None:
    made = [
        graph(world.client, f"{path}.{suffix}?profile={profile}")
        for suffix in ("ttl", "jsonld", "rdf")
    ]
    # where the other pages are is said in the syntax of the page
    cut = [_without_paging(each) for each in made]
    assert len(cut[0]) > 50
    assert isomorphic(cut[0], cut[1])
    assert isomorphic(cut[0], cut[2])


def _without_paging(made: Graph) -> Graph:
    for subject in list(made.subjects(RDF.type, URIRef(f"{lists.HYDRA}PagedCollection"))):
        made.remove((subject, None, None))
    return made


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/turtle"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json, text/turtle;q=0.5", "application/ld+json"),
        ("application/rdf+xml;q=0.9, text/html", "application/rdf+xml"),
        ("application/json", "application/ld+json"),
    ],
)
def test_accept_chooses_the_syntax(world: Federation, accept: str, media_type: str) -> None:
    answer = ask(world.client, "/dcat", headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type
    assert BEVOLKING in lists.datasets(lists.read(answer))


@pytest.mark.parametrize(
    ("path", "accept", "status", "code"),
    [
        ("/dcat", "image/png", 406, "DCAT_MEDIA"),
        ("/dcat?profile=nl", "*/*", 400, "DCAT_PROFILE"),
        ("/dcat?page=2", "*/*", 404, "NOT_FOUND"),
        ("/dcat?pagina=2", "*/*", 400, "QUERY_UNKNOWN"),
        ("/dcat/NIS41002/niets.ttl", "*/*", 404, "INDEX_DATASET_UNKNOWN"),
        ("/id/dataset/NIS41002/NIETS", "*/*", 404, "INDEX_DATASET_UNKNOWN"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(
    world: Federation, path: str, accept: str, status: int, code: str
) -> None:
    answer = ask(world.client, path, headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/dcat", "/dcat.rdf", "/dcat/NIS41002/werk.jsonld"])
def test_head_says_what_get_says(world: Federation, path: str) -> None:
    got, head = ask(world.client, path), ask(world.client, path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(got.headers)


def test_what_has_not_changed_is_not_sent_again(world: Federation) -> None:
    first = ask(world.client, "/dcat.ttl")
    held = {"If-None-Match": first.headers["etag"]}
    assert ask(world.client, "/dcat.ttl", headers=held).status_code == 304
    assert ask(world.client, "/dcat.jsonld", headers=held).status_code == 200
    assert first.headers["last-modified"] == "Mon, 02 Mar 2026 09:00:00 GMT"
    assert 'rel="profile"' in first.headers["link"]


def test_a_uri_leads_to_its_description(world: Federation, aalst: House) -> None:
    there = ask(world.client, str(BEVOLKING).removeprefix(ROOT))
    assert there.status_code == 303
    assert there.headers["location"] == f"{ROOT}/dcat/NIS41002/bevolking"
    own = ask(aalst.client, "/id/dataset/NIS41002/BEVOLKING")
    assert own.headers["location"] == "http://127.0.0.1:8101/dcat/bevolking"


def test_an_open_dataset_is_described_with_its_files_and_services(world: Federation) -> None:
    made = graph(world.client, "/dcat/NIS41002/bevolking.ttl")
    titles = set(made.objects(BEVOLKING, DCTERMS.title))
    named = {"nl": "Bevolking", "en": "Population", "fr": "Population"}
    assert titles == {Literal(text, lang=lang) for lang, text in named.items()}
    formats = {
        str(made.value(each, DCTERMS.format)).rpartition("/")[2]
        for each in made.objects(BEVOLKING, DCAT.distribution)
    }
    assert formats == {"CSV", "PARQUET", "XLSX", "JSON"}
    assert made.value(BEVOLKING, DCTERMS.accessRights) == URIRef(f"{EU}/access-right/PUBLIC")
    assert made.value(BEVOLKING, DCAT.theme) == URIRef(f"{EU}/data-theme/SOCI")
    assert len(set(made.subjects(DCAT.servesDataset, BEVOLKING))) == 4
    notes = {str(each) for each in made.objects(BEVOLKING, URIRef(f"{ADMS}versionNotes"))}
    assert "Release 2026-03-01.1, nummer 1." in notes


def test_a_governed_dataset_is_listed_without_an_address_of_its_figures(
    world: Federation, aalst: House
) -> None:
    for client, uri in ((world.client, WERK), (aalst.client, INKOMENS)):
        made = graph(client, "/dcat.ttl")
        assert made.value(uri, DCTERMS.title) is not None
        assert made.value(uri, DCTERMS.accessRights) == URIRef(f"{EU}/access-right/RESTRICTED")
        assert not list(made.objects(uri, DCAT.distribution))
        assert not list(made.subjects(DCAT.servesDataset, uri))
        assert uri.rpartition("/")[2].lower() not in {
            str(each).partition("/v1/datasets/")[2].partition("/data")[0]
            for each in made.objects(None, DCAT.accessURL)
        }


def test_a_governed_dataset_names_the_protocols_that_open_it(aalst: House) -> None:
    made = graph(aalst.client, "/dcat/inkomens.ttl")
    policies = {
        str(made.value(each, ODRL2.uid)) for each in made.objects(INKOMENS, ODRL2.hasPolicy)
    }
    assert policies == {"urn:protocol:aalst:2026-001"}


def test_counts_are_told_of_open_data_only(aalst: House) -> None:
    text = ask(aalst.client, "/dcat/inkomens.ttl").text
    assert "hasQualityAnnotation" not in text
    assert "hasQualityAnnotation" in ask(aalst.client, "/dcat/bevolking.ttl").text


def test_what_is_not_listed_is_described_to_its_partner_alone(aalst: House) -> None:
    zorg = URIRef(f"{ROOT}/id/dataset/NIS41002/ZORG")
    for caller, seen in (("nobody", False), ("stranger", False), ("partner", True)):
        answer = ask(lambda who=caller: aalst.client(who), "/dcat.ttl")  # type: ignore[misc]
        assert ("zorg" in answer.text.lower()) is seen
        assert (zorg in lists.datasets(lists.read(answer))) is seen
    assert ask(aalst.client, "/dcat/zorg.ttl").status_code == 401
    assert ask(aalst.client, "/dcat/nietsdergelijks.ttl").status_code == 401
    assert "kladwerk" not in ask(lambda: aalst.client("steward"), "/dcat.ttl").text.lower()


def test_every_file_and_structure_that_is_named_is_there(tmp_path: Path) -> None:
    with golden.served(tmp_path) as node:
        made = Graph().parse(f"{node.url}/dcat.ttl", format="turtle")
        named = [
            *made.objects(None, DCAT.accessURL),
            *made.objects(None, DCAT.downloadURL),
            *made.objects(None, DCAT.endpointDescription),
            *made.objects(None, DCAT.landingPage),
            *(each for each in made.objects(None, DCTERMS.conformsTo) if node.url in str(each)),
        ]
        found = {str(each): lists.there(str(each)) for each in named}
    assert len(named) > 9
    assert {address: status for address, status in found.items() if status != 200} == {}


@pytest.mark.parametrize(("first", "count"), [(golden.OPEN, 2)])
def test_a_dataset_whose_releases_are_withdrawn_stays_with_the_reason(
    tmp_path: Path, first: str, count: int
) -> None:
    with golden.served(tmp_path) as node:
        before = graph_of(node.url)
        assert len(lists.datasets(before)) == count
        released = next(iter(node.node.door.visible(NOBODY))).release_id
        withdraw(node.press, first, str(released), "verkeerd bestand", "an")
        after = graph_of(node.url)
    uri = next(each for each in lists.datasets(after) if str(each).endswith("/PROEF"))
    assert after.value(uri, STATUS) == URIRef(f"{EU}/dataset-status/WITHDRAWN")
    notes = set(after.objects(uri, URIRef(f"{ADMS}versionNotes")))
    assert notes == {Literal("verkeerd bestand", lang="nl")}
    assert not list(after.objects(uri, DCAT.distribution))
    assert lists.datasets(after) == lists.datasets(before)


def graph_of(url: str) -> Graph:
    return Graph().parse(f"{url}/dcat.ttl", format="turtle")


def test_a_city_that_does_not_answer_stays_listed_with_the_age_of_what_is_known(
    tmp_path: Path,
) -> None:
    made = lists.looked_at(tmp_path)
    before = graph(made.client, "/dcat.ttl")
    gent = next(node for node in made.nodes if node.agency == "NIS44021")
    made.down(gent)
    made.clock.pass_(hours=3)
    asyncio.run(made.catalogue.harvester.once())
    after = graph(made.client, "/dcat.ttl")
    assert lists.datasets(after) == lists.datasets(before)
    uri = URIRef(f"{ROOT}/id/dataset/NIS44021/BEVOLKING")
    (record,) = after.subjects(FOAF.primaryTopic, uri)
    told = {str(each) for each in after.objects(record, DCTERMS.description)}
    assert any("2026-03-02T09:00:00" in each for each in told)
    assert not list(before.objects(record, DCTERMS.description))
    (other,) = after.subjects(FOAF.primaryTopic, BEVOLKING)
    assert not list(after.objects(other, DCTERMS.description))


def test_pages_go_on_to_the_whole_and_hold_whole_datasets(tmp_path: Path) -> None:
    made = lists.long(tmp_path, PAGE_SIZE + 30)
    found = lists.pages(made.client, "/dcat.ttl?profile=vl")
    assert [len(lists.datasets(each)) for each in found] == [PAGE_SIZE, 31]
    every = set().union(*(lists.datasets(each) for each in found))
    assert len(every) == PAGE_SIZE + 31
    for page in found:
        told = {page.value(each, DCTERMS.title) for each in lists.datasets(page)}
        assert None not in told
        assert set(page.objects(None, DCAT.servesDataset)) <= lists.datasets(page)
        assert "datatheme" in str(page.value(next(iter(lists.datasets(page))), DCAT.theme))


def test_what_a_city_withdrew_whole_stays_listed_for_two_years(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 1)
    gone = URIRef(f"{ROOT}/id/dataset/NIS41002/WEG")
    page = graph(made.client, "/dcat.ttl")
    assert page.value(gone, STATUS) == URIRef(f"{EU}/dataset-status/WITHDRAWN")
    assert Literal("Fout in de bron", lang="nl") in set(page.objects(gone, DCTERMS.description))
    made.clock.now += KEEP_WITHDRAWN
    made.nodes[0].publish(dataset("cijfers-000", current=release(2)))
    asyncio.run(made.catalogue.harvester.once())
    made.clock.pass_(days=1)
    made.nodes[0].publish(dataset("cijfers-000", current=release(3)))
    asyncio.run(made.catalogue.harvester.once())
    assert gone not in lists.datasets(graph(made.client, "/dcat.ttl"))


def test_flanders_gets_its_own_words(world: Federation) -> None:
    made = graph(world.client, "/dcat.ttl?profile=vl")
    assert made.value(WERK, DCTERMS.accessRights) == URIRef(f"{EU}/access-right/NON_PUBLIC")
    theme = made.value(WERK, DCAT.theme)
    assert theme == URIRef("http://vocab.belgif.be/auth/datatheme/SOCI")
    statuut = URIRef("https://data.vlaanderen.be/ns/metadata-dcat#statuut")
    assert made.value(BEVOLKING, statuut) is not None
    assert made.value(WERK, statuut) is None
