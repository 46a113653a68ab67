"""Datasets as packages, their publishers as organizations, their themes as groups."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from hanse.dialects.dcat import vocabulary, ways
from hanse.dialects.dcat.listing import Listing, Publisher
from hanse.dialects.edition import text_in
from hanse.messages import named

WITHDRAWN: Final = "[Ingetrokken]"
"""What stands before the title of what is gone: mirrors never delete, so that they must show it."""

_LICENCE_IDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "CC-BY-4.0": ("cc-by-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC0-1.0": ("cc-zero", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CC-BY-SA-4.0": (
        "cc-by-sa-4.0",
        "CC BY-SA 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ),
}


def identity(uri: str) -> str:
    """Return the UUID of something with a URI: the same at every harvest."""
    return str(uuid5(NAMESPACE_URL, uri))


def name(listing: Listing) -> str:
    """Return a package's name: `nis41002-bevolking`, from `[a-z0-9_-]`."""
    return f"{listing.publisher.agency}-{listing.slug}".lower()[:100]


def organization_name(publisher: Publisher) -> str:
    """Return an organization's name."""
    return publisher.agency.lower()


def group_name(listing: Listing) -> str:
    """Return the name of the group a package is in; "" for none."""
    kept = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in listing.theme)
    return kept.lower().strip("-")


def package(listing: Listing, lang: str) -> dict[str, Any]:
    """Return a package with its resources, tags, groups, organization and extras."""
    title = text_in(listing.title, lang, listing.slug)
    gone = listing.state == "withdrawn"
    licence = _licence(listing)
    resources = _resources(listing)
    tags = [_tag(word) for word in dict.fromkeys(_words(listing))]
    extras = [{"key": key, "value": value} for key, value in _extras(listing).items() if value]
    return {
        "id": identity(listing.uri),
        "name": name(listing),
        "title": f"{WITHDRAWN} {title}" if gone else title,
        "notes": text_in(listing.reason if gone else listing.description, lang, title),
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": listing.access == "open",
        "version": listing.version,
        "author": listing.publisher.name,
        "author_email": None,
        "maintainer": listing.publisher.name,
        "maintainer_email": listing.contact or None,
        "owner_org": identity(_org_uri(listing)),
        "organization": organization(listing),
        "groups": [group(listing, lang)] if group_name(listing) else [],
        "tags": tags,
        "extras": extras,
        **licence,
        "url": listing.landing,
        "metadata_created": moment(_created(listing)),
        "metadata_modified": moment(listing.changed_at),
        "resources": resources,
        "num_resources": len(resources),
        "num_tags": len(tags),
        "relationships_as_object": [],
        "relationships_as_subject": [],
    }


def moment(at: datetime | None) -> str:
    """Return a moment as CKAN writes it: UTC without a zone."""
    plain = (at or datetime.fromtimestamp(0, UTC)).astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="microseconds")


def _created(listing: Listing) -> datetime | None:
    return listing.release.published_at if listing.release else listing.changed_at


def _words(listing: Listing) -> Sequence[str]:
    return [word.strip()[:100] for word in listing.keywords if word.strip()]


def _tag(word: str) -> dict[str, Any]:
    uri = f"urn:tag:{word}"
    return {"id": identity(uri), "name": word, "display_name": word, "state": "active"}


def _org_uri(listing: Listing) -> str:
    return f"{listing.root}/id/org/{listing.publisher.agency}"


def organization(listing: Listing) -> dict[str, Any]:
    """Return the organization that publishes a package."""
    publisher = listing.publisher
    return {
        "id": identity(_org_uri(listing)),
        "name": organization_name(publisher),
        "title": publisher.name,
        "type": "organization",
        "description": publisher.base_url,
        "image_url": "",
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }


def group(listing: Listing, lang: str) -> dict[str, Any]:
    """Return the group of a package's theme."""
    title = named("theme", listing.theme, lang)
    return {
        "id": identity(f"{listing.root}/id/theme/{group_name(listing)}"),
        "name": group_name(listing),
        "title": title,
        "display_name": title,
        "description": "",
        "image_display_url": "",
    }


def _licence(listing: Listing) -> dict[str, Any]:
    if listing.access != "open" or not listing.licence:
        return {"license_id": "notspecified", "license_title": "Protocol", "license_url": None}
    id_, title, url = _LICENCE_IDS.get(
        listing.licence, (listing.licence.lower(), listing.licence, "")
    )
    url = url or vocabulary.licence(listing.licence)
    return {"license_id": id_, "license_title": title, "license_url": url}


def licences() -> list[dict[str, Any]]:
    """Return the licences that have an id of their own."""
    return [
        {"id": id_, "title": title, "url": url, "status": "active", "domain_data": True}
        for id_, title, url in _LICENCE_IDS.values()
    ]


def _resources(listing: Listing) -> list[dict[str, Any]]:
    return [
        {
            "id": identity(f"{listing.uri}#{file.id}"),
            "package_id": identity(listing.uri),
            "name": file.title,
            "description": file.title,
            "format": file.format,
            "mimetype": file.media_type,
            "url": file.access,
            "url_type": None,
            "resource_type": None,
            "state": "active",
            "position": position,
            "created": moment(_created(listing)),
            "last_modified": moment(listing.changed_at),
            "metadata_modified": moment(listing.changed_at),
        }
        for position, file in enumerate(ways.files(listing))
    ]


def _extras(listing: Listing) -> dict[str, str]:
    """Return what CKAN has no field for; empty ones are left out."""
    release, span = listing.release, listing.span
    right = "PUBLIC" if listing.access == "open" else "RESTRICTED"
    return {
        "uri": listing.uri,
        "identifier": listing.identifier,
        "access_rights": right,
        "release": release.id if release else "",
        "release_kind": release.kind if release else "",
        "levels": ", ".join(listing.levels),
        "temporal_start": span[0].isoformat() if span else "",
        "temporal_end": span[1].isoformat() if span else "",
        "dcat": f"{listing.root}/dcat/{listing.publisher.agency}/{listing.slug}",
        "protocols": ", ".join(listing.protocols),
        "register": f"{listing.publisher.base_url}/v1/protocols" if right == "RESTRICTED" else "",
        "withdrawn": moment(listing.changed_at) if listing.state == "withdrawn" else "",
        "known_at": text_in(listing.note, "nl"),
    }


def counted(listings: Sequence[Listing], lang: str) -> tuple[list[Any], list[Any]]:
    """Return every organization and every group, with how many packages each has, by name."""
    return _counted([organization(each) for each in listings]), _counted(
        [group(each, lang) for each in listings if group_name(each)]
    )


def _counted(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = Counter(each["name"] for each in found)
    by_name = {each["name"]: each for each in found}
    return [{**by_name[key], "package_count": counts[key]} for key in sorted(by_name)]
