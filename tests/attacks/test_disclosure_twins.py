"""Two towns that differ in hidden figures alone are the same in every byte that leaves the house.

Whoever knows the program can publish every town that fits and compare. So nothing that travels may
follow from a hidden figure: no count of small cells, no hash of a proof, no size, no order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support import strangers
from tests.support.strangers import SECTOR, SLUG, TOWN, Town

pytestmark = pytest.mark.anyio

TWINS = ((4, 4), (1, 7), (5, 3), (2, 6))
"""What two sectors hold that are hidden together; their sum, and all other sectors, are equal."""
FORMS = ("json", "csv", "csv-spreadsheet", "parquet", "arrow", "arrow&codec=zstd")
QUESTIONS = ("", "&area=41002S00", f"&level={SECTOR}", "&period=2024", "&extent=permitted")
VOLATILE = {"date", "decision", "x-request-id", "traceparent", "last-modified", "audit-receipt"}


@dataclass(frozen=True)
class Seen:
    """An answer as its reader sees it, without what is of the moment."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


def released(folder: Path, hidden: tuple[int, int], like: Town | None) -> Town:
    """Return a town that published the same twice, once with a revision of a shown figure."""
    built = strangers.town(folder, like=like)
    made = strangers.contract(levels=(SECTOR, TOWN), dimensions=())
    areas = [row[0] for row in strangers.codes() if row[3] == "41002"]
    for revision in (0, 1):
        counts = [*hidden, 30 + revision, *range(40, 40 + len(areas) - 3)]
        told = [("inw", SECTOR, area, 2024, n) for area, n in zip(areas, counts, strict=True)]
        built.publish(made, told, "Telfout." if revision else "")
    return built


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Town]]:
    folder = tmp_path_factory.mktemp("twins")
    built: list[Town] = []
    for number, hidden in enumerate(TWINS):
        built.append(released(folder / str(number), hidden, built[0] if built else None))
    yield built
    for each in built:
        each.close()


async def paths(town: Town) -> list[str]:
    """Return every address at which something is told of the dataset."""
    async with town.client() as client:
        told = (await client.get(f"/v1/datasets/{SLUG}")).json()
    at = f"/v1/datasets/{SLUG}"
    release = told["current"]["release_id"]
    return [
        *(f"{at}/data?format={form}{question}" for form in FORMS for question in QUESTIONS),
        *(f"{at}/explain?indicator=inw&period=2024&area=41002S0{n}" for n in range(3)),
        *(f"{at}/releases/{release}{more}" for more in ("", "/manifest.jws", "/contract.json")),
        *(f"{at}/releases/{release}/{name}" for name in ("protection.json", "protection.jws")),
        f"{at}/data.parquet", f"{at}/permitted", at, "/v1/datasets", "/v1/feed", "/v1/changes",
        f"/nl/datasets/{SLUG}/releases/{release}", f"/nl/datasets/{SLUG}", "/nl", "/metrics",
        f"{at}/data?area=41002S77", f"{at}/data?indicator=nee", f"{at}/data?format=nee",
    ]  # fmt: skip


async def test_no_answer_tells_which_of_the_twins_gave_it(towns: list[Town]) -> None:
    asked = await paths(towns[0])
    first = [await seen(towns[0], path) for path in asked]
    assert sum(each.status == 200 for each in first) > 40
    for twin in towns[1:]:
        for path, expected in zip(asked, first, strict=True):
            assert await seen(twin, path) == expected, path


async def seen(town: Town, path: str) -> Seen:
    async with town.client() as client:
        answer = await client.get(path)
    headers = [(name, text) for name, text in answer.headers.items() if name not in VOLATILE]
    return Seen(answer.status_code, tuple(sorted(headers)), _lasting(answer.content))


def _lasting(content: bytes) -> bytes:
    """Return an answer without the moment at which something was made, and ids drawn at random."""
    stripped = re.sub(rb'"(issued_at|trace|decision|instance)": ?"[^"]*"', b"", content)
    return re.sub(rb"hanse_[a-z_]*(seconds|bytes)[^\n]*", b"", stripped)


def test_no_file_of_a_release_tells_which_of_the_twins_made_it(towns: list[Town]) -> None:
    first = files(towns[0])
    assert len(first) > 6
    for twin in towns[1:]:
        other = files(twin)
        assert {
            path: content == other.get(path) for path, content in first.items()
        } == dict.fromkeys(first, True)


def files(town: Town) -> dict[str, bytes]:
    """Return every file of every release, by its address."""
    root = town.home / "data"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_twins_do_differ(towns: list[Town]) -> None:
    """What stays in the house is not equal: the comparison above is not one of nothing."""
    kept = [
        {path.name: path.read_bytes() for path in twin.home.rglob("proof.parquet")}
        for twin in towns
    ]
    assert all(kept)
    assert len({tuple(each.values()) for each in kept}) == len(towns)
