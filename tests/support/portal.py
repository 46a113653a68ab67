"""A small federation with one case of everything a page must show."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from tests.support.catalogues import Federation, federation
from tests.support.feeds import DataNode, dataset, indicator

AREAS = {"NIS41002": "41002", "NIS11002": "11002", "NIS44021": "44021", "NIS13040": "13040"}


def _node(agency: str, name: str, port: int, entry: dict[str, Any], **given: Any) -> DataNode:
    area, level = AREAS[agency], given.pop("level", "gemeente@2025")
    value, status = given.pop("value", 90_068.0), given.pop("status", "A")
    extra = given.pop("extra", [])
    inwoners = indicator(
        **{
            "concept": "inwoners@1.0.0",
            "name": {"nl": "Inwoners", "en": "Inhabitants", "fr": "Habitants"},
            "description": {"nl": "Personen met wettelijke woonplaats in het gebied."},
            **entry,
        }
    )
    return DataNode(
        agency=agency,
        name=name,
        base_url=f"http://127.0.0.1:{port}",
        datasets=[
            dataset(
                "bevolking",
                title={"nl": "Bevolking", "en": "Population", "fr": "Population"},
                indicators=[inwoners],
                levels=[level, "wijk@2025"],
                **given,
            ),
            *extra,
        ],
        cells={
            "bevolking": [
                (level, area, "2023", None if value is None else value - 812, status),
                (level, area, "2024", value, status),
            ]
        },
    )


def portal(home: Path, **given: Any) -> Federation:
    """Four cities: a reference, another definition, a hidden cell, a governed one."""
    work = dataset(
        "werk",
        title={"nl": "Werk en inkomen", "en": "Work and income", "fr": "Travail et revenus"},
        theme="werk",
        access="protocol",
        indicators=[
            indicator(
                "jeugdwerkloosheid",
                "Jeugdwerkloosheid",
                unit="%",
                decimals=1,
                concept="jeugdwerkloosheid",
                state="phasing-out",
            )
        ],
    )
    nodes = (
        _node("NIS41002", "Aalst", 8101, {}, extra=[work]),
        _node("NIS11002", "Antwerpen", 8102, {}, value=562_002.0),
        _node(
            "NIS44021",
            "Gent",
            8103,
            {"definition_version": "2.0.0", "reference_point": "P1D@12-31"},
            value=272_657.0,
            level="gemeente@2024",
        ),
        _node("NIS13040", "Turnhout", 8104, {}, value=None, status="Q"),
    )
    return federation(home, *nodes, **given)


def rows(page: str, caption: str) -> list[list[str]]:
    """Return the texts of a table's body."""
    table = next(part for part in page.split("<table")[1:] if f'id="{caption}"' in part)
    body = table.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in body.split("</tr>")
        if "<t" in row
    ]
