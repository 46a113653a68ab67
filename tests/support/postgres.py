"""A private PostgreSQL for one test session: its own cluster, on loopback, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from tests.support.needs import postgres_bin

START_SECONDS = 60
OPTIONS = "-c fsync=off -c full_page_writes=off -c max_connections=60"


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster as somebody without privileges; give the URL of its server."""
    folder = postgres_bin()
    if folder is None:
        raise RuntimeError("PostgreSQL is missing")
    home = Path(tempfile.mkdtemp(prefix="hanse-pg-"))
    port = _free_port()
    _owned(home)
    try:
        _run(folder / "initdb", "-D", home / "data", "-U", "hanse", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 {OPTIONS}"
        log = home / "log"
        _run(folder / "pg_ctl", "-D", home / "data", "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://hanse@127.0.0.1:{port}"
        finally:
            _run(folder / "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def database(server: str) -> str:
    """Make an empty database on a server of `cluster` and return its URL."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(
        f"{server}/postgres".replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _owned(home: Path) -> None:
    """Give the folder to the server's user: PostgreSQL refuses to run as root."""
    if os.geteuid() == 0:
        user = _user()
        os.chown(home, user.pw_uid, user.pw_gid)


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


def _run(*command: object) -> None:
    user = _user().pw_uid if os.geteuid() == 0 else None
    subprocess.run(
        [str(part) for part in command],
        check=True,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        timeout=START_SECONDS,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
