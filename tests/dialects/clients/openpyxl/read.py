"""Reads a workbook with openpyxl, downloaded as a browser would."""

import io
import json
import sys
from urllib.request import Request, urlopen

import openpyxl

question = json.load(sys.stdin)
with urlopen(Request(question["url"], headers=question["headers"])) as answer:
    book = openpyxl.load_workbook(io.BytesIO(answer.read()), read_only=True)
names, *rows = book["Data"].iter_rows(values_only=True)
for row in rows:
    cells = dict(zip(names, row, strict=True))
    key = [str(cells[name]) for name in ("indicator", "level", "area", "period", "SEX")]
    print(json.dumps([key, cells["obs_value"], str(cells["obs_status"])]))
