"""Commands on a draft: check it against the rules, accept a finding with a reason, take it out
again."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanse.errors import Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.node.intake.checks import Finding
    from hanse.node.intake.draft import Draft
    from hanse.node.settings import NodeSettings

LISTED_PER_RULE = 5
"""Findings a person sees per rule; the file of `--only-failing` has them all."""

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the node.")]
Person = Annotated[str, typer.Option("--as", help="Who does this.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Lang = Annotated[str, typer.Option("--lang", help="nl, en or fr; else the node's own.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing when it went well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    exports = typer.Typer(no_args_is_help=True, help="Write figures in another system's form.")
    exports.command("swing")(export_swing)
    app.add_typer(exports, name="export")
    app.command("check")(check_drafts)


def check_drafts(  # noqa: PLR0913 a command's options are its parameters
    dataset: Annotated[str, typer.Argument(help="Dataset; else every draft.")] = "",
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Rule whose findings are accepted.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is published.")] = "",
    only_failing: Annotated[
        Path | None, typer.Option("--only-failing", help="CSV file for the rows that fail.")
    ] = None,
    home: Home = None,
    person: Person = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Check drafts against the rules R001 to R021; exit code 1 when one may not be published."""
    from hanse.node import areas
    from hanse.node.intake import draft
    from hanse.node.intake.check import blocking, check
    from hanse.node.press import doubts
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    registry = areas.load(settings.home)
    lang = lang or settings.language
    found: dict[str, tuple[Finding, ...]] = {}
    for slug in (dataset,) if dataset else draft.slugs(settings.home):
        one = draft.load(settings.home, slug)
        if accept:
            one = _accepted(one, accept, reason, person)
            draft.save(settings.home, one)
        found[slug] = check(one, registry, doubts=doubts(settings, one.contract))
    if only_failing is not None:
        _write_failing(only_failing, found, lang)
    if as_json:
        typer.echo(json.dumps(_document(found, lang), ensure_ascii=False))
    else:
        _print(found, lang)
    if any(blocking(findings) for findings in found.values()):
        raise typer.Exit(1)


def _accepted(draft: "Draft", rules: Sequence[str], reason: str, person: str) -> "Draft":
    from hanse.node.intake.check import RULE_IDS
    from hanse.node.intake.draft import accept

    for rule in rules:
        if rule not in RULE_IDS:
            raise Invalid(
                "CHECK_RULE_UNKNOWN", rule=rule[:20], first=RULE_IDS[0], last=RULE_IDS[-1]
            )
        if not person or not reason:
            raise Invalid("WAIVER_PERSON", rule=rule)
        draft = accept(draft, rule, reason, person)
    return draft


def _document(found: dict[str, "tuple[Finding, ...]"], lang: str) -> dict[str, Any]:
    from hanse.node.intake.check import blocking

    return {
        "datasets": [
            {
                "dataset": slug,
                "blocking": len(blocking(findings)),
                "findings": [_entry(each, lang) for each in findings],
            }
            for slug, findings in found.items()
        ]
    }


def _entry(finding: "Finding", lang: str) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "title": say(f"{finding.rule}_TITLE", lang),
        "severity": finding.severity.value,
        "code": finding.message_code,
        "sheet": finding.sheet,
        "row": finding.row,
        "column": finding.column,
        "count": finding.count,
        "fix": finding.fix,
        "waived": finding.waived_reason,
        **finding.said(lang),
    }


def _print(found: dict[str, "tuple[Finding, ...]"], lang: str) -> None:
    from hanse.node.intake.check import RULE_IDS

    for slug, findings in found.items():
        typer.echo(slug)
        counts = Counter(finding.rule for finding in findings)
        for rule in RULE_IDS:
            title = say(f"{rule}_TITLE", lang)
            if not counts[rule]:
                typer.echo(f"  ✔ {rule}  {title}")
                continue
            own = [finding for finding in findings if finding.rule == rule]
            typer.echo(f"  {_mark(own)} {rule}  {title}: {counts[rule]}")
            for finding in own[:LISTED_PER_RULE]:
                typer.echo(f"      {' '.join(finding.said(lang).values())}")


def _mark(findings: Sequence["Finding"]) -> str:
    """Return the sign of a rule's worst finding: stops, waits for a look, or accepted."""
    if any(finding.blocks for finding in findings):
        return "✖"
    return "☑" if all(finding.waived_reason for finding in findings) else "⚠"


def _write_failing(path: Path, found: dict[str, "tuple[Finding, ...]"], lang: str) -> None:
    from hanse.dialects.failing_rows import encode

    rows = [
        (slug, each.rule, each.severity.value, each.sheet, each.row, each.column,
         " ".join(each.said(lang).values()))
        for slug, findings in found.items()
        for each in findings
        if each.row and each.waived_reason is None
    ]  # fmt: skip
    _replace(path, encode(rows))


def export_swing(
    dataset: Annotated[str, typer.Argument(help="Dataset with a draft or a release.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Workbook to write.")],
    release: Annotated[
        str, typer.Option("--release", help="A release's id, or last; else the draft if it is one.")
    ] = "",
    home: Home = None,
    quiet: Quiet = False,
) -> None:
    """Write a draft, or a release, as a Swing workbook with the 42-column indicator sheet.

    A draft comes back in the sheets it came in. A release is written as it was published: rolled up
    levels and formulas too, and what is hidden as -99997.
    """
    from hanse.node.intake.draft import slugs
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    drafted = not release and dataset in slugs(settings.home)
    content, cells = (
        _draft_workbook(settings, dataset)
        if drafted
        else _release_workbook(settings, dataset, None if release in {"", "last"} else release)
    )
    _replace(output, content)
    if not quiet:
        typer.echo(say("EXPORT_DONE", settings.language, file=output.name, cells=cells))


def _draft_workbook(settings: "NodeSettings", dataset: str) -> tuple[bytes, int]:
    from hanse.areas.level import to_swing
    from hanse.dialects.swing import encode
    from hanse.node.intake.draft import load

    draft = load(settings.home, dataset)
    contract = draft.contract
    levels = {level: to_swing(level) for level in contract.levels}
    content = encode(draft.cells, contract.indicators, contract.dimensions, draft.shapes, levels)
    return content, draft.cells.num_rows


def _release_workbook(
    settings: "NodeSettings", dataset: str, release: str | None
) -> tuple[bytes, int]:
    from hanse.areas.level import to_swing
    from hanse.dialects.swing.release import render
    from hanse.node.press import open_press
    from hanse.node.publish import published

    found = published(open_press(settings), dataset, release)
    contract = found.contract
    levels = {level: to_swing(level) for level in contract.levels}
    content = render(found.cells, contract.indicators, contract.dimensions, levels)
    return content, found.cells.rows


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole, then let it take its name."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
