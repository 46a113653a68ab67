"""Signing in and approving in a real browser: readable by everybody, without a script."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.support.identity import CLIENT, SECRET, Identity, identity
from tests.support.live import live
from tests.support.logs import entry
from tests.support.needs import chromium
from tests.support.presses import TOWN, draft, registry

from hanse.node import areas, home, log, people, providers, publish
from hanse.node.app import create_app
from hanse.node.intake import draft as drafts
from hanse.node.people import PersonRow
from hanse.node.press import open_press
from hanse.node.publish import Intent
from hanse.node.settings import NodeSettings
from hanse.store.clock import now
from hanse.store.session import transaction

pytestmark = pytest.mark.needs("chromium")

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 200)]


@dataclass(frozen=True, slots=True)
class City:
    """A node on a socket, with a proposal that waits."""

    url: str
    app: Any
    provider: Identity

    def knows(self, subject: str, *roles: str) -> None:
        with transaction(self.app.state.node.engine) as session:
            row = PersonRow(
                issuer=self.provider.issuer, subject=subject, name="An Peeters", added_at=""
            )
            people.add(session, row, roles, now())


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base, folder = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("node") / "aalst"
    home.init(folder, {"agency": "NIS41002", "name": "Stad Aalst", "base_url": base})
    areas.store(folder, registry())
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, break_glass=True)
    back = f"{base}/nl/sign-in/stad/return"
    with identity(lambda: now().timestamp(), redirect_uri=back) as provider:
        told = {"title": "Stad Aalst", "client_id": CLIENT, "secret": SECRET}
        file = providers.ProviderFile.model_validate({**told, "issuer": provider.issuer})
        providers.add(folder, "stad", file)
        app = create_app(settings)
        with transaction(app.state.node.engine) as session:
            log.note(session, entry(1), now())
        app.state.keeper.place()
        drafts.save(folder, draft(LINES))
        press = open_press(settings)
        publish.propose(press, drafts.load(folder, "bevolking"), Intent(), "Bo Claes")
        press.engine.dispose()
        with live(app, port) as url:
            yield City(url, app, provider)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


def look(page: Page, name: str) -> None:
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], page.url
    folder = os.environ.get("HANSE_SCREENSHOTS")
    if folder:
        (Path(folder) / f"people-{name}.png").write_bytes(page.screenshot(full_page=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_somebody_signs_in_sees_a_proposal_and_signs_out(
    city: City, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 360, "height": 740})  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    city.provider.subject = f"u-{scheme}"
    page.goto(f"{city.url}/nl/")
    page.get_by_role("link", name="Aanmelden").click()
    look(page, f"{scheme}-sign-in")
    page.get_by_role("link", name="Aanmelden met Stad Aalst").click()
    page.wait_for_url("**/return?*")
    look(page, f"{scheme}-unknown")
    city.knows(city.provider.subject, "checker", "dpo")
    page.get_by_role("link", name="Aanmelden").click()
    page.get_by_role("link", name="Aanmelden met Stad Aalst").click()
    page.wait_for_url("**/nl/me")
    look(page, f"{scheme}-me")
    page.get_by_role("link", name="Verantwoording", exact=True).click()
    look(page, f"{scheme}-reports")
    page.get_by_role("link", name="Wat er veranderde").click()
    look(page, f"{scheme}-report")
    assert page.get_by_role("cell", name="gepubliceerd").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    with page.expect_download() as told:
        page.get_by_role("link", name="PDF").click()
    assert told.value.suggested_filename.startswith("changes-")
    page.get_by_role("link", name="Wachtende voorstellen", exact=True).click()
    look(page, f"{scheme}-proposals")
    page.get_by_role("link", name="bevolking").click()
    look(page, f"{scheme}-proposal")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    cookies = {each["name"]: each for each in context.cookies()}
    kept = cookies["__Host-hanse"]
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"]) == (True, True, "Lax")
    page.goto(f"{city.url}/nl/me")
    page.get_by_role("button", name="Afmelden").click()
    page.wait_for_url("**/nl/")
    page.goto(f"{city.url}/nl/proposals")
    look(page, f"{scheme}-refused")
    assert page.get_by_role("heading", name="Meld je eerst aan.").is_visible()
    assert [text for text in said if "Content Security Policy" in text] == []
    context.close()


def test_a_form_works_without_script_and_the_release_breaks_no_rule(
    city: City, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    city.provider.subject = "u-plain"
    city.knows("u-plain", "checker")
    page.goto(f"{city.url}/nl/sign-in")
    page.get_by_role("link", name="Aanmelden met Stad Aalst").click()
    page.goto(f"{city.url}/nl/proposals/1")
    page.get_by_role("button", name="Goedkeuren en publiceren").click()
    page.wait_for_url("**/datasets/bevolking/releases/*")
    assert page.get_by_role("heading", name="Bevolking").is_visible()
    released = page.url
    context.close()
    page = browser.new_page()
    page.goto(released)
    look(page, "release")
    page.close()
