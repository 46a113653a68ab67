"""Reads a CSV file through its description with csvw, which validates each against the other."""

import json
import sys

from csvw import CSVW

question = json.load(sys.stdin)
found = CSVW(question["url"], validate=True)
assert found.is_valid, found.warnings
(table,) = found.tables
assert [column.name for column in table.tableSchema.columns] == [
    *table.tableSchema.primaryKey,
    "obs_value",
    "obs_status",
    "conf_status",
]
for row in table:
    key = [row[name] for name in table.tableSchema.primaryKey]
    print(json.dumps([key, row["obs_value"], row["obs_status"]]))
