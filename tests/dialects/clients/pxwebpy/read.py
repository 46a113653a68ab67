"""Reads every table of a dataset with pxwebpy: all codes of all variables, in batches of its own.

It shows no status: what it prints is the value alone.
"""

import json
import sys

from pxweb import PxApi

question = json.load(sys.stdin)
api = PxApi(question["url"] + "/px/v2", language="en")
for table in api.search(question["dataset"])["tables"]:
    name, _, level = table["id"].partition("__")
    if name != question["dataset"]:
        continue
    codes = {
        each["id"] if isinstance(each, dict) else each: ["*"] for each in question["variables"]
    }
    labels = dict(zip(question["variables"], table["variableNames"], strict=True))
    for row in api.get_table_data(table["id"], value_codes=codes, show="code"):
        found = {
            name: row[label.lower()] if label.lower() in row else row[label]
            for name, label in labels.items()
        }
        breakdowns = [
            found[name]
            for name in question["variables"]
            if name not in ("INDICATOR", "REF_AREA", "TIME_PERIOD")
        ]
        key = [
            found["INDICATOR"].lower(),
            level,
            found["REF_AREA"],
            found["TIME_PERIOD"],
            *breakdowns,
        ]
        print(json.dumps([key, row["value"]]))
