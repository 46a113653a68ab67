"""The disclosure report of a node: of a draft before it is published, and kept with a release."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from tests.support.presses import SECTOR, START, TOWN, contract, draft, indicator, press, registry
from tests.support.reports import pdf_text
from typer.testing import CliRunner

from hanse.cli.main import build
from hanse.cube.indicator import Aggregation, MeasureType
from hanse.cube.status import CellState
from hanse.errors import Invalid, NotFound
from hanse.node import areas, home, protection, publish
from hanse.node.intake import draft as drafts
from hanse.node.intake.draft import Draft
from hanse.node.publish import Intent, Press
from hanse.node.rehearsal import Rehearsal, of_draft
from hanse.policies import profile
from hanse.report import disclosure as reports
from hanse.report.disclosure import Facts, Tally

LARGE = 48_713
LINES = [
    ("inw", SECTOR, f"{town}{part}", year, value)
    for town in ("11002", "41002")
    for part, value in (("A", 3), ("B", LARGE))
    for year in (2024, 2025)
]
OF = contract(indicator(name={"nl": "Inwoners"}), levels=(SECTOR, TOWN), profile="standaard-5")


def rehearsed(at: Press, work: Draft, minima: tuple[int, ...] = ()) -> Facts:
    rules = profile.find(work.contract.profile)
    asked = Rehearsal.of(at, work, rules)
    return of_draft(asked, minima, START, lambda *_: None)


def test_a_rehearsal_counts_what_would_be_hidden_per_level_rule_area_and_subject(
    tmp_path: Path,
) -> None:
    found = rehearsed(press(tmp_path), draft(LINES, OF))
    assert found.whole == Tally("bevolking", 12, own=4, others=4)
    assert found.rules == (("itself", 4), ("protects", 4))
    assert {each.name: each.hidden for each in found.levels} == {SECTOR: 8, TOWN: 0}
    assert {each.name: (each.own, each.others) for each in found.areas} == {
        "11002A Wijk A": (2, 0),
        "11002B Wijk B": (0, 2),
        "41002A Wijk A": (2, 0),
        "41002B Wijk B": (0, 2),
    }
    assert found.indicators == (Tally("inw Inwoners", 12, own=4, others=4),)
    assert found.value_share == 0.5
    assert {each.magnitude for each in found.costly} == {4}
    assert {each.needs for each in found.needy} == {1}


def test_a_rehearsal_attacks_what_would_be_shown(tmp_path: Path) -> None:
    found = rehearsed(press(tmp_path), draft(LINES, OF))
    assert [each.population for each in found.trials] == ["inw 2024", "inw 2025"]
    assert all((each.judged, each.determined, each.narrow) == (2, 0, 0) for each in found.trials)
    assert [each.proven_whole for each in found.proofs] == [2, 2]
    assert not found.broken


def test_other_rules_are_weighed_on_the_same_draft(tmp_path: Path) -> None:
    found = rehearsed(press(tmp_path), draft(LINES, OF), (3, 10))
    told = {(each.k, each.zeros, each.dropped): each for each in found.alternatives}
    assert (told[5, "publish", ""].own, told[5, "publish", ""].others) == (4, 4)
    assert (told[3, "publish", ""].own, told[3, "publish", ""].others) == (0, 0)
    assert told[10, "publish", ""].own == 4
    assert (5, "suppressible", "") in told
    assert (told[5, "publish", SECTOR].cells, told[5, "publish", SECTOR].own) == (4, 0)


def test_a_rehearsal_changes_nothing_in_the_house(tmp_path: Path) -> None:
    at = press(tmp_path)
    before = sorted(each.name for each in tmp_path.rglob("*"))
    rehearsed(at, draft(LINES, OF))
    assert sorted(each.name for each in tmp_path.rglob("*")) == before


def test_a_conflict_with_what_readers_hold_is_named_and_the_rest_is_told(tmp_path: Path) -> None:
    at = press(tmp_path)
    wide = contract(indicator(), levels=(SECTOR, TOWN), profile="open-0")
    publish.publish(at, draft(LINES, wide), Intent(), "an")
    found = rehearsed(at, draft(LINES, OF))
    (conflict,) = found.conflicts
    assert conflict.code == "DISCLOSURE_LEDGER"
    assert found.broken
    assert found.whole.hidden == 8
    texts = list(reports.document(found, "nl").texts())
    assert any(text.startswith("Niet publiceren.") for text in texts)
    assert any("inw · statsec@2025:11002A" in text and "toon" in text for text in texts)


def test_what_a_profile_does_not_allow_is_refused_here_too(tmp_path: Path) -> None:
    odd = draft([("inw", TOWN, "11002", "2024", 2.5)], OF)
    at = press(tmp_path)
    strict = replace(profile.find("standaard-5"), allowed_levels=("provincie",))
    asked = Rehearsal.of(at, odd, strict)
    with pytest.raises(Exception, match="PROFILE_LEVEL"):
        of_draft(asked, (), START, lambda *_: None)


def test_the_report_of_a_release_lies_with_its_proof_for_the_owner_alone(tmp_path: Path) -> None:
    at = press(tmp_path)
    row = publish.publish(at, draft(LINES, OF), Intent(), "an")
    found = protection.kept(tmp_path, row)
    assert found.subject.release == row.release_id
    assert found.subject.digest == row.digest
    assert found.whole == Tally("bevolking", 12, own=4, others=4)
    assert all(each.signed_by == at.key.kid for each in found.proofs)
    (file,) = tmp_path.rglob(protection.FILE)
    assert file.parent == tmp_path / "protection" / row.digest.removeprefix("sha-256:")
    assert file.stat().st_mode & 0o077 == 0


def test_a_report_names_the_node_alike_before_and_after_publication(node: Path) -> None:
    before = run_json(node, "protect", "bevolking", "--dry-run")["subject"]["author"]
    run(node, "publish", "bevolking", "--as", "an")
    run(node, "approve", "bevolking", "--as", "bo")
    after = run_json(node, "protect-report", "bevolking")["subject"]["author"]
    assert (before, after) == ("Aalst", "Aalst")


def test_nothing_of_the_report_is_in_the_release(tmp_path: Path) -> None:
    at = press(tmp_path)
    row = publish.publish(at, draft(LINES, OF), Intent(), "an")
    folder = tmp_path / "data" / row.digest.removeprefix("sha-256:")
    assert folder.is_dir()
    for each in folder.iterdir():
        content = each.read_bytes()
        assert protection.FILE.encode() not in content
        assert b"others" not in content
        assert str(LARGE).encode() not in content


def test_a_release_without_a_report_says_so(tmp_path: Path) -> None:
    at = press(tmp_path)
    row = publish.publish(at, draft(LINES, OF), Intent(), "an")
    (file,) = tmp_path.rglob(protection.FILE)
    file.write_bytes(b"{}")
    with pytest.raises(Invalid, match="REPORT_FACTS"):
        protection.kept(tmp_path, row)
    file.unlink()
    with pytest.raises(NotFound, match="REPORT_ABSENT"):
        protection.kept(tmp_path, row)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    home.init(tmp_path / "node", {"agency": "NIS41002", "name": "Aalst"})
    areas.store(tmp_path / "node", registry())
    drafts.save(tmp_path / "node", draft(LINES, OF))
    return tmp_path / "node"


def run(node: Path, *words: object, status: int = 0) -> str:
    typed = [str(word) for word in (*words, "--home", node)]
    done = CliRunner().invoke(build(), typed)
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout


def run_json(node: Path, *words: object) -> Any:
    return json.loads(run(node, *words, "--json"))


def test_the_commands_tell_of_a_draft_then_of_its_release_and_check_its_proof(
    node: Path, tmp_path: Path
) -> None:
    told = run_json(node, "protect", "bevolking", "--dry-run", "--k", "3")
    assert (told["whole"]["own"], told["subject"]["release"]) == (4, "")
    assert not (node / "protection").exists()
    run(node, "publish", "bevolking", "--as", "an")
    run(node, "approve", "bevolking", "--as", "bo")
    kept = run_json(node, "protect-report", "bevolking")
    assert kept["whole"] == told["whole"]
    out = tmp_path / "verslag.pdf"
    run(node, "protect-report", "bevolking", kept["subject"]["release"], "-o", out)
    assert "Afschermingsverslag: Bevolking" in pdf_text(out.read_bytes())
    assert str(LARGE) not in pdf_text(out.read_bytes()).replace(".", "")
    assert len(PdfReader(out).pages) <= 3
    checked = run_json(node, "verify", "bevolking")
    assert checked["holds"]
    assert checked["hidden"] == 8
    assert "niet bewezen" in run(node, "verify", "bevolking")


def test_a_rehearsal_that_cannot_become_a_release_ends_with_findings(node: Path) -> None:
    wide = contract(indicator(), levels=(SECTOR, TOWN), profile="open-0")
    drafts.save(node, draft(LINES, wide))
    run(node, "publish", "bevolking", "--as", "an")
    run(node, "approve", "bevolking", "--as", "bo")
    drafts.save(node, draft(LINES, OF))
    assert "Niet publiceren." in run(node, "protect", "bevolking", "--dry-run", status=1)


def test_a_rehearsal_prints_a_report_that_names_no_hidden_figure(node: Path) -> None:
    said = run(node, "protect", "bevolking", "--dry-run")
    assert "Afschermingsverslag: Bevolking" in said
    assert "sector (indeling 2025)" in said
    assert str(LARGE) not in said.replace(".", "")


ANNOUNCED = [
    (name, SECTOR, f"11002{part}", "2024", value)
    for name, values in (("inw", (3, 40)), ("kwh", (900, 71_000)), ("euro", (55, 8_100)))
    for part, value in zip("AB", values, strict=True)
]
KWH = indicator("kwh", unit="kwh", measure_type=MeasureType.AMOUNT, name={"nl": "Verbruik (kwh)"})
EURO = indicator("euro", unit="euro", measure_type=MeasureType.AMOUNT, name={"nl": "Kosten"})


def test_an_amount_without_a_count_behind_it_is_named_and_one_with_it_goes_with_the_count(
    tmp_path: Path,
) -> None:
    named = replace(EURO, weight="inw")
    of = contract(indicator(), KWH, named, levels=(SECTOR,), profile="standaard-5")
    at = press(tmp_path)
    found = rehearsed(at, draft(ANNOUNCED, of))
    assert found.unjudged == ("Verbruik (kwh)",)
    assert {each.name: each.hidden for each in found.indicators} == {
        "inw Onderwerp inw": 1,
        "Verbruik (kwh)": 0,
        "euro Kosten": 1,
    }
    texts = list(reports.document(found, "nl").texts())
    assert texts.index("Verbruik (kwh)") > texts.index("Wat niet beoordeeld is")
    open_ = replace(of, profile="open-0")
    assert rehearsed(at, draft(ANNOUNCED, open_)).unjudged == ()


def test_what_the_source_hid_counts_in_no_row_of_other_rules(tmp_path: Path) -> None:
    gone = CellState.SUPPRESSED_SOURCE.value
    lines = [(*line[:4], gone if line[2] == "41002A" else line[4]) for line in LINES]
    found = rehearsed(press(tmp_path), draft(lines, OF), (3,))
    assert (found.whole.own, found.whole.source) == (2, 4)  # the sectors, and towns that hold them
    told = {(each.k, each.zeros, each.dropped): each.own for each in found.alternatives}
    assert (told[5, "publish", ""], told[3, "publish", ""]) == (2, 0)
    assert told[5, "suppressible", ""] == 2
    said = " ".join(reports.document(found, "nl").texts())
    assert "De bron verborg zelf al 4 cellen." in said


def test_a_level_without_any_figure_is_told_beside_the_verdict(tmp_path: Path) -> None:
    apart = indicator(aggregate_geo=Aggregation.NONE, aggregate_breakdown=Aggregation.NONE)
    of = contract(apart, levels=(SECTOR, TOWN), profile="standaard-5")
    at = press(tmp_path)
    found = rehearsed(at, draft(LINES, of))
    assert found.empty == (TOWN,)
    for lang, word in (("nl", "vraagteken"), ("en", "question mark"), ("fr", "d'interrogation")):
        assert any(word in text for text in reports.document(found, lang).texts())
    assert rehearsed(at, draft(LINES, OF)).empty == ()


def test_a_name_that_says_its_code_is_not_told_twice_and_a_profile_speaks_each_language(
    tmp_path: Path,
) -> None:
    of = contract(indicator(name={"nl": "INW"}), levels=(SECTOR,), profile="standaard-5")
    found = rehearsed(press(tmp_path), draft(LINES, of))
    assert [each.name for each in found.indicators] == ["INW"]
    rules = profile.find("standaard-5")
    for lang in ("nl", "en", "fr"):
        facts = {each.name: each.value for each in reports.document(found, lang).facts}
        assert f"standaard-5 ({rules.title[lang]})" in facts.values()
    assert len({rules.title[lang] for lang in ("nl", "en", "fr")}) == 3


def test_a_cell_of_this_release_has_the_same_name_beside_an_earlier_release(tmp_path: Path) -> None:
    at = press(tmp_path)
    first = rehearsed(at, draft(LINES, OF))
    publish.publish(at, draft(LINES, OF), Intent(), "an")
    revised = [(*line[:4], value + 5 if value == LARGE else value) for *line, value in LINES]
    again = rehearsed(at, draft(revised, OF))
    assert first.needy
    assert {each.cell for each in again.needy} == {each.cell for each in first.needy}
