"""What a node writes in every text field is text in the portal: nothing runs, nothing is linked."""

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, sync_playwright
from tests.support.catalogues import federation
from tests.support.feeds import DataNode, dataset, indicator
from tests.support.live import harvested, live
from tests.support.needs import chromium

pytestmark = pytest.mark.needs("chromium")

WRAPPED = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "javascript:alert(1)",
    "[a](javascript:alert(1))",
    "<a href=javascript:alert(1)>a</a>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "${alert(1)}",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mi xlink:href='javascript:alert(1)'>",
    "<style>@import 'http://127.0.0.1:1/x';</style>",
    "<base href='http://127.0.0.1:1/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action=javascript:alert(1)><input type=submit>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)


def test_no_text_of_a_node_runs_in_the_portal(tmp_path: Path) -> None:
    text = " ".join(WRAPPED)
    parts = [text[start : start + 190] for start in range(0, len(text), 190)]
    sets = [
        dataset(
            f"set-{number}",
            title={"nl": part},
            description={"nl": text},
            contact=part[:100],
            indicators=[
                indicator("inwoners", name={"nl": part}, description={"nl": text}, unit="aantal")
            ],
        )
        for number, part in enumerate(parts)
    ]
    node = DataNode(
        agency="NIS41002", name="Aalst", base_url="http://127.0.0.1:8101", datasets=sets
    )
    world = federation(tmp_path, node)
    dialogs: list[str] = []
    asked: list[str] = []

    def told(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with live(world.app) as url, sync_playwright() as driver:
        harvested(url, 1)
        browser = driver.chromium.launch(
            executable_path=chromium(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("dialog", told)
        page.on("request", lambda request: asked.append(request.url))
        for path in ("/nl/", "/nl/?q=script", "/nl/indicators/inwoners", "/nl/members"):
            page.goto(url + path)
            assert page.locator("main script, main iframe, main style, main base").count() == 0
            assert page.locator("[onerror], [onload], [onfocus], [onmouseover]").count() == 0
            linked = page.eval_on_selector_all("a", "all => all.map(a => a.href)")
            assert [each for each in linked if not each.startswith("http")] == []
            page.wait_for_timeout(100)
        page.goto(f"{url}/nl/")
        assert "<script>alert(1)</script>" in page.inner_text("main")
        browser.close()
    assert dialogs == []
    assert [each for each in asked if not each.startswith(url)] == []
