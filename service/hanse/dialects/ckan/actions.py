"""The actions of CKAN that only read: what `ckanapi` and the CKAN harvester call.

An action gets its parameters as JSON has them, or as texts out of an address; one that it does not
know is refused by name, for an ignored filter would answer another question.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from hanse.dialects.ckan import packages, search
from hanse.dialects.dcat.listing import Listing
from hanse.errors import Invalid, NotFound

CKAN_VERSION: Final = "2.11"
ROWS: Final = 10
ROWS_MAX: Final = 1_000
Parameters = Mapping[str, Any]


class BadParameter(Invalid):
    """A parameter that is missing, unknown or wrong: CKAN's Validation Error."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the actions answer from: everything listed, by URI, in one language."""

    listings: tuple[Listing, ...]
    lang: str
    base_url: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Action:
    """One action: what answers it, the parameters it knows, and one line of help."""

    run: Callable[[Holdings, Parameters], Any]
    help: str
    parameters: frozenset[str] = field(default_factory=frozenset)


def act(name: str, holdings: Holdings, given: Parameters) -> Any:
    """Return the result of an action.

    Raises `NotFound` (CKAN_ACTION, NOT_FOUND), `BadParameter` and `search.BadSearch`.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise NotFound("CKAN_ACTION", given=_shown(name), choice=", ".join(ACTIONS))
    for each in given:
        if each not in action.parameters:
            known = ", ".join(sorted(action.parameters)) or "-"
            raise BadParameter("CKAN_PARAMETER", name=_shown(each), choice=known)
    return action.run(holdings, given)


def _shown(text: str) -> str:
    return text[:40] if text.isprintable() else ascii(text[:40])[1:-1]


def _number(given: Parameters, name: str, default: int, most: int) -> int:
    value = given.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError) as fault:
        raise BadParameter("CKAN_VALUE", name=name, choice=f"0-{most}") from fault
    if not 0 <= number <= most or isinstance(value, float):
        raise BadParameter("CKAN_VALUE", name=name, choice=f"0-{most}")
    return number


def _text(given: Parameters, name: str, default: str = "") -> str:
    value = given.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadParameter("CKAN_VALUE", name=name, choice="text")
    return value


def _flag(given: Parameters, name: str) -> bool:
    value = given.get(name, False)
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False, "": False}.get(value.lower())
    if not isinstance(value, bool | int):
        raise BadParameter("CKAN_VALUE", name=name, choice="true, false")
    return bool(value)


def _list(given: Parameters, name: str) -> list[str]:
    """Return a list: as JSON has it, or as JSON in a text, which is how addresses carry one."""
    value = given.get(name) or []
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.startswith("[") else [value]
        except (ValueError, RecursionError) as fault:
            raise BadParameter("CKAN_VALUE", name=name, choice='["…"]') from fault
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadParameter("CKAN_VALUE", name=name, choice='["…"]')
    return value


def _cut(found: Sequence[Any], given: Parameters) -> list[Any]:
    offset = _number(given, "offset", 0, 10**9)
    limit = _number(given, "limit", 10**9, 10**9)
    return list(found[offset : offset + limit])


def _site_read(_: Holdings, __: Parameters) -> bool:
    return True


def _status(holdings: Holdings, _: Parameters) -> dict[str, Any]:
    return {
        "ckan_version": CKAN_VERSION,
        "site_title": holdings.name,
        "site_url": holdings.base_url,
        "site_description": f"hanse {holdings.version}",
        "locale_default": holdings.lang,
        "error_emails_to": None,
        "extensions": [],
    }


def _package_list(holdings: Holdings, given: Parameters) -> list[str]:
    return _cut(sorted(packages.name(each) for each in holdings.listings), given)


def _package_show(holdings: Holdings, given: Parameters) -> dict[str, Any]:
    wanted = _wanted(given)
    for each in holdings.listings:
        if wanted in (packages.name(each), packages.identity(each.uri)):
            return packages.package(each, holdings.lang)
    raise NotFound("NOT_FOUND")


def _wanted(given: Parameters) -> str:
    wanted = _text(given, "id") or _text(given, "name_or_id")
    if not wanted:
        raise BadParameter("CKAN_MISSING", name="id")
    return wanted


def _packages_with_resources(holdings: Holdings, given: Parameters) -> list[dict[str, Any]]:
    found = sorted(holdings.listings, key=_modified, reverse=True)
    shown = _cut(found, {"limit": ROWS_MAX, **given})[:ROWS_MAX]
    return [packages.package(each, holdings.lang) for each in shown]


_ORDERS: Final[Mapping[str, Callable[[Listing], str]]] = MappingProxyType(
    {
        "id": lambda each: packages.identity(each.uri),
        "name": packages.name,
        "title": lambda each: each.title.get("nl", each.slug).casefold(),
        "title_string": lambda each: each.title.get("nl", each.slug).casefold(),
        "metadata_modified": lambda each: _modified(each),
        "metadata_created": lambda each: _modified(each),
        "score": lambda _: "",
    }
)


def _modified(listing: Listing) -> str:
    return packages.moment(listing.changed_at)


def _package_search(holdings: Holdings, given: Parameters) -> dict[str, Any]:
    rows = _number(given, "rows", ROWS, ROWS_MAX)
    start = _number(given, "start", 0, 10**9)
    limits = [_text(given, "q", "*:*") or "*:*", _text(given, "fq"), *_list(given, "fq_list")]
    asks = [search.read(each) for each in limits]
    found = [each for each in holdings.listings if all(asked(each) for asked in asks)]
    order = _text(given, "sort", "score desc, metadata_modified desc")
    found = _sorted(found, order)
    facets = _facets(found, given)
    return {
        "count": len(found),
        "sort": order,
        "facets": {name: dict(counts) for name, counts in facets.items()},
        "search_facets": {
            name: {"title": name, "items": _items(holdings, name, counts)}
            for name, counts in facets.items()
        },
        "results": [packages.package(each, holdings.lang) for each in found[start : start + rows]],
    }


def _sorted(found: list[Listing], order: str) -> list[Listing]:
    found = sorted(found, key=_ORDERS["id"])
    for part in reversed([each.split() for each in order.split(",") if each.strip()]):
        if len(part) > 2 or part[0] not in _ORDERS or part[1:] not in ([], ["asc"], ["desc"]):
            raise search.BadSearch("CKAN_SORT", given=_shown(order), choice=", ".join(_ORDERS))
        found = sorted(found, key=_ORDERS[part[0]], reverse=part[1:] == ["desc"])
    return found


FACETS: Final = ("organization", "groups", "tags", "license_id", "res_format", "access_rights")


def _facets(found: Sequence[Listing], given: Parameters) -> dict[str, list[tuple[str, int]]]:
    limit = _number(given, "facet.limit", 50, 10_000) or 10_000
    least = _number(given, "facet.mincount", 1, 10**9)
    facets: dict[str, list[tuple[str, int]]] = {}
    for name in _list(given, "facet.field"):
        if name not in FACETS:
            raise search.BadSearch("CKAN_FIELD", given=_shown(name), choice=", ".join(FACETS))
        values = Counter(value for each in found for value in set(search.FIELDS[name](each)))
        ordered = sorted(values.items(), key=lambda each: (-each[1], each[0]))
        facets[name] = [each for each in ordered if each[0] and each[1] >= least][:limit]
    return facets


def _items(
    holdings: Holdings, name: str, counts: Sequence[tuple[str, int]]
) -> list[dict[str, Any]]:
    organizations, groups = packages.counted(holdings.listings, holdings.lang)
    shown = {"organization": organizations, "groups": groups}.get(name, [])
    titles = {each["name"]: each["title"] for each in shown}
    return [
        {"name": value, "display_name": titles.get(value, value), "count": count}
        for value, count in counts
    ]


def _listed(kind: int) -> Callable[[Holdings, Parameters], list[Any]]:
    def run(holdings: Holdings, given: Parameters) -> list[Any]:
        found = packages.counted(holdings.listings, holdings.lang)[kind]
        wanted = _list(given, "organizations") or _list(given, "groups")
        found = [each for each in found if not wanted or each["name"] in wanted]
        shown = _cut(found, given)
        return shown if _flag(given, "all_fields") else [each["name"] for each in shown]

    return run


def _shown_one(kind: int) -> Callable[[Holdings, Parameters], dict[str, Any]]:
    def run(holdings: Holdings, given: Parameters) -> dict[str, Any]:
        wanted = _wanted(given)
        for each in packages.counted(holdings.listings, holdings.lang)[kind]:
            if wanted in (each["id"], each["name"]):
                chosen = _of_kind(kind, holdings, each["name"])
                with_packages = _flag(given, "include_datasets")
                extra = {"packages": chosen} if with_packages else {}
                return {**each, **extra, "extras": [], "tags": [], "users": [], "groups": []}
        raise NotFound("NOT_FOUND")

    return run


def _of_kind(kind: int, holdings: Holdings, name: str) -> list[dict[str, Any]]:
    key = "organization" if kind == 0 else "groups"
    found = [each for each in holdings.listings if name in search.FIELDS[key](each)]
    return [packages.package(each, holdings.lang) for each in found[:ROWS_MAX]]


def _tags(holdings: Holdings, given: Parameters) -> list[Any]:
    query = _text(given, "query").casefold()
    words = {word for each in holdings.listings for word in each.keywords}
    found = sorted(word for word in words if query in word.casefold())
    if not _flag(given, "all_fields"):
        return found
    return [{"id": packages.identity(f"urn:tag:{word}"), "name": word} for word in found]


def _licences(_: Holdings, __: Parameters) -> list[dict[str, Any]]:
    return packages.licences()


def _help(_: Holdings, given: Parameters) -> str:
    name = _text(given, "name")
    if not name:
        raise BadParameter("CKAN_MISSING", name="name")
    if name not in ACTIONS:
        raise NotFound("CKAN_ACTION", given=_shown(name), choice=", ".join(ACTIONS))
    return ACTIONS[name].help


_CUT: Final = frozenset({"limit", "offset"})
_LIST: Final = _CUT | {"all_fields"}
_SHOW: Final = frozenset({"id", "include_datasets"})
_SEARCH: Final = frozenset(
    {
        *("q", "fq", "fq_list", "rows", "start", "sort", "facet", "facet.field", "facet.limit"),
        *("facet.mincount", "include_private", "include_drafts"),
    }
)

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "site_read": Action(_site_read, "Say whether this site may be read."),
        "status_show": Action(_status, "Say which site this is."),
        "package_list": Action(_package_list, "Return the names of all packages.", _CUT),
        "package_show": Action(
            _package_show,
            "Return one package, by its id or name.",
            frozenset({"id", "name_or_id"}),
        ),
        "package_search": Action(_package_search, "Find packages by words and filters.", _SEARCH),
        "current_package_list_with_resources": Action(
            _packages_with_resources, "Return packages, newest first.", _CUT
        ),
        "organization_list": Action(_listed(0), "Return who publishes.", _LIST | {"organizations"}),
        "organization_show": Action(_shown_one(0), "Return one organization.", _SHOW),
        "group_list": Action(_listed(1), "Return the themes.", _LIST | {"groups"}),
        "group_show": Action(_shown_one(1), "Return one theme.", _SHOW),
        "license_list": Action(_licences, "Return the licences."),
        "tag_list": Action(_tags, "Return the keywords.", frozenset({"query", "all_fields"})),
        "help_show": Action(_help, "Return what an action does.", frozenset({"name"})),
    }
)
