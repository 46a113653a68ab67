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
from hanse.cli import node, partner, protocol
from hanse.client.keys import ClientKey
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
    partner.register(app)

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


NAME = "urn:protocol:aalst:2026-001"
PROVINCE = "0207725597"


@pytest.fixture
def province(tmp_path: Path) -> Path:
    """The private key of the province, which has no node; its public one lies beside it."""
    key = ClientKey.generate()
    key.write(tmp_path / "provincie.jwk")
    (tmp_path / "provincie.public.jwk").write_text(json.dumps(key.public_jwk()), "utf-8")
    return tmp_path / "provincie.jwk"


def agree(run: Run, home: Path, form: Path, province: Path) -> Result:
    """Let the city and the province agree on a form; return how the last signature ended."""
    at, copied = ("--home", home), province.with_name("kopie.json")
    signs = ("--kbo", PROVINCE, "--key", province)
    public = province.with_name("provincie.public.jwk")
    steps: list[tuple[object, ...]] = [
        ("partner", "add", PROVINCE, "--keys", public, *at),
        ("protocol", "new", form, "--as", "an", *at),
        ("protocol", "advise", NAME, "--outcome", "favourable", "--as", "dirk", *at),
        ("protocol", "export", NAME, copied, *at),
        ("protocol", "countersign", copied, *signs, "--advise", "favourable"),
        ("protocol", "countersign", copied, *signs),
        ("protocol", "apply", copied, *at),
    ]
    for step in steps:
        done = run(*step)
        if done.exit_code:
            return done
    return run("protocol", "sign", NAME, "--as", "bo", *at)


def test_a_protocol_is_checked_agreed_replaced_and_ended(
    home: Path, form: Path, province: Path, run: Run
) -> None:
    assert "in orde" in run("protocol", "check", form).output
    assert "10 " in run("protocol", "check", form).output  # a point that nobody filled in
    assert "actief" in agree(run, home, form, province).output
    again = run("protocol", "new", form, "--as", "an", "--home", home)
    assert again.exit_code == 0

    text = form.read_text("utf-8")
    form.write_text(text.replace("retention: P5Y", "retention: P9Y"), "utf-8")
    refused = run("protocol", "new", form, "--home", home)
    assert fault(refused).code == "PROTOCOL_CHANGED"

    form.write_text(text.replace("version: 1", "version: 2"), "utf-8")
    assert "actief" in agree(run, home, form, province).output
    listed = json.loads(run("protocol", "list", "--home", home, "--json").output)
    states = {(each["version"], each["state"]) for each in listed if "aalst" in each["id"]}
    assert states == {(1, "superseded"), (2, "active")}

    by = ("--as", "bo", "--home", home)
    assert "geschorst" in run("protocol", "suspend", NAME, *by).output
    waiting = run("protocol", "activate", NAME, "--home", home)
    assert (waiting.exit_code, "geschorst" in waiting.output) == (5, True)
    assert "actief" in run("protocol", "resume", NAME, *by).output
    assert run("protocol", "activate", NAME, "--home", home).exit_code == 0
    assert "herroepen" in run("protocol", "revoke", NAME, *by).output
    assert fault(run("protocol", "resume", NAME, *by)).code == "PROTOCOL_STATE"
    assert "herroepen" in run("protocol", "list", "--home", home).output
    assert "revoked" in run("protocol", "list", "--lang", "en", "--home", home).output


def test_whoever_proposes_neither_advises_nor_signs(
    home: Path, form: Path, province: Path, run: Run
) -> None:
    at = ("--home", home)
    run("protocol", "new", form, "--as", "An", *at)
    for name in ("an", "Án", "A.N."):
        advice = run("protocol", "advise", NAME, "--outcome", "favourable", "--as", name, *at)
        assert fault(advice).code == "PROTOCOL_SAME_PERSON"
    waiting = json.loads(run("protocol", "list", "--json", *at).output)[0]
    assert (waiting["state"], waiting["waits_for"]) == ("advice", [KBO, PROVINCE])
    agree(run, home, form, province)
    for name in ("an", "dirk"):
        again = run("protocol", "sign", NAME, "--as", name, *at)
        assert fault(again).code in {"PROTOCOL_SAME_PERSON", "PROTOCOL_STATE"}


def test_a_copy_by_a_key_nobody_confirmed_is_in_force_once_somebody_did(
    home: Path, form: Path, province: Path, run: Run
) -> None:
    at, copied = ("--home", home), province.with_name("kopie.json")
    signs = ("--kbo", PROVINCE, "--key", province)
    run("protocol", "new", form, "--as", "an", *at)
    run("protocol", "advise", NAME, "--outcome", "favourable", "--as", "dirk", *at)
    run("protocol", "export", NAME, copied, *at)
    run("protocol", "countersign", copied, *signs, "--advise", "conditional")
    run("protocol", "countersign", copied, *signs)
    taken = run("protocol", "apply", copied, *at)
    assert (taken.exit_code, "niet bevestigd" in taken.stderr) == (0, True)
    assert fault(run("protocol", "sign", NAME, "--as", "bo", *at)).code == "PROTOCOL_STATE"
    learned = json.loads(run("partner", "list", "--json", *at).output)
    thumbprint = next(each["kid"] for each in learned if each["state"] == "learned")
    assert fault(run("partner", "confirm", PROVINCE, "x", *at)).code == "PARTNER_KEY_UNKNOWN"
    assert "confirmed" in run("partner", "confirm", PROVINCE, thumbprint, *at).output
    assert "ter ondertekening" in run("protocol", "apply", copied, *at).output
    assert "actief" in run("protocol", "sign", NAME, "--as", "bo", *at).output
    assert "dropped" in run("partner", "drop", PROVINCE, thumbprint, *at).output
    assert "beschadigd" in run("protocol", "list", *at).output
    again = run("protocol", "show", NAME, *at)
    assert fault(again).code == "PROTOCOL_DAMAGED"


def test_an_offer_is_refused_or_taken_back(
    home: Path, form: Path, province: Path, run: Run
) -> None:
    at = ("--home", home)
    run("protocol", "new", form, "--as", "an", *at)
    assert "ontwerp" in run("protocol", "withdraw", NAME, "--as", "an", *at).output
    advice = province.with_name("advies.txt")
    advice.write_text("Gunstig.", "utf-8")
    told = ("--outcome", "favourable", "--document", advice, "--as", "dirk", *at)
    assert fault(run("protocol", "advise", NAME, *told)).code == "PROTOCOL_STATE"
    assert "advies" in run("protocol", "new", form, "--as", "an", *at).output
    annex = run("protocol", "advise", NAME, "--authority", *told)
    assert annex.exit_code == 0
    copied, signs = province.with_name("kopie.json"), ("--kbo", PROVINCE, "--key", province)
    run("partner", "add", PROVINCE, "--keys", province.with_name("provincie.public.jwk"), *at)
    assert "wacht op" in run("protocol", "advise", NAME, *told).output
    run("protocol", "export", NAME, copied, *at)
    run("protocol", "countersign", copied, *signs, "--advise", "favourable")
    run("protocol", "apply", copied, *at)
    assert "geweigerd" in run("protocol", "reject", NAME, "--as", "bo", *at).output


def test_a_protocol_is_shown_as_its_fourteen_points(home: Path, run: Run) -> None:
    name = "urn:protocol:nis41002:open-data"
    told = run("protocol", "show", name, "--points", "--lang", "en", "--home", home).output
    assert "13 Duration\n     2000-01-01 / 9999-12-31" in told
    assert "14 Sanctions\n     -" in told


def test_what_a_version_changes_is_said_in_words(form: Path, tmp_path: Path, run: Run) -> None:
    text = form.read_text("utf-8")
    newer = tmp_path / "2.yaml"
    newer.write_text(text.replace("levels: [gemeente, statsec]", "levels: [gemeente]"), "utf-8")
    told = run("protocol", "diff", newer, form, "--lang", "nl").output
    assert "verruimt: Gebiedsniveaus: statsec komt erbij." in told
    assert "narrows: Area levels" in run("protocol", "diff", form, newer, "--lang", "en").output
    assert "Rien ne change." in run("protocol", "diff", form, form, "--lang", "fr").output
    keyed = "keys: [NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs]\n    bearer: true"
    newer.write_text(text.replace("bearer: true", keyed), "utf-8")
    assert "Keys only." in run("protocol", "diff", form, newer, "--lang", "en").output


def test_an_authorisation_is_noted_and_joined(home: Path, run: Run) -> None:
    at, number = ("--home", home), "FO 04/2017"
    joins = ("authorisation", "join", number, PROVINCE, "--since", "2026-01-01", *at)
    assert fault(run(*joins)).code == "AUTHORISATION_UNKNOWN"
    assert run("authorisation", "add", number, "--source", "kadaster", *at).exit_code == 0
    assert "2026-01-01/…" in run(*joins).output
    assert fault(run(*joins, "--until", "2025-01-01")).code == "ACCESSION_DAYS"
    assert fault(run(*joins[:5], "ooit", *at)).code == "ACCESSION_DAYS"
    told = run("authorisation", "list", *at).output
    assert "kadaster" in told
    assert PROVINCE in told


def test_what_is_no_copy_is_not_taken(home: Path, form: Path, run: Run) -> None:
    assert fault(run("protocol", "apply", form, "--home", home)).code == "PROTOCOL_COPY"


def test_an_older_version_does_not_come_back(
    home: Path, form: Path, province: Path, run: Run
) -> None:
    text = form.read_text("utf-8")
    form.write_text(text.replace("version: 1", "version: 5"), "utf-8")
    agree(run, home, form, province)
    form.write_text(text, "utf-8")
    assert fault(run("protocol", "new", form, "--home", home)).code == "PROTOCOL_OLDER"


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ("measures: [audit]", "measures: [audit, dpop]", "PROTOCOL_PROOF"),
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
    assert fault(run("protocol", "new", form, "--home", home)).code == code
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
    assert run("protocol", "new", form, "--home", home).exit_code == 0
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
    assert "Toegestaan door urn:protocol:aalst:2026-001" in good.output
    wrong = run(*what_if("planning", "--home", aalst.home))
    assert wrong.exit_code == protocol.REFUSED
    assert "Geweigerd door urn:protocol:aalst:2026-001" in wrong.output
    stranger = run(*what_if("beleid", "--home", aalst.home, client="vreemde"))
    assert "geen protocol is van toepassing" in stranger.output


def test_a_protocol_that_is_only_proposed_can_be_tried(
    aalst: House, tmp_path: Path, run: Run
) -> None:
    text = PARTNER.format(datasets=LISTED).replace("client_id: provincie", "client_id: vreemde")
    proposed = tmp_path / "voorstel.yaml"
    proposed.write_text(text.replace("2026-001", "2026-002"), "utf-8")
    asked = what_if("beleid", "--with", proposed, "--home", aalst.home, client="vreemde")
    assert "Toegestaan door urn:protocol:aalst:2026-002" in run(*asked).output
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
    shown = run("decisions", "--home", aalst.home)
    assert {"Wanneer", "Uitkomst", "toegestaan"} <= set(shown.output.split())
    english = run("decisions", "--home", aalst.home, "--lang", "en")
    assert {"When", "Outcome", "permitted"} <= set(english.output.split())
    one = json.loads(run("decisions", "--home", aalst.home, "--ref", answer.decision).output)
    assert one["rows"] == answer.rows
    none = run("decisions", "--home", aalst.home, "--dataset", "niets", "--json")
    assert json.loads(none.output) == []
