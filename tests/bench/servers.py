"""The servers that are measured, each started on a free loopback port and stopped by its handle."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import wait_for

PEERS = Path(os.environ.get("HANSE_BENCH_PEERS", ".bench-peers"))
"""A virtual environment with `roapi`, `datasette` and `tiled`; absent, their rows say so."""

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  open_file_cache max=10000; open_file_cache_valid 600s;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}; default_type application/octet-stream; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port and the process whose tree is measured."""

    port: int
    pid: int


def has(peer: str) -> bool:
    """Say whether a peer is installed."""
    return (PEERS / "bin" / peer).exists()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str = "/") -> bool:
    """Say whether something speaks HTTP there."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
        return True
    return False


def served(port: int, path: str) -> bool:
    """Say whether something is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status == http.client.OK


@contextmanager
def running(command: list[str], port: int, folder: Path, path: str = "/") -> Iterator[Server]:
    """Start a server, wait until it answers, and stop exactly that process at the end."""
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log,
            env={**os.environ, "RUST_LOG": "error"}, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(lambda: answers(port, path) or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} stopped: see {folder}/server-{port}.log")
            yield Server(port, process.pid)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[Server]:
    """Serve files as fast as the machine can: the limit."""
    port = free_port()
    configuration = folder / f"nginx-{port}.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, root=root))
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    with running([binary, "-c", str(configuration), "-p", str(folder)], port, folder) as server:
        yield server


@contextmanager
def roapi(parquet: Path, folder: Path) -> Iterator[Server]:
    """Serve a Parquet file from memory: the best peer for bulk."""
    port, postgres, flight = free_port(), free_port(), free_port()
    command = [
        str((PEERS / "bin" / "roapi").absolute()),
        "-a", f"127.0.0.1:{port}", "-p", f"127.0.0.1:{postgres}",
        "--addr-flight-sql", f"127.0.0.1:{flight}", "-t", f"r={parquet}",
    ]  # fmt: skip
    with running(command, port, folder, "/api/schema") as server:
        yield server


@contextmanager
def datasette(database: Path, folder: Path) -> Iterator[Server]:
    """Serve a SQLite file: the peer every data journalist knows."""
    port = free_port()
    command = [
        str((PEERS / "bin" / "datasette").absolute()), "serve", "-i", str(database),
        "-h", "127.0.0.1", "-p", str(port),
        "--setting", "max_returned_rows", "5000", "--setting", "sql_time_limit_ms", "60000",
        "--setting", "max_csv_mb", "0", "--setting", "num_sql_threads", "1",
    ]  # fmt: skip
    with running(command, port, folder, "/-/versions.json") as server:
        yield server


@contextmanager
def tiled(data: Path, folder: Path) -> Iterator[Server]:
    """Serve a folder of Parquet files: the peer of the laboratories."""
    port = free_port()
    command = [
        str((PEERS / "bin" / "tiled").absolute()), "serve", "directory", str(data), "--public",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with running(command, port, folder, "/api/v1/") as server:
        wait_for(lambda: served(port, "/api/v1/metadata/r"))  # it looks at the folder afterwards
        yield server


@contextmanager
def hanse_node(home: Path, port: int, folder: Path) -> Iterator[Server]:
    """Serve a node as its operator does, one worker."""
    command = [
        str(Path(sys.executable).parent / "hanse"), "serve",
        "--home", str(home), "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with running(command, port, folder, "/health/live") as server:
        yield server
