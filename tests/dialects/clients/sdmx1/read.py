"""Reads a dataset with sdmx1: its structures, then its data, generic or structure-specific."""

import json
import math
import sys

import sdmx

question = json.load(sys.stdin)
source = {"id": question["agency"], "url": question["url"] + "/sdmx/2.1", "name": "Node"}
sdmx.add_source(source, override=True)
client = sdmx.Client(question["agency"])
client.session.headers.update(question["headers"])
flow = question["flow"]
assert flow in client.dataflow().dataflow
message = client.dataflow(flow, params={"references": "all"})
structure = client.datastructure(flow).structure[flow]
dimensions = [each.id for each in structure.dimensions.components]
told = {"dsd": structure} if question["specific"] else {}
data = client.data(flow, **told)
codes = {
    each.id: each.annotations for each in message.codelist[f"CL_{flow}_INDICATOR"].items.values()
}
assert all(codes.values()), "every indicator says what the standard has no place for"
for observations in data.data[0].series.values():
    for one in observations:
        key = {name: str(value.value) for name, value in one.key.values.items()}
        status = {**one.attached_attribute}["OBS_STATUS"].value
        value = None if one.value in (None, "") else float(one.value)
        if value is not None and math.isnan(value):
            value = None
        breakdowns = [
            key[name]
            for name in dimensions
            if name not in ("FREQ", "AREA_LEVEL", "REF_AREA", "INDICATOR", "TIME_PERIOD")
        ]
        shown = [key["INDICATOR"].lower(), key["AREA_LEVEL"], key["REF_AREA"], key["TIME_PERIOD"]]
        print(json.dumps([[*shown, *breakdowns], value, str(status)]))
