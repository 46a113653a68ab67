"""The registry as text: the provinces' Swing tables read in, our own written out and read back.

`def_gemeente2024.csv` defines the areas of a level, `agg_ggw7_gemeente.csv` says which child lies
in which parent, `mergers.csv` lists mergers, `geolevel_names.csv` tells clusters from areas. A bare
level name is the current vintage. What we write carries every field and names every vintage.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

from hanse.areas.area import Area, AreaKind
from hanse.areas.correspondence import Correspondence, Link, Row, RowType, correspond
from hanse.areas.level import CURRENT_VINTAGE, Level, LevelKind, from_swing, known_level, split_id
from hanse.areas.mergers import Merger, between, merged_links, unknown_links
from hanse.areas.registry import AREAS_MAX, Registry
from hanse.errors import Invalid

TEXT_LENGTH_MAX = 32_000_000
FIELD_LENGTH_MAX = 1_000

_LEVELS_FILE, _MERGERS_FILE = "levels.csv", "mergers.csv"
_DEFINITION = re.compile(r"def_(\w+)\.csv")
_AGGREGATION = re.compile(r"agg_(\w+)\.csv")
_MERGERS = re.compile(r"(nis_)?mergers\w*\.csv")

_CODE = ("geoitem code", "itemcode", "code")
_NAME = ("name", "naam")
_SHORT_NAME = ("short name", "korte naam", "short_name")

_UNLOCATED = re.compile(r"onbekend|niet te lokaliseren", re.IGNORECASE)
_OUTSIDE = re.compile(r"buiten vlaanderen", re.IGNORECASE)

Line = tuple[int, dict[str, str]]


def read_definition(text: str, level_id: str) -> tuple[Area, ...]:
    """Return the areas of a level's definition, in its own order; columns are found by header.

    Where the table has no `kind`, the short name says whether an area is unknown or outside: the
    definition's own words, for a code never tells. Raises `Invalid` (AREA_TABLE_HEADER,
    AREA_TABLE_ROW, AREA_TABLE_LIMIT) with the line.
    """
    return tuple(_area(line, row, level_id) for line, row in _rows(text, level_id, (_CODE, _NAME)))


def _area(line: int, row: Mapping[str, str], level_id: str) -> Area:
    code, name = _field(row, _CODE), _field(row, _NAME)
    if not code or not name:
        raise Invalid("AREA_TABLE_ROW", table=level_id, line=line)
    short_name = _field(row, _SHORT_NAME)
    return Area(
        code,
        name,
        short_name,
        _kind(row.get("kind", ""), short_name or name, (level_id, line)),
        row.get("valid_from", ""),
        row.get("valid_to", ""),
    )


def _kind(given: str, short_name: str, where: tuple[str, int]) -> AreaKind:
    if given:
        if given not in set(AreaKind):
            raise Invalid("AREA_TABLE_ROW", table=where[0], line=where[1])
        return AreaKind(given)
    if _OUTSIDE.search(short_name):
        return AreaKind.OUTSIDE
    return AreaKind.UNKNOWN if _UNLOCATED.search(short_name) else AreaKind.LOCATED


def read_links(text: str, table: str) -> tuple[Link, ...]:
    """Return child, parent and share of an aggregation table: its first two columns and `share`."""
    found = []
    for line, row in _rows(text, table, ()):
        fields = list(row.values())
        if len(fields) < 2 or not (fields[0] or fields[1]):
            raise Invalid("AREA_TABLE_ROW", table=table, line=line)
        share = row.get("share", "")
        found.append((fields[0], fields[1], _share(share, table, line) if share else None))
    return tuple(found)


def _share(text: str, table: str, line: int) -> float:
    try:
        return float(text)
    except ValueError as fault:
        raise Invalid("AREA_TABLE_ROW", table=table, line=line) from fault


def read_correspondence(
    text: str, registry: Registry, from_level: str, to_level: str
) -> Correspondence:
    """Return an aggregation table as the correspondence between two levels of the registry.

    Where the registry knows mergers, unknown items of merged municipalities that the table forgot
    follow their municipality. Raises `Invalid` as `read_links` and `correspond` do.
    """
    table = f"{from_level} → {to_level}"
    if "type" in _header(text):
        return Correspondence(from_level, to_level, tuple(_read_typed(text, table)))
    return _corresponding(registry, from_level, to_level, read_links(text, table))


def _read_typed(text: str, table: str) -> Iterator[Row]:
    for line, row in _rows(text, table, (("type",),)):
        child, parent = list(row.values())[:2]
        if row["type"] not in set(RowType):
            raise Invalid("AREA_TABLE_ROW", table=table, line=line)
        share = _share(row["share"], table, line) if row.get("share") else None
        yield Row(child or None, parent or None, RowType(row["type"]), share)


def _corresponding(
    registry: Registry, from_level: str, to_level: str, links: tuple[Link, ...]
) -> Correspondence:
    children, parents = registry.areas(from_level), registry.areas(to_level)
    levels = (from_level, to_level)
    found = correspond(levels, links, children.keys(), parents.keys())
    (code, after), (other, until) = split_id(from_level), split_id(to_level)
    if code != other or not found.uncovered:
        return found
    mergers = _dated(registry.mergers, after, until)
    more = tuple(unknown_links(children, parents, found.uncovered, mergers))
    return correspond(levels, links + more, children.keys(), parents.keys()) if more else found


def _dated(mergers: Iterable[Merger], after: str, until: str) -> tuple[Merger, ...]:
    """Return the mergers a table between two vintages may have to follow.

    Sectors of one vintage carry the municipalities of the years before it too, so a merger up to a
    year before the older vintage ended still counts.
    """
    return between(mergers, str(int(after) - 1), until)


def read_mergers(text: str) -> tuple[Merger, ...]:
    """Return the mergers of a table effective, old_nis, old_name, new_nis, new_name."""
    wanted = (("effective",), ("old_nis",), ("new_nis",))
    return tuple(_merger(line, row) for line, row in _rows(text, _MERGERS_FILE, wanted))


def _merger(line: int, row: Mapping[str, str]) -> Merger:
    try:
        effective = date.fromisoformat(row["effective"])
    except ValueError as fault:
        raise Invalid("AREA_TABLE_ROW", table=_MERGERS_FILE, line=line) from fault
    if not row["old_nis"] or not row["new_nis"]:
        raise Invalid("AREA_TABLE_ROW", table=_MERGERS_FILE, line=line)
    names = row.get("old_name", ""), row.get("new_name", "")
    return Merger(effective, row["old_nis"], row["new_nis"], *names)


def registry_from(files: Mapping[str, str], current: str = CURRENT_VINTAGE) -> Registry:
    """Return the registry that a folder of tables describes, by file name and content.

    `current` is the vintage of unsuffixed names. Vintages of municipalities that no table connects
    are connected by the mergers, where these are given. Raises `Invalid`: AREA_FILE for a name that
    says nothing, AREA_TABLE_… for a fault in a table, CORRESPONDENCE_… for tables that disagree.
    """
    registry = Registry()
    for name in sorted(files):
        if _MERGERS.fullmatch(name):
            registry = registry.with_mergers(read_mergers(files[name]))
    levels = _levels(files, current)
    for level_id, level in sorted(levels.items()):
        text = files[_definition_file(files, level_id, current)]
        registry = registry.with_level(level, read_definition(text, level_id))
    for name in sorted(files):
        if found := _AGGREGATION.fullmatch(name):
            pair = _pair(found[1], registry, current)
            registry = registry.with_correspondence(
                read_correspondence(files[name], registry, *pair)
            )
        elif not _known_name(name):
            raise Invalid("AREA_FILE", file=name[:80])
    return _bridged(registry)


def _known_name(name: str) -> bool:
    others = {_LEVELS_FILE, "geolevel_names.csv"}
    return name in others or bool(_DEFINITION.fullmatch(name) or _MERGERS.fullmatch(name))


def _definition_file(files: Mapping[str, str], level_id: str, current: str) -> str:
    for name in files:
        found = _DEFINITION.fullmatch(name)
        if found and from_swing(found[1], current) == level_id:
            return name
    raise Invalid("AREA_FILE", file=f"def_{level_id}.csv")


def _levels(files: Mapping[str, str], current: str) -> dict[str, Level]:
    if _LEVELS_FILE in files:
        return {level.id: level for level in _read_levels(files[_LEVELS_FILE])}
    clusters = _cluster_codes(files.get("geolevel_names.csv", ""))
    names = [found[1] for name in files if (found := _DEFINITION.fullmatch(name))]
    ids = sorted({from_swing(name, current) for name in names})
    return {each: _dated_level(each, ids, clusters, current) for each in ids}


def _cluster_codes(text: str) -> frozenset[str]:
    if not text:
        return frozenset()
    wanted = (("geolevel code",), ("type",))
    rows = _rows(text, "geolevel_names.csv", wanted)
    return frozenset(row["geolevel code"] for _, row in rows if row["type"].lower() == "cluster")


def _dated_level(
    level_id: str, ids: Iterable[str], clusters: frozenset[str], current: str
) -> Level:
    """Return a level with its years: an old vintage ends with its own, after the one before."""
    code, vintage = split_id(level_id)
    kind = LevelKind.CLUSTER if code in clusters else LevelKind.AREA
    ended = [v for other, v in map(split_id, ids) if other == code and v < min(vintage, current)]
    start = f"{int(max(ended)) + 1}-01-01" if ended else ""
    end = "" if vintage == current else f"{vintage}-12-31"
    return replace(known_level(level_id, kind), valid_from=start, valid_to=end)


def _pair(names: str, registry: Registry, current: str) -> tuple[str, str]:
    """Return the two level ids in a file name; both names may hold underscores themselves."""
    parts = names.split("_")
    for cut in range(1, len(parts)):
        sides = "_".join(parts[:cut]), "_".join(parts[cut:])
        ids = [from_swing(side, current) for side in sides]
        if registry.has(ids[0]) and registry.has(ids[1]):
            return ids[0], ids[1]
    raise Invalid("AREA_FILE", file=f"agg_{names}.csv"[:80])


def _bridged(registry: Registry) -> Registry:
    """Connect neighbouring vintages of municipalities that no table connects, by the mergers."""
    vintages = registry.vintages("gemeente")[::-1] if registry.mergers else ()
    for older, newer in pairwise(vintages):
        if registry.correspondence(older.id, newer.id) is not None:
            continue
        areas = registry.areas(older.id), registry.areas(newer.id)
        links = merged_links(*areas, between(registry.mergers, older.vintage, newer.vintage))
        found = correspond((older.id, newer.id), links, areas[0].keys(), areas[1].keys())
        registry = registry.with_correspondence(found)
    return registry


_LEVEL_FIELDS = ("id", "rank", "kind", "base", "valid_from", "valid_to", "nl", "en", "fr")


def _read_levels(text: str) -> Iterator[Level]:
    for line, row in _rows(text, _LEVELS_FILE, tuple((name,) for name in _LEVEL_FIELDS)):
        code, vintage = split_id(row["id"])
        if not row["rank"].isdecimal() or row["kind"] not in set(LevelKind):
            raise Invalid("AREA_TABLE_ROW", table=_LEVELS_FILE, line=line)
        yield Level(
            code,
            vintage,
            {lang: row[lang] for lang in ("nl", "en", "fr")},
            int(row["rank"]),
            LevelKind(row["kind"]),
            row["base"],
            row["valid_from"],
            row["valid_to"],
        )


def to_files(registry: Registry) -> dict[str, str]:
    """Return the registry as tables, such that `registry_from` gives the same registry back."""
    files = {
        _LEVELS_FILE: _written(_LEVEL_FIELDS, (_level_row(level) for level in registry.levels)),
        _MERGERS_FILE: _written(
            ("effective", "old_nis", "old_name", "new_nis", "new_name"),
            (
                (m.effective.isoformat(), m.old_code, m.old_name, m.new_code, m.new_name)
                for m in registry.mergers
            ),
        ),
    }
    for level in registry.levels:
        header = ("geoitem code", "short name", "name", "kind", "valid_from", "valid_to")
        rows = (
            (a.code, a.short_name, a.name, a.kind.value, a.valid_from, a.valid_to)
            for a in registry.areas(level.id).values()
        )
        files[f"def_{level.code}{level.vintage}.csv"] = _written(header, rows)
    for table in registry.tables:
        names = [level_id.replace("@", "") for level_id in (table.from_level, table.to_level)]
        files[f"agg_{names[0]}_{names[1]}.csv"] = _written(
            (*names, "type", "share"), (_row_fields(row) for row in table.rows)
        )
    return files


def _level_row(level: Level) -> tuple[str, ...]:
    names = tuple(level.name.get(lang, level.name["nl"]) for lang in ("nl", "en", "fr"))
    dates = (level.valid_from, level.valid_to)
    return (level.id, str(level.rank), level.kind.value, level.base, *dates, *names)


def _row_fields(row: Row) -> tuple[str, ...]:
    share = "" if row.share is None else repr(row.share)
    return (row.child or "", row.parent or "", row.type.value, share)


def _written(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _header(text: str) -> list[str]:
    first = text.removeprefix("\ufeff").split("\n", 1)[0]
    fields = next(csv.reader([first], delimiter=_delimiter(first)), [])
    return [field.strip().lower() for field in fields]


def _delimiter(first: str) -> str:
    return ";" if first.count(";") > first.count(",") else ","


def _field(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if name in row), "")


def _rows(text: str, table: str, wanted: tuple[tuple[str, ...], ...]) -> Iterator[Line]:
    """Yield line number (the header is 1) and fields by lower-case header, blanks stripped."""
    if len(text) > TEXT_LENGTH_MAX:
        raise Invalid("AREA_TABLE_LIMIT", table=table, limit=TEXT_LENGTH_MAX)
    try:
        header = _header(text)
    except csv.Error as fault:
        raise Invalid("AREA_TABLE_ROW", table=table, line=1) from fault
    for names in wanted:
        if not set(names) & set(header):
            raise Invalid("AREA_TABLE_HEADER", table=table, wanted=names[0])
    body = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(body, delimiter=_delimiter(text.split("\n", 1)[0]), strict=True)
    try:
        for number, fields in enumerate(reader, start=1):
            if number == 1 or not fields:
                continue
            yield number, _checked(header, fields, table, number)
    except csv.Error as fault:
        raise Invalid("AREA_TABLE_ROW", table=table, line=reader.line_num) from fault


def _checked(header: list[str], fields: list[str], table: str, line: int) -> dict[str, str]:
    too_long = any(len(field) > FIELD_LENGTH_MAX for field in fields)
    if len(fields) != len(header) or too_long:
        raise Invalid("AREA_TABLE_ROW", table=table, line=line)
    if line > AREAS_MAX + 1:
        raise Invalid("AREA_TABLE_LIMIT", table=table, limit=AREAS_MAX)
    return dict(zip(header, (field.strip() for field in fields), strict=True))
