"""`hanse protect`, `verify` and `attack`: disclosure control on any table, outside a node."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanse.errors import Invalid

if TYPE_CHECKING:
    from hanse.policies.attackers import System
    from hanse.policies.disclosure import Plan

TABLE_BYTES_MAX = 2_000_000_000
PLAN_BYTES_MAX = 65_536
FINDINGS = 1
COSTLIEST = 15

TableFile = Annotated[Path, typer.Argument(help="Inner counts, one row each (Parquet).")]
PlanFile = Annotated[Path, typer.Option("--plan", help="How the table is built, and the rules.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("protect")(protect)
    app.command("protect-report")(report)
    app.command("verify")(verify)
    app.command("attack")(attack)


def protect(
    table: TableFile,
    plan: PlanFile,
    out: Annotated[Path, typer.Option(help="The protected table, for recipients.")],
    certificate: Annotated[Path, typer.Option(help="The certificate, which may travel.")],
    proof: Annotated[Path | None, typer.Option(help="The proof: SECRET, stays here.")] = None,
    inside: Annotated[Path | None, typer.Option(help="All values and reasons: SECRET.")] = None,
) -> None:
    """Hide small numbers and whatever would give them away; write nothing that is not proven."""
    import pyarrow.parquet as pq

    from hanse.policies import disclosure
    from hanse.policies.canonical import canonical

    found = disclosure.protect(_table(table), _plan(plan))
    outputs = {out: disclosure.public(found)}
    if proof is not None:
        outputs[proof] = disclosure.sidecar(found)
    if inside is not None:
        outputs[inside] = disclosure.inside(found)
    for path, content in outputs.items():
        pq.write_table(content, path, compression="zstd", store_schema=False)
    summary = found.certificate
    certificate.write_bytes(canonical(summary.content()))
    typer.echo(
        f"{summary.published} cells: {summary.primary} primary, {summary.secondary} secondary "
        f"hidden; {summary.proven_whole} of {summary.protected} protected cells proven in whole "
        f"numbers, {summary.proven_linear} by a linear program, {summary.failed} failed"
    )


def report(
    table: TableFile,
    plan: PlanFile,
    k: Annotated[list[int] | None, typer.Option(help="Another minimum to weigh; repeat.")] = None,
) -> None:
    """Show what a plan would hide, per level, and what it costs; writes nothing. SECRET."""
    from dataclasses import replace

    from hanse.policies import disclosure

    told, cells = _plan(plan), _table(table)
    found = disclosure.protect(cells, told)
    _show("Per level", disclosure.by_level(found))
    _show("Greatest counts hidden to protect others", disclosure.costliest(found, COSTLIEST))
    others = [replace(told.rules, k=each) for each in k or []]
    if others:
        _show("What if", disclosure.what_if(cells, told, others))


def _show(title: str, content: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(*content.column_names, title=title)
    for row in content.to_pylist():
        shown.add_row(*(str(value) for value in row.values()))
    Console().print(shown)


def verify(
    table: TableFile,
    plan: PlanFile,
    published: Annotated[Path, typer.Option(help="The protected table.")],
    certificate: Annotated[Path, typer.Option(help="Its certificate.")],
    proof: Annotated[Path, typer.Option(help="Its proof.")],
) -> None:
    """Check a protected table against its proof by whole-number arithmetic, without any solver."""
    from hanse.policies import disclosure

    claimed = _json(certificate)
    found = disclosure.recheck(
        _table(table), _plan(plan), _table(published), _table(proof), claimed
    )
    typer.echo(
        f"{found.protected} protected cells, {found.proof.unproven.size} not proven, "
        f"{found.proof.unsound.size} unsound moves, differing: {', '.join(found.differs) or 'none'}"
    )
    if not found.holds:
        raise typer.Exit(FINDINGS)


def attack(
    table: Annotated[Path, typer.Argument(help="A published table (Parquet), hidden cells empty.")],
    plan: PlanFile,
    structure: Annotated[Path, typer.Option(help="Any table with the plan's level columns.")],
    value: Annotated[str, typer.Option(help="The column of values.")] = "obs_value",
    least: Annotated[int, typer.Option(help="The least a hidden cell can be.", min=0, max=1)] = 1,
    width: Annotated[int, typer.Option(help="How wide every interval must be.", min=1)] = 2,
) -> None:
    """Attack a published table as a recipient could: by linear algebra, and by bounds."""
    import numpy as np

    from hanse.policies import attackers

    told = _plan(plan)
    system = _system(_table(table), _table(structure), told, value)
    hidden = np.flatnonzero(system.row >= 0)
    lower = np.where(system.row >= 0, least, 0)
    exact = sorted(set(hidden.tolist()) & attackers.determined(system))
    needs = attackers.Needs(hidden, lower, np.zeros(system.size, dtype=np.int64), width)
    verdict = attackers.audit(system, needs)
    typer.echo(
        f"{hidden.size} hidden cells: {len(exact)} follow from the others by linear algebra, "
        f"{verdict.exact.size} have one possible value, {verdict.below.size} an interval "
        f"narrower than {width}"
    )
    for place in verdict.below[:20].tolist():
        typer.echo("  " + " · ".join(system.keys[place]))
    if exact or verdict.below.size:
        raise typer.Exit(FINDINGS)


def _system(published: Any, structure: Any, plan: "Plan", value: str) -> "System":
    """Return the equations a recipient can write down."""
    from hanse.policies import attackers

    codes = []
    for axis in plan.axes:
        levels = [_column(structure, level) for level in axis.levels]
        codes.append(attackers.Codes.of(axis.name, levels, axis.total))
    columns = [_column(published, axis.name) for axis in plan.axes]
    return attackers.equations(attackers.read(codes, columns, _column(published, value)))


def _column(table: Any, name: str) -> Sequence[Any]:
    if name not in table.column_names:
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=", ".join(table.column_names)[:200])
    return list(table[name].to_pylist())


def _plan(path: Path) -> "Plan":
    from hanse.policies import disclosure, yamlform

    return disclosure.load(yamlform.load(_bytes(path, PLAN_BYTES_MAX)))


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(_bytes(path, PLAN_BYTES_MAX))
    except ValueError:
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None
    if not isinstance(content, dict):
        raise Invalid("DISCLOSURE_FILE", path=path.name)
    return content


def _table(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    _bounded(path, TABLE_BYTES_MAX)
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None


def _bytes(path: Path, limit: int) -> bytes:
    _bounded(path, limit)
    return path.read_bytes()


def _bounded(path: Path, limit: int) -> None:
    if not path.is_file():
        raise Invalid("DISCLOSURE_FILE", path=path.name)
    size = path.stat().st_size
    if size > limit:
        raise Invalid("DISCLOSURE_TOO_LARGE", what=path.name, found=size, limit=limit)
