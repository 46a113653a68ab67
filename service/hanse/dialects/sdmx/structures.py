"""What a dataset is made of, as SDMX artefacts: dataflow, data structure, concepts, code lists.

The model is pysdmx's. Names are in one language, the reader's. Everything comes from an edition, so
nothing is listed that the reader's figures would not show.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

from pysdmx.model import (
    Annotation,
    AvailabilityConstraint,
    Code,
    Codelist,
    Component,
    Components,
    Concept,
    ConceptScheme,
    ConstraintAttachment,
    CubeKeyValue,
    CubeRegion,
    CubeValue,
    Dataflow,
    DataStructureDefinition,
    DataType,
    ItemReference,
    Role,
)

from hanse.cube.indicator import Indicator
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.sdmx import names
from hanse.messages import say

Artefact = Dataflow | DataStructureDefinition | ConceptScheme | Codelist

_CODED_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    names.OBS_STATUS: ("A", "B", "D", "E", "F", "L", "M", "O", "P", "Q", "U"),
    names.CONF_STATUS: ("F", "C"),
}
_FREQUENCIES: Final = ("A", "S", "Q", "M")
_SPECIAL: Final = frozenset({"id", "name", "description", "origin"})
_BLANK: Final[tuple[object, ...]] = ("", None, (), {})


@dataclass(frozen=True)
class Described:
    """The artefacts of a dataset as a reader sees it, named in a language; each made when asked.

    A list of flows needs no code list of thousands of areas.
    """

    edition: Edition
    lang: str

    @cached_property
    def flow(self) -> Dataflow:
        """The dataflow, with what is told of the release."""
        edition = self.edition
        version, agency = edition.contract.version, edition.agency
        return Dataflow(
            id=edition.dialect_id,
            name=text_in(edition.contract.title, self.lang, edition.slug),
            description=text_in(edition.contract.description, self.lang) or None,
            agency=agency,
            version=version,
            is_final=True,
            structure=names.urn("DataStructure", agency, edition.dialect_id, version),
            annotations=list(_release_notes(edition)),
        )

    @cached_property
    def structure(self) -> DataStructureDefinition:
        """The data structure."""
        edition = self.edition
        return DataStructureDefinition(
            id=edition.dialect_id,
            name=text_in(edition.contract.title, self.lang, edition.slug),
            agency=edition.agency,
            version=edition.contract.version,
            is_final=True,
            components=Components(list(_components(edition, self.concepts, self._coded))),
        )

    @cached_property
    def concepts(self) -> ConceptScheme:
        """What the components mean."""
        return _concepts(self.edition, self.lang)

    @property
    def codelists(self) -> tuple[Codelist, ...]:
        """The codes of every coded component."""
        return tuple(self._coded.values())

    @property
    def every(self) -> tuple[Artefact, ...]:
        """Every artefact, in the order the XML schema wants."""
        first: tuple[Artefact, ...] = (self.flow, self.structure, self.concepts)
        return first + self.codelists

    @cached_property
    def _coded(self) -> Mapping[str, Codelist]:
        coded = _coded(self.edition)
        return {name: _codelist(self.edition, name, self.lang) for name in coded}


def availability(
    edition: Edition, present: Mapping[str, Sequence[str]], count: int
) -> AvailabilityConstraint:
    """Return which codes have data: per dimension those that are `present`, of `count` cells."""
    values = [
        CubeKeyValue(name, [CubeValue(code) for code in codes]) for name, codes in present.items()
    ]
    return AvailabilityConstraint(
        constraint_attachment=ConstraintAttachment(None, dataflows=[names.flow_urn(edition)]),
        cube_region=CubeRegion(values),
        obs_count=count,
    )


def labels(edition: Edition, lang: str) -> dict[str, dict[str, str]]:
    """Return the name of every code, per component."""
    return {
        name: {each.id: str(each.name) for each in _codelist(edition, name, lang).items}
        for name in _coded(edition)
    }


def _coded(edition: Edition) -> tuple[str, ...]:
    return (*names.key_of(edition)[:-1], *_CODED_ATTRIBUTES)


def codelist_id(edition: Edition, name: str) -> str:
    """Return the id of the code list of a component."""
    shared = name in (names.FREQ, *_CODED_ATTRIBUTES)
    return f"CL_{name}" if shared else f"CL_{edition.dialect_id}_{name}"


def _version(edition: Edition, name: str) -> str:
    return "1.0.0" if name in (names.FREQ, *_CODED_ATTRIBUTES) else edition.contract.version


def _codelist(edition: Edition, name: str, lang: str) -> Codelist:
    return Codelist(
        id=codelist_id(edition, name),
        name=_name_of(edition, name, lang),
        agency=edition.agency,
        version=_version(edition, name),
        is_final=True,
        is_partial=False,
        items=list(_codes(edition, name, lang)),
    )


def _codes(edition: Edition, name: str, lang: str) -> Iterable[Code]:
    match name:
        case names.FREQ:
            return [Code(id=each, name=say(f"SDMX_FREQ_{each}", lang)) for each in _FREQUENCIES]
        case names.OBS_STATUS | names.CONF_STATUS:
            stem = f"SDMX_{name}"
            return [
                Code(id=each, name=say(f"{stem}_{each}", lang)) for each in _CODED_ATTRIBUTES[name]
            ]
        case names.AREA_LEVEL:
            return [
                Code(id=id_, name=f"{text_in(level.name, lang, level.code)} {level.vintage}")
                for id_, level in edition.levels.items()
            ]
        case names.REF_AREA:
            return list(_areas(edition))
        case names.INDICATOR:
            return [_indicator(each, lang) for each in edition.indicators]
    return list(_breakdown(edition, name, lang))


def _areas(edition: Edition) -> Iterator[Code]:
    """Yield every area once, by the name of its newest vintage."""
    found: dict[str, dict[str, str]] = {}
    newest = sorted(edition.areas, key=lambda level: level.rpartition("@")[2], reverse=True)
    for level in newest:
        for area in edition.areas[level]:
            found.setdefault(area.code, {})[level] = area.name
    for code, called in sorted(found.items()):
        first = next(iter(called.values()))
        others = [_note(f"name@{level}", name) for level, name in called.items() if name != first]
        yield Code(id=names.minted(code), name=first, annotations=[*_notation(code), *others])


def _breakdown(edition: Edition, name: str, lang: str) -> Iterator[Code]:
    dimension = next(each for each in edition.dimensions if each.id == name)
    for code in dimension.codelist.codes:
        told = [_note("parent", names.minted(code.parent))] if code.parent else []
        notation = [_note("notation", code.notation)] if code.notation else _notation(code.id)
        yield Code(
            id=names.minted(code.id),
            name=text_in(code.name, lang, code.id),
            annotations=[*notation, *told],
        )


def _indicator(indicator: Indicator, lang: str) -> Code:
    return Code(
        id=indicator.id.upper(),
        name=text_in(indicator.name, lang, indicator.id),
        description=text_in(indicator.description, lang) or None,
        annotations=list(_facts(indicator, lang)),
    )


def _facts(indicator: Indicator, lang: str) -> Iterator[Annotation]:
    """Yield what the standard has no place for: every filled field of the indicator."""
    for field in fields(indicator):
        value = getattr(indicator, field.name)
        if field.name in _SPECIAL or value in _BLANK:
            continue
        if isinstance(value, dict):
            yield _note(field.name, text_in(value, lang))
        elif isinstance(value, str | int | float | bool):
            yield _note(field.name, str(value))


def _release_notes(edition: Edition) -> Iterator[Annotation]:
    yield _note("release", edition.release)
    yield _note("manifest", edition.manifest)
    yield _note("published_at", edition.published_at.isoformat())
    yield _note("licence", edition.licence)
    if edition.sdc_method:
        yield _note("sdc_method", edition.sdc_method)
    if edition.contract.theme:
        yield _note("theme", edition.contract.theme)


def _notation(code: str) -> list[Annotation]:
    return [] if names.minted(code) == code else [_note("notation", code)]


def _note(field: str, text: str) -> Annotation:
    return Annotation(id=field, type=f"hanse:{field}", text=text)


def _name_of(edition: Edition, name: str, lang: str) -> str:
    dimension = next((each for each in edition.dimensions if each.id == name), None)
    if dimension is not None:
        return text_in(dimension.name or dimension.codelist.name, lang, name)
    return say(f"SDMX_CONCEPT_{name}", lang)


def _concepts(edition: Edition, lang: str) -> ConceptScheme:
    wanted = (*names.key_of(edition), names.OBS_VALUE, *names.attributes_of(edition))
    id_, version = f"CS_{edition.dialect_id}", edition.contract.version
    return ConceptScheme(
        id=id_,
        name=text_in(edition.contract.title, lang, edition.slug),
        agency=edition.agency,
        version=version,
        is_final=True,
        items=[
            Concept(
                id=name,
                name=_name_of(edition, name, lang),
                urn=names.urn("Concept", edition.agency, id_, version, name),
            )
            for name in wanted
        ],
    )


def _components(
    edition: Edition, concepts: ConceptScheme, codelists: Mapping[str, Codelist]
) -> Iterator[Component]:
    def made(name: str, role: Role, dtype: DataType, **more: Any) -> Component:
        codes = codelists.get(name)
        scheme = (edition.agency, concepts.id, edition.contract.version)
        told: dict[str, Any] = dict(more)
        if codes is not None:
            version = str(codes.version)
            told["local_codes"] = codes
            told["local_enum_ref"] = names.urn("Codelist", edition.agency, codes.id, version)
        required = bool(told.pop("required", True))
        return Component(
            name, required, role, ItemReference("Concept", *scheme, name), dtype, **told
        )

    *series, time = names.key_of(edition)
    for name in series:
        yield made(name, Role.DIMENSION, DataType.STRING)
    yield made(time, Role.DIMENSION, DataType.PERIOD)
    yield made(names.OBS_VALUE, Role.MEASURE, DataType.DOUBLE, required=False)
    for name in names.OBS_ATTRIBUTES:
        yield made(name, Role.ATTRIBUTE, DataType.STRING, attachment_level="O")
    for name in names.SERIES_ATTRIBUTES:
        whole = name in (names.UNIT_MULT, names.DECIMALS)
        yield made(
            name,
            Role.ATTRIBUTE,
            DataType.INTEGER if whole else DataType.STRING,
            attachment_level=",".join(series),
            required=False,
        )
    for name in names.SAMPLE_ATTRIBUTES if edition.sampled else ():
        dtype = DataType.STRING if name == "CI_METHOD" else DataType.DOUBLE
        yield made(name, Role.ATTRIBUTE, dtype, attachment_level="O", required=False)
