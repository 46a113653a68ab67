"""The ways to the figures of an open dataset: files to download, and services to ask."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from hanse.dialects.dcat import vocabulary
from hanse.dialects.dcat.listing import Listing, Publisher

_IANA: Final = "http://www.iana.org/assignments/media-types"


@dataclass(frozen=True, slots=True)
class File:
    """One form of the figures.

    `access` is the address of the newest release, `download` that of the release in force for ever.
    `format` is a code of the EU list of file types; `service` names the service that gives it.
    """

    id: str
    title: str
    format: str
    media_type: str
    access: str
    download: str
    standard: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One interface of a node."""

    id: str
    title: str
    about: str
    endpoint: str
    description: str
    standard: str

    def uri(self, root: str, publisher: Publisher) -> str:
        """Return the service's URI."""
        return f"{root}/id/service/{publisher.agency}/{self.id}"


_OWN: Final = (
    ("csv", "CSV", "CSV", "text/csv", ""),
    ("parquet", "Parquet", "PARQUET", "application/vnd.apache.parquet", ""),
    (
        "xlsx",
        "Excel",
        "XLSX",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "",
    ),
    ("json", "JSON", "JSON", "application/json", ""),
)


def files(listing: Listing) -> tuple[File, ...]:
    """Return the files of a dataset: none unless it is open and has a release."""
    if not listing.is_open or listing.release is None:
        return ()
    node = listing.publisher.base_url
    base = f"{node}/v1/datasets/{quote(listing.slug)}/data"
    pinned = {"release": listing.release.id}
    own = tuple(
        File(
            id=name,
            title=title,
            format=code,
            media_type=media_type,
            access=f"{base}?{urlencode({'format': name})}",
            download=f"{base}?{urlencode({'format': name, **pinned})}",
            standard=standard,
        )
        for name, title, code, media_type, standard in _OWN
    )
    flow = f"{listing.publisher.agency}/{listing.dialect_id}/{quote(listing.version)}"
    sdmx = f"{node}/sdmx/3.0/data/dataflow/{flow}/*?format=csv"
    return (
        *own,
        File(
            id="sdmx-csv",
            title="SDMX-CSV 2.0",
            format="CSV",
            media_type="text/csv",
            access=sdmx,
            download="",
            standard=vocabulary.SDMX_CSV,
            service="sdmx",
        ),
    )


def structure(listing: Listing) -> str:
    """Return the address of an open dataset's data structure definition; "" for others."""
    if not listing.is_open:
        return ""
    flow = f"{listing.publisher.agency}/{listing.dialect_id}/{quote(listing.version)}"
    return f"{listing.publisher.base_url}/sdmx/3.0/structure/datastructure/{flow}"


def services(publisher: Publisher) -> tuple[Service, ...]:
    """Return the services of a publisher's node."""
    node = publisher.base_url
    about = f"{node}/openapi.json"
    return tuple(
        Service(id_, title, told, f"{node}{path}", about, standard)
        for id_, title, told, path, standard in (
            (
                "data",
                "Hanse",
                "JSON, CSV, XLSX, Parquet, Arrow",
                "/v1",
                "https://www.openapis.org/",
            ),
            ("sdmx", "SDMX REST 2", "SDMX 3.0", "/sdmx/3.0", "https://sdmx.org/?page_id=5008"),
            ("odata", "OData 4", "OData 4.0", "/odata/v4", "https://www.odata.org/documentation/"),
            ("pxweb", "PxWeb 2", "JSON-stat 2.0", "/px/v2", "https://json-stat.org/full/"),
        )
    )
