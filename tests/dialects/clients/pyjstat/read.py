"""Reads JSON-stat from an address with pyjstat, once jsonstat-validator has found it valid."""

import json
import sys
from itertools import product

from jsonstat_validator import validate_jsonstat
from pyjstat import pyjstat

for table in json.load(sys.stdin)["tables"]:
    data = pyjstat.Dataset.read(table["url"])
    assert validate_jsonstat(json.loads(data.write()))
    frame = data.write("dataframe", naming="id")
    axes = [list(data["dimension"][name]["category"]["index"]) for name in data["id"]]
    statuses = data["status"]
    for place, (codes, value) in enumerate(zip(product(*axes), frame["value"], strict=True)):
        row = dict(zip(data["id"], codes, strict=True))
        breakdowns = [
            code
            for name, code in row.items()
            if name not in ("INDICATOR", "REF_AREA", "TIME_PERIOD")
        ]
        status = statuses.get(str(place), "A")
        if status == data["extension"]["hanse"]["absent"]:
            continue
        shown = None if value is None or value != value else value
        key = [row["INDICATOR"].lower(), table["level"], row["REF_AREA"], row["TIME_PERIOD"]]
        print(json.dumps([[*key, *breakdowns], shown, status]))
