"""Questions drawn from what the golden dataset has, and a node that is asked them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tests.support import golden

from hanse.areas.boundaries import Boundaries
from hanse.node import boundaries

DAYS = {
    "2023": (date(2023, 1, 1), date(2023, 12, 31)),
    "2024": (date(2024, 1, 1), date(2024, 12, 31)),
    "2023-A1": (date(2023, 9, 1), date(2024, 8, 31)),
    "2024-Q1": (date(2024, 1, 1), date(2024, 3, 31)),
    "2024-Q2": (date(2024, 4, 1), date(2024, 6, 30)),
}
NAMES = ("inw", "saldo", "leerl", "omzet")
AREAS = ("11002", "11007", "41002")
LEVELS = (golden.NOW_VINTAGE, golden.OLD_VINTAGE)
SEXES = ("_T", "F", "M")
SQUARE = [[4.0, 50.9], [4.1, 50.9], [4.1, 51.0], [4.0, 51.0], [4.0, 50.9]]

drawn: Final = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class World:
    """A node, what is true there, and one connection to it."""

    url: str
    truth: golden.Truth
    client: httpx.Client

    def ask(self, path: str, accept: str = "*/*") -> httpx.Response:
        """Return an answer; a fault of the node's own is none."""
        answer = self.client.get(self.url + path, headers={"Accept": accept})
        assert answer.status_code < 500, (path, answer.text)
        return answer


@contextmanager
def asked(folder: Path) -> Iterator[World]:
    """Serve the first release of the golden dataset; one of its areas has a boundary."""
    with golden.served(folder) as node, httpx.Client(timeout=30) as client:
        shapes = {"41002": {"type": "Polygon", "coordinates": [SQUARE]}}
        boundaries.store(node.home, Boundaries(golden.NOW_VINTAGE, shapes))
        yield World(node.url, node.truth(), client)


def some(*codes: str) -> st.SearchStrategy[frozenset[str]]:
    """Draw codes that are chosen; none means that a side is not narrowed."""
    return st.frozensets(st.sampled_from(codes), max_size=2)


def within(period: str, start: str, end: str) -> bool:
    """Say whether a period lies wholly between two; "" leaves a side open."""
    first, last = DAYS[period]
    return (not start or first >= DAYS[start][0]) and (not end or last <= DAYS[end][1])


bounds = st.sampled_from(["", *DAYS])
