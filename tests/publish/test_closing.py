"""What leaves the house gives nothing back: over totals, formulas, releases, with proof."""

import json
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text
from tests.support.presses import SECTOR, TOWN, contract, draft, indicator, press, ratio

from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.indicator import MeasureType
from hanse.cube.query import Extent
from hanse.errors import Conflict, NotFound
from hanse.node import ledger, publish
from hanse.node.publish import Intent, Press
from hanse.node.releases import layout, manifest, tables
from hanse.node.releases.cells import open_cells
from hanse.store.session import reading, transaction

BOTH = contract(levels=(SECTOR, TOWN), partition_level=TOWN)
Line = tuple[object, ...]


def sectors(a: object, b: object, period: str = "2024", name: str = "inw") -> list[Line]:
    """Return the two sectors of a town."""
    return [(name, SECTOR, f"41002{part}", period, v) for part, v in (("A", a), ("B", b))]


def shown(on: Press, row: tables.ReleaseRow) -> dict[tuple[str, ...], float | None]:
    found = open_cells(manifest.folder_of(on.home, row.digest)).select(Extent())
    lines = [list(line.values()) for line in found.to_pylist()]
    return {tuple(line[:-3]): line[-3] for line in lines}


def released(on: Press, lines: Sequence[Line], of: object = BOTH) -> dict[tuple[str, ...], object]:
    row = publish.publish(on, draft(lines, of), Intent(), "an")  # type: ignore[arg-type]
    return dict(shown(on, row))


def test_a_loaded_total_does_not_give_its_hidden_part_back(tmp_path: Path) -> None:
    on = press(tmp_path)
    lines = [*sectors(60, 3), ("inw", TOWN, "41002", "2024", 63)]
    cells = released(on, lines)
    assert cells["inw", TOWN, "41002", "2024"] == 63.0
    assert [cells["inw", SECTOR, f"41002{part}", "2024"] for part in "AB"] == [None, None]
    assert publish.verified(on, "bevolking").holds


@pytest.mark.parametrize(
    ("total", "hidden"), [(63, True), (60, False), (65, False)], ids=["small", "nobody", "large"]
)
def test_a_small_sector_that_was_left_out_does_not_follow(
    tmp_path: Path, total: int, hidden: bool
) -> None:
    on = press(tmp_path)
    lines = [("inw", SECTOR, "41002A", "2024", 60), ("inw", TOWN, "41002", "2024", total)]
    cells = released(on, lines)
    assert cells["inw", TOWN, "41002", "2024"] == total
    assert cells["inw", SECTOR, "41002A", "2024"] == (None if hidden else 60.0)
    assert publish.verified(on, "bevolking").holds


def test_a_small_class_that_nobody_loaded_does_not_follow_from_those_around_it(
    tmp_path: Path,
) -> None:
    on = press(tmp_path)
    codes = tuple(Code(code, {}) for code in ("0-17", "0-14", "18+"))
    of = replace(BOTH, dimensions=(Dimension("AGE", Codelist("AGE", codes)),))
    ages = (("0-17", 33), ("0-14", 30), ("18+", 40))
    cells = released(on, [("inw", TOWN, "41002", "2024", *each) for each in ages], of)
    shown_ages = {key[4]: value for key, value in cells.items()}
    assert shown_ages["18+"] == 40.0
    assert None in (shown_ages["0-17"], shown_ages["0-14"])
    assert publish.verified(on, "bevolking").holds


def test_an_amount_that_is_hidden_hides_its_totals(tmp_path: Path) -> None:
    on = press(tmp_path)
    of = replace(BOTH, indicators=(indicator(measure_type=MeasureType.AMOUNT),))
    lines = [*sectors(60.5, "suppressed_source"), ("inw", TOWN, "41002", "2024", 70.25)]
    cells = released(on, lines, of)
    assert cells["inw", TOWN, "41002", "2024"] is None
    assert cells["inw", SECTOR, "41002A", "2024"] == 60.5
    assert publish.verified(on, "bevolking").holds


def test_a_total_its_source_hid_is_not_the_sum_of_what_is_shown(tmp_path: Path) -> None:
    on = press(tmp_path)
    lines = [*sectors(60, 40), ("inw", TOWN, "41002", "2024", "suppressed_source")]
    cells = released(on, lines)
    assert None in [cells["inw", SECTOR, f"41002{part}", "2024"] for part in "AB"]
    assert publish.verified(on, "bevolking").holds


def test_a_breakdown_is_closed_with_its_areas(tmp_path: Path) -> None:
    on = press(tmp_path)
    codes = tuple(Code(code, {"nl": code}) for code in ("_T", "F", "M"))
    of = replace(BOTH, dimensions=(Dimension("SEX", Codelist("SEX", codes)),))
    lines = [
        ("inw", SECTOR, f"{town}{part}", "2024", sex, value)
        for town in ("11002", "41002")
        for part, pair in (("A", (50, 3 if town == "41002" else 30)), ("B", (40, 35)))
        for sex, value in (("F", pair[0]), ("M", pair[1]), ("_T", sum(pair)))
    ]
    cells = released(on, lines, of)
    hidden = {key[2:] for key, value in cells.items() if value is None}
    assert {key[2] for key in hidden} == {"F", "M"}
    assert len(hidden) == 4
    assert publish.verified(on, "bevolking").holds


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "computed"])
def test_a_ratio_is_shown_only_beside_all_it_is_made_of(tmp_path: Path, loaded: bool) -> None:
    on = press(tmp_path)
    share = ratio("pct", "man", "inw", formula="man/inw*100")
    of = replace(BOTH, indicators=(indicator("man"), indicator("inw"), share))
    lines = [*sectors(30, 3, name="man"), *sectors(60, 40)]
    if loaded:
        lines += sectors(50.0, 7.5, name="pct")
    cells = released(on, lines, of)
    for part in "AB":
        assert cells["man", SECTOR, f"41002{part}", "2024"] is None
        assert cells["pct", SECTOR, f"41002{part}", "2024"] is None
    assert cells["pct", TOWN, "41002", "2024"] == pytest.approx(33.0)


def test_the_summary_tells_how_many_are_hidden_and_never_of_which_kind(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(sectors(60, 3), BOTH), Intent(), "an")
    folder = manifest.folder_of(tmp_path, row.digest)
    said = orjson.loads((folder / "protection.json").read_bytes())
    assert (said["cells"], said["hidden"], said["failed"]) == (3, 2, 0)
    every = b"".join(path.read_bytes() for path in folder.iterdir()) + row.difference.encode()
    assert not any(word in every for word in (b"primary", b"secondary", b"suppressed_"))
    names = {part.path: part.role for part in manifest.read(folder).parts}
    assert names["protection.json"] == names["protection.jws"] == "metadata"


def test_the_proof_stays_in_the_house_for_its_owner_alone(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(sectors(60, 3), BOTH), Intent(), "an")
    proof = tmp_path / "protection" / row.digest.removeprefix("sha-256:") / "proof.parquet"
    assert stat.S_IMODE(proof.stat().st_mode) == 0o600
    assert stat.S_IMODE(proof.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(proof.parent.parent.stat().st_mode) == 0o700
    assert [path.name for path in proof.parent.parent.iterdir()] == [proof.parent.name]


def test_a_proof_that_was_touched_no_longer_holds(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(sectors(60, 3), BOTH), Intent(), "an")
    path = tmp_path / "protection" / row.digest.removeprefix("sha-256:") / "proof.parquet"
    proof = layout.read_table(path)
    moves = [each >= 0 for each in proof.column("move").to_pylist()]
    fewer = proof.filter([not each for each in moves])
    layout.write_table(fewer, path)
    found = publish.verified(on, "bevolking")
    assert not found.holds
    assert found.open > 0
    assert found.differs == ("proof_sha256",)
    path.unlink()
    with pytest.raises(NotFound):
        publish.verified(on, "bevolking")


def test_what_was_hidden_once_stays_hidden(tmp_path: Path) -> None:
    on = press(tmp_path)
    released(on, sectors(60, 3))
    cells = released(on, [*sectors(60, 30), *sectors(50, 20, "2025")])
    assert [cells["inw", SECTOR, f"41002{part}", "2024"] for part in "AB"] == [None, None]
    assert [cells["inw", SECTOR, f"41002{part}", "2025"] for part in "AB"] == [50.0, 20.0]


def test_a_level_that_is_added_later_does_not_open_what_was_hidden(tmp_path: Path) -> None:
    on = press(tmp_path)
    first = released(on, sectors(60, 3), replace(BOTH, levels=(SECTOR,), partition_level=""))
    assert first["inw", SECTOR, "41002A", "2024"] == 60.0
    second = released(on, sectors(60, 3))
    # Who holds sector A would know sector B from the town.
    assert second["inw", SECTOR, "41002A", "2024"] == 60.0
    assert second["inw", TOWN, "41002", "2024"] is None


def test_a_withdrawal_takes_nothing_from_what_readers_know(tmp_path: Path) -> None:
    on = press(tmp_path)
    of = replace(BOTH, levels=(SECTOR,), partition_level="")
    row = publish.publish(on, draft(sectors(60, 3), of), Intent(), "an")
    publish.withdraw(on, "bevolking", row.release_id, "Verkeerd bestand.", "bo")
    assert released(on, sectors(60, 3))["inw", TOWN, "41002", "2024"] is None


def test_what_readers_hold_already_cannot_be_hidden_any_more(tmp_path: Path) -> None:
    on = press(tmp_path)
    released(on, sectors(60, 3), replace(BOTH, profile="open-0"))
    with pytest.raises(Conflict, match=r"DISCLOSURE_LEDGER|PUBLISH_LEDGER") as refused:
        released(on, sectors(60, 3))
    assert "41002B" in str(refused.value)


def test_the_ledger_is_only_added_to_and_its_rows_are_chained(tmp_path: Path) -> None:
    on = press(tmp_path)
    released(on, sectors(60, 3))
    released(on, [*sectors(60, 3), *sectors(50, 20, "2025")])
    with reading(on.engine) as session:
        assert ledger.check(session) == 2
    for command in ("UPDATE ledger SET period = '1999'", "DELETE FROM ledger"):
        with pytest.raises(Conflict), transaction(on.engine) as session:
            session.connection().execute(text(command))


def test_a_computation_that_breaks_down_lets_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hanse.policies import disclosure

    def exhausted(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(disclosure, "close", exhausted)
    on = press(tmp_path)
    with pytest.raises(Conflict, match="PUBLISH_UNPROVEN"):
        released(on, sectors(60, 3))
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "protection").exists()
    with reading(on.engine) as session:
        assert ledger.check(session) == 0


def test_the_index_and_the_proof_agree_on_the_order_of_rows_whatever_is_hidden(
    tmp_path: Path,
) -> None:
    """The same cells, hidden or not, stand in the same places."""
    places = []
    for folder, value in (("one", 3), ("two", 30)):
        (tmp_path / folder).mkdir()
        on = press(tmp_path / folder)
        row = publish.publish(on, draft(sectors(60, value), BOTH), Intent(), "an")
        index = json.loads((manifest.folder_of(on.home, row.digest) / "index.json").read_bytes())
        places.append((list(shown(on, row)), index["partitions"], index["bounds"]))
    assert places[0] == places[1]
