"""What the codes of a table are called: a second table beside it, to be joined on column and code.

It names no code that the figures beside it would not show, and it holds no figure.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube.codelist import Dimension
from hanse.dialects.edition import Edition, text_in
from hanse.messages import LANGUAGES, catalogue, named, say

COLUMNS: Final = ("dimension", "level", "code", *(f"label_{each}" for each in LANGUAGES), "parent")
"""`dimension` is the column of the table of figures whose code it is; `level` stands with areas
alone, whose codes are unique within a level; `parent` is the coarser code of a breakdown.
"""

_STATUS: Final = "STATUS_"

Line = tuple[str | None, ...]


def schema(lang: str) -> str:
    """Return the schema of the table, as the JSON text that stands inside the metadata."""
    fields = [
        {
            "name": name,
            "type": "string",
            "nullable": True,
            "metadata": {"comment": named("label", name, lang)},
        }
        for name in COLUMNS
    ]
    return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)


def table(edition: Edition) -> pa.Table:
    """Return the labels of every code that a reader may see, column by column of the figures."""
    lines = list(_lines(edition))
    columns = [
        pa.array([line[number] for line in lines], pa.string()) for number in range(len(COLUMNS))
    ]
    return pa.table(columns, names=list(COLUMNS))


def write(path: Path, labels: pa.Table) -> None:
    """Write the labels as Parquet: plain columns and nothing but them."""
    pq.write_table(labels, path, compression="zstd", store_schema=False)


def _lines(edition: Edition) -> Iterator[Line]:
    for each in edition.indicators:
        yield _line("indicator", each.id, _texts(each.name, each.id))
    for code, level in edition.levels.items():
        texts = [f"{text} {level.vintage}" for text in _texts(level.name, level.code)]
        yield _line("level", code, texts)
    for level_id, areas in edition.areas.items():
        for area in areas:
            yield _line("area", area.code, [area.name] * len(LANGUAGES), level=level_id)
    for period in edition.periods:
        yield _line("period", str(period), [period.label(lang) for lang in LANGUAGES])
    for dimension in edition.dimensions:
        yield from _codes(dimension)
    yield from _statuses()


def _statuses() -> Iterator[Line]:
    for status in sorted(name for name in catalogue() if name.startswith(_STATUS)):
        code = status.removeprefix(_STATUS)
        if len(code) == 1:
            yield _line("obs_status", code, [say(status, lang) for lang in LANGUAGES])


def _codes(dimension: Dimension) -> Iterator[Line]:
    shown = {each.id for each in dimension.codelist.codes}
    for code in dimension.codelist.codes:
        parent = code.parent if code.parent in shown else None
        yield _line(dimension.id, code.id, _texts(code.name, code.id), parent=parent)


def _texts(names: Mapping[str, str], otherwise: str) -> list[str]:
    return [text_in(names, lang, otherwise) for lang in LANGUAGES]


def _line(
    dimension: str,
    code: str,
    texts: list[str],
    level: str | None = None,
    parent: str | None = None,
) -> Line:
    return (dimension, level, code, *texts, parent)
