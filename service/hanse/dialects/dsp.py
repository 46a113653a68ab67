"""Dataspace Protocol 2025-1: the version document and the catalogue, so that crawlers find us.

Negotiation and transfer are not spoken: what may be read is in the node's own register. Arrays are
never empty in this standard: what has nothing is left out.

| ours | in the protocol | lost |
|---|---|---|
| dataset | `Dataset` under its URI, one `Offer` | title and everything else: DCAT has it |
| open | permission to use | nothing |
| under protocol | permission to use for the purpose "a protocol in the register" | its terms |
| the node | `DataService` | what it speaks: DCAT has it |
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from hanse.dialects.dcat.listing import Listing, Publisher

VERSION: Final = "2025-1"
PATH: Final = f"/dsp/{VERSION}"
CONTEXT: Final = ["https://w3id.org/dspace/2025/1/context.jsonld"]
PAGE_SIZE: Final = 100
_PULL: Final = "HttpData-PULL"


def versions() -> dict[str, Any]:
    """Return the version document: where which version of the protocol is spoken."""
    return {"protocolVersions": [{"version": VERSION, "path": PATH, "binding": "HTTPS"}]}


def catalogue(participant: str, listings: Sequence[Listing]) -> dict[str, Any]:
    """Return a page of the catalogue of a participant."""
    datasets = [dataset(each) for each in listings]
    publishers = dict.fromkeys((each.root, each.publisher) for each in listings)
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"{participant}/id/catalog",
        "@type": "Catalog",
        "participantId": participant,
    }
    if datasets:
        made["service"] = [_service(root, publisher) for root, publisher in publishers]
        made["dataset"] = datasets
    return made


def dataset(listing: Listing) -> dict[str, Any]:
    """Return a dataset with its offer; an offer has no target, it stands in what it is about."""
    permission: dict[str, Any] = {"action": "use"}
    if listing.access != "open":
        register = f"{listing.publisher.base_url}/v1/protocols"
        permission["constraint"] = [
            {"leftOperand": "purpose", "operator": "eq", "rightOperand": register}
        ]
    offer = f"urn:uuid:{uuid5(NAMESPACE_URL, listing.uri + '#offer')}"
    service = _service_id(listing.root, listing.publisher)
    return {
        "@id": listing.uri,
        "@type": "Dataset",
        "hasPolicy": [{"@id": offer, "@type": "Offer", "permission": [permission]}],
        "distribution": [{"@type": "Distribution", "format": _PULL, "accessService": service}],
    }


def alone(listing: Listing) -> dict[str, Any]:
    """Return one dataset as a document of its own."""
    return {"@context": CONTEXT, **dataset(listing)}


def error(code: str, reasons: Sequence[str]) -> dict[str, Any]:
    """Return an error of the catalogue."""
    return {
        "@context": CONTEXT,
        "@type": "CatalogError",
        "code": code,
        "reason": list(reasons),
    }


def _service(root: str, publisher: Publisher) -> dict[str, Any]:
    return {
        "@id": _service_id(root, publisher),
        "@type": "DataService",
        "endpointURL": f"{publisher.base_url}/v1",
    }


def _service_id(root: str, publisher: Publisher) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{root}/id/service/{publisher.agency}/data')}"
