"""`hanse demo`: a catalogue and three cities on this machine, with generated figures."""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hanse.cli.demo.servers import Servers
    from hanse.cli.demo.staging import Stage
    from hanse.cli.demo.story import Story
    from hanse.client.federation import Federation

Act = Callable[[], None]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the whole story without a person, then stop.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once: print one JSON document.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", help="First of five ports; 0: any that are free.", min=0)
    ] = 8100,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Folder to work in, left standing afterwards.")
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option("--files", help="Only write the demo's workbooks and area tables here."),
    ] = None,
) -> None:
    """Start a catalogue and three cities on this machine and show the way around."""
    from hanse.cli.demo import staging
    from hanse.cli.demo.servers import free_ports

    if files is not None:
        for path in staging.write_files(files):
            typer.echo(str(path))
        return
    with _folder(keep) as folder:
        stage = staging.Stage(folder, free_ports(0 if once and port == 8100 else port))
        ok = _play(stage, as_json=as_json) if once else _stay(stage)
    if not ok:
        raise typer.Exit(1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="hanse-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _look(stage: "Stage") -> Callable[[], "Federation"]:
    from hanse.client.federation import connect
    from hanse.client.settings import ClientSettings, read_config

    settings = ClientSettings(config=stage.config, cache=stage.folder / "province" / "cache")
    return lambda: connect(settings, read_config(stage.config))


def _play(stage: "Stage", *, as_json: bool) -> bool:
    """Play every step; True when all of it held."""
    from hanse.cli.demo import story
    from hanse.cli.demo.servers import Servers

    told = story.Story()
    servers = Servers(stage)
    look = _look(stage)
    try:
        story.publish(told, stage)
        if told.ok:
            servers.start_all()
            story.enrol(told, stage, look)
        if told.ok:
            story.ask(told, look)
            story.compare(told, servers, look)
    finally:
        servers.stop_all()
    document = told.document()
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for step in document["steps"]:
            typer.echo(f"{'+' if step['ok'] else 'x'} {step['step']:8} {step['seconds']:7.2f} s")
    return bool(document["ok"])


def _stay(stage: "Stage") -> bool:
    """Start everything, show the way around, and stop cleanly when asked to."""
    from hanse.cli.demo import story, tour
    from hanse.cli.demo.servers import Servers

    told = story.Story()
    servers = Servers(stage)
    stopped: list[int] = []

    def stop(received: int, _frame: object) -> None:
        stopped.append(received)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        for line, play in _acts(told, stage, servers):
            if not stopped:
                typer.echo(f"… {line}")
                play()
        if not stopped and told.ok:
            typer.echo(tour.text(stage))
        while not stopped and told.ok:
            time.sleep(0.2)
    finally:
        servers.stop_all()
    for line in told.faults:
        typer.echo(line, err=True)
    typer.echo("stopped")
    return bool(told.ok)


def _acts(told: "Story", stage: "Stage", servers: "Servers") -> Iterator[tuple[str, Act]]:
    from hanse.cli.demo import story

    yield "publishing: three cities, two datasets each", lambda: story.publish(told, stage)
    if told.ok:
        yield "starting the catalogue and the nodes", servers.start_all
        yield "harvesting", lambda: story.enrol(told, stage, _look(stage))
