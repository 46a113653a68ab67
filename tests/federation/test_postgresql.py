"""The whole way with both servers on PostgreSQL: published, harvested, found, pulled."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, inspect
from tests.support import postgres
from tests.support.houses import PURPOSE, League, Town, hanse, hanse_apart, protocol
from tests.support.live import eventually
from tests.support.needs import need

from hanse.cli.demo import staging
from hanse.client.federation import Wish
from hanse.client.outcome import NodeState

pytestmark = pytest.mark.needs("postgresql")

AALST = Town("41002", "Aalst", "0207437468")
DATASET, COUNT = "welzijn", "v1401_leefloon"


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[League]:
    """One city and a catalogue, each with a database of its own on one cluster."""
    need("postgresql")
    folder = tmp_path_factory.mktemp("postgresql")
    with postgres.cluster() as server:
        databases = {name: postgres.database(server) for name in ("catalogue", AALST.nis)}
        made = League(folder, (AALST,), databases)
        made.found()
        try:
            made.start("catalogue")
            publish(made)
            made.start(AALST.nis)
            made.join(AALST)
            yield made
        finally:
            made.stop_all()


def publish(league: League) -> None:
    files = league.folder / "bestanden"
    list(staging.write_files(files))
    at = ("--home", league.settle(AALST))
    hanse("areas", "import", files / "areas", *at)
    hanse(
        "import", "swing", files / "aalst-welzijn.xlsx", "--dataset", DATASET, "--title", "Welzijn",
        "--theme", "welzijn", "--only", "gemeente:41002", "--as", "an", *at,
    )  # fmt: skip
    form = league.home(AALST.nis) / "protocols" / "provincie.yaml"
    form.write_text(protocol(AALST, DATASET, "wijk, gemeente", "standaard-5", key=league.key))
    league.agree(AALST, form)
    hanse_apart("publish", DATASET, "--as", "an", *at)
    hanse_apart("approve", DATASET, "--as", "bo", *at)


def test_it_is_found_and_pulled_under_its_protocol(league: League) -> None:
    with league.province() as federation:
        eventually(lambda: federation.search("leefloners").total == 1)
        feed = federation.node("Aalst").feed()
        assert [each.slug for each in feed.datasets] == [DATASET]
        federation.node("Aalst").sign_in(PURPOSE)
        answer = federation.get(f"{DATASET}/{COUNT}", Wish(level="wijk"))
        refused = federation.get(f"{DATASET}/{COUNT}", Wish(level="wijk", purpose="reclame"))
    statuses = answer.table.column("obs_status").to_pylist()
    assert (len(statuses), statuses.count("Q")) == (24, 4)
    assert [each.state for each in refused.outcomes] == [NodeState.REFUSED]
    decided = json.loads(hanse_apart("decisions", "--json", "--home", league.home(AALST.nis)))
    assert {each["outcome"] for each in decided} == {"permitted", "refused"}


def test_nothing_of_it_is_in_a_file_of_sqlite(league: League) -> None:
    assert not list(league.folder.rglob("*.db"))
    for name, table in (("catalogue", "member"), (AALST.nis, "release")):
        url = league.databases[name].replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        assert any(table in each for each in inspect(engine).get_table_names())
        engine.dispose()
