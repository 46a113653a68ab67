"""Reads wide rows with python-odata: classes reflected from the metadata, filtered and paged."""

import json
import sys

import requests
from odata import ODataService

question = json.load(sys.stdin)
session = requests.Session()
session.headers.update(question["headers"])
service = ODataService(question["url"] + "/odata/v4/", session=session, reflect_entities=True)
entity = service.entities[question["set"]]
for row in service.query(entity).filter(entity.Indicator != "niets"):
    breakdowns = [getattr(row, name) for name in question["dimensions"]]
    key = [row.Indicator, row.GeoLevel, row.RefArea, row.Period, *breakdowns]
    print(json.dumps([key, row.Value, row.ObsStatus]))
