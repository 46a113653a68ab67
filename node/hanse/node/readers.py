"""Releases described for one reader: the one place where every dialect gets its structures from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import orjson

from hanse.areas.area import Area
from hanse.areas.level import Level, known_level
from hanse.areas.registry import Registry
from hanse.auth.principal import Principal
from hanse.cube.codelist import Dimension
from hanse.cube.contract import Contract
from hanse.cube.query import Query
from hanse.dialects.edition import Edition
from hanse.errors import NotFound, Unauthenticated
from hanse.node import contracts
from hanse.node.answer import Described, Format
from hanse.node.releases import manifest
from hanse.node.running import Node
from hanse.policies.decision import NotPermitted

CONTRACT: Final = "contract.json"
_EDITIONS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, what for, and in which format: what decides how much of a release is described."""

    principal: Principal
    purpose: str | None
    form: Format


def edition(node: Node, reader: Reader, dataset: str, release: str | None = None) -> Edition:
    """Return a release (None: the newest) as far as a reader may see it.

    Raises what `Door.answer` raises: `Unauthenticated`, `NotFound`, `NotPermitted`.
    """
    query = Query(dataset, release=release)
    described = node.door.described(reader.principal, query, reader.purpose, reader.form)
    opened = described.permit
    key = (described.digest, opened.protocol, opened.content_hash, described.register)
    return _edition(_Source(node, described, (*key, reader.principal.client_id or "")))


def editions(node: Node, reader: Reader) -> Iterator[Edition]:
    """Yield the newest release of every dataset that a reader may see, by slug."""
    for offer in node.door.visible(reader.principal):
        try:
            yield edition(node, reader, offer.slug)
        except (NotFound, NotPermitted, Unauthenticated):
            continue


@dataclass(frozen=True, slots=True)
class _Source:
    """What an edition is made of; two of one key make the same edition."""

    node: Node = field(compare=False)
    described: Described = field(compare=False)
    key: tuple[str, ...]


@lru_cache(maxsize=_EDITIONS_MAX)
def _edition(source: _Source) -> Edition:
    found, settings = source.described, source.node.settings
    released, extent = found.manifest, found.extent
    contract = _contract(source.node, found)
    areas = extent.areas or {}
    window = extent.periods
    held = [each for each in found.shape.spelled if window is None or window.holds(each)]
    return Edition(
        contract=_narrowed(contract, found),
        publisher=settings.name,
        base_url=settings.base_url.rstrip("/"),
        release=released.release_id,
        release_no=released.release_no,
        published_at=released.published_at,
        manifest=found.digest,
        kind=released.kind,
        licence=found.permit.licence or released.licence,
        protocol=found.permit.protocol,
        contact=released.contact or settings.contact,
        reason=released.reason,
        previous=released.previous,
        cells=released.coverage.cells,
        sampled=contract.sampled,
        sdc_method=released.sdc_method,
        levels=MappingProxyType({level: _level(found.registry, level) for level in sorted(areas)}),
        areas=MappingProxyType(
            {level: _areas(found.registry, level, codes) for level, codes in sorted(areas.items())}
        ),
        periods=tuple(held),
    )


def _contract(node: Node, found: Described) -> Contract:
    """Return the contract a release was made under, checked against its manifest."""
    path = manifest.folder_of(node.home, found.digest) / CONTRACT
    manifest.check(path, found.manifest.contract)
    return contracts.load(orjson.loads(path.read_bytes()))


def _narrowed(contract: Contract, found: Described) -> Contract:
    """Return a contract with no more than the permit opens."""
    opened = found.extent.indicators or frozenset()
    return replace(
        contract,
        indicators=tuple(each for each in contract.indicators if each.id in opened),
        levels=tuple(each for each in contract.levels if each in (found.extent.areas or {})),
        dimensions=_dimensions(contract.dimensions, found.extent.breakdowns),
    )


def _dimensions(
    dimensions: tuple[Dimension, ...], opened: Mapping[str, frozenset[str]]
) -> tuple[Dimension, ...]:
    return tuple(
        replace(
            each,
            codelist=replace(
                each.codelist,
                codes=tuple(code for code in each.codelist.codes if code.id in opened[each.id]),
            ),
        )
        for each in dimensions
        if each.id in opened
    )


def _level(registry: Registry, level: str) -> Level:
    return registry.level(level) if registry.has(level) else known_level(level)


def _areas(registry: Registry, level: str, codes: frozenset[str] | None) -> tuple[Area, ...]:
    known = registry.areas(level) if registry.has(level) else {}
    return tuple(known.get(code) or Area(code, code) for code in sorted(codes or ()))
