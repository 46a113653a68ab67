"""Reads every variable of a Swing site's open data service, the way scripts of its users do:
requests for the pages, `$skip` until a page is empty, pandas for the table.
"""

import json
import sys

import pandas as pd
import requests

question = json.load(sys.stdin)
BASE = question["url"] + "/JiveServices/odata/"
session = requests.Session()
session.headers.update(question["headers"])
PURPOSE = question.get("purpose")


def pages(path, step=None):
    """Step through a set; by ten as older sites answer, or by what a page held."""
    skip, rows = 0, []
    while True:
        options = {"$skip": skip, **({"purpose": PURPOSE} if PURPOSE else {})}
        answer = session.get(BASE + path, params=options, timeout=60)
        if answer.status_code == 404:
            return rows
        answer.raise_for_status()
        page = answer.json()["value"]
        if not page:
            return rows
        rows += page
        skip += step or len(page)


def values(way, variable, breakdown):
    levels = {row["ExternalCode"] for row in pages(f"Variables('{variable}')/GeoLevels")}
    for level in sorted(levels):
        periods = pages(f"Variables('{variable}')/GeoLevels('{level}')/PeriodLevels")
        for period_level in [row["ExternalCode"].upper() for row in periods]:
            tail = f"GeoLevels('{level}')/PeriodLevels('{period_level}')/Periods('all')/Values"
            found = pd.DataFrame(pages(f"{way}/{tail}"))
            if found.empty:
                continue
            found = found.drop(columns=["@odata.type", "@odata.id"])
            items = pd.DataFrame(pages(f"GeoLevels('{level}')/GeoItems"))
            found = found.merge(items, on="ExternalCode", how="left", validate="many_to_one")
            assert found["Name"].notna().all()
            for row in found.to_dict("records"):
                area = row["ExternalCode"].removeprefix(level + "_")
                key = [variable, row["GeoLevel"], area, row["Period"], breakdown]
                said = row["Description"] if isinstance(row["Description"], str) else None
                print(json.dumps([key, row["ValueString"], said]))


for variable in [row["ExternalCode"] for row in pages("Variables", step=10)]:
    values(f"Variables('{variable}')", variable, "_T")
    for dimension in pages(f"CubeVariables('{variable}')/Dimensions"):
        code = dimension["ExternalCode"]
        for member in pages(f"CubeVariables('{variable}')/DimLevels('{code}')/DimMembers"):
            item = member["ExternalCode"]
            way = f"CubeVariables('{variable}')/DimItems('{item}')"
            values(way, variable, item.removeprefix(code + "_"))
