"""Call actions of CKAN, and harvest as its harvester does: by pages until one is empty.

Question: `url`, `calls` (`[action, parameters]`), `get_only`. Prints the result of each, or the
kind of error the client raised. `rows` set: prints every package of the harvest instead.
"""

import json
import sys

from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError, NotFound, SearchQueryError, ValidationError


def called(site: RemoteCKAN, name: str, given: dict) -> object:
    try:
        return {"result": site.call_action(name, given)}
    except (NotFound, ValidationError, SearchQueryError, CKANAPIError) as fault:
        return {"error": type(fault).__name__, "told": str(fault)[:500]}


def harvested(site: RemoteCKAN, rows: int, fq: str) -> list:
    found: list = []
    while True:
        page = site.action.package_search(rows=rows, start=len(found), sort="id asc", fq=fq)
        if not page["results"]:
            return found
        found += page["results"]


def main() -> None:
    asked = json.load(sys.stdin)
    with RemoteCKAN(asked["url"], get_only=asked.get("get_only", False)) as site:
        if "rows" in asked:
            for each in harvested(site, asked["rows"], asked.get("fq", "")):
                print(json.dumps(each))
        for name, given in asked.get("calls", []):
            print(json.dumps(called(site, name, given)))


main()
