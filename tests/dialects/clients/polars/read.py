"""Reads a table with polars from an address, as Parquet over ranges or as CSV."""

import json
import sys

import polars

question = json.load(sys.stdin)
if question["format"] == "parquet":
    table = polars.scan_parquet(question["url"]).collect()
else:
    texts = dict.fromkeys(question["texts"], polars.String)
    table = polars.read_csv(question["url"], schema_overrides=texts)
for row in table.iter_rows(named=True):
    value = row.pop("obs_value")
    status = row.pop("obs_status")
    row.pop("conf_status")
    print(json.dumps([list(row.values()), value, status]))
