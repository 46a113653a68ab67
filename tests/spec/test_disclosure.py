"""What disclosure control promises: the reference patterns, exact proofs, and precise refusals."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from tests.support.disclosure import (
    AXES,
    bench,
    bench_path,
    bench_plan,
    crossed,
    secured,
    shuffled,
    statuses,
)
from tests.support.needs import ROOT
from typer.testing import CliRunner

from hanse.cli import attack
from hanse.cli import protect as commands
from hanse.errors import Conflict, HanseError, Invalid
from hanse.policies.disclosure import (
    Plan,
    Rules,
    greedy,
    inside,
    load,
    protect,
    public,
    recheck,
    sidecar,
    verify,
)
from hanse.policies.disclosure import model as models
from hanse.policies.disclosure.moves import Move
from hanse.policies.disclosure.plan import R1, R2, Axis, Effort, Requirement, Zeros
from hanse.policies.disclosure.protection import small
from hanse.policies.disclosure.table import model_of

ONCE = Rules(effort=Effort.ONCE)


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize(
    ("name", "secondary"),
    [
        ("t10k_nested", 957),
        ("t10k_overlap", 663),
        ("t30k_nested", 2647),
        ("t30k_overlap", 1800),
        ("t100k_nested", 8190),
        ("t100k_overlap", 5236),
    ],
)
def test_elimination_alone_reproduces_the_reference_pattern_cell_by_cell(
    name: str, secondary: int
) -> None:
    model = model_of(bench(name), bench_plan(name))
    primary = small(model, Rules())
    rows = models.coordinates(model, primary)
    open_cells = np.flatnonzero(model.published & ~primary)
    order = greedy.candidates(model.values == 0, open_cells, model.values, models.depth(model))
    found = greedy.publish(rows, np.flatnonzero(primary), order)
    assert found.secondary.size == secondary
    reference = pq.read_table(bench_path(f"gauss_{name}_none"))
    keys = zip(*(reference[axis].to_pylist() for axis in AXES), strict=True)
    hidden = {
        key
        for key, status in zip(keys, reference["status"].to_pylist(), strict=True)
        if status == "D"
    }
    ours = [
        tuple(
            d.codes[int(k[0])]
            for d, k in zip(model.dimensions, model.keys(np.array([c])), strict=True)
        )
        for c in found.secondary.tolist()
    ]
    assert set(ours) == hidden


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize(
    ("name", "rules", "at_most"),
    [
        ("t10k_nested", ONCE, 1370),
        ("t10k_nested", Rules(), 1344),
        ("t10k_nested", Rules(attacker_lower=0), 966),
        ("t10k_overlap", replace(ONCE, slivers=False), 1327),
        ("t10k_ov6", Rules(), 1413),
        ("t30k_nested", ONCE, 3673),
    ],
)
def test_a_benchmark_table_is_proven_with_no_more_hidden_than_the_reference(
    name: str, rules: Rules, at_most: int
) -> None:
    certificate = secured(name, rules).certificate
    assert certificate.failed == 0
    assert certificate.proven_whole == certificate.protected
    assert certificate.proven_linear == 0
    assert certificate.secondary <= at_most


def _city(rules: Rules = Rules()) -> tuple[pa.Table, Plan]:  # noqa: B008 - frozen
    counts = [[3, 9, 20], [14, 2, 0], [0, 25, 8], [17, 30, 12], [22, 11, 4], [9, 16, 13]]
    made = crossed([0, 1, 2, 2, 3, 4], [0, 0, 0, 1, 1, 1], counts, rules)
    return made.table, made.plan


def test_the_order_of_the_rows_changes_nothing() -> None:
    table, plan = _city()
    first, second = protect(table, plan), protect(shuffled(table, 7), plan)
    assert public(first).equals(public(second))
    assert first.certificate == second.certificate


def test_every_hidden_cell_looks_the_same_from_outside() -> None:
    table, plan = _city()
    seen = public(protect(table, plan))
    rows = [row for row in seen.to_pylist() if row["obs_value"] is None]
    assert {(row["obs_status"], row["conf_status"]) for row in rows} == {("Q", "C")}
    values = seen["obs_value"].combine_chunks()
    bytes_under = np.frombuffer(values.buffers()[1], dtype=np.int64)[: len(values)]
    assert not bytes_under[values.is_null().to_numpy(zero_copy_only=False)].any()


def test_the_publisher_sees_which_cells_are_small_and_which_only_protect() -> None:
    table, plan = _city()
    rows = inside(protect(table, plan)).to_pylist()
    assert all((row["conf_status"] == "A") == (1 <= row["value"] <= 4) for row in rows)
    assert any(row["conf_status"] == "D" for row in rows)


def test_zero_is_shown_unless_zeros_may_be_hidden() -> None:
    table, plan = _city()
    shown = {k for k, v in statuses(protect(table, plan)).items() if v == "F"}
    assert ("s2", "k0") not in shown or protect(table, plan).certificate.attacker_lower == 1
    hideable = replace(plan, rules=Rules(zeros=Zeros.SUPPRESSIBLE, attacker_lower=0))
    assert (
        protect(table, hideable).certificate.secondary <= protect(table, plan).certificate.secondary
    )


def test_cells_that_must_be_shown_are_shown_or_the_plan_is_refused() -> None:
    table, plan = _city()
    totals = replace(plan, always_shown=({"geo": ("Total",)},))
    marks = statuses(protect(table, totals))
    assert all(mark == "F" for key, mark in marks.items() if key[0] == "Total")
    everything = replace(plan, always_shown=({"geo": ("wijk", "Total")}, {"kind": ("Total",)}))
    with pytest.raises(Conflict) as refusal:
        protect(
            pa.table(
                {
                    "sector": ["s0", "s1"],
                    "wijk": ["w0", "w0"],
                    "kind": ["k0", "k0"],
                    "freq": [3, 50],
                }
            ),
            everything,
        )
    assert refusal.value.code in {"DISCLOSURE_SHOWN_AND_SMALL", "DISCLOSURE_SHOWN_REVEALS"}


def test_a_requirement_nothing_can_meet_is_refused_and_nothing_is_returned() -> None:
    table = pa.table({"area": ["a", "b"], "freq": [1, 2]})
    plan = Plan((Axis("area", ("area",)),), rules=Rules(k=3))
    assert protect(table, plan).certificate.failed == 0
    pinned = replace(plan, always_shown=({"area": ("Total",)},))  # 1 + 2: only 2 + 1 is left
    with pytest.raises(Conflict, match="DISCLOSURE_NOT_PROVEN"):
        protect(table, pinned)


def test_a_looser_requirement_never_hides_more() -> None:
    table, plan = _city()
    loose = protect(table, replace(plan, rules=Rules(require=Requirement(1, 0)))).certificate
    tight = protect(table, replace(plan, rules=Rules(require=R2))).certificate
    middle = protect(table, replace(plan, rules=Rules(require=R1))).certificate
    assert loose.secondary <= middle.secondary <= tight.secondary


def test_the_proof_is_rejected_when_one_number_of_it_is_changed() -> None:
    table, plan = _city()
    found = protect(table, plan)
    first = found.moves[0]
    cases = {
        "breaks a sum": Move(
            first.cells, first.change + np.eye(1, first.cells.size, dtype=np.int64)[0]
        ),
        "sinks below what is known": Move(first.cells, -1000 * first.change),
    }
    for move in cases.values():
        proof = verify(found.model, found.hidden, found.needs, (move,))
        assert proof.unsound.tolist() == [0]
        assert proof.unproven.size
    nothing_hidden = verify(found.model, np.zeros_like(found.hidden), found.needs, found.moves)
    assert nothing_hidden.unsound.size


def test_opening_one_secondary_cell_breaks_the_proof() -> None:
    table, plan = _city()
    found = protect(table, plan)
    opened = found.hidden.copy()
    opened[np.flatnonzero(found.secondary)[0]] = False
    assert verify(found.model, opened, found.needs, found.moves).unproven.size


def test_a_published_table_is_checked_against_its_proof_without_a_solver() -> None:
    table, plan = _city()
    found = protect(table, plan)
    claimed = found.certificate.content()
    assert recheck(table, plan, public(found), sidecar(found), claimed).holds
    other = {**claimed, "mask_sha256": "0" * 64}
    assert recheck(table, plan, public(found), sidecar(found), other).differs == ("mask_sha256",)
    seen = public(found)
    wrong = seen.set_column(
        2, "obs_value", pa.array([v and v + 1 for v in seen["obs_value"].to_pylist()])
    )
    with pytest.raises(Conflict, match="DISCLOSURE_OTHER_VALUE"):
        recheck(table, plan, wrong, sidecar(found), claimed)


PLAN = Plan((Axis("geo", ("sector", "wijk")), Axis("kind", ("kind",))))
GOOD = {"sector": ["s0", "s1"], "wijk": ["w0", "w0"], "kind": ["a", "a"], "freq": [3, 9]}

BAD_TABLES = [
    ("a missing column", {**GOOD, "wijk": None}, "DISCLOSURE_COLUMN"),
    ("text where a number belongs", {**GOOD, "freq": ["3", "9"]}, "DISCLOSURE_COLUMN"),
    ("a fraction", {**GOOD, "freq": [3.5, 9.0]}, "DISCLOSURE_NOT_WHOLE"),
    ("not a number", {**GOOD, "freq": [float("nan"), 9.0]}, "DISCLOSURE_NOT_WHOLE"),
    ("infinite", {**GOOD, "freq": [float("inf"), 9.0]}, "DISCLOSURE_NOT_WHOLE"),
    ("an empty count", {**GOOD, "freq": [None, 9]}, "DISCLOSURE_NOT_WHOLE"),
    ("a negative count", {**GOOD, "freq": [-3, 9]}, "DISCLOSURE_NEGATIVE"),
    ("a count beyond whole floats", {**GOOD, "freq": [2**60, 9]}, "DISCLOSURE_TOO_LARGE"),
    ("the same cell twice", {**GOOD, "sector": ["s0", "s0"]}, "DISCLOSURE_DUPLICATE"),
    ("a row without a finest code", {**GOOD, "sector": ["", "s1"]}, "DISCLOSURE_ATOM_MISSING"),
    ("a code at two levels", {**GOOD, "wijk": ["s0", "s0"]}, "DISCLOSURE_CODE_TWICE"),
    ("the code of the total as a code", {**GOOD, "kind": ["Total", "a"]}, "DISCLOSURE_CODE_TWICE"),
    ("codes that are numbers with a point", {**GOOD, "sector": [1.0, 2.0]}, "DISCLOSURE_COLUMN"),
]


@pytest.mark.parametrize(
    ("columns", "code"), [case[1:] for case in BAD_TABLES], ids=[case[0] for case in BAD_TABLES]
)
def test_a_wrong_table_is_refused_with_what_is_wrong(columns: dict[str, object], code: str) -> None:
    table = pa.table({name: column for name, column in columns.items() if column is not None})
    with pytest.raises(Invalid) as refusal:
        protect(table, PLAN)
    assert refusal.value.code == code


def test_a_table_beyond_the_limit_is_refused_before_any_work() -> None:
    many = 3000
    codes = [f"c{number}" for number in range(many)]
    table = pa.table({"a": codes, "b": codes, "freq": [1] * many})
    with pytest.raises(Invalid, match="DISCLOSURE_TOO_LARGE"):
        protect(table, Plan((Axis("a", ("a",)), Axis("b", ("b",)))))


GOOD_PLAN = {"dimensions": [{"name": "geo", "levels": ["sector", "wijk"]}]}

BAD_PLANS = [
    ("an unknown key", {**GOOD_PLAN, "tables": []}),
    ("no dimension", {"dimensions": []}),
    ("a dimension twice", {"dimensions": GOOD_PLAN["dimensions"] * 2}),
    ("a level twice", {"dimensions": [{"name": "geo", "levels": ["sector", "sector"]}]}),
    ("no level", {"dimensions": [{"name": "geo", "levels": []}]}),
    ("a level called Total", {"dimensions": [{"name": "geo", "levels": ["Total"]}]}),
    ("k of one", {**GOOD_PLAN, "rules": {"k": 1}}),
    ("k as a truth", {**GOOD_PLAN, "rules": {"k": True}}),
    ("an unknown requirement", {**GOOD_PLAN, "rules": {"require": "R9"}}),
    ("an unknown policy for zeros", {**GOOD_PLAN, "rules": {"zeros": "hide"}}),
    ("an unknown rule", {**GOOD_PLAN, "rules": {"threshold": 5}}),
    ("a width of nothing", {**GOOD_PLAN, "rules": {"require": {"width": 0}}}),
    (
        "a telling share of half",
        {**GOOD_PLAN, "rules": {"homogeneity": [{"dimension": "geo", "percent": 50}]}},
    ),
    ("a cube of an unknown level", {**GOOD_PLAN, "cubes": [{"geo": ["gemeente"]}]}),
    ("a cube of an unknown dimension", {**GOOD_PLAN, "cubes": [{"age": ["age"]}]}),
]


@pytest.mark.parametrize(
    "content", [case[1] for case in BAD_PLANS], ids=[case[0] for case in BAD_PLANS]
)
def test_a_wrong_plan_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_PLAN"):
        load(content)


def test_a_plan_says_all_it_can_say() -> None:
    plan = load(
        {
            "value": "n",
            "dimensions": [{"name": "geo", "levels": ["sector", "wijk"], "total": "city"}],
            "cubes": [{"geo": ["wijk", "Total"]}],
            "always_shown": [{"geo": ["Total"]}],
            "preferred": [{"geo": ["wijk"]}],
            "rules": {
                "k": 10,
                "zeros": "suppressible",
                "require": {"width": 3, "upmin": 9, "lomax": 1},
                "slivers": False,
                "strict": False,
                "effort": "once",
            },
        }
    )
    wanted = Rules(10, Zeros.SUPPRESSIBLE, Requirement(3, 9, 1), 0, False, False, Effort.ONCE)
    assert plan.rules == wanted
    assert plan.axes == (Axis("geo", ("sector", "wijk"), "city"),)


def test_cells_no_cube_publishes_are_not_shown_and_still_counted() -> None:
    table, plan = _city()
    sparse = replace(
        plan, cubes=({"geo": ("sector", "Total")}, {"geo": ("wijk",), "kind": ("Total",)})
    )
    found = protect(table, sparse)
    keys = set(statuses(found))
    assert ("w0", "Total") in keys
    assert ("w0", "k0") not in keys
    assert found.certificate.failed == 0


def _app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    commands.register(app)
    attack.register(app)
    return app


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from tests.spec.test_disclosure import _city
from hanse.policies.disclosure import compiled, protect
from hanse.policies.disclosure.elimination import eliminate
assert compiled.NUMBA is None and not hasattr(eliminate, "py_func")
print(protect(*_city()).certificate.mask_sha256)
"""


def test_without_numba_the_same_code_gives_the_same_pattern() -> None:
    command = [sys.executable, "-c", WITHOUT_NUMBA]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == protect(*_city()).certificate.mask_sha256


def _files(folder: Path) -> dict[str, str]:
    table, _ = _city()
    pq.write_table(table, folder / "table.parquet")
    (folder / "plan.yaml").write_text(
        "dimensions:\n"
        "  - name: geo\n    levels: [sector, wijk]\n"
        "  - name: kind\n    levels: [kind]\n",
        "utf-8",
    )
    names = ("table.parquet", "plan.yaml", "out.parquet", "certificate.json", "proof.parquet")
    return {name.split(".")[0]: str(folder / name) for name in names}


def test_the_commands_protect_verify_and_attack_a_table(tmp_path: Path) -> None:
    run, app = CliRunner(), _app()
    files = _files(tmp_path)
    told = ["--plan", files["plan"]]
    proof = ["--certificate", files["certificate"], "--proof", files["proof"]]
    made = run.invoke(app, ["protect", files["table"], *told, "--out", files["out"], *proof])
    assert made.exit_code == 0, made.output
    assert json.loads(Path(files["certificate"]).read_text("utf-8"))["failed"] == 0
    checked = run.invoke(
        app, ["verify", files["table"], *told, "--published", files["out"], *proof]
    )
    assert checked.exit_code == 0, checked.output
    attacked = run.invoke(
        app, ["attack", files["out"], *told, "--structure", files["table"], "--width", "1"]
    )
    assert attacked.exit_code in {0, 1}, attacked.output


def test_the_report_command_shows_what_a_plan_would_hide_and_writes_nothing(tmp_path: Path) -> None:
    files = _files(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    told = ["protect-report", files["table"], "--plan", files["plan"], "--k", "10"]
    run = CliRunner().invoke(_app(), told)
    assert run.exit_code == 0, run.output
    assert "Beschermt andere" in run.output
    assert "minimum 10" in run.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_attack_command_fails_on_a_table_that_leaks(tmp_path: Path) -> None:
    files = _files(tmp_path)
    table, plan = _city()
    found = protect(table, plan)
    rows = inside(found).to_pylist()
    leaking = [
        {**row, "obs_value": None if row["conf_status"] == "A" else row["value"]} for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(leaking), files["out"])
    run = CliRunner().invoke(
        _app(), ["attack", files["out"], "--plan", files["plan"], "--structure", files["table"]]
    )
    assert run.exit_code == 1
    assert "volgen uit de andere" in run.output


def test_an_attack_on_a_table_that_hides_nothing_is_no_pass(tmp_path: Path) -> None:
    files = _files(tmp_path)
    table, plan = _city()
    rows = [{**row, "obs_value": row["value"]} for row in inside(protect(table, plan)).to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows), files["out"])
    told = ["attack", files["out"], "--plan", files["plan"], "--structure", files["table"]]
    run = CliRunner().invoke(_app(), told)
    assert run.exit_code == 0, run.output
    said = " ".join(run.output.split())
    assert "niets verborgen" in said
    assert "zegt niets over afgeronde of verstoorde cijfers" in said


def test_a_file_that_is_no_table_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    files = _files(tmp_path)
    Path(files["table"]).write_bytes(b"PAR1 but not really")
    out = ["--out", files["out"], "--certificate", files["certificate"]]
    run = CliRunner().invoke(_app(), ["protect", files["table"], "--plan", files["plan"], *out])
    assert isinstance(run.exception, HanseError)
    assert not Path(files["out"]).exists()
    assert not Path(files["certificate"]).exists()
