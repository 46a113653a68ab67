"""What a collection may stand on and be compared by: an S3 server, a Spark Connect cluster.

Both are other people's programs, unmodified, in environments of their own, on loopback.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support import environments

START_SECONDS = 60
WORKERS = 2
KEYS = {
    "AWS_ACCESS_KEY_ID": "figures",
    "AWS_SECRET_ACCESS_KEY": "figures",
    "AWS_REGION": "us-east-1",
}


@contextmanager
def store(folder: Path) -> Iterator[str]:
    """Run a server of the S3 protocol; give its address."""
    port = _free_port()
    command = [str(environments.program("moto", "moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port, folder / "store.log", {}):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def cluster(folder: Path, s3: str) -> Iterator[str]:
    """Run a Spark Connect server with two workers that reads this S3 server; give its address."""
    port = _free_port()
    command = [
        str(environments.program("sail", "sail")), "spark", "server",
        "--ip", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    told = {
        "SAIL_MODE": "local-cluster",
        "SAIL_CLUSTER__WORKER_INITIAL_COUNT": str(WORKERS),
        "AWS_ENDPOINT": s3,
        "AWS_ALLOW_HTTP": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        **KEYS,
    }
    with _running(command, port, folder / "cluster.log", told):
        yield f"sc://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, log: Path, told: Mapping[str, str]) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **told}
        )
        try:
            _wait(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text("utf-8", "replace")[-2_000:], pytrace=False)
