"""Twenty recipients with different rights ask in every way and pool all they were told."""

import io
from collections.abc import Iterator

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support import strangers
from tests.support.strangers import SECTORS, SLUG, TOWNS, Memory, Town, atlas, inner, score

from hanse.cube.contract import Access

pytestmark = pytest.mark.anyio

RECIPIENTS, QUESTIONS = 20, 6
PROTOCOL = """
schema: 1
id: urn:protocol:aalst:2026-{number:03}
version: 1
parties:
  - {{role: supplier, kbo: "0207437468"}}
  - {{role: recipient, kbo: "0207725597", client_id: partner{number}, bearer: true}}
basis: {{kind: legal_protocol}}
purposes: [beleid]
data:
  datasets: [{slug}]
  indicators: [inw]
  levels: [{levels}]
  areas: [{areas}]
  breakdowns: {{SEX: [{sexes}]}}
  periods: {{from: {start}, until: open}}
  formats: [json, csv, xlsx, parquet, arrow]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""


def protocol(number: int, draw: np.random.Generator) -> str:
    """Return a protocol that opens a part of the dataset, drawn at random."""
    levels = draw.choice(["statsec", "wijk", "zone", "gemeente"], 3, replace=False)
    town = TOWNS[int(draw.integers(2))]
    wijken = draw.choice(SECTORS // 3, int(draw.integers(1, 4)), replace=False)
    own = [f'"wijk:{town}W{wijk}"' for wijk in sorted(wijken.tolist())]
    areas = [f'"gemeente:{code}"' for code in TOWNS] if draw.uniform() < 0.4 else own
    sexes = draw.choice(["F", "M", "_T"], int(draw.integers(1, 4)), replace=False)
    return PROTOCOL.format(
        number=number,
        slug=SLUG,
        levels=", ".join(sorted(levels)),
        areas=", ".join(areas),
        sexes=", ".join(sorted(sexes)),
        start=int(draw.choice([2023, 2024])),
    )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town with one governed dataset and twenty recipients of it."""
    built = strangers.town(tmp_path_factory.mktemp("node") / "aalst")
    built.publish(strangers.contract(access=Access.PROTOCOL), strangers.lines())
    draw = np.random.default_rng(77)
    built.agree(*(protocol(number, draw) for number in range(RECIPIENTS)))
    yield built
    built.close()


def questions(number: int) -> Iterator[str]:
    """Yield what one recipient asks: filters of rows and columns, orders, repeats."""
    draw = np.random.default_rng(number)
    codes = [row[0] for row in strangers.codes()]
    for _ in range(QUESTIONS):
        parts = ["extent=permitted"]
        if draw.uniform() < 0.5:
            some = draw.choice(codes, int(draw.integers(1, 9)), replace=False)
            parts.append("area=" + ",".join(some))
        elif draw.uniform() < 0.5:
            parts.append(f"level={draw.choice(strangers.LEVELS)}")
        if draw.uniform() < 0.5:
            parts.append(f"SEX={draw.choice(['F', 'M', '_T', 'F,M', 'M,_T'])}")
        if draw.uniform() < 0.3:
            parts.append(f"period={draw.choice(['2023', '2024', '2023:2024'])}")
        yield "&" + "&".join(draw.permutation(parts))


async def asked(client: httpx.AsyncClient, question: str, form: str) -> pa.Table | None:
    """Return the answer to a question, None where nothing of it is open."""
    answer = await client.get(f"/v1/datasets/{SLUG}/data?format={form}{question}")
    if answer.status_code == 403:
        return None
    assert answer.status_code == 200, answer.text[:300]
    if form == "arrow":
        return pa.ipc.open_stream(answer.content).read_all()
    if form == "parquet":
        return pq.read_table(io.BytesIO(answer.content))
    return pa.table(answer.json()["data"])


async def test_twenty_recipients_together_know_the_protected_cube_and_no_more(town: Town) -> None:
    pooled, each_alone = Memory(), []
    for number in range(RECIPIENTS):
        mine = Memory()
        claims = {"client_id": f"partner{number}", "purpose": "beleid"}
        async with town.client(**claims) as client:
            whole = await asked(client, "&extent=permitted", "parquet")
            assert whole is not None
            mine.take(whole)
            for turn, question in enumerate(questions(number)):
                found = await asked(client, question, ("json", "arrow", "parquet")[turn % 3])
                if found is not None:
                    mine.take(found)
        each_alone.append(mine)
        for key, value in mine.told.items():
            pooled.told[key] = pooled.told.get(key) if value is None else value
    true = atlas().truth(inner())
    numbers = {key: value for key, value in pooled.told.items() if value is not None}
    assert len(numbers) > 100
    assert all(true[key] == value for key, value in numbers.items())
    assert pooled.differing == sum(mine.differing for mine in each_alone) == 0
    hidden = [key for mine in each_alone for key in mine.hidden()]
    assert not any(key in numbers for key in hidden)  # hidden for one is hidden for all
    held = score(pooled)
    assert held.small > 20
    assert (held.exact, held.near) == (0, 0)
