"""Figures hidden to protect others in no byte either: under two profiles, in answers, files, log.

Numbers nobody would guess stand in two sectors whose sum is shown: one is small for its profile,
the other is hidden only because the sum would tell. Neither is anywhere but with the proof.
"""

import logging
import zlib
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text
from tests.attacks.test_hidden_bytes import FORMS, found
from tests.support import presses, strangers
from tests.support.strangers import SECTOR, TOWN, Town

from hanse.policies.profile import Profile

pytestmark = pytest.mark.anyio

SMALL, BESIDE, SHOWN = 73_194_731, 173_195_557, 912_345_678
HIDDEN = (SMALL, BESIDE)
AREAS = ("41002S00", "41002S01", "41002S02")
PROFILES = {
    "streng": Profile("streng", {"nl": "Streng"}, {"nl": "Streng"}, min_count=100_000_000),
    "streng-vijf": Profile(
        "streng-vijf", {"nl": "Streng"}, {"nl": "Streng"}, min_count=100_000_000, round_base=5
    ),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=PROFILES)
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A node that released the figures twice under a profile, the second time corrected."""
    built = strangers.town(tmp_path_factory.mktemp("node") / "aalst", PROFILES)
    made = presses.contract(
        presses.indicator("inw"), slug="geheim", levels=(SECTOR, TOWN), profile=str(request.param)
    )
    others = [row[0] for row in strangers.codes() if row[3] == "41002"][3:]
    for more in (0, 1):
        told = [("inw", SECTOR, area, 2024, 200_000_000 + n) for n, area in enumerate(others)]
        counts = (SMALL, BESIDE, SHOWN + 10 * more)
        told += [("inw", SECTOR, a, 2024, n) for a, n in zip(AREAS, counts, strict=True)]
        built.publish(replace(made), told, "Telfout." if more else "")
    yield built
    built.close()


def held(content: bytes) -> list[int]:
    """Return the hidden figures that stand in some bytes, as they are or rounded."""
    return [n for n in HIDDEN if any(found(content, each) for each in (n, 5 * round(n / 5)))]


async def asked(town: Town, path: str) -> httpx.Response:
    async with town.client() as client:
        return await client.get(path)


async def test_both_are_hidden_and_their_sum_is_shown(town: Town) -> None:
    answer = await asked(town, "/v1/datasets/geheim/data?format=json")
    data = answer.json()["data"]
    values = dict(zip(data["area"], data["obs_value"], strict=True))
    assert (values[AREAS[0]], values[AREAS[1]]) == (None, None)
    assert values["41002"] is not None


@pytest.mark.parametrize("form", FORMS)
async def test_no_answer_holds_a_figure_hidden_for_another(town: Town, form: str) -> None:
    for question in ("", f"&area={AREAS[0]}", f"&area={AREAS[1]}", f"&level={SECTOR}"):
        answer = await asked(town, f"/v1/datasets/geheim/data?format={form}{question}")
        assert answer.status_code == 200
        assert held(answer.content) == [], question


async def test_no_page_feed_explanation_error_or_log_holds_one(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    at = "/v1/datasets/geheim"
    release = (await asked(town, at)).json()["current"]["release_id"]
    with caplog.at_level(logging.DEBUG):
        for path in (
            at, f"{at}/data.parquet", f"{at}/permitted", f"{at}/releases/{release}", "/v1/feed",
            *(f"{at}/explain?indicator=inw&period=2024&area={area}" for area in AREAS),
            f"{at}/data?area=nergens", f"{at}/data?indicator=niets", f"{at}/data?format=geen",
            f"/nl/datasets/geheim/releases/{release}", "/nl", "/v1/changes", "/v1/decisions",
            f"{at}/releases/{release}/manifest.jws", f"{at}/releases/{release}/protection.json",
        ):  # fmt: skip
            answer = await asked(town, path)
            assert answer.status_code < 500, path
            assert held(answer.content) + held(str(answer.headers).encode()) == [], path
    assert held(caplog.text.encode()) == []


def test_no_file_but_the_proof_holds_one(town: Town) -> None:
    proof = town.home / "protection"
    files = [path for path in town.home.rglob("*") if path.is_file()]
    inside = [path for path in files if proof in path.parents]
    assert any(held(path.read_bytes()) for path in inside)  # the search would find one
    for path in set(files) - set(inside):
        assert held(path.read_bytes()) == [], path.relative_to(town.home)


def test_the_ledger_says_of_a_hidden_figure_only_that_it_is(town: Town) -> None:
    with town.press.engine.connect() as connection:
        rows = connection.execute(text("select content from ledger")).all()
    books = [zlib.decompress(row[0]) for row in rows]
    assert any(found(book, SHOWN + 8) or str(SHOWN)[:4].encode() in book for book in books)
    assert [held(book) for book in books] == [[]] * len(books)
