"""`hanse init`, `protocol …`, `decisions`: from an empty folder to a protocol in force."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
import typer
from tests.support.callers import KBO, LISTED, PARTNER, House, house
from typer.testing import CliRunner, Result

from hanse.auth.principal import NOBODY
from hanse.cli import node, protocol
from hanse.cube.query import Query
from hanse.errors import Conflict, HanseError, Invalid, NotFound

Run = Callable[..., Result]

ENTITY = ("--agency", "NIS41002", "--name", "Stad Aalst", "--kbo", KBO)


@pytest.fixture
def run() -> Run:
    """The commands of a node, run as a person runs them."""
    app = typer.Typer()
    node.register(app)
    protocol.register(app)

    def command(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return command


@pytest.fixture
def home(tmp_path: Path, run: Run) -> Path:
    """A new node."""
    folder = tmp_path / "aalst"
    assert run("init", folder, *ENTITY).exit_code == 0
    return folder


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """A protocol for two datasets."""
    file = tmp_path / "2026-001.yaml"
    file.write_text(PARTNER.format(datasets=LISTED), "utf-8")
    return file


def fault(result: Result) -> HanseError:
    assert isinstance(result.exception, HanseError)
    return result.exception


def test_a_new_node_starts_with_open_data(home: Path, run: Run) -> None:
    listed = json.loads(run("protocol", "list", "--home", home, "--json").output)
    assert [each["id"] for each in listed] == ["urn:protocol:nis41002:open-data"]
    assert listed[0]["state"] == "active"
    shown = json.loads(run("protocol", "show", listed[0]["id"], "--home", home).output)
    assert shown["parties"][0]["kbo"] == KBO


def test_a_second_node_in_a_folder_is_refused(home: Path, run: Run) -> None:
    assert isinstance(fault(run("init", home, *ENTITY)), Conflict)


def test_a_number_that_is_none_makes_no_node(tmp_path: Path, run: Run) -> None:
    result = run("init", tmp_path / "x", "--agency", "NIS1", "--name", "X", "--kbo", "12")
    assert isinstance(fault(result), Invalid)
    assert not (tmp_path / "x").exists()


def test_a_protocol_is_checked_applied_replaced_and_ended(home: Path, form: Path, run: Run) -> None:
    assert "good" in run("protocol", "check", form).output
    assert "active" in run("protocol", "apply", form, "--home", home).output
    again = run("protocol", "apply", form, "--home", home)
    assert again.exit_code == 0

    text = form.read_text("utf-8")
    form.write_text(text.replace("retention: P5Y", "retention: P9Y"), "utf-8")
    assert fault(run("protocol", "apply", form, "--home", home)).code == "PROTOCOL_CHANGED"

    form.write_text(text.replace("version: 1", "version: 2"), "utf-8")
    assert run("protocol", "apply", form, "--home", home).exit_code == 0
    form.write_text(text, "utf-8")
    listed = json.loads(run("protocol", "list", "--home", home, "--json").output)
    states = {(each["version"], each["state"]) for each in listed if "aalst" in each["id"]}
    assert states == {(1, "superseded"), (2, "active")}

    name = "urn:protocol:aalst:2026-001"
    assert "suspended" in run("protocol", "suspend", name, "--home", home).output
    assert "active" in run("protocol", "resume", name, "--home", home).output
    assert "revoked" in run("protocol", "revoke", name, "--home", home).output
    assert fault(run("protocol", "resume", name, "--home", home)).code == "PROTOCOL_STATE"
    assert "revoked" in run("protocol", "list", "--home", home).output


def test_an_older_version_does_not_come_back(home: Path, form: Path, run: Run) -> None:
    text = form.read_text("utf-8")
    form.write_text(text.replace("version: 1", "version: 5"), "utf-8")
    run("protocol", "apply", form, "--home", home)
    form.write_text(text, "utf-8")
    assert fault(run("protocol", "apply", form, "--home", home)).code == "PROTOCOL_OLDER"


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ("measures: [audit]", "measures: [audit, dpop]", "PROTOCOL_MEASURE"),
        ("group_size_min: 5", "group_size_min: 11", "PROTOCOL_PROFILE"),
        ("profile: standaard-5", "profile: eigen", "PROTOCOL_PROFILE"),
        ('kbo: "0207437468"', 'kbo: "0207489542"', "PROTOCOL_SUPPLIER_OTHER"),
        ("purposes:", "doelen:", "PROTOCOL_FIELD_UNKNOWN"),
        ("schema: 1", "", "PROTOCOL_FIELD_MISSING"),
    ],
)
def test_what_a_node_cannot_promise_it_does_not_take_on(
    home: Path, form: Path, run: Run, was: str, becomes: str, code: str
) -> None:
    form.write_text(form.read_text("utf-8").replace(was, becomes), "utf-8")
    assert fault(run("protocol", "apply", form, "--home", home)).code == code
    listed = json.loads(run("protocol", "list", "--home", home, "--json").output)
    assert len(listed) == 1


def test_a_protocol_may_name_a_profile_of_the_city_itself(home: Path, form: Path, run: Run) -> None:
    shipped = resources.files("hanse.policies") / "profiles" / "standaard-5.yaml"
    own = shipped.read_text("utf-8").replace("standaard-5", "eigen").replace(": 5", ": 12")
    (home / "profiles").mkdir(exist_ok=True)
    (home / "profiles" / "eigen.yaml").write_text(own, "utf-8")
    text = form.read_text("utf-8").replace("profile: standaard-5", "profile: eigen")
    form.write_text(text.replace("group_size_min: 5", "group_size_min: 11"), "utf-8")
    assert run("protocol", "check", form, "--home", home).exit_code == 0
    assert run("protocol", "apply", form, "--home", home).exit_code == 0
    form.write_text(form.read_text("utf-8").replace("min: 11", "min: 13"), "utf-8")
    assert fault(run("protocol", "check", form, "--home", home)).code == "PROTOCOL_PROFILE"


def test_an_empty_file_and_an_unknown_protocol_are_said(
    home: Path, tmp_path: Path, run: Run
) -> None:
    empty = tmp_path / "leeg.yaml"
    empty.write_bytes(b"")
    assert fault(run("protocol", "check", empty)).code == "YAML_MAPPING"
    unknown = fault(run("protocol", "show", "urn:protocol:x:y", "--home", home))
    assert isinstance(unknown, NotFound)


@pytest.fixture(scope="module")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A node with figures."""
    return house(tmp_path_factory.mktemp("cli") / "aalst")


def what_if(purpose: str, *more: object, client: str = "provincie") -> tuple[object, ...]:
    asked = ("--client", client, "--dataset", LISTED, "--purpose", purpose)
    return ("protocol", "explain", *asked, *more)


def test_what_somebody_would_get_is_told_check_by_check(aalst: House, run: Run) -> None:
    good = run(*what_if("beleid", "--home", aalst.home))
    assert good.exit_code == 0
    assert "permitted by urn:protocol:aalst:2026-001" in good.output
    wrong = run(*what_if("planning", "--home", aalst.home))
    assert wrong.exit_code == protocol.REFUSED
    assert "refused by urn:protocol:aalst:2026-001" in wrong.output
    stranger = run(*what_if("beleid", "--home", aalst.home, client="vreemde"))
    assert "refused: no protocol applies" in stranger.output


def test_a_protocol_that_is_only_proposed_can_be_tried(
    aalst: House, tmp_path: Path, run: Run
) -> None:
    text = PARTNER.format(datasets=LISTED).replace("client_id: provincie", "client_id: vreemde")
    proposed = tmp_path / "voorstel.yaml"
    proposed.write_text(text.replace("2026-001", "2026-002"), "utf-8")
    asked = what_if("beleid", "--with", proposed, "--home", aalst.home, client="vreemde")
    assert "permitted by urn:protocol:aalst:2026-002" in run(*asked).output
    without = what_if("beleid", "--home", aalst.home, client="vreemde")
    assert run(*without).exit_code == protocol.REFUSED


def test_a_proposed_version_counts_in_the_place_of_the_one_in_force(
    aalst: House, tmp_path: Path, run: Run
) -> None:
    text = PARTNER.format(datasets=LISTED).replace("version: 1", "version: 2")
    proposed = tmp_path / "versie-2.yaml"
    proposed.write_text(text.replace("[statistiek, beleid]", "[planning]"), "utf-8")
    tried = ("--with", proposed, "--home", aalst.home)
    assert run(*what_if("planning", *tried)).exit_code == 0
    assert run(*what_if("beleid", *tried)).exit_code == protocol.REFUSED
    assert run(*what_if("beleid", "--home", aalst.home)).exit_code == 0


def test_what_was_decided_can_be_read(aalst: House, run: Run) -> None:

    answer = aalst.node.door.answer(NOBODY, Query("bevolking"), None, "json")
    told = json.loads(run("decisions", "--home", aalst.home, "--json").output)
    assert told[0]["ref"] == answer.decision
    assert run("decisions", "--home", aalst.home).exit_code == 0
    one = json.loads(run("decisions", "--home", aalst.home, "--ref", answer.decision).output)
    assert one["rows"] == answer.rows
    none = run("decisions", "--home", aalst.home, "--dataset", "niets", "--json")
    assert json.loads(none.output) == []
