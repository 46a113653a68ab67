"""From a draft to a release: what is written, what is signed, who may, and what it changes."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.support.presses import SECTOR, TOWN, contract, draft, indicator, press, ratio

from hanse.cube.query import Extent
from hanse.errors import Conflict, HanseError, Invalid, Refused
from hanse.node import datasets, outbox, publish
from hanse.node.publish import Intent
from hanse.node.releases import difference, manifest, tables
from hanse.node.releases.cells import open_cells
from hanse.policies.canonical import digest
from hanse.policies.signatures import MANIFEST, verify
from hanse.store.session import reading

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 3)]


def served(on: publish.Press, row: tables.ReleaseRow) -> list[tuple[object, ...]]:
    found = open_cells(manifest.folder_of(on.home, row.digest)).select(Extent())
    return [tuple(line.values()) for line in found.to_pylist()]


def test_a_release_holds_the_protected_cells_and_is_signed_by_the_node(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(LINES), Intent(), "an")
    assert row.release_id == "2026-10-01.1"
    assert row.release_no == 1
    assert served(on, row) == [
        ("inw", TOWN, "11002", "2024", 100.0, "A", "F"),
        ("inw", TOWN, "41002", "2024", None, "Q", "C"),
    ]
    folder = manifest.folder_of(tmp_path, row.digest)
    signed = verify(manifest.statement(folder), MANIFEST, [on.key.public_jwk()])
    assert digest(signed) == row.digest
    assert (folder / "manifest.json").read_bytes() == signed


def test_the_manifest_names_every_file_by_its_digest(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(LINES), Intent(), "an")
    folder = manifest.folder_of(tmp_path, row.digest)
    described = manifest.read(folder)
    names = {part.path for part in described.parts}
    assert names | {"manifest.json", "manifest.jws"} == {path.name for path in folder.iterdir()}
    for part in described.parts:
        manifest.check(folder / part.path, part.sha256)
        assert (folder / part.path).stat().st_size == part.bytes
    assert described.coverage.hidden == 1
    assert described.coverage.cells == 2


def test_the_pointer_the_row_and_the_event_stand_together(tmp_path: Path) -> None:
    on = press(tmp_path)
    row = publish.publish(on, draft(LINES), Intent(), "an")
    with reading(on.engine) as session:
        current = datasets.get(session, "bevolking")
        events = outbox.since(session, 0)
    assert (current.current_no, current.current_id, current.current_digest) == (
        1,
        "2026-10-01.1",
        row.digest,
    )
    assert [(event.cursor, event.kind, event.manifest) for event in events] == [
        (1, "release.published", row.digest)
    ]


def test_the_next_release_counts_on_and_names_the_one_before(tmp_path: Path) -> None:
    on = press(tmp_path)
    first = publish.publish(on, draft(LINES), Intent(), "an")
    second = publish.publish(on, draft([*LINES, ("inw", TOWN, "11002", "2025", 7)]), Intent(), "an")
    assert (second.release_no, second.release_id) == (2, "2026-10-01.2")
    assert manifest.load(tmp_path, second.digest).previous == first.digest
    assert difference.load(second.difference).periods.added == ("2025",)
    assert served(on, first) == served(on, first)


def test_nothing_new_is_not_a_release(tmp_path: Path) -> None:
    on = press(tmp_path)
    publish.publish(on, draft(LINES), Intent(), "an")
    with pytest.raises(Conflict, match="PUBLISH_NOTHING"):
        publish.publish(on, draft(LINES[::-1]), Intent(), "an")


def test_a_correction_says_why(tmp_path: Path) -> None:
    on = press(tmp_path)
    publish.publish(on, draft(LINES), Intent(), "an")
    corrected = draft([("inw", TOWN, "11002", "2024", 101), LINES[1]])
    with pytest.raises(Invalid, match="REASON_NEEDED"):
        publish.publish(on, corrected, Intent("corrected"), "an")
    row = publish.publish(on, corrected, Intent("corrected", "Telfout van de bron."), "an")
    described = manifest.load(tmp_path, row.digest)
    assert (described.kind, described.reason) == ("corrected", "Telfout van de bron.")


def test_what_breaks_needs_a_new_major_version(tmp_path: Path) -> None:
    on = press(tmp_path)
    publish.publish(on, draft(LINES), Intent(), "an")
    other_unit = contract(indicator(unit="huishoudens"))
    with pytest.raises(Conflict, match="PUBLISH_BREAKING"):
        publish.publish(on, draft(LINES, other_unit), Intent(), "an")
    publish.publish(on, draft(LINES, replace(other_unit, version="2.0.0")), Intent(), "an")


def test_what_is_gone_gets_a_tombstone(tmp_path: Path) -> None:
    on = press(tmp_path)
    two = contract(indicator("inw"), indicator("oud", successor="inw"))
    lines = [
        *LINES,
        ("inw", TOWN, "11002", "2023", 99),
        ("inw", TOWN, "11002", "2022", 98),
        ("inw", TOWN, "41002", "2022", 97),
        ("oud", TOWN, "11002", "2024", 50),
    ]
    publish.publish(on, draft(lines, two), Intent(), "an")
    kept = [*LINES, ("inw", TOWN, "11002", "2022", 98)]
    row = publish.publish(on, draft(kept, contract(version="2.0.0")), Intent(), "an")
    stones = manifest.load(tmp_path, row.digest).tombstones
    assert {(stone.kind, stone.id) for stone in stones} == {
        ("indicator", "oud"),
        ("period", "2023"),
        ("cell", f"inw/{TOWN}/41002/2022"),
    }


def test_unwaived_errors_stop_a_release_and_waived_ones_do_not(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Found:
        rule: str
        blocks: bool
        message_code: str = "R004_TITLE"

        def said(self, lang: str) -> dict[str, str]:
            return {"what": self.rule, "lang": lang}

    on = press(tmp_path, check=lambda *_: (Found("R004", True),))
    with pytest.raises(Conflict, match="R004"):
        publish.publish(on, draft(LINES), Intent(), "an")
    assert not (tmp_path / "data").exists()
    on = replace(on, check=lambda *_: (Found("R004", False),))
    publish.publish(on, draft(LINES), Intent(), "an")


def test_a_second_person_approves_exactly_what_was_proposed(tmp_path: Path) -> None:
    on = press(tmp_path, approvals="second-person")
    with pytest.raises(Refused, match="APPROVAL_NEEDED"):
        publish.publish(on, draft(LINES), Intent(), "an")
    publish.propose(on, draft(LINES), Intent(), "An")
    with pytest.raises(Refused, match="APPROVAL_SAME_PERSON"):
        publish.approve(on, draft(LINES), " an ")
    changed = draft([("inw", TOWN, "11002", "2024", 101), LINES[1]])
    with pytest.raises(Conflict, match="APPROVAL_STALE"):
        publish.approve(on, changed, "bo")
    row = publish.approve(on, draft(LINES), "bo")
    assert (row.proposed_by, row.approved_by) == ("An", "bo")
    with pytest.raises(HanseError, match="PROPOSAL_NONE"):
        publish.approve(on, draft(LINES), "bo")


def test_an_approval_is_bound_to_the_contract_too(tmp_path: Path) -> None:
    on = press(tmp_path, approvals="second-person")
    publish.propose(on, draft(LINES), Intent(), "an")
    opened = contract(description={"nl": "Iets anders."})
    with pytest.raises(Conflict, match="APPROVAL_STALE"):
        publish.approve(on, draft(LINES, opened), "bo")


def test_a_withdrawn_release_leaves_the_one_before_it_and_a_tombstone(tmp_path: Path) -> None:
    on = press(tmp_path)
    first = publish.publish(on, draft(LINES), Intent(), "an")
    more = [*LINES, ("inw", TOWN, "11002", "2025", 7)]
    second = publish.publish(on, draft(more), Intent(), "an")
    publish.withdraw(on, "bevolking", second.release_id, "Verkeerd bestand.", "bo")
    with reading(on.engine) as session:
        assert datasets.get(session, "bevolking").current_digest == first.digest
        assert tables.find(session, "bevolking").release_id == first.release_id
        assert [row.state for row in tables.history(session, "bevolking")] == [
            "withdrawn",
            "published",
        ]
        assert [stone.subject for stone in tables.tombstones(session)] == [second.release_id]
        assert [event.kind for event in outbox.since(session, 0)][-1] == "release.withdrawn"
    third = publish.publish(on, draft(more), Intent(), "an")
    assert third.release_no == 3


def test_towns_are_added_up_from_sectors_and_no_sum_gives_a_hidden_part_back(
    tmp_path: Path,
) -> None:
    on = press(tmp_path)
    lines = [
        ("inw", SECTOR, "11002A", "2024", 60),
        ("inw", SECTOR, "11002B", "2024", 40),
        ("inw", SECTOR, "41002A", "2024", 60),
        ("inw", SECTOR, "41002B", "2024", 3),
    ]
    of = contract(levels=(SECTOR, TOWN), partition_level=TOWN)
    row = publish.publish(on, draft(lines, of), Intent(), "an")
    towns = {line[2]: line[4] for line in served(on, row) if line[1] == TOWN}
    assert towns == {"11002": 100.0, "41002": 63.0}
    sectors = {line[2]: line[4] for line in served(on, row) if line[1] == SECTOR}
    assert sectors == {"11002A": 60.0, "11002B": 40.0, "41002A": None, "41002B": None}
    folder = manifest.folder_of(tmp_path, row.digest)
    index = json.loads((folder / "index.json").read_bytes())
    assert [line[:2] for line in index["partitions"]] == [
        [TOWN, "11002"],
        [TOWN, "41002"],
        [SECTOR, "11002"],
        [SECTOR, "41002"],
    ]


def test_parts_that_nobody_sees_do_not_hide_their_sum(tmp_path: Path) -> None:
    on = press(tmp_path)
    lines = [
        ("inw", SECTOR, f"41002{part}", "2024", value) for part, value in (("A", 60), ("B", 3))
    ]
    row = publish.publish(on, draft(lines), Intent(), "an")
    assert ("inw", TOWN, "41002", "2024", 63.0, "A", "F") in served(on, row)


def test_a_formula_is_hidden_where_a_part_of_it_is(tmp_path: Path) -> None:
    on = press(tmp_path)
    of = contract(
        indicator("man"), indicator("inw"), ratio("pct", "man", "inw", formula="man/inw*100")
    )
    lines = [
        ("man", TOWN, "11002", "2024", 50),
        ("inw", TOWN, "11002", "2024", 100),
        ("man", TOWN, "41002", "2024", 3),
        ("inw", TOWN, "41002", "2024", 100),
    ]
    row = publish.publish(on, draft(lines, of), Intent(), "an")
    shares = {line[2]: line[4] for line in served(on, row) if line[0] == "pct"}
    assert shares == {"11002": 50.0, "41002": None}


def test_of_two_releases_made_at_once_one_is_refused(tmp_path: Path) -> None:
    on = press(tmp_path)
    publish.publish(on, draft(LINES), Intent(), "an")
    more = [*LINES, ("inw", TOWN, "11002", "2025", 7)]

    def check(*_: object) -> tuple[()]:
        # While this draft is judged, somebody else publishes another one.
        publish.publish(on, draft(more), Intent(), "bo")
        return ()

    late = [*LINES, ("inw", TOWN, "11002", "2025", 9)]
    with pytest.raises(Conflict, match="PUBLISH_OVERTAKEN"):
        publish.publish(replace(on, check=check), draft(late), Intent(), "an")
    with reading(on.engine) as session:
        assert [row.release_no for row in tables.history(session, "bevolking")] == [2, 1]
