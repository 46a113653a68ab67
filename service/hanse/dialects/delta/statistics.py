"""Statistics of a file, as its own footer has them: of what leaves, and of nothing else."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def of(path: Path) -> str:
    """Return the statistics of a Parquet file as the JSON text that stands in an action."""
    footer = pq.read_metadata(path)
    told: dict[str, Any] = {"numRecords": footer.num_rows}
    least: dict[str, Any] = {}
    most: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for number in range(footer.num_columns):
        groups = [footer.row_group(each).column(number) for each in range(footer.num_row_groups)]
        found = [each.statistics for each in groups]
        name = footer.schema.column(number).name
        if not found or any(each is None for each in found):
            continue
        if all(each.has_null_count for each in found):
            nulls[name] = sum(each.null_count for each in found)
        ranged = [each for each in found if each.has_min_max]
        if ranged and all(each.has_min_max or not each.num_values for each in found):
            least[name] = min(each.min for each in ranged)
            most[name] = max(each.max for each in ranged)
    told |= {"minValues": least, "maxValues": most, "nullCount": nulls}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def rows(path: Path) -> int:
    """Return how many rows a Parquet file has."""
    return int(pq.read_metadata(path).num_rows)
