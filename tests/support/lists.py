"""Lists of datasets as tests ask for them: of a catalogue or a node, read as graphs."""

import asyncio
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, RDF
from rdflib.term import Node
from tests.support.catalogues import Federation, federation
from tests.support.feeds import FeedNode, dataset, tombstone
from tests.support.portal import portal

HYDRA = "http://www.w3.org/ns/hydra/core#"

Client = Callable[[], httpx.AsyncClient]


def ask(client: Client, path: str, method: str = "GET", **given: object) -> httpx.Response:
    """Return the answer to one request."""

    async def once() -> httpx.Response:
        async with client() as session:
            return await session.request(method, path, **given)  # type: ignore[arg-type]

    return asyncio.run(once())


def read(answer: httpx.Response) -> Graph:
    """Return the graph in an answer, by the media type it says."""
    assert answer.status_code == 200, answer.text
    with warnings.catch_warnings():
        # the JSON-LD reader of rdflib 7.6 uses a class that rdflib itself calls deprecated
        warnings.filterwarnings("ignore", "ConjunctiveGraph is deprecated", DeprecationWarning)
        return Graph().parse(data=answer.text, format=answer.headers["content-type"])


def graph(client: Client, path: str) -> Graph:
    """Return the graph at an address."""
    return read(ask(client, path))


def datasets(found: Graph) -> set[Node]:
    """Return the URIs of every dataset in a graph."""
    return set(found.subjects(RDF.type, DCAT.Dataset))


def pages(client: Client, path: str) -> list[Graph]:
    """Follow the pages from an address to the last, as harvesters do."""
    found, address = [], path
    while address:
        page = graph(client, address)
        found.append(page)
        (own,) = page.subjects(RDF.type, URIRef(f"{HYDRA}PagedCollection"))
        address = str(page.value(own, URIRef(f"{HYDRA}next")) or "")
    return found


def looked_at(home: Path) -> Federation:
    """Return the portal of four cities, looked at once."""
    made = portal(home)
    asyncio.run(made.catalogue.harvester.once())
    return made


def long(home: Path, count: int) -> Federation:
    """Return a catalogue of one city with so many datasets, and one that it withdrew whole."""
    entries = [dataset(f"cijfers-{number:03}") for number in range(count)]
    gone = [tombstone("weg")] if count else []
    made = federation(home, FeedNode(datasets=entries, tombstones=gone))
    asyncio.run(made.catalogue.harvester.once())
    return made


def there(address: str) -> int:
    """Return the status an address answers with, read to its end."""
    return httpx.get(address, follow_redirects=True).status_code


def text(address: str, headers: dict[str, str] | None = None) -> str:
    """Return the text at an address."""
    answer = httpx.get(address, headers=headers)
    answer.raise_for_status()
    return answer.text


def told(address: str) -> Any:
    """Return the JSON at an address."""
    return json.loads(text(address))
