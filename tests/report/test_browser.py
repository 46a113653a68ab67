"""Reports in a browser: no accessibility violation, nothing asked of anybody, no page wider than
its screen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from tests.support.needs import chromium
from tests.support.reports import a_document
from tests.support.themes import theme

from hanse.report import page, tables
from hanse.report.document import Document
from hanse.report.sheet import Sheet

pytestmark = pytest.mark.needs("chromium")

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LONG = "statistischesectorindeling" * 8


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()


def a_sheet() -> Document:
    return Sheet(theme(), "41002", "nl").document()


MADE: dict[str, Callable[[], Document]] = {
    "report": a_document,
    "fact sheet": a_sheet,
    "tables": lambda: tables.document(theme(subjects=2), "fr"),
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_violates_no_accessibility_rule_and_asks_nobody_anything(
    browser: Browser, scheme: str, made: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(page.render(MADE[made]()))
    opened = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(file.as_uri())
    found = Axe().run(opened).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert asked == [file.as_uri()]
    assert [text for text in said if "Content Security Policy" in text] == []
    opened.close()


@pytest.mark.parametrize("document", [a_document(text=LONG), a_sheet()], ids=["report", "sheet"])
def test_a_report_on_a_narrow_screen_never_scrolls_sideways(
    browser: Browser, document: Document, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(page.render(document))
    opened = browser.new_page(viewport={"width": 360, "height": 740})
    opened.goto(file.as_uri())
    width = opened.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    opened.close()
