"""GDAL's own driver for OGC API Features, asked through its commands, period by period."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any
from urllib.request import urlopen

from tests.support import needs

RUN_SECONDS = 60


def features(source: str, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the features that GDAL reads at an address."""
    told = "\r\n".join(f"{name}: {text}" for name, text in headers.items())
    done = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{source}"],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        env={**os.environ, **({"GDAL_HTTP_HEADERS": told} if told else {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1_000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)["features"] if done.stdout else []
    return found


def read(questions: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return a line per cell that GDAL sees, per question: any period, any code."""
    needs.need("gdal")
    found = []
    for question in questions:
        urlopen(question["begin"]).close()  # noqa: S310 the test's own node
        found.append(_lines(question))
    return found


def _lines(question: Mapping[str, Any]) -> list[Any]:
    lines = []
    tables = question["tables"].items()
    for (table, level), period, sex in product(tables, question["periods"], question["sexes"]):
        address = f"{question['url']}/ogc/collections/{table}?period={period}&SEX={sex}"
        for each in features(address, question["headers"]):
            held = each["properties"]
            assert (held["period"], held["SEX"]) == (period, sex)
            for column in (name for name in held if name.endswith("_status") and held[name]):
                indicator = column.removesuffix("_status")
                value = None if held[indicator] is None else float(held[indicator])
                key = [indicator, level, held["code"], period, sex]
                lines.append([key, value, held[column]])
    return lines
