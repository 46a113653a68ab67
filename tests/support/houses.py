"""A league as its people run it: commands typed in folders, servers as processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hanse.cli.main import build
from hanse.client.federation import Federation, connect
from hanse.client.settings import ClientSettings, read_config

START_SECONDS = 60
STOP_SECONDS = 20
CLIENT, CLIENT_KBO, PURPOSE = "provincie", "0207725597", "beleid"


@dataclass(frozen=True, slots=True)
class Town:
    """A city with a node."""

    nis: str
    name: str
    kbo: str

    @property
    def agency(self) -> str:
        return f"NIS{self.nis}"


def hanse(*words: object, env: dict[str, str] | None = None, status: int = 0) -> str:
    """Type a command; return what it printed on standard output."""
    typed = [str(word) for word in words]
    done = CliRunner().invoke(build(), typed, env=env)
    if done.exit_code != status:
        raise AssertionError(f"hanse {' '.join(typed)}: {done.output}") from done.exception
    return done.stdout


def hanse_apart(*words: object, env: dict[str, str] | None = None, status: int = 0) -> str:
    """Type a command in a process of its own; return what it printed on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "hanse.cli", *(str(word) for word in words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(env or {})},
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == status, f"hanse {words}: {done.stdout}{done.stderr}"
    return done.stdout


def hanse_json(*words: object, **how: Any) -> Any:
    """Type a command with --json; return the one document it printed."""
    return json.loads(hanse(*words, "--json", **how))


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on, no two the same."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in held]


@dataclass
class League:
    """A catalogue, its nodes and one province, below one folder."""

    folder: Path
    towns: Sequence[Town]
    databases: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("catalogue", *(town.nis for town in self.towns))
        ports = free_ports(len(names))
        self.urls = {
            name: f"http://127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)
        }

    def home(self, name: str) -> Path:
        """Return the folder of a node (by NIS code) or of the catalogue."""
        return self.folder / name

    @property
    def config(self) -> Path:
        """The file with the province's sign-in."""
        return self.folder / "provincie" / "client.json"

    @property
    def key(self) -> str:
        """The thumbprint of the province's key."""
        return str(json.loads((self.folder / "provincie.jwk").read_text())["kid"])

    @property
    def env(self) -> dict[str, str]:
        """What the province has in its environment."""
        cache = str(self.folder / "provincie" / "cache")
        return {"HANSE_CONFIG": str(self.config), "HANSE_CACHE": cache, "HANSE_PURPOSE": PURPOSE}

    def found(self) -> None:
        """Make the catalogue, and the province that signs in there."""
        url, home = self.urls["catalogue"], self.home("catalogue")
        extra = self._database("catalogue")
        hanse("catalog", "init", "--home", home, "--base-url", url, *extra)
        login = ("login", "--catalogue", url, "--client-id", CLIENT)
        key = hanse_json(*login, env=self.env)["public_key"]
        keys = self.folder / "provincie.jwk"
        keys.write_text(json.dumps(key))
        scopes = ("--scopes", "catalog:read dataset:read", "--party", CLIENT_KBO)
        hanse("catalog", "client", "add", CLIENT, "--keys", keys, *scopes, "--home", home)

    def settle(self, town: Town) -> Path:
        """Make a node in an empty folder; return it."""
        home = self.home(town.nis)
        typed = hanse_apart if town.nis in self.databases else hanse
        typed(
            "init", home, "--agency", town.agency, "--name", town.name, "--kbo", town.kbo,
            "--territory", f"gemeente:{town.nis}", "--base-url", self.urls[town.nis],
            "--contact", f"cijfers@{town.name.lower()}.example",
            "--catalogue-url", self.urls["catalogue"],
            "--catalogue-keys", self.home("catalogue") / "catalogue-keys.json",
            *self._database(town.nis),
        )  # fmt: skip
        return home

    def _database(self, name: str) -> tuple[str, ...]:
        url = self.databases.get(name, "")
        return ("--database-url", url) if url else ()

    def start(self, *names: str) -> None:
        """Start servers and wait until they listen."""
        for name in names:
            role = ("catalog", "serve") if name == "catalogue" else ("serve",)
            log = (self.folder / f"{name}.log").open("ab")
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "hanse.cli", *role, "--home", str(self.home(name))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            log.close()
        for name in names:
            self._await(name)

    def _await(self, name: str) -> None:
        port = int(self.urls[name].rpartition(":")[2])
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.running[name].poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / f"{name}.log").read_text()[-2_000:])

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one server, by its process id."""
        os.kill(self.running[name].pid, number)

    def kill(self, name: str) -> None:
        """Kill a server that has no time to say goodbye."""
        self.signal(name, signal.SIGKILL)
        self.running.pop(name).wait(STOP_SECONDS)

    def stop_all(self) -> None:
        """Stop every server that was started here."""
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def join(self, town: Town) -> None:
        """Enrol a node, approve it by its fingerprint, and look at it."""
        asked = hanse_json("enrol", "--home", self.home(town.nis))
        at = ("--home", self.home("catalogue"))
        hanse("catalog", "approve", town.agency, "--fingerprint", asked["fingerprint"][:12], *at)
        hanse("catalog", "harvest", town.agency, *at)

    def agree(self, town: Town, form: Path) -> None:
        """Let a town and the province agree: both advise and sign, each with its own key."""
        typed = hanse_apart if town.nis in self.databases else hanse
        at, name = ("--home", self.home(town.nis)), f"urn:protocol:{town.name.lower()}:2026-001"
        copied = self.folder / f"{town.nis}.protocol.json"
        signs = ("--kbo", CLIENT_KBO, "--key", read_config(self.config).key)
        typed("partner", "add", CLIENT_KBO, "--keys", self.folder / "provincie.jwk", *at)
        typed("protocol", "new", form, "--as", "an", *at)
        typed("protocol", "advise", name, "--outcome", "favourable", "--as", "dirk", *at)
        for advice in (("--advise", "favourable"), ()):
            typed("protocol", "export", name, copied, *at)
            typed("protocol", "countersign", copied, *signs, *advice)
            typed("protocol", "apply", copied, *at)
        typed("protocol", "sign", name, "--as", "bo", *at)
        typed("protocol", "activate", name, *at)

    @contextmanager
    def province(self) -> Iterator[Federation]:
        """Give the province's way to ask."""
        settings = ClientSettings(
            config=self.config, cache=self.folder / "provincie" / "cache", purpose=PURPOSE
        )
        with connect(settings, read_config(self.config)) as federation:
            yield federation


def protocol(
    town: Town, dataset: str, levels: str, profile: str = "open-0", *, key: str = ""
) -> str:
    """Return the review form by which a town opens a dataset to the province and its `key`."""
    return f"""\
schema: 1
id: urn:protocol:{town.name.lower()}:2026-001
version: 1
title: Provinciale monitor
parties:
  - {{role: supplier, kbo: "{town.kbo}", name: {town.name}}}
  - role: recipient
    kbo: "{CLIENT_KBO}"
    name: Provincie
    client_id: {CLIENT}
    keys: [{key}]
    bearer: true
basis: {{kind: bilateral, text: Overeenkomst}}
purposes: [{PURPOSE}]
data:
  datasets: [{dataset}]
  indicators: all
  levels: [{levels}]
  areas: all
  periods: all
  breakdowns: all
  formats: [json, csv, xlsx, parquet, arrow]
actions: [read]
terms: {{profile: {profile}, group_size_min: 0, onward: none, retention: P1Y, measures: [audit]}}
valid: {{from: "2020-01-01", until: "2090-01-01"}}
"""
