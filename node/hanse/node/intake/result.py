"""What the decoding process read, as files: how cells and descriptions cross from one to the
other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from hanse.dialects import draft_cells
from hanse.dialects.swing import Remark, Role, Shape, SwingWorkbook
from hanse.node.contracts import dump_parts, load_parts


def write_result(workbook: SwingWorkbook, out: Path) -> None:
    """Write what was read where the other process looks for it."""
    draft_cells.write(workbook.cells, out / "cells.parquet")
    document = {
        **dump_parts(workbook.indicators, workbook.dimensions),
        "shapes": [asdict(shape) for shape in workbook.shapes],
        "remarks": [asdict(remark) for remark in workbook.remarks],
    }
    (out / "reading.json").write_text(json.dumps(document), "utf-8")


def read_result(out: Path) -> SwingWorkbook:
    """Return what `write_result` wrote."""
    document = json.loads((out / "reading.json").read_text("utf-8"))
    cells: pa.Table = draft_cells.read(out / "cells.parquet")
    indicators, dimensions = load_parts(document)
    return SwingWorkbook(
        cells,
        indicators,
        dimensions,
        load_shapes(document["shapes"]),
        load_remarks(document["remarks"]),
    )


def load_shapes(documents: Sequence[Mapping[str, Any]]) -> tuple[Shape, ...]:
    """Return the shapes of their JSON."""
    return tuple(
        Shape(
            each["sheet"],
            tuple(each["headers"]),
            tuple(Role(**role) for role in each["roles"]),
            each["level"],
        )
        for each in documents
    )


def load_remarks(documents: Sequence[Mapping[str, Any]]) -> tuple[Remark, ...]:
    """Return the remarks of their JSON."""
    return tuple(Remark(**each) for each in documents)
