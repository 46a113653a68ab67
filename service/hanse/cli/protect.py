"""`hanse protect`, `protect-report` and `verify`: disclosure control on any table."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanse.cli.language import Lang
from hanse.cli.proof import figures_code
from hanse.cli.protected import Writer, writer_of
from hanse.cli.reporting import (
    FormOption,
    OutputOption,
    deliver,
    form_of,
    waiting,
    write_all,
)
from hanse.cli.tablefiles import PLAN_BYTES_MAX, bytes_of, digest_of, json_of, table_of
from hanse.errors import Conflict, Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.policies.disclosure import Plan, Protected
    from hanse.report.disclosure import Facts

SECRET_BYTES_MAX = 4_096
SECRET_BYTES = 32
FINDINGS = 1
VALUE = "obs_value"
PROOF = ("move", "cell", "change")
"""The columns of figures of what recipients get, and of a proof."""
MINIMA = (3, 10)
"""Other minimums that a report weighs when nobody names any."""

Target = Annotated[
    str,
    typer.Argument(
        metavar="TABLE|DATASET",
        help="Inner counts (Parquet, CSV, Excel) with their --plan, or a dataset of this node.",
    ),
]
PlanOption = Annotated[
    Path | None, typer.Option("--plan", help="How the table is built, and the rules (YAML).")
]
Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SecretOption = Annotated[
    Path | None,
    typer.Option("--secret", help="File of 16 random bytes or more, for a plan that perturbs."),
]
Beside = Annotated[
    list[Path] | None,
    typer.Option("--beside", help="Certificate of what was shown of the same people; repeatable."),
]
Minima = Annotated[
    list[int] | None,
    typer.Option("--k", help="Another minimum to weigh; may be repeated.", min=2, max=1_000),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("protect")(protect)
    app.command("protect-report")(report)
    app.command("verify")(verify)


def protect(  # noqa: PLR0913 a command's options
    target: Target,
    plan: PlanOption = None,
    out: Annotated[Path | None, typer.Option(help="The protected table, for recipients.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate, which may travel.")
    ] = None,
    proof: Annotated[Path | None, typer.Option(help="The proof: SECRET, stays here.")] = None,
    inside: Annotated[Path | None, typer.Option(help="All values and reasons: SECRET.")] = None,
    secret: SecretOption = None,
    beside: Beside = None,
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
    """Protect small numbers by the method of the plan; write nothing that is not proven.

    Hides them and whatever would give them away, rounds them, or adds noise by cell keys.
    With --dry-run: the disclosure report of a dataset's draft, or of a table, and nothing else.
    """
    if dry_run:
        wanted = form_of("json" if as_json else form, output)
        facts = _rehearse(target, (plan, secret), minima, lang, home)
        deliver(facts, lang, wanted, output)
        if facts.broken:
            raise typer.Exit(FINDINGS)
        return
    from hanse.policies import disclosure

    path = Path(target)
    told = plan_of(_needed(plan, "--plan"))
    public, summary = _needed(out, "--out"), _needed(certificate, "--certificate")
    for each in (public, proof, inside):
        if each is not None:
            writer_of(each)  # a name that says no form is refused before the work is done
    with waiting(lang) as tell:
        tell("read", 0.0)
        key = _secret(secret)
        found = disclosure.protect(table_of(path, told.value), told, tell, secret=key)
    disclosure.beside(found, {each.name: json_of(each) for each in beside or ()})
    _write(found, (path, public, summary, proof, inside))
    _say_protected(found, lang, as_json=as_json)
    stays = ", ".join(str(each) for each in (proof, inside, secret) if each is not None)
    if stays and not as_json:
        typer.echo(say("PROTECT_SECRET", lang, files=stays))


def _secret(path: Path | None) -> bytes:
    """Return the bytes of a secret, none where there is no file."""
    return b"" if path is None else bytes_of(path, SECRET_BYTES_MAX)


def _write(found: "Protected", names: tuple[Path, Path, Path, Path | None, Path | None]) -> None:
    """Write what a run made, all files or none: the last two are secret."""
    from hanse.policies import disclosure
    from hanse.policies.canonical import canonical

    table, out, certificate, proof, inside = names
    content = canonical(found.certificate.content())
    made = ((out, disclosure.public), (proof, disclosure.sidecar), (inside, disclosure.inside))

    def write(make: Callable[["Protected"], Any], form: Writer, path: Path) -> None:
        form(make(found), path)

    outputs: list[tuple[Path, Callable[[Path], object]]] = [
        (path, partial(write, make, writer_of(path))) for path, make in made if path is not None
    ]
    outputs.append((certificate, lambda path: path.write_bytes(content)))
    write_all(outputs, (table,), {each for each in (proof, inside) if each is not None})


def _say_protected(found: "Protected", lang: str, *, as_json: bool) -> None:
    from hanse.policies.disclosure import Perturbed

    summary = found.certificate
    if as_json:
        typer.echo(json.dumps(summary.content()))
        return
    if isinstance(found, Perturbed):
        mark = found.certificate.sdc_method
        typer.echo(say("PROTECT_PERTURBED", lang, published=summary.published, mark=mark))
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
    secret: SecretOption = None,
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
        facts = _of_table(path, _needed(plan, "--plan"), (by, minima, secret), lang)
    deliver(facts, lang, wanted, output)


def _rehearse(
    target: str,
    by: tuple[Path | None, Path | None],
    minima: list[int] | None,
    lang: str,
    home: Path | None,
) -> "Facts":
    """Return what would be hidden in a table, or in a dataset's draft when it is published.

    `by` are the files of a plan and of the secret of one that perturbs.
    """
    path, (plan, secret) = Path(target), by
    if plan is not None or path.is_file():
        return _of_table(path, _needed(plan, "--plan"), ("", minima, secret), lang)
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


def _of_table(
    path: Path, file: Path, asked: tuple[str, list[int] | None, Path | None], lang: str
) -> "Facts":
    """Return what a plan makes of a table; asked are the dimension of areas, minimums, a secret.

    Without one, a secret that is thrown away stands for it: it changes as much, elsewhere.
    """
    from hanse.report.disclosure import findings

    by, minima, secret = asked
    plan = plan_of(file)
    key = _secret(secret) or os.urandom(SECRET_BYTES)
    if by and by not in {axis.name for axis in plan.axes}:
        raise Invalid("DISCLOSURE_PLAN", key="--by", found=by[:80])
    wanted = findings.Asked(
        path.name, datetime.now(UTC), tuple(minima or MINIMA), by, digest_of(path), key
    )
    with waiting(lang) as tell:
        tell("read", 0.0)
        return findings.of_table(table_of(path, plan.value), plan, wanted, tell)


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
    secret: SecretOption = None,
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
        perturbed = str(said.get("method", ""))
        code = figures_code(perturbed, holds=holds) if perturbed else "VERIFY_RELEASE"
    else:
        names = (plan, published, certificate, proof if secret is None else secret)
        options = ("--plan", "--published", "--certificate", "--proof")
        files = [_needed(name, option) for name, option in zip(names, options, strict=True)]
        said, holds = _verified_table(path, *files, perturbed=secret is not None)
        code = "VERIFY_DONE"
    if as_json:
        typer.echo(json.dumps({"holds": holds, **said}))
    else:
        differs = ", ".join(said.pop("differs")) or say("VERIFY_NO_DIFFERENCE", lang)
        typer.echo(say(code, lang, **said, differs=differs))
    if not holds:
        raise typer.Exit(FINDINGS)


def _verified_table(
    table: Path, plan: Path, published: Path, certificate: Path, proof: Path, *, perturbed: bool
) -> tuple[dict[str, Any], bool]:
    """Return what checking a table says, and whether it holds.

    The proof of a perturbed table is the secret that its figures follow from.
    """
    from hanse.policies import disclosure

    told = plan_of(plan)
    shown = (table_of(table, told.value), told, table_of(published, VALUE))
    claimed = json_of(certificate)
    try:
        if perturbed:
            found = disclosure.recheck_figures(*shown, claimed, _secret(proof))
        else:
            found = disclosure.recheck(*shown, table_of(proof, *PROOF), claimed)
    except Conflict as fault:  # a figure that is shown is not the true one: that is found, too
        nothing = {"protected": 0, "unproven": 0, "unsound": 0}
        return {**nothing, "differs": [f"obs_value ({fault.parameters['cell']})"]}, False
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


def plan_of(path: Path) -> "Plan":
    """Return the plan of a file; raise Invalid for one that is none."""
    from hanse.policies import disclosure, yamlform

    return disclosure.load(yamlform.load(bytes_of(path, PLAN_BYTES_MAX)))
