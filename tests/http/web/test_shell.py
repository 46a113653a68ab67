"""What every application of `hanse.web.create` does: questions, languages, pages, health."""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import Response
from tests.support.asgi import Reply, ask, exchange

from hanse.auth.jwks import Issuers
from hanse.auth.principal import NOBODY, Principal
from hanse.auth.verifier import Verifier
from hanse.errors import Conflict, Invalid, NotFound, Refused, Unauthenticated, Unavailable
from hanse.messages import LANGUAGES, catalogue
from hanse.web import Site, create, document, health, render
from hanse.web.formats import day, moment, number
from hanse.web.health import READY_SECONDS, routes
from hanse.web.language import PageLanguage, preferred
from hanse.web.problems import TooMany
from hanse.web.query import declared, refuse_unknown, takes_dimensions
from hanse.web.signin import Caller, needs
from hanse.web.statics import MAX_FILE_BYTES, Statics

BASE = "https://node-gent.example"
HTML = [(b"accept", b"text/html,*/*;q=0.8")]

WORDS = [
    (NotFound("NOT_FOUND"), 404),
    (Unauthenticated("TOKEN_INVALID"), 401),
    (Refused("SCOPE_MISSING", scope="audit:read"), 403),
    (Conflict("CLIENT_EXISTS", client="prov"), 409),
    (Invalid("QUERY_VALUE", names="period"), 400),
    (Unavailable("MEMBERS_WAITING", limit=1), 503),
    (Refused("SOMETHING_NEW", decision="d-1"), 403),
    (TooMany("MEMBERS_WAITING", limit=1, seconds=30), 429),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    templates = tmp_path_factory.mktemp("templates")
    (templates / "figure.html").write_text(
        '{% extends "shell.html" %}{% block main %}<h1>{{ title }}</h1>'
        "<p>{{ number(1234.5) }} {{ number(2, 1) }} {{ day(when) }} {{ t('PAGE_SKIP') }}</p>"
        "{% endblock %}"
    )
    statics = tmp_path_factory.mktemp("statics")
    (statics / "city.css").write_text(":root { --accent: #123456; }")
    made = create(Site("Node <Gent>", BASE, templates=templates, statics=statics))
    router = APIRouter(prefix="/v1")

    @router.get("/figures")
    def figures(
        period: str | None = None,
        page: int = 1,
        indicator: Annotated[list[str] | None, Query()] = None,
    ) -> dict[str, object]:
        return {"period": period, "indicator": indicator}

    @router.get("/cells")
    @takes_dimensions
    def cells(request: Request, period: str | None = None) -> list[str]:
        names = declared(request)
        extra = [name for name in request.query_params if name not in names]
        refuse_unknown(extra, {"SEX", "AGE"})
        return extra

    @router.get("/fail/{place}")
    def fail(place: int) -> None:
        raise WORDS[place][0]

    @router.get("/who")
    def who(caller: Caller) -> bool:
        return caller is NOBODY

    @router.get("/audit")
    def audit(caller: Annotated[Principal, needs("audit:read")]) -> str | None:
        return caller.client_id

    made.include_router(router)
    made.state.verifier = Verifier(Issuers({}), BASE, time.time)

    @made.get("/{lang}/", include_in_schema=False)
    def page(request: Request, lang: PageLanguage) -> Response:
        return render(request, "figure.html", title=f"<b>{lang}</b>", when=date(2026, 3, 1))

    return made


def test_a_parameter_nobody_knows_is_named_with_the_nearest_that_is_known(app: FastAPI) -> None:
    reply = ask(app, "/v1/figures", query=b"periode=2024", headers=[(b"accept-language", b"en")])
    assert reply.status == 400
    assert reply.json()["code"] == "QUERY_UNKNOWN"
    assert "periode" in reply.json()["title"]
    assert "Did you mean: period?" in reply.json()["now"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (b"", 200),
        (b"period=2024", 200),
        (b"period=2024&period=2025", 400),
        (b"indicator=a&indicator=b", 200),
        (b"Period=2024", 400),
        (b"=1", 400),
        (b"period", 200),
        (b"%00=1", 400),
        (b"\xc3=1", 400),
        (b"<script>=1", 400),
    ],
)
def test_a_question_is_read_strictly(app: FastAPI, query: bytes, status: int) -> None:
    reply = ask(app, "/v1/figures", query=query)
    assert reply.status == status
    assert b"<script>" not in reply.body or reply.header("content-type") != "text/html"


def test_a_value_of_another_form_is_refused_by_the_name_of_its_parameter(app: FastAPI) -> None:
    reply = ask(app, "/v1/figures", query=b"page=kanarie", headers=[(b"accept-language", b"en")])
    assert (reply.status, reply.json()["code"]) == (400, "QUERY_VALUE")
    assert reply.json()["where"] == "Parameter: page."
    assert b"kanarie" not in reply.body


def test_a_route_may_know_the_dimensions_of_its_dataset(app: FastAPI) -> None:
    assert ask(app, "/v1/cells", query=b"SEX=M&period=2024").json() == ["SEX"]
    refused = ask(app, "/v1/cells", query=b"SEKS=M")
    assert (refused.status, refused.json()["code"]) == (400, "QUERY_UNKNOWN")
    assert ask(app, "/v1/cells", query=b"period=1&period=2").status == 400


@pytest.mark.parametrize(("place", "status"), [(at, row[1]) for at, row in enumerate(WORDS)])
def test_a_word_becomes_its_status(app: FastAPI, place: int, status: int) -> None:
    reply = ask(app, f"/v1/fail/{place}")
    said = reply.json()
    assert reply.status == said["status"] == status
    assert said["type"] == f"{BASE}/problems/{said['code']}"
    assert said["detail"].startswith(said["title"])
    assert said.get("decision") == ("d-1" if place == 6 else None)
    assert reply.header("retry-after") == ("30" if status == 429 else None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_error_is_told_in_the_language_of_its_reader(app: FastAPI, lang: str) -> None:
    reply = ask(app, "/v1/fail/0", headers=[(b"accept-language", f"de, {lang};q=0.5".encode())])
    entry = catalogue()["NOT_FOUND"][lang]
    assert not isinstance(entry, str)
    assert reply.json()["title"] == entry["what"]
    assert reply.header("content-language") == lang


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "nl"),
        ("fr", "fr"),
        ("fr-BE, nl;q=0.5", "fr"),
        ("nl;q=0.2, en;q=0.9", "en"),
        ("de", "nl"),
        ("fr;q=0", "nl"),
        ("fr;q=x, en;q=0.1", "en"),
        ("*;q=0.5, , ;", "nl"),
        ("x," * 1_000 + "en", "nl"),
    ],
)
def test_the_language_that_weighs_most_is_chosen(accepted: str, lang: str) -> None:
    assert preferred(accepted) == lang


def test_a_path_of_another_form_is_refused_with_its_place(app: FastAPI) -> None:
    reply = ask(app, "/v1/fail/x")
    assert (reply.status, reply.json()["code"]) == (422, "PATH_FORM")
    assert reply.json()["errors"] == [{"loc": ["path", "place"], "type": "int_parsing"}]


def test_an_unknown_method_says_which_are_known(app: FastAPI) -> None:
    reply = ask(app, "/v1/figures", method="DELETE")
    assert (reply.status, reply.header("allow")) == (405, "GET")
    assert ask(app, "/v1/figures", method="TRACE").status == 405


def test_nobody_may_ask_what_is_public_and_must_sign_in_for_the_rest(app: FastAPI) -> None:
    assert ask(app, "/v1/who").json() is True
    assert ask(app, "/v1/audit").status == 401


def test_a_page_is_in_the_language_of_its_address_and_escapes_what_it_shows(app: FastAPI) -> None:
    for lang in LANGUAGES:
        reply = ask(app, f"/{lang}/", headers=HTML)
        text = reply.body.decode()
        assert reply.status == 200
        assert f'<html lang="{lang}">' in text
        assert f"&lt;b&gt;{lang}&lt;/b&gt;" in text
        assert "Node &lt;Gent&gt;" in text
        assert text.count("aria-current") == 1
    assert "1.234,5 2,0 1 maart 2026" in ask(app, "/nl/").body.decode()
    assert "1,234.5 2.0 1 March 2026" in ask(app, "/en/").body.decode()


def test_a_page_has_nothing_inline_and_loads_nothing_from_elsewhere(app: FastAPI) -> None:
    text = ask(app, "/nl/").body.decode()
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r'(src|href)="(https?:)?//', text)
    for landmark in ("<header", "<main", "<footer", 'class="skip" href="#main"', "<nav"):
        assert landmark in text


def test_the_first_page_is_in_the_language_of_the_site(app: FastAPI) -> None:
    reply = ask(app, "/")
    assert (reply.status, reply.header("location")) == (307, "/nl/")


def test_a_page_that_does_not_exist_is_a_page_for_browsers_and_a_problem_for_programs(
    app: FastAPI,
) -> None:
    page = ask(app, "/nl/nergens", headers=HTML)
    assert page.status == 404
    assert (page.header("content-type") or "").startswith("text/html")
    assert b"<h1>Dit bestaat hier niet.</h1>" in page.body
    program = ask(app, "/nl/nergens")
    assert program.header("content-type") == "application/problem+json"
    assert ask(app, "/de/").status == 404
    assert ask(app, "/v1/nowhere", headers=HTML).header("content-type") == (
        "application/problem+json"
    )


def test_the_type_of_a_problem_is_an_address_that_explains_it(app: FastAPI) -> None:
    for code in ("QUERY_UNKNOWN", "PAGE_SKIP", "NEVER_HEARD", "x" * 500):
        reply = ask(app, f"/problems/{code}", headers=[(b"accept-language", b"fr")])
        assert reply.status == 200
        assert b'<html lang="fr">' in reply.body


def test_a_static_file_has_its_hash_in_its_name_and_never_expires(app: FastAPI) -> None:
    found = re.findall(r'href="(/static/[^"]+)"', ask(app, "/nl/").body.decode())
    assert len(found) == 2
    for address in found:
        reply = ask(app, address)
        assert reply.status == 200
        assert reply.header("cache-control") == "public, max-age=31536000, immutable"
        assert ask(app, address, method="HEAD").status == 200
    own = app.state.pages.environment.globals["static"]("city.css")
    assert ask(app, own).body.startswith(b":root")
    assert ask(app, "/static/hanse.css").status == 404
    assert ask(app, "/static/..%2fapp.py").status == 404


def test_a_static_file_stays_small(tmp_path: Path) -> None:
    (tmp_path / "large.css").write_bytes(b" " * (MAX_FILE_BYTES + 1))
    with pytest.raises(ValueError, match="large"):
        Statics([tmp_path])


def test_the_process_is_live_and_ready_without_saying_more() -> None:
    made = create(Site("Node", BASE), checks={"database": lambda: "slow"})
    assert ask(made, "/health/live").json() == {"status": "ok"}
    reply = ask(made, "/health/ready")
    assert (reply.status, reply.json()) == (503, {"status": "not-ready"})


def health_of(check: Callable[[], str | None], clock: Callable[[], float]) -> FastAPI:
    made = FastAPI()
    made.include_router(routes({"one": check}, clock))
    return made


def test_readiness_is_looked_at_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []
    now = 100.0

    def check() -> str | None:
        looks.append(1)
        if len(looks) == 2:
            raise OSError("disk /data full")
        return None

    made = health_of(check, lambda: now)
    assert [ask(made, "/health/ready").status for _ in range(5)] == [200] * 5
    now += READY_SECONDS
    assert ask(made, "/health/ready").status == 503
    assert len(looks) == 2
    record = next(each for each in caplog.records if each.message == "health.not_ready")
    assert (record.__dict__["check"], record.__dict__["reason"]) == ("one", "OSError")
    assert "/data" not in caplog.text


def test_a_check_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang() -> str | None:
        release.wait(10)
        return None

    async def probe() -> Reply:
        reply = await exchange(health_of(hang, lambda: 100.0), "/health/ready")
        release.set()
        return reply

    monkeypatch.setattr(health, "CHECK_DEADLINE_SECONDS", 0.05)
    assert asyncio.run(probe()).status == 503


def test_the_description_names_every_operation_and_its_scope(app: FastAPI) -> None:
    described = document(app)
    assert "/v1/audit" in described["paths"]
    assert "/nl/" not in described["paths"]
    security = described["paths"]["/v1/audit"]["get"]["security"]
    assert security == [{"hanse": ["audit:read"]}]
    assert "Problem" in described["components"]["schemas"]
    answers = described["paths"]["/v1/figures"]["get"]["responses"]
    assert "application/problem+json" in answers["default"]["content"]
    assert document(app) == described


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_loads_a_tool_from_elsewhere(app: FastAPI, path: str) -> None:
    assert ask(app, path).status == 404
    assert ask(app, "/openapi.json").status == 200


def test_numbers_and_moments_are_written_as_their_readers_do() -> None:
    assert [number(-1234567.891, lang, 1) for lang in LANGUAGES] == [
        "-1.234.567,9",
        "-1,234,567.9",
        "-1\u202f234\u202f567,9",
    ]
    assert number(None, "nl") == ""
    assert number(0, "nl") == "0"
    assert number(3, "nl", 0) == "3"
    assert day(date(2026, 3, 1), "fr") == "1 mars 2026"
    assert moment(datetime(2026, 3, 1, 12, 5, tzinfo=UTC), "nl") == "1 maart 2026, 12:05 UTC"
