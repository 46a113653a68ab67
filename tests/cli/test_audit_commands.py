"""`hanse audit …`, `verify-audit`, `receipts`: what a data protection officer types."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import typer
from sqlmodel import select
from tests.support.callers import BASE_URL, LISTED, House, house
from typer.testing import CliRunner, Result

from hanse.audit.tree import leaf_hash
from hanse.cli import audit
from hanse.client.receipts import About, Drawer, Receipt, account_of, proven, read_receipt
from hanse.client.settings import ClientConfig, write_config
from hanse.client.watching import look
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node.keeper import Keeper
from hanse.node.log import BodyRow
from hanse.node.settings import read_settings
from hanse.outbound import Answer
from hanse.store.engine import create
from hanse.store.session import reading, transaction

Run = Callable[..., Result]
EXCHANGE = "6f9c2a4e1b2c4d5e8f90a1b2c3d4e5f6"
PROTOCOL = "urn:protocol:aalst:2026-001"


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    audit.register(app)

    def command(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return command


@pytest.fixture(scope="module")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node that gave figures once, and refused twice."""
    built = house(tmp_path_factory.mktemp("node") / "aalst")
    asyncio.run(busy(built))
    yield built
    built.node.close()


async def busy(built: House) -> None:
    async with built.client("partner") as client:
        path = f"/v1/datasets/{LISTED}/data?extent=permitted"
        answer = await client.get(path, headers={"Exchange-Id": EXCHANGE})
        assert answer.status_code == 200
    for caller in ("partner", "stranger"):
        async with built.client(caller) as client:
            await client.get(f"/v1/datasets/{LISTED}/data?area=11002&indicator=inw")


def told(run: Run, built: House, *words: str) -> list[dict[str, object]]:
    assert run("audit", "checkpoint", "--home", built.home).exit_code == 0
    done = run("audit", "report", *words, "--format", "json", "--home", built.home)
    assert done.exit_code == 0, done.exception
    document = json.loads(done.stdout)
    assert document["made_from"]["register"].startswith("sha-256:")
    assert int(document["made_from"]["checkpoint"]) > 0
    lines: list[dict[str, object]] = document["lines"]
    return lines


def test_who_received_what_under_what_since_when(run: Run, aalst: House) -> None:
    (line,) = [each for each in told(run, aalst, "received") if each["client"] == "provincie"]
    assert (line["dataset"], line["protocol"], line["times"]) == (LISTED, PROTOCOL, 1)
    assert (line["cells"], line["purpose"], line["onward"]) == (6, "beleid", "none")


def test_who_was_refused_and_why(run: Run, aalst: House) -> None:
    lines = told(run, aalst, "refused")
    assert {(each["client"], each["code"]) for each in lines} == {
        ("provincie", "DECISION_AREA"),
        ("vreemde", "DECISION_RECIPIENT"),
    }
    assert all(each["checks"] for each in lines)


def test_one_exchange_is_put_together_again(run: Run, aalst: House) -> None:
    (line,) = told(run, aalst, "exchange", "--exchange", EXCHANGE)
    assert (line["client"], line["dataset"], line["outcome"]) == ("provincie", LISTED, "allow")


@pytest.mark.parametrize("name", ["attention", "terms", "processing", "changes"])
def test_every_other_report_has_its_lines(name: str, run: Run, aalst: House) -> None:
    lines = told(run, aalst, name)
    assert lines or name == "attention"
    if name in {"terms", "processing"}:
        assert PROTOCOL in {each["protocol"] for each in lines}
        assert all(
            each["protocol"] == PROTOCOL for each in told(run, aalst, name, "--protocol", PROTOCOL)
        )
    if name == "changes":
        assert {each["kind"] for each in lines} >= {"release"}


def test_a_report_is_a_table_and_a_file_too(run: Run, aalst: House, tmp_path: Path) -> None:
    shown = run("audit", "report", "received", "--home", aalst.home)
    assert "provincie" in shown.stdout
    assert "Register van protocollen: sha-256:" in shown.stdout
    file = tmp_path / "ontvangen.csv"
    options = ("--format", "csv", "--to", file, "--since", "2026-01-01", "--until", "2026-12-31")
    assert run("audit", "report", "received", *options, "--home", aalst.home).exit_code == 0
    lines = file.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("client,kbo,recipient,dataset,protocol,version,basis")
    assert lines[-1].startswith("checkpoint,")


def test_a_report_is_a_workbook_and_a_pdf_in_a_reader_s_language(
    run: Run, aalst: House, tmp_path: Path
) -> None:
    for form, begins in (("xlsx", b"PK"), ("pdf", b"%PDF-")):
        file = tmp_path / f"reçu.{form}"
        words = ("audit", "report", "received", "--format", form, "--lang", "fr")
        assert run(*words, "--to", file, "--home", aalst.home).exit_code == 0
        assert file.read_bytes().startswith(begins)
        assert run(*words, "--home", aalst.home).exit_code == 2


def test_what_is_due_is_counted_and_let_go_of_under_the_node_s_terms(
    run: Run, aalst: House
) -> None:
    counted = run("audit", "expire", "--dry-run", "--home", aalst.home)
    assert "decision P3Y: 0 regels van voor" in counted.stdout
    assert run("audit", "expire", "--home", aalst.home).stdout == counted.stdout
    assert run("audit", "expire", "--years", "3", "--home", aalst.home).exit_code == 2
    assert run("audit", "expire", "--dry-run", "--years", "3", "--reason", "x").exit_code == 2


@pytest.mark.parametrize(
    ("words", "fault", "code"),
    [
        (("audit", "report", "roddels"), Invalid, "AUDIT_REPORT"),
        (("audit", "report", "exchange"), Invalid, "AUDIT_REPORT"),
        (("audit", "report", "received", "--since", "gisteren"), Invalid, "AUDIT_DAY"),
        (("audit", "erase", "niemand"), NotFound, "AUDIT_PERSON_UNKNOWN"),
    ],
)
def test_what_cannot_be_told(
    words: tuple[str, ...], fault: type[Exception], code: str, run: Run, aalst: House
) -> None:
    done = run(*words, "--home", aalst.home)
    assert isinstance(done.exception, fault)
    assert code in str(done.exception)


def test_a_bundle_is_written_and_checked(run: Run, aalst: House, tmp_path: Path) -> None:
    file = tmp_path / "bewijs.zip"
    assert run("audit", "checkpoint", "--home", aalst.home).exit_code == 0
    made = run("audit", "bundle", file, "--exchange", EXCHANGE, "--home", aalst.home)
    assert made.exit_code == 0, made.exception
    checked = run("verify-audit", "--bundle", file)
    assert "1 regels staan in het logboek" in checked.stdout
    file.write_bytes(file.read_bytes()[:-40])
    spoiled = run("verify-audit", "--bundle", file)
    assert isinstance(spoiled.exception, Invalid)


def test_a_key_that_is_none_is_told_apart_from_a_bundle_that_does_not_hold(
    run: Run, aalst: House, tmp_path: Path
) -> None:
    file = tmp_path / "bewijs.zip"
    assert run("audit", "bundle", file, "--home", aalst.home).exit_code == 0
    wrong = run("verify-audit", "--bundle", file, "--key", "aalst.example")
    assert isinstance(wrong.exception, Invalid)
    assert wrong.exception.code == "AUDIT_KEY"


SAID = {
    "nl": ("Register van protocollen", "Controlepunt", "regels kloppen", "Onderwerpen"),
    "en": ("Register of protocols", "Checkpoint", "entries hold", "Indicators"),
    "fr": ("Registre des protocoles", "Point de contrôle", "entrées sont exactes", "Indicateurs"),
}


@pytest.mark.parametrize("lang", SAID)
def test_what_the_log_says_is_said_in_the_language_that_was_asked_for(
    lang: str, run: Run, aalst: House
) -> None:
    at = ("--home", aalst.home, "--lang", lang)
    told = run("audit", "report", "processing", *at).stdout + run("verify-audit", *at).stdout
    assert all(each in told.replace("\n", " ") for each in SAID[lang])
    others = {word for other, words in SAID.items() for word in words if other != lang}
    assert not [word for word in others - set(SAID[lang]) if word in told]


def test_a_log_of_one_s_own_is_looked_over(run: Run, aalst: House) -> None:
    done = run("verify-audit", "--home", aalst.home)
    assert done.exit_code == 0, done.exception
    assert "regels kloppen, 0 daarvan zonder inhoud" in done.stdout


def test_a_person_is_erased_and_old_words_expire(run: Run, aalst: House) -> None:
    from tests.support.logs import NOW

    from hanse.audit.entry import Entry
    from hanse.node import log

    with transaction(aalst.node.engine) as session:
        log.note(session, Entry(kind="login", what={"event": "in"}, people={"by": "rik"}), NOW)
    assert "niemand meer noemen: 1" in run("audit", "erase", "rik", "--home", aalst.home).stdout
    reason = ("--years", "3", "--reason", "art. 7")
    assert "inhoud weg is: 0" in run("audit", "expire", *reason, "--home", aalst.home).stdout


# The other side: a client that keeps receipts, and looks at a log from outside.


def receipt_of(built: House) -> tuple[Receipt, bytes, list[dict[str, str]]]:
    async def ask() -> tuple[Receipt, bytes]:
        async with built.client("partner") as client:
            answer = await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")
            about = About(BASE_URL, "NIS41002", LISTED, "1", "2026-11-01T09:00:00+00:00")
            found = read_receipt(dict(answer.headers), about)
            assert found is not None
            keeper: Keeper = built.app.state.keeper
            keeper.place()
            keeper.sign()
            return found, (await client.get(f"/v1/receipts/{found.ref}")).content

    found, proof = asyncio.run(ask())
    return found, proof, [built.node.publisher.key.public_jwk()]


def test_a_receipt_is_kept_and_proven(run: Run, aalst: House, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path))
    receipt, content, keys = receipt_of(aalst)
    config = tmp_path / "client.json"
    monkeypatch.setenv("HANSE_CONFIG", str(config))
    account = ClientConfig(catalogue=BASE_URL, client_id="provincie", issuers=(BASE_URL,))
    write_config(config, account)
    drawer = Drawer(tmp_path / "receipts", account_of("provincie", (BASE_URL,)))
    drawer.keep(receipt)
    (tmp_path / "receipts" / "kapot.json").write_text("{", "utf-8")
    assert "nog niet" in run("receipts").stdout
    held = proven(receipt, Answer(BASE_URL, 200, {}, content), keys)
    drawer.keep(held)
    assert drawer.all() == (held,)
    (line,) = json.loads(run("receipts", "--json").stdout)
    assert line["ref"] == receipt.ref
    assert "bewezen" in run("receipts").stdout
    assert "proven" in run("receipts", "--lang", "en").stdout
    write_config(config, account.model_copy(update={"client_id": "stad-gent"}))
    assert run("receipts", "--json").stdout == "[]\n", "another account on this computer"
    config.unlink()
    assert run("receipts", "--json").stdout == "[]\n", "nobody signed in"


def test_a_proof_under_another_key_or_of_another_entry_is_none(aalst: House) -> None:
    from dataclasses import replace

    from hanse.policies.signatures import SigningKey

    receipt, content, keys = receipt_of(aalst)
    answer = Answer(BASE_URL, 200, {}, content)
    with pytest.raises(Invalid, match="AUDIT_SIGNATURE"):
        proven(receipt, answer, [SigningKey.generate().public_jwk()])
    with pytest.raises(Invalid, match="AUDIT_PROOF"):
        proven(replace(receipt, leaf=leaf_hash(b"{}").hex()), answer, keys)
    with pytest.raises(Invalid, match="AUDIT_SIGNATURE"):
        proven(replace(receipt, node="http://127.0.0.9:1"), answer, keys)
    about = About("", "", "", "", "")
    assert read_receipt({"audit-receipt": "x"}, about) is None


def test_who_looks_twice_sees_that_a_log_was_changed(aalst: House, tmp_path: Path) -> None:
    keeper: Keeper = aalst.app.state.keeper
    keeper.place()
    keeper.sign()
    transport = httpx.ASGITransport(app=aalst.app)
    first = look(BASE_URL, [], tmp_path, transport)
    receipt_of(aalst)
    second = look(BASE_URL, [str(keeper.signer.verifier)], tmp_path, transport)
    assert (first.before, second.before) == (0, first.size)
    assert second.size > first.size
    (memory,) = tmp_path.glob("*.txt")
    seen = memory.read_text("utf-8")
    lines = seen.split("\n")
    memory.write_text("\n".join([*lines[:3], "A" * 43 + "=", *lines[4:]]), "utf-8")
    with pytest.raises(Conflict, match="AUDIT_TAMPERED"):
        look(BASE_URL, [], tmp_path, transport)
    memory.write_text("\n".join([*lines[:2], "99999", *lines[3:]]), "utf-8")
    with pytest.raises(Conflict, match="AUDIT_SHRUNK"):
        look(BASE_URL, [], tmp_path, transport)
    stranger = str(keeper.signer.verifier).split("+")[0]
    with pytest.raises(Invalid, match="AUDIT_KEY"):
        look(BASE_URL, [stranger], tmp_path, transport)


def test_a_restore_is_written_down_and_lost_entries_give_the_log_a_new_name(
    run: Run, tmp_path: Path
) -> None:
    here = house(tmp_path / "aalst")
    folder = here.home
    here.node.close()
    size = json.loads(
        run("audit", "report", "changes", "--format", "json", "--home", folder).stdout
    )
    assert size
    whole = run(
        "audit", "restored", "--witnessed", 0, "--reason", "proef", "--as", "an", "--home", folder
    )
    assert "0 zijn verloren" in whole.stdout
    assert read_settings(folder).audit_suffix == ""
    told = run(
        "audit",
        "restored",
        "--witnessed",
        900,
        "--reason",
        "schijf",
        "--as",
        "an",
        "--home",
        folder,
    )
    assert told.stdout.splitlines()[1] == (
        f"Het logboek heet nu {BASE_URL[7:]}/audit-2: start de node opnieuw."
    )
    assert read_settings(folder).audit_suffix == "-2"
    run("audit", "checkpoint", "--home", folder)
    note = run("audit", "checkpoint", "--home", folder).stdout
    assert note.startswith(f"{BASE_URL[7:]}/audit-2\n")
    engine = create(read_settings(folder).database)
    with reading(engine) as session:
        said = [row.body for row in session.exec(select(BodyRow).where(BodyRow.kind == "restore"))]
    engine.dispose()
    first, last = (json.loads(each)["what"] for each in said)
    assert "first" not in first
    assert (last["first"], last["last"], last["witnessed"]) == (last["size"], 899, 900)
    assert all('"an"' not in each for each in said), "a person stands there as a commitment"
    empty = run(
        "audit", "restored", "--witnessed", 0, "--reason", " ", "--as", "an", "--home", folder
    )
    assert isinstance(empty.exception, Invalid)
