"""Reads a dataset with pysdmx: the schema through the registry client, then filtered data."""

import json
import math
import sys
from urllib.parse import urlsplit, urlunsplit

from pysdmx.api.dc.rest import SdmxConnector
from pysdmx.api.fmr import RegistryClient

question = json.load(sys.stdin)
parts = urlsplit(question["url"] + "/sdmx/3.0")
secret = question.get("token", "")
where = parts._replace(netloc=f"u:{secret}@{parts.netloc}") if secret else parts
url = urlunsplit(where)
agency, flow = question["agency"], question["flow"]
urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={agency}:{flow}(1.0.0)"
connector = SdmxConnector(url)
assert flow in [each.id for each in connector.dataflows()]
information = connector.dataflow(urn)
schema = RegistryClient(url).get_schema("dataflow", agency, flow, "1.0.0")
names = [each.id for each in schema.components.dimensions]
other = ("FREQ", "AREA_LEVEL", "REF_AREA", "INDICATOR", "TIME_PERIOD")
for row in connector.data(urn, question["where"]) if question.get("where") else connector.data(urn):
    value = row["OBS_VALUE"]
    value = None if value in (None, "", "NaN") else float(value)
    if value is not None and math.isnan(value):
        value = None
    shown = [row["INDICATOR"].lower(), row["AREA_LEVEL"], row["REF_AREA"], row["TIME_PERIOD"]]
    breakdowns = [row[name] for name in names if name not in other]
    print(json.dumps([[*shown, *breakdowns], value, row["OBS_STATUS"]]))
