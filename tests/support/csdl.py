"""What a metadata document of OData must keep to, found by reading it (OASIS CSDL 4.0).

No published schema covers the references between its parts; these rules do, and take nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
NAME = re.compile(r"[^\W\d][\w]{0,127}")
INSIDE = {
    f"{EDMX}Edmx": {f"{EDMX}DataServices"},
    f"{EDMX}DataServices": {f"{EDM}Schema"},
    f"{EDM}Schema": {f"{EDM}EntityType", f"{EDM}EntityContainer"},
    f"{EDM}EntityType": {f"{EDM}Key", f"{EDM}Property"},
    f"{EDM}Key": {f"{EDM}PropertyRef"},
    f"{EDM}EntityContainer": {f"{EDM}EntitySet", f"{EDM}Singleton"},
}
"""Which elements may stand in which: those that a node writes."""
FITS = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.Int64": lambda value: isinstance(value, int) and abs(value) < 2**63,
    "Edm.Int32": lambda value: isinstance(value, int) and abs(value) < 2**31,
    "Edm.Date": lambda value: isinstance(value, str) and bool(date.fromisoformat(value)),
    "Edm.DateTimeOffset": lambda value: isinstance(value, str) and "T" in value,
}


def faults(document: bytes) -> list[str]:
    """Return what is wrong with a metadata document."""
    root = ElementTree.fromstring(document)  # noqa: S314 our own answer
    if (root.tag, root.get("Version")) != (f"{EDMX}Edmx", "4.0"):
        return ["the root is no Edmx of version 4.0"]
    return [*_nesting(root), *_naming(root), *_types(root), *_sets(root)]


def properties(document: bytes) -> dict[str, dict[str, tuple[str, bool]]]:
    """Return per entity set its properties: their type, and whether they may be missing."""
    root = ElementTree.fromstring(document)  # noqa: S314 our own answer
    types = {
        each.get("Name"): {
            str(one.get("Name")): (str(one.get("Type")), one.get("Nullable") != "false")
            for one in each.iter(f"{EDM}Property")
        }
        for each in root.iter(f"{EDM}EntityType")
    }
    return {
        str(each.get("Name")): types[str(each.get("EntityType")).partition(".")[2]]
        for each in root.iter(f"{EDM}EntitySet")
    }


def fits(value: Any, kind: tuple[str, bool]) -> bool:
    """Say whether a value in JSON is of a type."""
    name, nullable = kind
    return nullable if value is None else FITS[name](value)


def _nesting(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag not in INSIDE.get(element.tag, set()):
            yield f"{child.tag} stands in {element.tag}"
        yield from _nesting(child)


def _naming(root: Element) -> Iterator[str]:
    for holder in (*root.iter(f"{EDM}Schema"), *root.iter(f"{EDM}EntityType")):
        yield from _twice(holder)
    for holder in root.iter(f"{EDM}EntityContainer"):
        yield from _twice(holder)
    for each in root.iter():
        name = each.get("Name")
        if name is not None and not NAME.fullmatch(name) and each.tag != f"{EDM}PropertyRef":
            yield f"{name} is no identifier"


def _twice(holder: Element) -> Iterator[str]:
    names = Counter(each.get("Name") for each in holder if each.get("Name"))
    yield from (f"{name} stands twice" for name, count in names.items() if count > 1)


def _types(root: Element) -> Iterator[str]:
    for kind in root.iter(f"{EDM}EntityType"):
        held = {each.get("Name"): each for each in kind.iter(f"{EDM}Property")}
        keys = [each.get("Name") for each in kind.iter(f"{EDM}PropertyRef")]
        if not keys:
            yield f"{kind.get('Name')} has no key"
        for key in keys:
            if key not in held or held[key].get("Nullable") != "false":
                yield f"the key {key} is no property that is always there"
        for each in held.values():
            if each.get("Type") not in FITS:
                yield f"{each.get('Type')} is no type"


def _sets(root: Element) -> Iterator[str]:
    known = {
        f"{schema.get('Namespace')}.{kind.get('Name')}"
        for schema in root.iter(f"{EDM}Schema")
        for kind in schema.iter(f"{EDM}EntityType")
    }
    for container in root.iter(f"{EDM}EntityContainer"):
        for each in container:
            wanted = each.get("EntityType" if each.tag == f"{EDM}EntitySet" else "Type")
            if wanted not in known:
                yield f"{each.get('Name')} is of {wanted}, which is not there"
    if sum(1 for _ in root.iter(f"{EDM}EntityContainer")) != 1:
        yield "there is not one container"
