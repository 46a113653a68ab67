"""The tables of correspondences and of vintage detection, one test a row, and the registry."""

from dataclasses import replace

import pytest
from tests.spec.tables import correspondences, vintages

from hanse.areas import Area, AreaKind, Correspondence, LevelKind, Registry, Row, RowType
from hanse.areas.correspondence import Link, chain, correspond
from hanse.areas.level import OWN_LAYER, from_swing, known_level, named_like, to_swing
from hanse.areas.tables import read_definition, read_mergers, registry_from, to_files
from hanse.errors import Invalid, NotFound

LEVELS = ("wijk@2025", "gemeente@2025")

MERGERS = """effective,old_nis,old_name,new_nis,new_name
2019-01-01,12030,Puurs,12041,Puurs-Sint-Amands
2019-01-01,12034,Sint-Amands,12041,Puurs-Sint-Amands
2025-01-01,11002,Antwerpen,11002,Antwerpen
2025-01-01,11007,Borsbeek,11002,Antwerpen
2025-01-01,82003,Bastogne,82039,Bastogne
"""

FILES = {
    "nis_mergers_2019_2025.csv": MERGERS,
    "def_gemeente2018.csv": "sequence nr,geoitem code,short name,name\n"
    "1,41002,Aalst,Aalst\n2,11002,Antwerpen,Antwerpen\n3,11007,Borsbeek,Borsbeek\n"
    "4,12030,Puurs,Puurs\n5,12034,Sint-Amands,Sint-Amands\n",
    "def_gemeente2024.csv": "geoitem code;short name;name;sequencenr\n"
    "41002;Aalst;Aalst;1\n11002;Antwerpen;Antwerpen;2\n11007;Borsbeek;Borsbeek;3\n"
    "12041;Puurs-Sint-Amands;Puurs-Sint-Amands;4\n",
    "def_gemeente.csv": "\ufeffItemcode,Naam,Korte naam\n"
    "41002,Aalst,Aalst\n11002,Antwerpen,Antwerpen\n12041,Puurs-Sint-Amands,Puurs-SA\n"
    "99991,Niet te lokaliseren,Niet te lokaliseren - Vlaanderen\n"
    "99999,Buiten,Buiten Vlaanderen en Brussel\n",
    "def_wijk.csv": "geoitem code,short name,name\nW1,Centrum,Centrum\nW2,Don Bosco,Wijk onbekend\n"
    "W3,Wijk onbekend,Wijk onbekend\n",
    "agg_wijk_gemeente.csv": "wijk,gemeente\nW1,41002\nW2,41002\nW3,41002\n",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return registry_from(FILES)


def spelled(row: Row) -> str:
    share = "" if row.share is None else f" {row.share:g}"
    return f"{row.child or ''}→{row.parent or ''} {row.type.value}{share}"


def outcome_of(links: list[Link], fine: list[str], coarse: list[str]) -> str:
    try:
        found = correspond(LEVELS, links, fine, coarse)
    except Invalid as fault:
        return fault.code
    return ", ".join(map(spelled, found.rows))


@pytest.mark.parametrize(("situation", "fine", "coarse", "links", "outcome"), correspondences.ROWS)
def test_a_table_is_read_whole_or_refused(
    situation: str, fine: str, coarse: str, links: str, outcome: str
) -> None:
    read: list[Link] = []
    for link in links.split():
        child, _, end = link.partition("→")
        parent, _, share = end.partition(":")
        read.append((child, parent, float(share) if share else None))
    assert outcome_of(read, fine.split(), coarse.split()) == outcome, situation


@pytest.mark.parametrize(("situation", "hint", "codes", "outcome", "strange"), vintages.ROWS)
def test_the_codes_say_which_vintage_is_meant(
    registry: Registry, situation: str, hint: str, codes: str, outcome: str, strange: str
) -> None:
    found = registry.detect(hint, codes.split())
    said = found.level_id or "none"
    if found.ambiguous:
        verb = "any" if found.same_territory else "ask"
        said = f"{verb}: {', '.join(found.candidates)}"
    assert said == outcome, situation
    assert found.unknown == set(strange.split())
    assert found.known | found.unknown == set(codes.split())


def test_mergers_bridge_vintages_that_no_table_connects(registry: Registry) -> None:
    bridge = registry.correspondence("gemeente@2018", "gemeente@2025")
    assert bridge is not None
    assert bridge.parent_of == {
        "41002": "41002", "11002": "11002", "11007": "11002", "12030": "12041", "12034": "12041",
    }  # fmt: skip
    assert bridge.unchanged == {"41002"}
    assert set(bridge.unfed) == {"99991", "99999"}


def test_unknown_is_what_the_definition_says_and_never_what_a_code_looks_like(
    registry: Registry,
) -> None:
    kinds = {area.code: area.kind for area in registry.areas("gemeente@2025").values()}
    assert (kinds["99991"], kinds["99999"]) == (AreaKind.UNKNOWN, AreaKind.OUTSIDE)
    wards = registry.areas("wijk@2025")
    assert (wards["W2"].kind, wards["W3"].kind) == (AreaKind.LOCATED, AreaKind.UNKNOWN)


def test_what_lies_below_an_area_is_found_through_every_vintage(registry: Registry) -> None:
    assert registry.below("gemeente@2025", "11002", "gemeente@2018") == {"11002", "11007"}
    assert registry.below("gemeente@2025", "41002", "wijk@2025") == {"W1", "W2", "W3"}
    assert registry.below("gemeente@2025", "41002", "gemeente@2025") == {"41002"}
    assert registry.below("gemeente@2018", "41002", "wijk@2025") == frozenset()


def test_what_is_not_there_is_not_found(registry: Registry) -> None:
    for call in (
        lambda: registry.level("kanton@2025"),
        lambda: registry.areas("kanton@2025"),
        lambda: registry.below("gemeente@2025", "00000", "wijk@2025"),
        lambda: registry.parent_table("gemeente@2025", "wijk@2025"),
    ):
        with pytest.raises(NotFound):
            call()


def test_the_table_of_parents_has_every_child_once(registry: Registry) -> None:
    table = registry.parent_table("gemeente@2018", "gemeente@2024")
    assert table.column_names == ["child", "parent", "type"]
    assert sorted(table["child"].to_pylist()) == ["11002", "11007", "12030", "12034", "41002"]


def test_a_registry_survives_being_written_and_read(registry: Registry) -> None:
    assert registry_from(to_files(registry)) == registry


def test_the_years_of_a_vintage_follow_from_its_neighbours(registry: Registry) -> None:
    spans = {each.id: (each.valid_from, each.valid_to) for each in registry.vintages("gemeente")}
    assert spans == {
        "gemeente@2025": ("2025-01-01", ""),
        "gemeente@2024": ("2019-01-01", "2024-12-31"),
        "gemeente@2018": ("", "2018-12-31"),
    }


@pytest.mark.parametrize(
    ("name", "level_id"),
    [
        ("gemeente", "gemeente@2025"),
        ("gemeente2024", "gemeente@2024"),
        ("gemeente_2024", "gemeente@2024"),
        ("ggw7", "ggw7@2025"),
        ("ggw72024", "ggw7@2024"),
        ("statsec2019", "statsec@2019"),
        ("TREG_po", "TREG_po@2025"),
    ],
)
def test_a_swing_name_is_one_level(name: str, level_id: str) -> None:
    assert from_swing(name) == level_id
    assert from_swing(to_swing(level_id)) == level_id


@pytest.mark.parametrize("name", ["", "2024", "gemeente@", "ge meente", "a" * 60])
def test_a_name_that_no_level_can_have_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        from_swing(name)


FAULTS = {
    "a definition without codes": ("def_gemeente.csv", "naam\nAalst\n", "AREA_TABLE_HEADER"),
    "a row that is too short": ("def_wijk.csv", "code,name\nW1\n", "AREA_TABLE_ROW"),
    "an empty code": ("def_wijk.csv", "code,name\n,Centrum\n", "AREA_TABLE_ROW"),
    "a kind that does not exist": (
        "def_wijk.csv",
        "code,name,kind\nW1,C,zwevend\n",
        "AREA_TABLE_ROW",
    ),
    "a quote that never closes": ("def_wijk.csv", 'code,name\n"W1,C\n', "AREA_TABLE_ROW"),
    "a field as long as a book": (
        "def_wijk.csv",
        f"code,name\nW1,{'x' * 2000}\n",
        "AREA_TABLE_ROW",
    ),
    "a code that stands twice": ("def_wijk.csv", "code,name\nW1,C\nW1,D\n", "AREA_TWICE"),
    "a table of other areas": (
        "agg_wijk_gemeente.csv",
        "wijk,gemeente\nW9,41002\n",
        "CORRESPONDENCE_AREA",
    ),
    "a table of levels we do not have": ("agg_wijk_kanton.csv", "wijk,kanton\nW1,K\n", "AREA_FILE"),
    "a file that is no table of areas": ("leesmij.csv", "hallo\n", "AREA_FILE"),
    "a merger on no day": (
        "mergers.csv",
        "effective,old_nis,new_nis\nooit,1,2\n",
        "AREA_TABLE_ROW",
    ),
    "a share that is no number": (
        "agg_wijk_gemeente.csv",
        "wijk,gemeente,share\nW1,41002,half\n",
        "AREA_TABLE_ROW",
    ),
    "levels that would contain themselves": (
        "agg_gemeente_wijk.csv",
        "gemeente,wijk\n41002,W1\n",
        "CORRESPONDENCE_CYCLE",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_is_one_clear_error(fault: str) -> None:
    name, text, code = FAULTS[fault]
    with pytest.raises(Invalid) as raised:
        registry_from({**FILES, name: text})
    assert raised.value.code == code


def test_a_row_is_named_by_its_line() -> None:
    with pytest.raises(Invalid) as fault:
        read_definition("code,name\nW1,Centrum\n,\n", "wijk@2025")
    assert dict(fault.value.parameters) == {"table": "wijk@2025", "line": 3}


def small(level_id: str, *codes: str) -> Registry:
    return Registry().with_level(known_level(level_id), (Area(code, code) for code in codes))


def test_a_correspondence_that_loses_an_area_without_saying_so_is_refused() -> None:
    levels = small("wijk@2025", "a", "b").with_level(known_level("gemeente@2025"), [Area("P", "P")])
    lost = Correspondence("wijk@2025", "gemeente@2025", (Row("a", "P", RowType.IDENTITY),))
    with pytest.raises(Invalid) as fault:
        levels.with_correspondence(lost)
    assert fault.value.code == "CORRESPONDENCE_LOST"
    assert (fault.value.parameters["area"], fault.value.parameters["count"]) == ("b", 1)
    said = Correspondence(*LEVELS, (*lost.rows, Row("b", None, RowType.NO_MATCH)))
    assert levels.with_correspondence(said).correspondence(*LEVELS) == said


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((Row("a", "P", RowType.NO_MATCH),), "CORRESPONDENCE_ROW"),
        ((Row("a", None, RowType.AGGREGATE),), "CORRESPONDENCE_ROW"),
        ((Row(None, None, RowType.NO_MATCH),), "CORRESPONDENCE_ROW"),
        ((Row("a", "P", RowType.AGGREGATE, 0.5),), "CORRESPONDENCE_SHARE"),
        (
            (Row("a", "P", RowType.AGGREGATE), Row("a", "Q", RowType.AGGREGATE)),
            "CORRESPONDENCE_TWO_PARENTS",
        ),
    ],
)
def test_rows_that_contradict_themselves_cannot_be_built(rows: tuple[Row, ...], code: str) -> None:
    with pytest.raises(Invalid) as fault:
        Correspondence(*LEVELS, rows)
    assert fault.value.code == code


def test_a_level_is_no_part_of_itself_and_never_replaced() -> None:
    with pytest.raises(Invalid) as fault:
        Correspondence("wijk@2025", "wijk@2025", ())
    assert fault.value.code == "CORRESPONDENCE_CYCLE"
    with pytest.raises(Invalid) as twice:
        small("wijk@2025", "a").with_level(known_level("wijk@2025"), [])
    assert twice.value.code == "LEVEL_TWICE"


def test_parts_that_meet_again_are_whole_again() -> None:
    first = correspond(
        ("a@2019", "b@2024"), [("x", "x", None), ("x", "y", None)], ["x"], ["x", "y"]
    )
    second = correspond(
        ("b@2024", "c@2024"), [("x", "P", None), ("y", "P", None)], ["x", "y"], ["P"]
    )
    assert [spelled(row) for row in chain(first, second).rows] == ["x→P identity"]


def test_shares_multiply_along_a_chain() -> None:
    first = correspond(("a@2019", "b@2024"), [("x", "y", 0.5), ("x", "z", 0.5)], ["x"], ["y", "z"])
    second = correspond(
        ("b@2024", "c@2024"),
        [("y", "P", None), ("z", "P", 0.2), ("z", "Q", 0.8)],
        ["y", "z"],
        ["P", "Q"],
    )
    assert [spelled(row) for row in chain(first, second).rows] == ["x→P split 0.6", "x→Q split 0.4"]


def test_a_part_that_goes_nowhere_keeps_the_rest_split() -> None:
    first = correspond(
        ("a@2019", "b@2024"), [("x", "y", None), ("x", "z", None)], ["x"], ["y", "z"]
    )
    second = correspond(("b@2024", "c@2024"), [("y", "P", None)], ["y", "z"], ["P", "Q"])
    found = chain(first, second)
    assert [spelled(row) for row in found.rows] == ["x→P split", "→Q no_match"]
    assert (found.uncovered, set(found.unfed)) == ((), {"P", "Q"})


def test_new_land_in_between_changes_the_whole() -> None:
    first = correspond(("a@2019", "b@2024"), [("x", "x", None)], ["x"], ["x", "nieuw"])
    second = correspond(
        ("b@2024", "c@2024"), [("x", "P", None), ("nieuw", "P", None)], ["x", "nieuw"], ["P"]
    )
    assert [spelled(row) for row in chain(first, second).rows] == ["x→P aggregate"]


def test_a_municipality_cannot_become_two() -> None:
    text = "effective,old_nis,new_nis\n2019-01-01,1,2\n2019-01-01,1,3\n"
    with pytest.raises(Invalid) as fault:
        registry_from(
            {
                "mergers.csv": text,
                "def_gemeente2018.csv": "code,name\n1,A\n",
                "def_gemeente2024.csv": "code,name\n2,B\n3,C\n",
            }
        )
    assert fault.value.code == "MERGER_TWICE"
    assert len(read_mergers(text)) == 2


def test_a_planned_merger_is_there_before_it_takes_effect(registry: Registry) -> None:
    planned = "effective,old_nis,old_name,new_nis,new_name\n"
    planned += "2031-01-01,41002,Aalst,41099,Aalst-Antwerpen\n"
    planned += "2031-01-01,11002,Antwerpen,41099,Aalst-Antwerpen\n"
    announced = registry.with_mergers(read_mergers(planned)).with_planned("gemeente@2025", "2031")
    assert announced.level("gemeente@2031").valid_from == "2031-01-01"
    assert announced.areas("gemeente@2031")["41099"].name == "Aalst-Antwerpen"
    assert announced.below("gemeente@2031", "41099", "gemeente@2018") == {"41002", "11002", "11007"}
    bridge = announced.correspondence("gemeente@2025", "gemeente@2031")
    assert bridge is not None
    assert (bridge.uncovered, bridge.unfed) == ((), ())
    assert announced.detect("gemeente", ["41099"]).level_id == "gemeente@2031"


def test_without_a_merger_nothing_is_planned(registry: Registry) -> None:
    with pytest.raises(Invalid) as fault:
        registry.with_planned("gemeente@2025", "2031")
    assert fault.value.code == "MERGER_NONE"


def test_nothing_is_computed_into_a_layer_of_a_citys_own(registry: Registry) -> None:
    own = replace(known_level("stadsdeel@2025"), base=OWN_LAYER)
    layered = registry.with_level(own, [Area("S1", "Noord")])
    upward = correspond(
        ("stadsdeel@2025", "gemeente@2025"),
        [("S1", "41002", None)],
        ["S1"],
        registry.areas("gemeente@2025").keys(),
    )
    layered = layered.with_correspondence(upward)
    assert layered.below("gemeente@2025", "41002", "stadsdeel@2025") == {"S1"}
    into = correspond(
        ("wijk@2025", "stadsdeel@2025"), [], registry.areas("wijk@2025").keys(), ["S1"]
    )
    with pytest.raises(Invalid) as fault:
        layered.with_correspondence(into)
    assert fault.value.code == "CORRESPONDENCE_OWN"
    assert registry_from(to_files(layered)) == layered


SECTORS = {
    "mergers.csv": MERGERS,
    "geolevel_names.csv": "Geolevel code,Type,Name Singular\nfo_gem,Cluster,centrumsteden\n",
    "def_fo_gem.csv": "code,name\nfo1,Centrumsteden\n",
    "def_statsec2019.csv": "code,name\n12034A00-,Dorp\n12034ZZZZ,Niet te lokaliseren\n"
    "31004ZZZZ,Niet te lokaliseren\n",
    "def_statsec2024.csv": "code,name\n12034A00-,Dorp\n12041ZZZZ,Niet te lokaliseren\n"
    "31004ZZZZ,Niet te lokaliseren\n31004X0JQ,Strand\n11002P6PK,Ekerse Putten\n",
    "agg_statsec2019_statsec2024.csv": "statsec2019,statsec2024\n ,11002P6PK\n12034A00-,12034A00-\n"
    "31004ZZZZ,31004ZZZZ\n31004ZZZZ,31004X0JQ\n",
    "agg_statsec2024_fo_gem.csv": "statsec2024,fo_gem\n12034A00-,fo1\n",
}


def test_unlocated_people_follow_their_municipality_where_a_table_forgot_them() -> None:
    sectors = registry_from(SECTORS)
    found = sectors.correspondence("statsec@2019", "statsec@2024")
    assert found is not None
    assert [spelled(row) for row in found.rows] == [
        "12034A00-→12034A00- identity",
        "12034ZZZZ→12041ZZZZ identity",
        "31004ZZZZ→31004ZZZZ aggregate",
        "31004ZZZZ→31004X0JQ split",
        "→11002P6PK no_match",
    ]


def test_only_located_parts_are_needed_for_a_whole() -> None:
    table = registry_from(SECTORS).recalculation("statsec@2019", "statsec@2024")
    needed = dict(zip(table["child"].to_pylist(), table["needed"].to_pylist(), strict=True))
    assert needed == {"12034A00-": True, "12034ZZZZ": False, "31004ZZZZ": False, None: False}
    with pytest.raises(NotFound):
        registry_from(SECTORS).recalculation("statsec@2024", "statsec@2019")


def test_a_level_with_an_underscore_is_found_in_a_file_name_and_may_be_a_cluster() -> None:
    sectors = registry_from(SECTORS)
    assert sectors.level("fo_gem@2025").kind is LevelKind.CLUSTER
    found = sectors.correspondence("statsec@2024", "fo_gem@2025")
    assert found is not None
    assert set(found.uncovered) == {"12041ZZZZ", "31004ZZZZ", "31004X0JQ", "11002P6PK"}


def test_the_level_of_that_name_is_the_likest_whatever_its_code() -> None:
    names = ("gemeente@2024", "gemeente@2025", "ggw7@2025", "provincie@2025")
    levels = [known_level(each) for each in names]
    assert named_like("wijk", levels)[0] == "ggw7@2025"
    assert named_like("Gemeenten", levels)[0] == "gemeente@2025"
    assert len(named_like("wijk", levels)) == 3
    assert named_like("wijk", levels, 1) == ("ggw7@2025",)
    assert named_like("wijk", []) == ()
