"""`hanse protect`, `protect-report`, `verify` and `attack`: disclosure control on any table."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanse.cli.language import Lang
from hanse.cli.reporting import (
    FormOption,
    OutputOption,
    deliver,
    form_of,
    waiting,
    write_all,
)
from hanse.errors import Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.policies.attackers import System
    from hanse.policies.disclosure import Plan, Protected
    from hanse.report.disclosure import Facts

TABLE_BYTES_MAX = 2_000_000_000
PLAN_BYTES_MAX = 65_536
FINDINGS = 1
NAMED_MAX = 20
"""Cells that an attack names before it counts the rest."""
MINIMA = (3, 10)
"""Other minimums that a report weighs when nobody names any."""

Target = Annotated[
    str,
    typer.Argument(
        metavar="TABLE|DATASET",
        help="Inner counts (Parquet) with their --plan, or a dataset of this node.",
    ),
]
PlanFile = Annotated[Path, typer.Option("--plan", help="How the table is built, and the rules.")]
PlanOption = Annotated[
    Path | None, typer.Option("--plan", help="How the table is built, and the rules (YAML).")
]
Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Minima = Annotated[
    list[int] | None,
    typer.Option("--k", help="Another minimum to weigh; may be repeated.", min=2, max=1_000),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("protect")(protect)
    app.command("protect-report")(report)
    app.command("verify")(verify)
    app.command("attack")(attack)


def protect(  # noqa: PLR0913 a command's options
    target: Target,
    plan: PlanOption = None,
    out: Annotated[Path | None, typer.Option(help="The protected table, for recipients.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate, which may travel.")
    ] = None,
    proof: Annotated[Path | None, typer.Option(help="The proof: SECRET, stays here.")] = None,
    inside: Annotated[Path | None, typer.Option(help="All values and reasons: SECRET.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be hidden; publish nothing.")
    ] = False,
    minima: Minima = None,
    form: FormOption = None,
    output: OutputOption = None,
    as_json: AsJson = False,
    lang: Lang = "",
    home: Home = None,
) -> None:
    """Hide small numbers and whatever would give them away; write nothing that is not proven.

    With --dry-run: the disclosure report of a dataset's draft, or of a table, and nothing else.
    """
    if dry_run:
        wanted = form_of("json" if as_json else form, output)
        facts = _rehearse(target, plan, minima, lang, home)
        deliver(facts, lang, wanted, output)
        if facts.broken:
            raise typer.Exit(FINDINGS)
        return
    from hanse.policies import disclosure

    path = Path(target)
    told = _plan(_needed(plan, "--plan"))
    public, summary = _needed(out, "--out"), _needed(certificate, "--certificate")
    with waiting(lang) as tell:
        tell("read", 0.0)
        found = disclosure.protect(_table(path), told, tell)
    _write(found, (path, public, summary, proof, inside))
    _say_protected(found, lang, as_json=as_json)
    secret = ", ".join(str(each) for each in (proof, inside) if each is not None)
    if secret and not as_json:
        typer.echo(say("PROTECT_SECRET", lang, files=secret))


def _write(found: "Protected", names: tuple[Path, Path, Path, Path | None, Path | None]) -> None:
    """Write what a run made, all files or none: the last two are secret."""
    import pyarrow.parquet as pq

    from hanse.policies import disclosure
    from hanse.policies.canonical import canonical

    table, out, certificate, proof, inside = names
    content = canonical(found.certificate.content())
    made = ((out, disclosure.public), (proof, disclosure.sidecar), (inside, disclosure.inside))

    def write(make: Callable[["Protected"], Any], path: Path) -> None:
        pq.write_table(make(found), path, compression="zstd", store_schema=False)

    outputs: list[tuple[Path, Callable[[Path], object]]] = [
        (path, partial(write, make)) for path, make in made if path is not None
    ]
    outputs.append((certificate, lambda path: path.write_bytes(content)))
    write_all(outputs, (table,), {each for each in (proof, inside) if each is not None})


def _say_protected(found: "Protected", lang: str, *, as_json: bool) -> None:
    summary = found.certificate
    if as_json:
        typer.echo(json.dumps(summary.content()))
        return
    counts = {
        "published": summary.published,
        "primary": summary.primary,
        "secondary": summary.secondary,
        "whole": summary.proven_whole,
        "protected": summary.protected,
        "linear": summary.proven_linear,
        "failed": summary.failed,
    }
    typer.echo(say("PROTECT_DONE", lang, **counts))


def report(  # noqa: PLR0913 a command's options
    target: Target,
    release: Annotated[str, typer.Argument(help="A release of the dataset; else its newest.")] = "",
    plan: PlanOption = None,
    minima: Minima = None,
    by: Annotated[str, typer.Option(help="The dimension that areas are told by.")] = "",
    form: FormOption = None,
    output: OutputOption = None,
    as_json: AsJson = False,
    lang: Lang = "",
    home: Home = None,
) -> None:
    """Show what is hidden and why, what it costs, and whether it holds. For inside eyes only.

    Of a table with its plan, or of a release of this node as it was published.
    """
    wanted = form_of("json" if as_json else form, output)
    path = Path(target)
    if plan is None and not path.is_file():
        facts = _release(target, release, home)
    else:
        facts = _of_table(path, _plan(_needed(plan, "--plan")), (by, minima), lang)
    deliver(facts, lang, wanted, output)


def _rehearse(
    target: str, plan: Path | None, minima: list[int] | None, lang: str, home: Path | None
) -> "Facts":
    """Return what would be hidden in a table, or in a dataset's draft when it is published."""
    path = Path(target)
    if plan is not None or path.is_file():
        return _of_table(path, _plan(_needed(plan, "--plan")), ("", minima), lang)
    from hanse.node.intake import draft as drafts
    from hanse.node.press import open_press
    from hanse.node.rehearsal import Rehearsal, of_draft
    from hanse.node.settings import read_settings
    from hanse.policies import profile

    settings = read_settings(home)
    press = open_press(settings)
    draft = drafts.load(press.home, target)
    rules = profile.find(draft.contract.profile, press.own_profiles)
    asked = Rehearsal.of(press, draft, rules, settings.name)
    with waiting(lang) as tell:
        return of_draft(asked, tuple(minima or MINIMA), press.clock(), tell)


def _release(dataset: str, release: str, home: Path | None) -> "Facts":
    """Return the report that was kept when a release was published."""
    from hanse.node import protection
    from hanse.node.press import open_press
    from hanse.node.releases import tables
    from hanse.node.settings import read_settings
    from hanse.store.session import reading

    settings = read_settings(home)
    with reading(open_press(settings).engine) as session:
        row = tables.find(session, dataset, release or None)
    return protection.kept(settings.home, row)


def _of_table(path: Path, plan: "Plan", asked: tuple[str, list[int] | None], lang: str) -> "Facts":
    """Return what a plan makes of a table; asked are the dimension of areas, and minimums."""
    from hanse.report.disclosure import findings

    by, minima = asked
    if by and by not in {axis.name for axis in plan.axes}:
        raise Invalid("DISCLOSURE_PLAN", key="--by", found=by[:80])
    wanted = findings.Asked(
        path.name, datetime.now(UTC), tuple(minima or MINIMA), by, _digest(path)
    )
    with waiting(lang) as tell:
        tell("read", 0.0)
        return findings.of_table(_table(path), plan, wanted, tell)


def _digest(path: Path) -> str:
    """Return the digest of a file, read in pieces."""
    _bounded(path, TABLE_BYTES_MAX)
    with path.open("rb") as file:
        return f"sha-256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _needed(given: Path | None, option: str) -> Path:
    if given is None:
        raise Invalid("PROTECT_NEEDS", option=option)
    return given


def verify(  # noqa: PLR0913 a command's options
    target: Target,
    release: Annotated[str, typer.Argument(help="A release of the dataset; else its newest.")] = "",
    plan: PlanOption = None,
    published: Annotated[Path | None, typer.Option(help="The protected table.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Its certificate.")] = None,
    proof: Annotated[Path | None, typer.Option(help="Its proof.")] = None,
    as_json: AsJson = False,
    lang: Lang = "",
    home: Home = None,
) -> None:
    """Check what was published against its proof by whole-number arithmetic, without any solver.

    Of a table with its plan, or of a release of this node.
    """
    path = Path(target)
    if plan is None and not path.is_file():
        said, holds = _verified_release(target, release, home)
        code = "VERIFY_RELEASE"
    else:
        names = (plan, published, certificate, proof)
        options = ("--plan", "--published", "--certificate", "--proof")
        files = [_needed(name, option) for name, option in zip(names, options, strict=True)]
        said, holds = _verified_table(path, *files)
        code = "VERIFY_DONE"
    if as_json:
        typer.echo(json.dumps({"holds": holds, **said}))
    else:
        differs = ", ".join(said.pop("differs")) or say("VERIFY_NO_DIFFERENCE", lang)
        typer.echo(say(code, lang, **said, differs=differs))
    if not holds:
        raise typer.Exit(FINDINGS)


def _verified_table(
    table: Path, plan: Path, published: Path, certificate: Path, proof: Path
) -> tuple[dict[str, Any], bool]:
    """Return what checking a table says, and whether it holds."""
    from hanse.policies import disclosure

    claimed = _json(certificate)
    found = disclosure.recheck(
        _table(table), _plan(plan), _table(published), _table(proof), claimed
    )
    said = {
        "protected": found.protected,
        "unproven": int(found.proof.unproven.size),
        "unsound": int(found.proof.unsound.size),
        "differs": list(found.differs),
    }
    return said, found.holds


def _verified_release(dataset: str, release: str, home: Path | None) -> tuple[dict[str, Any], bool]:
    """Return what checking a release says, and whether it holds."""
    from dataclasses import asdict

    from hanse.node.press import open_press
    from hanse.node.publish import verified
    from hanse.node.settings import read_settings

    found = verified(open_press(read_settings(home)), dataset, release or None)
    return {**asdict(found), "differs": list(found.differs)}, found.holds


def attack(  # noqa: PLR0913 a command's options
    table: Annotated[Path, typer.Argument(help="A published table (Parquet), hidden cells empty.")],
    plan: PlanFile,
    structure: Annotated[Path, typer.Option(help="Any table with the plan's level columns.")],
    value: Annotated[str, typer.Option(help="The column of values.")] = "obs_value",
    least: Annotated[int, typer.Option(help="The least a hidden cell can be.", min=0, max=1)] = 1,
    width: Annotated[int, typer.Option(help="How wide every interval must be.", min=1)] = 2,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Attack a published table as a recipient could: by linear algebra, and by bounds."""
    from hanse.policies import attackers

    told = _plan(plan)
    system = _system(_table(table), _table(structure), told, value)
    with waiting(lang) as tell:
        tell("attack", 0.0)
        found = attackers.campaign(system, least, width)
    counts = {
        "hidden": found.hidden,
        "determined": len(found.findings[0].exact),
        "exact": len(found.exact),
        "below": len(found.narrow),
        "width": width,
    }
    named = [" · ".join(system.keys[place]) for place in found.narrow[:NAMED_MAX]]
    if as_json:
        typer.echo(json.dumps({**counts, "cells": named}, ensure_ascii=False))
    else:
        typer.echo(say("ATTACK_DONE", lang, **counts))
        for name in named:
            typer.echo(f"  {name}")
        if counts["below"] > len(named):
            typer.echo(f"  {say('ATTACK_MORE', lang, count=counts['below'] - len(named))}")
    if found.narrow:
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
        found = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None
    if not found.num_rows:
        raise Invalid("DISCLOSURE_EMPTY", path=path.name)
    return found


def _bytes(path: Path, limit: int) -> bytes:
    _bounded(path, limit)
    return path.read_bytes()


def _bounded(path: Path, limit: int) -> None:
    if not path.is_file():
        raise Invalid("DISCLOSURE_FILE", path=path.name or str(path))
    size = path.stat().st_size
    if size > limit:
        raise Invalid("DISCLOSURE_TOO_LARGE", what=path.name, found=size, limit=limit)
