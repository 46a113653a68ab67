"""The portal's pages as they are rendered: figures from the nodes, reasons in words, no script."""

import asyncio
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.support.catalogues import Federation
from tests.support.feeds import DataNode
from tests.support.portal import portal, rows

PAGES = ("/", "/?q=inwoners&access=open", "/indicators/inwoners", "/members")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = portal(tmp_path_factory.mktemp("catalogue"))
    asyncio.run(made.catalogue.harvester.once())
    return made


def get(world: Federation, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with world.client() as client:
            return await client.get(path, headers={"Accept": "text/html"})

    return asyncio.run(ask())


class Inline(HTMLParser):
    """Collects whatever a strict content policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in {"script", "style", "iframe", "object"} else []
        for name, value in attrs:
            if name == "style" or name.startswith("on") or (value or "").startswith("javascript:"):
                self.found.append(f"{tag} {name}")
            if name in {"src", "href", "action"} and "//" in (value or ""):
                self.found.append(f"{tag} {value}")


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_nothing_inline_and_nothing_from_elsewhere(
    world: Federation, lang: str, path: str
) -> None:
    answered = get(world, f"/{lang}{path}")
    assert answered.status_code == 200
    assert answered.headers["content-language"] == lang
    assert "default-src 'self'" in answered.headers["content-security-policy"]
    parser = Inline()
    parser.feed(answered.text)
    assert parser.found == []
    assert f'<html lang="{lang}">' in answered.text
    assert "PORTAL_" not in answered.text
    assert "WORD_" not in answered.text


def test_the_three_languages_say_different_things(world: Federation) -> None:
    texts = {
        re.sub(r"<[^>]+>", "", get(world, f"/{lang}/members").text) for lang in ("nl", "en", "fr")
    }
    assert len(texts) == 3


def test_figures_come_from_the_nodes_with_status_release_and_mark(world: Federation) -> None:
    aalst, antwerpen, gent, turnhout = rows(
        get(world, "/nl/indicators/inwoners").text, "figures-table"
    )
    assert aalst[:7] == [
        "Aalst",
        "Aalst 41002",
        "90.068",
        "normaal",
        "2024",
        "1.0.0",
        "1 januari 2024",
    ]
    assert aalst[7] == "vergelijkbaar"
    assert antwerpen[2] == "562.002"
    assert gent[5:7] == ["2.0.0", "31 december 2024"]
    assert gent[7].startswith("andere definitie")
    assert "gemeente (indeling 2024) in plaats van gemeente (indeling 2025)" in gent[7]
    assert turnhout[2:4] == ["x", "verborgen"]
    assert "verborgen om mensen te beschermen" in turnhout[7]
    assert re.fullmatch(r"2026-03-01\.1 [0-9a-f]{8}", aalst[8])


def test_a_choice_in_the_address_decides_what_is_asked(world: Federation) -> None:
    page = get(world, "/en/indicators/inwoners?level=gemeente@2025&period=2023&areas=41002").text
    figures = rows(page, "figures-table")
    assert [row[0] for row in figures] == ["Aalst"]
    assert figures[0][2] == "89,256"
    accounts = rows(page, "accounts-table")
    assert ["Gent", "This city does not publish this level."] in [
        [row[0], row[5]] for row in accounts
    ]


@pytest.mark.parametrize(
    "query", ["level=straat", "period=1890", "areas=a/b", "period=%00", "colour=red"]
)
def test_an_unknown_choice_is_refused_with_a_page(world: Federation, query: str) -> None:
    answered = get(world, f"/nl/indicators/inwoners?{query}")
    assert answered.status_code == 400
    assert answered.headers["content-type"].startswith("text/html")


def test_a_node_that_is_down_says_so_and_the_others_are_shown(tmp_path: Path) -> None:
    made = portal(tmp_path)
    asyncio.run(made.catalogue.harvester.once())
    made.down(made.nodes[1])
    page = get(made, "/nl/indicators/inwoners").text
    assert [row[0] for row in rows(page, "figures-table")] == ["Aalst", "Gent", "Turnhout"]
    antwerpen = next(row for row in rows(page, "accounts-table") if row[0] == "Antwerpen")
    assert antwerpen[2] == "niet bereikbaar"
    assert antwerpen[5].startswith("Deze partij is niet bereikbaar.")


def test_figures_signed_by_another_key_are_not_shown(tmp_path: Path) -> None:
    from hanse.policies.signatures import SigningKey

    made = portal(tmp_path)
    asyncio.run(made.catalogue.harvester.once())
    made.nodes[0].key = SigningKey.generate()
    page = get(made, "/nl/indicators/inwoners").text
    assert "Aalst" not in [row[0] for row in rows(page, "figures-table")]
    aalst = next(row for row in rows(page, "accounts-table") if row[0] == "Aalst")
    assert aalst[2] == "niet te vertrouwen"


def test_a_governed_indicator_asks_nobody_and_says_that_a_protocol_is_needed(
    tmp_path: Path,
) -> None:
    made = portal(tmp_path)
    asyncio.run(made.catalogue.harvester.once())
    page = get(made, "/nl/indicators/jeugdwerkloosheid").text
    (aalst,) = rows(page, "accounts-table")
    assert aalst[2] == "protocol nodig"
    assert "data@example.org" in aalst[5]
    assert all(not node.pulled for node in made.nodes)  # type: ignore[attr-defined]


def test_snippets_pin_the_release_that_the_page_shows(world: Federation) -> None:
    text = unescape(get(world, "/nl/indicators/inwoners").text)
    assert 'release="2026-03-01.1"' in text
    assert "http://127.0.0.1:8101/v1/datasets/bevolking/data?indicator=inwoners" in text
    assert "&release=2026-03-01.1&" in text


def test_the_catalogue_keeps_nothing_of_what_it_shows(tmp_path: Path) -> None:
    made = portal(tmp_path)
    asyncio.run(made.catalogue.harvester.once())
    assert "562.002" in get(made, "/nl/indicators/inwoners").text
    kept = [
        file
        for file in tmp_path.rglob("*")
        if file.is_file() and any(each in file.read_bytes() for each in (b"562002", b"562.002"))
    ]
    assert kept == []
    made.down(made.nodes[1])
    assert "562.002" not in get(made, "/nl/indicators/inwoners").text


def test_hidden_text_of_a_node_is_shown_as_text(tmp_path: Path) -> None:
    made = portal(tmp_path)
    node = made.nodes[0]
    entry = node.datasets[0]
    shown = entry.indicators[0].model_copy(
        update={"concept": None, "id": "x1", "name": {"nl": "<script>alert(1)</script>"}}
    )
    node.publish(entry.model_copy(update={"indicators": [shown]}))
    asyncio.run(made.catalogue.harvester.once())
    for path in ("/nl/?q=script", "/nl/indicators/x1"):
        page = get(made, path).text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_a_text_in_another_language_says_which(world: Federation) -> None:
    made = get(world, "/en/?q=inwoners").text
    assert "Inhabitants" in made
    assert get(world, "/en/indicators/inwoners").text.count('lang="nl"') >= 1


@pytest.mark.parametrize(("lang", "theme"), [("nl", "werk"), ("en", "work"), ("fr", "travail")])
def test_a_theme_among_the_filters_is_in_the_reader_s_language(
    world: Federation, lang: str, theme: str
) -> None:
    page = get(world, f"/{lang}/").text
    assert re.search(rf'value="werk">\s*<span>{theme} <span', page)


def test_a_school_year_is_shown_as_one(tmp_path: Path) -> None:
    made = portal(tmp_path)
    node = made.nodes[0]
    assert isinstance(node, DataNode)
    entry = node.datasets[0]
    node.publish(entry.model_copy(update={"periods": ["2024-A1"], "slug": "leerlingen"}))
    node.cells = {"leerlingen": [("gemeente@2025", "41002", "2024-A1", 12.0, "A")]}
    asyncio.run(made.catalogue.harvester.once())
    page = get(made, "/nl/indicators/inwoners?period=2024-A1").text
    (aalst,) = rows(page, "figures-table")
    assert aalst[:5] == ["Aalst", "Aalst 41002", "12", "normaal", "2024/25"]


def merged(home: Path) -> Federation:
    """Return the portal where Gent keeps 2023 on the areas of 2024, and has 2024 on newer ones."""
    made = portal(home)
    gent = made.nodes[2]
    entry, levels = gent.datasets[0], ["gemeente@2024", "gemeente@2025"]
    assert entry.current is not None
    assert entry.current.coverage is not None
    held = {"levels": levels, "periods": ["2023", "2024"]}
    coverage = entry.current.coverage.model_copy(update=held)
    current = entry.current.model_copy(update={"coverage": coverage})
    gent.publish(entry.model_copy(update={**held, "current": current}))
    gent.cells["bevolking"] = [  # type: ignore[attr-defined]
        ("gemeente@2024", "44021", "2023", 265_000.0, "A"),
        ("gemeente@2025", "44021", "2024", 272_657.0, "A"),
    ]
    asyncio.run(made.catalogue.harvester.once())
    return made


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("nl", "Voor 2023 is er geen cijfer op gemeente (indeling 2025)."),
        ("en", "There is no figure for 2023 on"),
        ("fr", "Il n'y a pas de chiffre pour 2023 sur"),
    ],
)
def test_a_city_with_nothing_on_these_areas_says_on_which_it_may_have_it(
    tmp_path: Path, lang: str, said: str
) -> None:
    made = merged(tmp_path)
    page = get(made, f"/{lang}/indicators/inwoners?period=2023").text
    gent = next(row for row in rows(page, "accounts-table") if row[0] == "Gent")
    assert said in gent[5]
    address = "?level=gemeente%402024&period=2023&areas="
    assert f'href="{address}"' in unescape(page)
    there = get(made, f"/{lang}/indicators/inwoners{address}").text
    assert "265" in next(row for row in rows(there, "figures-table") if row[0] == "Gent")[2]
    newest = get(made, f"/{lang}/indicators/inwoners?period=2024").text
    (told,) = (row for row in rows(newest, "accounts-table") if row[0] == "Gent")
    assert told[5] == "\N{EN DASH}"


def test_the_comparison_of_open_data_says_so_too(tmp_path: Path) -> None:
    query = "indicator=inwoners&beside="
    told = get(merged(tmp_path), f"/v1/comparison?{query}").json()["elsewhere"]
    assert [(each["origin"], each["periods"]) for each in told] == [("NIS44021", ["2023"])]
    assert told[0]["levels"] == ["gemeente@2024"]
