"""The province's commands: sign in, search, pull, compare, explain; the answer is never a riddle.

Tables on a terminal, one JSON document with `--json`. Exit codes: 0 everything came · 3 no access ·
4 a node was not reached, what came is printed all the same.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli.language import Lang
from hanse.errors import Invalid

if TYPE_CHECKING:
    from hanse.client.comparison import Comparison
    from hanse.client.federation import Wish

Areas = Annotated[
    str, typer.Option("-g", "--areas", help="Level and codes: gemeente:11002,41002 or 11002.")
]
Periods = Annotated[str, typer.Option("-p", "--periods", help="2021, 2018:2021, 2015: or :2020.")]
Cities = Annotated[
    list[str] | None, typer.Option("--city", "--cities", help="City name or NIS code; repeatable.")
]
Purpose = Annotated[str, typer.Option("--purpose", help="What the figures are for.")]
Release = Annotated[str, typer.Option("--release", help="Release id; else the current one.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File to write.")]
Format = Annotated[str, typer.Option("--format", help="csv, json, parquet, arrow or xlsx.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Deadline = Annotated[
    float | None, typer.Option("--deadline", help="Longest time in seconds.", min=0.05, max=3600)
]
Vintage = Annotated[
    str, typer.Option("--vintage", help="Recalculate to the areas of a year; several: 2024,2025.")
]
Combine = Annotated[
    list[str] | None,
    typer.Option("-a", "--add-up", help="11002+11007, cluster:NAME, province:40000; repeatable."),
]
Bounds = Annotated[
    bool, typer.Option("--bounds", help="Give a hidden sum the bounds that its parts leave.")
]
Confidence = Annotated[
    int | None,
    typer.Option("--confidence", help="Margins of samples at 90, 95 or 99 %; else as published."),
]
Permitted = Annotated[
    bool, typer.Option("--permitted", help="Exactly what the protocol opens, however little.")
]


def register(app: typer.Typer) -> None:
    """Add the province's commands."""
    for command in (login, whoami, search, pull, compare, explain):
        app.command()(command)


def login(
    catalogue: Annotated[str, typer.Option("--catalogue", help="Address of the catalogue.")],
    client_id: Annotated[str, typer.Option("--client-id", help="Name you are registered by.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="Private JWK; made when it is not there.")
    ] = None,
    networks: Annotated[
        list[str] | None, typer.Option("--network", help="Private network to reach (CIDR).")
    ] = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Say who you are and where; make a key if there is none, and show its public half."""
    from hanse.client.keys import ClientKey
    from hanse.client.settings import ClientConfig, read_settings, write_config
    from hanse.messages import say
    from hanse.outbound import Origin

    settings = read_settings()
    file = (key or settings.config.with_name("key.jwk")).expanduser().absolute()
    Origin.of(catalogue)
    if not file.exists():
        ClientKey.generate().write(file)
    held = ClientKey.read(file)
    base = catalogue.rstrip("/")
    write_config(
        settings.config,
        ClientConfig(
            catalogue=base,
            client_id=client_id,
            key=file,
            issuers=(base,),
            networks=tuple(networks or ()),
        ),
    )
    document = {"client_id": client_id, "catalogue": base, "public_key": held.public_jwk()}
    if as_json:
        typer.echo(json.dumps(document))
        return
    typer.echo(say("LOGIN_DONE", lang, file=str(settings.config)))
    typer.echo(say("LOGIN_REGISTER", lang))
    typer.echo(json.dumps(held.public_jwk(), indent=2))


def whoami(
    city: Annotated[str, typer.Option("--city", help="Try to sign in at this node.")] = "",
    purpose: Purpose = "",
    as_json: AsJson = False,
) -> None:
    """Show as whom you sign in, where, and with which key."""
    from hanse.client.federation import connect
    from hanse.client.keys import ClientKey
    from hanse.client.settings import read_config, read_settings

    settings = read_settings()
    config = read_config(settings.config)
    public = ClientKey.read(config.key).public_jwk() if config.key else None
    document: dict[str, object] = {
        "client_id": config.client_id,
        "catalogue": config.catalogue,
        "issuers": list(config.issuers),
        "public_key": public,
    }
    if city:
        with connect(settings, config) as federation:
            node = federation.node(city)
            node.sign_in(_purpose(purpose))
            document["signed_in_at"] = node.url
    if as_json:
        typer.echo(json.dumps(document))
        return
    for name, value in document.items():
        typer.echo(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")


def search(  # noqa: PLR0913 one option per facet of the search
    words: Annotated[str, typer.Argument(help="What you look for, in your own words.")],
    theme: Annotated[str, typer.Option("--theme")] = "",
    level: Annotated[str, typer.Option("--level")] = "",
    access: Annotated[str, typer.Option("--access", help="open or protocol.")] = "",
    page: Annotated[int, typer.Option("--page", min=1)] = 1,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Search what all cities publish."""
    from hanse.cli.screen import show
    from hanse.cli.shown import search_table
    from hanse.client.federation import connect
    from hanse.messages import say

    with connect() as federation:
        found = federation.search(words, page=page, theme=theme, level=level, access=access)
    if as_json:
        typer.echo(found.model_dump_json())
    elif not found.hits:
        typer.echo(say("SEARCH_NOTHING", lang))
    else:
        show(search_table(found, lang))


def pull(  # noqa: PLR0913 one option per axis of a question
    subject: Annotated[str, typer.Argument(metavar="DATASET/INDICATOR")],
    areas: Areas = "",
    periods: Periods = "",
    release: Release = "",
    city: Cities = None,
    purpose: Purpose = "",
    permitted: Permitted = False,
    vintage: Vintage = "",
    add_up: Combine = None,
    bounds: Bounds = False,
    confidence: Confidence = None,
    output: Output = None,
    file_format: Format = "",
    deadline: Deadline = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Pull figures of one or more cities, to the screen or to a file."""
    from hanse.cli.delivered import finish
    from hanse.client.federation import Wish
    from hanse.client.shape import Shape, sure_at

    wish = Wish(
        areas=areas,
        periods=periods,
        cities=listed(city),
        release=release,
        purpose=_purpose(purpose),
        permitted=permitted,
        vintage=vintage,
        combine=tuple(add_up or ()),
        bounds=bounds,
        shape=Shape(confidence=sure_at(confidence)),
    )
    wanted = _format(output, file_format)
    alone = not wish.recasts and confidence is None
    if output and alone and _save_alone(subject, wish, output, wanted, lang):
        return
    finish(_gathered(subject, wish, deadline), output, wanted, as_json=as_json, lang=lang)


def compare(  # noqa: PLR0913 one option per axis of a question
    indicator: Annotated[
        str, typer.Argument(metavar="INDICATOR", help="One, or several with commas.")
    ],
    cities: Cities = None,
    areas: Areas = "",
    periods: Periods = "",
    level: Annotated[str, typer.Option("--level", help="Area level; else gemeente.")] = "",
    vintage: Vintage = "",
    add_up: Combine = None,
    beside: Annotated[
        str, typer.Option("--beside", help="Hold against: province, region, cluster; or usual.")
    ] = "",
    bounds: Bounds = False,
    per: Annotated[str, typer.Option("--per", help="Divide by this indicator (inhabitants).")] = "",
    times: Annotated[
        float, typer.Option("--times", help="With --per: times this.", min=0, max=1e12)
    ] = 1.0,
    index: Annotated[
        str, typer.Option("--index", help="Show as an index; this period is 100.")
    ] = "",
    confidence: Confidence = None,
    spread: Annotated[
        bool, typer.Option("--spread", help="Spread, coverage and trend too.")
    ] = False,
    rank: Annotated[bool, typer.Option("--rank", help="Give every area its place.")] = False,
    place: Annotated[
        str, typer.Option("--from", help="Folder or s3://bucket/prefix that collect filled.")
    ] = "",
    purpose: Purpose = "",
    deadline: Deadline = None,
    output: Output = None,
    file_format: Format = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Lay the figures of many cities side by side, each with its mark; every city accounted for."""
    from hanse.cli.delivered import finish
    from hanse.cli.screen import waiting
    from hanse.client.expressions import listed as words
    from hanse.client.federation import Wish, connect
    from hanse.client.shape import Shape, sure_at
    from hanse.messages import say

    wish = Wish(
        areas=areas,
        periods=periods,
        level=level,
        cities=listed(cities),
        purpose=_purpose(purpose),
        vintage=vintage,
        combine=tuple(add_up or ()),
        bounds=bounds,
        shape=Shape(per, times, index, spread, rank, sure_at(confidence)),
        beside=words(beside.lower()),
    )
    wanted = _format(output, file_format)
    if place:
        from hanse.client.shortcuts import compare_kept

        comparison = compare_kept(place, indicator, wish)
    else:
        with connect() as federation, waiting(say("ASKING_CITIES", lang)):
            comparison = federation.compare(indicator, wish, deadline)
    finish(comparison, output, wanted, as_json=as_json, lang=lang)


def explain(
    subject: Annotated[str, typer.Argument(metavar="DATASET/INDICATOR")],
    areas: Areas = "",
    periods: Periods = "",
    city: Cities = None,
    purpose: Purpose = "",
    as_json: AsJson = False,
) -> None:
    """Say why a figure is hidden or missing, or why a question is refused."""
    from hanse.client.answers import tame
    from hanse.client.federation import Wish, connect

    wish = Wish(areas=areas, periods=periods, cities=listed(city), purpose=_purpose(purpose))
    told = []
    with connect() as federation:
        for member, question in federation.locate(subject, wish):
            told.append((member, federation.node(member.agency).explain(question)))
    if as_json:
        nodes = [
            {"agency": member.agency, "name": member.name, **answer.model_dump(mode="json")}
            for member, answer in told
        ]
        typer.echo(json.dumps({"schema": 1, "nodes": nodes}, ensure_ascii=False))
        return
    for member, answer in told:
        typer.echo(tame(f"{member.name}: {answer.sentence}", 1_000))
        for check in answer.checks:
            typer.echo(f"  {'+' if check.passed else 'x'} {tame(check.name)}: {tame(check.wanted)}")
        if answer.allowed:
            typer.echo(f"  {tame(answer.allowed)}")


def _gathered(subject: str, wish: "Wish", deadline: float | None) -> "Comparison":
    from hanse.client.federation import connect

    with connect() as federation:
        return federation.get(subject, wish, deadline)


def _save_alone(subject: str, wish: "Wish", output: Path, file_format: str, lang: str) -> bool:
    """Save the node's own file when the question goes to one node: resumable, as it rendered it."""
    from hanse.client.federation import connect
    from hanse.messages import say

    with connect() as federation:
        located = federation.locate(subject, wish)
        if len(located) != 1:
            return False
        member, question = located[0]
        saved = federation.node(member.agency).save(question, output, file_format)
    release = saved.signed.manifest.release_id
    told = say("PULL_SAVED_BYTES", lang, file=str(output), size=saved.bytes, release=release)
    typer.echo(told, err=True)
    return True


def listed(cities: list[str] | None) -> tuple[str, ...]:
    """Return the cities of repeated options and of comma lists alike; `all` means every member."""
    named = [each.strip() for given in cities or [] for each in given.split(",") if each.strip()]
    return () if named == ["all"] else tuple(named)


def _purpose(given: str) -> str:
    from hanse.client.settings import read_settings

    return given or read_settings().purpose


def _format(output: Path | None, given: str) -> str:
    """Return the file format: the one asked for, else the extension's; "" for the screen."""
    from hanse.dialects.figures import formats

    chosen = given or (output.suffix.removeprefix(".").lower() if output else "")
    if (chosen or output) and chosen not in formats():
        listed = ", ".join(sorted(formats()))
        raise Invalid("FILE_FORMAT_UNKNOWN", format=chosen[:20] or "?", formats=listed)
    if output and not output.parent.is_dir():
        raise Invalid("PROTECT_FOLDER", path=str(output)[:200])
    return chosen
