"""The portal in a browser: no accessibility violation, no script, no word from elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from tests.support.live import harvested, live
from tests.support.needs import chromium
from tests.support.portal import portal

pytestmark = pytest.mark.needs("chromium")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAGES = (
    "/{lang}/",
    "/{lang}/?q=inwoners&access=open",
    "/{lang}/?q=zeppelin",
    "/{lang}/indicators/inwoners",
    "/{lang}/indicators/jeugdwerkloosheid",
    "/{lang}/members",
    "/{lang}/indicators/zeppelin",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    world = portal(tmp_path_factory.mktemp("catalogue"))
    with live(world.app) as url:
        harvested(url, len(world.nodes))
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_no_page_violates_an_accessibility_rule(
    address: str, browser: Browser, lang: str, scheme: str
) -> None:
    page = browser.new_page(color_scheme=scheme, java_script_enabled=True)  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(address + path.format(lang=lang))
        found = Axe().run(page).response["violations"]
        told = [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
        assert told == [], path
        _keep(page.screenshot(full_page=True), f"{lang}-{scheme}-{PAGES.index(path)}.png")
    assert [text for text in said if "Content Security Policy" in text] == []
    assert {url for url in asked if not url.startswith(address)} == set()
    page.close()


def test_a_narrow_screen_scrolls_tables_and_never_the_page(address: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    for path in PAGES:
        page.goto(address + path.format(lang="nl"))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, path
    page.close()


def test_the_form_works_by_keyboard_and_keeps_its_state_in_the_address(
    address: str, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/nl/")
    page.keyboard.press("Tab")
    page.get_by_label("Waarover zoek je een cijfer?").focus()
    page.keyboard.type("jeugd werkloosheid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/nl/?q=jeugd+werkloosheid")
    page.get_by_role("link", name="Jeugdwerkloosheid").click()
    page.wait_for_url("**/nl/indicators/jeugdwerkloosheid")
    page.goto(f"{address}/nl/indicators/inwoners?period=2023&level=gemeente")
    page.get_by_role("link", name="Français").click()
    page.wait_for_url("**/fr/indicators/inwoners?period=2023&level=gemeente")
    context.close()


def _keep(image: bytes, name: str) -> None:
    folder = os.environ.get("HANSE_SCREENSHOTS")
    if folder:
        (Path(folder) / name).write_bytes(image)
