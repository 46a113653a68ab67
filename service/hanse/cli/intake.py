"""Commands of whoever publishes: load files into a draft, check it, take it out again, load
areas."""

import getpass
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hanse.cli import areas, drafts
from hanse.errors import Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.dialects.swing import SwingWorkbook
    from hanse.node.intake.build import Order
    from hanse.node.intake.draft import Draft
    from hanse.node.intake.jobs import Job

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the node.")]
Person = Annotated[str, typer.Option("--as", help="Who does this; else whoever is signed in.")]
Dataset = Annotated[str, typer.Option("--dataset", help="Name of the dataset: energie-sector.")]
Title = Annotated[str, typer.Option("--title", help="Title readers see, in Dutch.")]
Description = Annotated[str, typer.Option("--description", help="What the dataset holds.")]
Theme = Annotated[str, typer.Option("--theme", help="Theme it belongs to.")]
AccessOption = Annotated[str, typer.Option("--access", help="open, protocol or internal.")]
Profile = Annotated[str, typer.Option("--profile", help="Protection profile.")]
Licence = Annotated[str, typer.Option("--licence", help="Licence of the figures.")]
Levels = Annotated[
    list[str] | None,
    typer.Option("--level", help="level@vintage, where the codes do not tell; repeatable."),
]
RollUp = Annotated[
    list[str] | None,
    typer.Option("--roll-up", help="Level to add figures up to: gemeente@2024; repeatable."),
]
Scope = Annotated[str, typer.Option("--only", help="Keep one area and below: gemeente:41002.")]
Add = Annotated[bool, typer.Option("--add", help="Add to the draft there is, per period.")]
Mapping = Annotated[
    list[str] | None,
    typer.Option("--map", help="column=role: period, level, area, measure, dimension:SEX, skip."),
]
Concepts = Annotated[
    list[str] | None,
    typer.Option("--concept", help="BREAKDOWN=concept: what it divides by: LEEFTIJD=age."),
]
Indicators = Annotated[
    list[Path] | None, typer.Option("--indicators", help="Workbook with the indicator sheet.")
]
Period = Annotated[str, typer.Option("--period", help="Period of a table without such a column.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing when it went well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    imports = typer.Typer(no_args_is_help=True, help="Load figures into a draft.")
    imports.command("swing")(import_swing)
    imports.command("csv")(import_csv)
    imports.command("parquet")(import_parquet)
    imports.command("sql")(import_sql)
    app.add_typer(imports, name="import")
    drafts.register(app)
    areas.register(app)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the options of an import said about the dataset."""

    dataset: str
    title: str
    description: str
    theme: str
    access: str
    profile: str
    licence: str
    levels: tuple[str, ...]
    roll_up: tuple[str, ...]
    scope: str
    person: str
    concepts: tuple[str, ...]


def import_swing(  # noqa: PLR0913 a command's options are its parameters
    workbooks: Annotated[list[Path], typer.Argument(help="Workbooks, read together.")],
    dataset: Dataset,
    indicators: Indicators = None,
    title: Title = "",
    description: Description = "",
    theme: Theme = "",
    access: AccessOption = "protocol",
    profile: Profile = "standaard-5",
    licence: Licence = "CC-BY-4.0",
    level: Levels = None,
    roll_up: RollUp = None,
    concept: Concepts = None,
    only: Scope = "",
    add: Add = False,
    home: Home = None,
    person: Person = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Load Swing workbooks: every layout, indicator sheets, cube metadata."""
    from hanse.node.intake.jobs import Job

    said = _Said(
        dataset, title, description, theme, access, profile, licence, tuple(level or ()),
        tuple(roll_up or ()), only, person, tuple(concept or ()),
    )  # fmt: skip
    job = Job("swing", (*workbooks, *(indicators or ())))
    _import_files(home, job, said, add=add, as_json=as_json, quiet=quiet)


def import_csv(  # noqa: PLR0913 a command's options are its parameters
    files: Annotated[list[Path], typer.Argument(help="CSV files in UTF-8, of one shape.")],
    dataset: Dataset,
    mapping: Mapping = None,
    indicators: Indicators = None,
    period: Period = "",
    title: Title = "",
    description: Description = "",
    theme: Theme = "",
    access: AccessOption = "protocol",
    profile: Profile = "standaard-5",
    licence: Licence = "CC-BY-4.0",
    level: Levels = None,
    roll_up: RollUp = None,
    concept: Concepts = None,
    only: Scope = "",
    add: Add = False,
    home: Home = None,
    person: Person = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Load CSV files whose columns you name with --map."""
    said = _Said(
        dataset, title, description, theme, access, profile, licence, tuple(level or ()),
        tuple(roll_up or ()), only, person, tuple(concept or ()),
    )  # fmt: skip
    job = _table_job("csv", files, mapping, level, period)
    job = replace(job, described=tuple(indicators or ()))
    _import_files(home, job, said, add=add, as_json=as_json, quiet=quiet)


def import_parquet(  # noqa: PLR0913 a command's options are its parameters
    files: Annotated[list[Path], typer.Argument(help="Parquet files of one shape.")],
    dataset: Dataset,
    mapping: Mapping = None,
    indicators: Indicators = None,
    period: Period = "",
    title: Title = "",
    description: Description = "",
    theme: Theme = "",
    access: AccessOption = "protocol",
    profile: Profile = "standaard-5",
    licence: Licence = "CC-BY-4.0",
    level: Levels = None,
    roll_up: RollUp = None,
    concept: Concepts = None,
    only: Scope = "",
    add: Add = False,
    home: Home = None,
    person: Person = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Load Parquet files whose columns you name with --map."""
    said = _Said(
        dataset, title, description, theme, access, profile, licence, tuple(level or ()),
        tuple(roll_up or ()), only, person, tuple(concept or ()),
    )  # fmt: skip
    job = _table_job("parquet", files, mapping, level, period)
    job = replace(job, described=tuple(indicators or ()))
    _import_files(home, job, said, add=add, as_json=as_json, quiet=quiet)


def import_sql(  # noqa: PLR0913 a command's options are its parameters
    url: Annotated[str, typer.Argument(help="Address of the database: sqlite:///cijfers.db.")],
    query: Annotated[str, typer.Argument(help="A question that only reads.")],
    dataset: Dataset,
    mapping: Mapping = None,
    period: Period = "",
    title: Title = "",
    description: Description = "",
    theme: Theme = "",
    access: AccessOption = "protocol",
    profile: Profile = "standaard-5",
    licence: Licence = "CC-BY-4.0",
    level: Levels = None,
    roll_up: RollUp = None,
    concept: Concepts = None,
    only: Scope = "",
    add: Add = False,
    home: Home = None,
    person: Person = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Load the answer to a question to your own database."""
    from hanse.node.intake import queries
    from hanse.node.intake.cage import limits
    from hanse.node.intake.columns import Columns
    from hanse.node.settings import read_settings

    said = _Said(
        dataset, title, description, theme, access, profile, licence, tuple(level or ()),
        tuple(roll_up or ()), only, person, tuple(concept or ()),
    )  # fmt: skip
    settings = read_settings(home)
    columns = Columns(_pairs("--map", mapping or ()), _constant_level(level), period)
    with _steps(quiet, settings.language) as step:
        step("IMPORT_READ")
        reading = queries.read(url, query, columns, limits(settings))
        draft = _keep(settings, reading, _order(settings, said), ("sql",), step, add=add)
    _report(draft, settings.language, as_json=as_json, quiet=quiet)


def _table_job(
    kind: Any,
    files: Sequence[Path],
    mapping: Sequence[str] | None,
    level: Sequence[str] | None,
    period: str,
) -> "Job":
    from hanse.node.intake.jobs import Job

    pairs = _pairs("--map", mapping or ())
    return Job(kind, tuple(files), pairs, _constant_level(level), period)


def _constant_level(level: Sequence[str] | None) -> str:
    return level[0] if level and len(level) == 1 else ""


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Return name → value; the name may itself hold a `=`."""
    pairs = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not sign or not name or not value:
            raise Invalid("CLI_PAIR", option=option, text=text[:60])
        pairs[name] = value
    return pairs


def _import_files(
    home: Path | None, job: "Job", said: _Said, *, add: bool, as_json: bool, quiet: bool
) -> None:
    from hanse.node.intake import cage
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    order = _order(settings, said)
    with _steps(quiet, settings.language) as step:
        step("IMPORT_READ")
        reading = cage.read(job, cage.limits(settings))
        names = tuple(path.name for path in (*job.files, *job.described))
        draft = _keep(settings, reading, order, names, step, add=add)
    _report(draft, settings.language, as_json=as_json, quiet=quiet)


def _order(settings: Any, said: _Said) -> "Order":
    from hanse.cube.contract import Access
    from hanse.node.intake.build import Order
    from hanse.node.press import own_profiles
    from hanse.policies import profile

    if said.access not in {each.value for each in Access}:
        raise typer.BadParameter("open, protocol or internal", param_hint="--access")
    profile.find(said.profile, own_profiles(settings.home))
    return Order(
        slug=said.dataset,
        agency=settings.agency,
        created_by=_whoever(said.person),
        created_at=datetime.now(UTC),
        title=said.title,
        description=said.description,
        theme=said.theme,
        access=Access(said.access),
        profile=said.profile,
        licence=said.licence,
        contact=settings.contact,
        levels=said.levels,
        roll_up=said.roll_up,
        scope=said.scope,
        concepts=_pairs("--concept", said.concepts),
    )


def _whoever(person: str) -> str:
    """Return who does this: as said, else the account that is signed in."""
    return person or getpass.getuser()


def _keep(
    settings: Any,
    reading: "SwingWorkbook",
    order: "Order",
    sources: Sequence[str],
    step: Any,
    *,
    add: bool,
) -> "Draft":
    from hanse.node.areas import load
    from hanse.node.intake import build, draft

    step("IMPORT_AREAS")
    registry = load(settings.home)
    step("IMPORT_BUILD")
    made = build.build(reading, order, registry, sources)
    if add and order.slug in draft.slugs(settings.home):
        made = build.add(draft.load(settings.home, order.slug), made)
    step("IMPORT_SAVE")
    draft.save(settings.home, made)
    return made


@contextmanager
def _steps(quiet: bool, lang: str) -> Iterator[Any]:
    """Show a bar over the steps of an import, on a terminal; elsewhere nothing."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=4)

        def step(code: str) -> None:
            bar.update(task, description=say(code, lang), advance=1)

        yield step


def _report(draft: "Draft", lang: str, *, as_json: bool, quiet: bool) -> None:
    summary = _summary(draft)
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    elif not quiet:
        typer.echo(say("IMPORT_DONE", lang, **summary))


def _summary(draft: "Draft") -> dict[str, Any]:
    import pyarrow.compute as pc

    cells = draft.cells
    rows = cells.select(["source_sheet", "source_row"]).group_by(["source_sheet", "source_row"])
    states = Counter(cells.column("state").cast("string").to_pylist())
    formulas = sum(each.formula is not None for each in draft.contract.indicators)
    return {
        "dataset": draft.dataset,
        "rows": rows.aggregate([]).num_rows,
        "cells": cells.num_rows,
        "hidden": states["suppressed_source"],
        "indicators": len(draft.contract.indicators),
        "formulas": formulas,
        "levels": ", ".join(draft.contract.levels),
        "periods": ", ".join(sorted(pc.unique(cells.column("period")).to_pylist())),
        "sources": ", ".join(draft.sources),
    }
