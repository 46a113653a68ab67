"""Requests at random, as the documents allow and as they do not: a running node never breaks.

Made by schemathesis from the document of the application itself, with names that exist among those
that do not. `HANSE_FUZZ_EXAMPLES` says how many for each operation.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.support.callers import CALLERS, credentials, house
from tests.support.live import live
from tests.support.portal import portal

from hanse.web import document

EXAMPLES = int(os.environ.get("HANSE_FUZZ_EXAMPLES", "5"))
INTENDED = {501}
"""Said on purpose: what a standard has and this service has not."""

NAMES = {
    "slug": ["bevolking", "inkomens", "zorg", "dossiers", "geslacht"],
    "agency": ["NIS41002", "NIS11002"],
    "release_id": ["2026-10-01.1"],
    "table": ["BEVOLKING__GEMEENTE_2025", "INKOMENS__STATSEC_2025"],
    "indicator": ["inw", "huish", "inwoners", "inw,huish"],
    "level": ["gemeente@2025", "statsec@2025"],
    "area": ["41002", "41002A", "11002,41002"],
    "period": ["2024", "2022:2024", ":2023"],
    "format": ["json", "csv", "csv-spreadsheet", "xlsx", "parquet", "arrow"],
    "release": ["2026-10-01.1"],
    "purpose": ["beleid"],
    "protocol": ["urn:protocol:aalst:2026-001"],
    "rest": [
        "dataflow/all/all/latest",
        "data/NIS41002,BEVOLKING__GEMEENTE_2025/all",
        "structure/dataflow/*/*/*",
        "data/dataflow/*/*/*/*",
        "availableconstraint/NIS41002,BEVOLKING__GEMEENTE_2025",
    ],
}


@dataclass(slots=True)
class Side:
    """A running side, its operations, and what it answered."""

    url: str
    app: Any
    statuses: Counter[int] = field(default_factory=Counter)

    def operations(self) -> list[Any]:
        schema = schemathesis.openapi.from_dict(document(self.app))
        found: list[Any] = list(schema.get_all_operations())
        return [each.ok() for each in found]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    built = house(tmp_path_factory.mktemp("node") / "aalst", rate_per_second=0)
    with live(built.app) as url:
        yield Side(url, built.app)
    built.node.close()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    world = portal(tmp_path_factory.mktemp("catalogue"), rate_per_second=0)
    with live(world.app) as url:
        yield Side(url, world.app)


def named(draw: Any, values: Any) -> Any:
    """Put a name that exists in the place of what was made up, most of the time."""
    if not isinstance(values, dict):
        return values
    return {
        name: draw(st.sampled_from(NAMES[name]))
        if name in NAMES and draw(st.integers(0, 3))
        else each
        for name, each in values.items()
    }


def attack(side: Side, operation: Any) -> None:
    @seed(20_261_101)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def once(case: Any, data: Any) -> None:
        case.path_parameters = named(data.draw, case.path_parameters)
        case.query = named(data.draw, case.query)
        caller = data.draw(st.sampled_from(CALLERS))
        answer = case.call(base_url=side.url, headers=dict(credentials(caller)), timeout=20)
        side.statuses[answer.status_code] += 1
        fine = answer.status_code < 500 or answer.status_code in INTENDED
        assert fine, (operation.label, answer.status_code, answer.content[:500])
        assert b"Traceback" not in answer.content

    once()


@pytest.mark.parametrize("which", ["node", "catalogue"])
def test_random_requests_find_no_fault_of_ours(which: str, request: pytest.FixtureRequest) -> None:
    side: Side = request.getfixturevalue(which)
    operations = side.operations()
    assert len(operations) > 10
    faults: list[str] = []
    for operation in operations:
        try:
            attack(side, operation)
        except AssertionError as fault:
            faults.append(str(fault)[:600])
    told = ", ".join(f"{status}: {count}" for status, count in sorted(side.statuses.items()))
    sys.stdout.write(f"{which}: {side.statuses.total()} requests ({told})\n")
    assert faults == []
    assert side.statuses[200] > 0
