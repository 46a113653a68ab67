"""Lines to copy that pull what a page shows, pinned to the release it came from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from hanse.catalog.choice import Choice
from hanse.catalog.figures import Figures
from hanse.wire import Publication


@dataclass(frozen=True, slots=True)
class Snippets:
    """The same pull in two tools; empty where no node gave anything."""

    python: str
    curl: str


def snippets(catalogue: str, figures: Figures, choice: Choice) -> Snippets:
    """Return the snippets for every release that a page shows cells of."""
    shown: Mapping[tuple[str, str], tuple[Publication, str, str]] = {
        (cell.publication.agency, cell.publication.dataset): (
            cell.publication,
            cell.level,
            cell.release,
        )
        for cell in figures.cells
    }
    if not shown:
        return Snippets("", "")
    return Snippets(_python(catalogue, shown.values(), choice), _curl(shown.values(), choice))


def _python(catalogue: str, shown: Iterable[tuple[Publication, str, str]], choice: Choice) -> str:
    lines = [
        f"# hanse login --catalogue {catalogue} --client-id …",
        "from hanse.client import get",
        "",
    ]
    for publication, level, release in shown:
        areas = f"{level}:{','.join(choice.areas)}" if choice.areas else level
        subject = f"{publication.dataset}/{publication.indicator.id}"
        lines += [
            f"{_name(publication)} = get(",
            f"    {_text(subject)},",
            f"    cities=[{_text(publication.agency)}], areas={_text(areas)},",
            f"    periods={_text(choice.period)}, release={_text(release)},",
            ").table",
        ]
    return "\n".join(lines)


def _text(value: str) -> str:
    """Return a text as Python writes it: what a node says ends no string and starts no code."""
    return json.dumps(value, ensure_ascii=True)


def _curl(shown: Iterable[tuple[Publication, str, str]], choice: Choice) -> str:
    lines = []
    for publication, level, release in shown:
        told = {
            "indicator": publication.indicator.id,
            "level": level,
            "area": ",".join(choice.areas),
            "period": choice.period,
            "release": release,
            "extent": "permitted",
            "format": "csv",
        }
        query = urlencode({name: value for name, value in told.items() if value}, safe=",:@")
        slug = quote(publication.dataset, safe="")
        address = f"{publication.base_url.rstrip('/')}/v1/datasets/{slug}/data?{query}"
        lines.append(f"curl --fail --output {_name(publication)}.csv \\\n  '{address}'")
    return "\n".join(lines)


def _name(publication: Publication) -> str:
    return f"{publication.agency}_{publication.dataset}".lower().replace("-", "_")
