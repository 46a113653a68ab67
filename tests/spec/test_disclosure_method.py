"""The method a plan or a profile chooses: three words, and what each asks for, outside a node."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from tests.support.disclosure import crossed
from typer.testing import CliRunner

from hanse.cli import protect as commands
from hanse.errors import HanseError, Invalid, Refused
from hanse.policies.disclosure import (
    Perturbed,
    Plan,
    Rounding,
    Rules,
    Spread,
    load,
    primary,
    protect,
)
from hanse.policies.method import load_method
from hanse.policies.profile import from_document, shipped
from hanse.policies.profile import load as load_profile

CITY = crossed([0, 1, 2, 3], [0, 0, 1, 1], [[3, 9], [14, 2], [6, 25], [1, 30]], Rules())
DIMENSIONS = [{"name": "geo", "levels": ["sector", "wijk"]}, {"name": "kind", "levels": ["kind"]}]
TELLING = [{"dimension": "kind"}]
SHOWN = [{"geo": ["wijk"]}]


def plan_of(**content: Any) -> Plan:
    return load({"dimensions": DIMENSIONS, **content})


@pytest.mark.parametrize(
    ("told", "method"),
    [
        ("suppress", None),
        ({"name": "suppress"}, None),
        ("round_small", Rounding(5)),
        ({"name": "round_small", "base": 10}, Rounding(10)),
        ("cell_key", Spread()),
        ({"name": "cell_key", "deviation": 7, "variance": 2.5, "absent": 0}, Spread(7, 2.5, 0)),
    ],
)
def test_a_plan_chooses_one_of_three_methods(told: Any, method: object) -> None:
    assert plan_of(method=told).method == method
    assert plan_of().method is None


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("method", {"method": "random"}),
        ("method", {"method": ["round_small", "cell_key"]}),
        ("method", {"method": {"base": 5}}),
        ("base", {"method": {"name": "suppress", "base": 5}}),
        ("base", {"method": {"name": "round_small", "base": 2}}),
        ("base", {"method": {"name": "round_small", "base": 5}, "rules": {"k": 10}}),
        ("base", {"method": {"name": "round_small", "base": True}}),
        ("secret", {"method": {"name": "round_small", "secret": "geheim"}}),
        ("deviation", {"method": {"name": "cell_key", "deviation": 2}}),
        ("absent", {"method": {"name": "cell_key", "absent": 5}}),
        ("always_shown", {"method": "round_small", "always_shown": SHOWN}),
        ("always_shown", {"method": "cell_key", "always_shown": SHOWN}),
        ("preferred", {"method": "cell_key", "preferred": SHOWN}),
        ("homogeneity", {"method": "round_small", "rules": {"homogeneity": TELLING}}),
    ],
)  # fmt: skip
def test_a_method_that_protects_nothing_or_is_mixed_is_refused(
    key: str, content: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_PLAN") as refusal:
        plan_of(**content)
    assert refusal.value.parameters["key"] == key


@pytest.mark.parametrize("secret", [b"", b"fifteen bytes.."])
@pytest.mark.parametrize("method", ["round_small", "cell_key"])
def test_a_secret_that_can_be_guessed_is_refused(method: str, secret: bytes) -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_SECRET"):
        protect(CITY.table, plan_of(method=method), secret=secret)


@pytest.mark.parametrize("method", ["round_small", "cell_key"])
def test_what_hides_refuses_a_profile_that_perturbs(method: str) -> None:
    form = shipped()["standaard-5"].as_document()
    assert "method" not in form
    profile = from_document({**form, "method": method})
    assert profile.content_digest != shipped()["standaard-5"].content_digest
    assert from_document({**form, "method": "suppress"}) == shipped()["standaard-5"]
    table = CITY.table.append_column("level", CITY.table["wijk"])
    with pytest.raises(Refused, match="PROFILE_METHOD"):
        primary.protect(table, [], profile)
    with pytest.raises(Invalid, match="PROFILE_FIELD"):
        load_profile("schema: 1\nname: a\ntitle: {nl: a}\ndescription: {nl: a}\nmethod: round")


def ran(*words: object, status: int = 0) -> str:
    app = typer.Typer()
    commands.register(app)
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, (found.output, found.exception)
    return found.output


@pytest.mark.parametrize("method", ["round_small", "cell_key"])
def test_the_commands_protect_and_verify_by_the_method_of_the_plan(
    method: str, tmp_path: Path
) -> None:
    names = ("table.parquet", "plan.yaml", "key", "shown.parquet", "certificate.json")
    table, plan, key, shown, certificate = (tmp_path / name for name in names)
    pq.write_table(CITY.table, table)
    plan.write_text(json.dumps({"dimensions": DIMENSIONS, "method": method}))
    key.write_bytes(bytes(range(32)))
    made = ("--plan", plan, "--out", shown, "--certificate", certificate, "--secret", key)
    assert method.upper() in ran("protect", table, *made, "--lang", "en")
    content = json.loads(certificate.read_bytes())
    assert content["method"] == method
    assert set(pq.read_table(shown)["sdc_method"].to_pylist()) == {content["sdc_method"]}
    checked = ("--plan", plan, "--published", shown, "--certificate", certificate)
    said = json.loads(ran("verify", table, *checked, "--secret", key, "--json"))
    assert (said["holds"], said["unsound"], said["differs"]) == (True, 0, [])
    key.write_bytes(bytes(32))
    said = json.loads(ran("verify", table, *checked, "--secret", key, "--json", status=1))
    assert "secret_sha256" in said["differs"]
    other = tmp_path / "other.json"
    again = ("--plan", plan, "--out", tmp_path / "two.parquet", "--certificate", other)
    app = typer.Typer()
    commands.register(app)
    mixed = [str(w) for w in ("protect", table, *again, "--secret", key, "--beside", certificate)]
    refusal = CliRunner().invoke(app, mixed).exception
    assert isinstance(refusal, HanseError)
    assert refusal.code == "DISCLOSURE_MIXED"
    assert not other.exists()


@pytest.mark.parametrize("method", ["round_small", "cell_key"])
def test_a_rehearsal_of_a_plan_that_perturbs_says_what_changes_and_by_how_much(
    method: str, tmp_path: Path
) -> None:
    table, plan, key = (tmp_path / name for name in ("table.parquet", "plan.yaml", "key"))
    pq.write_table(CITY.table, table)
    plan.write_text(json.dumps({"dimensions": DIMENSIONS, "method": method}))
    key.write_bytes(bytes(range(32)))
    asked = (table, "--plan", plan, "--secret", key)
    told = json.loads(ran("protect", *asked, "--dry-run", "--json"))
    again = json.loads(ran("protect-report", *asked, "--json"))
    assert told["changes"] == again["changes"]
    made = plan_of(method=method).method
    assert made is not None
    found = protect(CITY.table, plan_of(method=method), secret=key.read_bytes())
    assert isinstance(found, Perturbed)
    assert told["method"] == made.mark
    assert told["whole"] == {
        "name": table.name, "cells": found.figures.size, "own": 0, "others": 0, "source": 0
    }  # fmt: skip
    off = abs(found.figures - found.model.values)
    assert sum(each["changed"] for each in told["changes"]) == (off > 0).sum() > 0
    total = sum(each["mean"] * each["cells"] for each in told["changes"])
    assert total == pytest.approx(off.sum())
    assert max(each["most"] for each in told["changes"]) == off.max()
    certificate = dict(told["certificate"])
    assert certificate["figures_sha256"] == found.certificate.figures_sha256
    assert certificate["additive"] == str(method == "round_small").lower()
    for lang, said in (("nl", "Wat er verandert"), ("en", "What changes"), ("fr", "Ce qui change")):
        assert said in ran("protect-report", *asked, "--lang", lang)
    assert "Nothing is hidden" in ran("protect", table, "--plan", plan, "--dry-run", "--lang", "en")


def test_a_variance_may_have_decimals_however_a_form_gives_them() -> None:
    for written in (1.5, "1.5"):
        told = {"name": "cell_key", "deviation": 5, "variance": written, "absent": 2}
        made = load_method(told)
        assert isinstance(made, Spread)
        assert made.variance == 1.5
    for wrong in ("1,5", "-1", "nan", "1e3", True):
        with pytest.raises(Invalid, match="DISCLOSURE_PLAN"):
            load_method({"name": "cell_key", "variance": wrong})
