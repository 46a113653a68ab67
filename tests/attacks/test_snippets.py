"""What a node says stays text, also in the lines that a reader copies into a program of his own."""

import ast
import asyncio
import shlex

import pytest
from pydantic import ValidationError
from tests.support.portal import portal

from hanse.catalog import answers
from hanse.catalog.choice import Choice
from hanse.catalog.figures import Figure, Figures
from hanse.catalog.pages.snippets import snippets
from hanse.cube.comparability import Mark, MarkCode
from hanse.wire import Publication, ReleaseEntry

CHOICE = Choice("gemeente", "2024", (), ("gemeente",), ("2024",))
HOSTILE = (
    '1"); __import__("os").system("id"); ("',
    "1\\",
    '1"\nimport os\n"',
    "1'; id; '",
    "1`id`$(id)",
    '1"""',
    "1\u2028import os",
)


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """One city's publication, as the catalogue knows it."""
    made = portal(tmp_path_factory.mktemp("catalogue"))
    asyncio.run(made.catalogue.harvester.once())
    return answers.subject(made.catalogue, "inwoners").publications[0]


@pytest.mark.parametrize("said", HOSTILE)
def test_a_release_or_level_starts_no_code(publication: Publication, said: str) -> None:
    comparable = Mark(next(iter(MarkCode)))
    cell = Figure(
        publication=publication,
        entry=publication.indicator,
        level=said,
        area="41002",
        period="2024",
        value=1.0,
        status="A",
        release=said,
        manifest="sha-256:" + "0" * 64,
        mark=comparable,
    )
    made = snippets("http://127.0.0.1:8100", Figures((cell,), 1, (), ()), CHOICE)
    for statement in ast.parse(made.python).body[1:]:
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.value, ast.Attribute)
        call = statement.value.value
        assert isinstance(call, ast.Call)
        given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
        assert (given["release"], given["areas"]) == (said, said)
    words = shlex.split(made.curl.replace("\\\n", ""))
    assert words[:3] == ["curl", "--fail", "--output"]
    assert len(words) == 5


@pytest.mark.parametrize("said", [*HOSTILE, "../1", "", "a" * 33, "1\n"])
def test_no_release_has_such_a_name(said: str) -> None:
    with pytest.raises(ValidationError):
        ReleaseEntry.model_validate(
            {
                "release_id": said,
                "release_no": 1,
                "manifest": "sha-256:" + "0" * 64,
                "published_at": "2026-03-01T00:00:00Z",
            }
        )
