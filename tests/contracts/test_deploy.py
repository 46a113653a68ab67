"""The files in deploy/ do what they say: units start what exists, the proxy changes nothing."""

import configparser
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from tests.support.houses import free_ports, hanse
from tests.support.live import live
from tests.support.needs import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
BODY = bytes(range(256)) * 4_096


@pytest.mark.parametrize("file", UNITS, ids=[file.name for file in UNITS])
def test_a_unit_starts_a_command_with_options_that_exist(file: Path) -> None:
    unit = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(file)
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/bin/hanse")
    command = words[: words.index("--host")]
    told = hanse(*command, "--help")
    for option in (word for word in words if word.startswith("--")):
        assert option in told
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    assert unit["Service"]["User"] != "root"


@contextmanager
def proxied(folder: Path, upstream: str) -> Iterator[str]:
    """Run nginx with the snippet, without TLS, in front of an address."""
    (port,) = free_ports(1)
    text = (ROOT / "deploy" / "nginx" / "hanse-node.conf").read_text("utf-8")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = re.sub(r"^\s*ssl_certificate.*$", "", text, flags=re.MULTILINE)
    text = text.replace("http://127.0.0.1:8101", upstream)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;"
        f" gzip on; gzip_types *;\n{text}\n}}\n"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    running = subprocess.Popen([program, "-p", str(folder), "-c", str(config)])
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


@pytest.mark.needs("nginx")
def test_the_proxy_passes_hosts_ranges_and_digests_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BODY)

    async def answer(request: Request) -> FileResponse:
        headers = {"Repr-Digest": "sha-256=:AAAA:", "Seen-Host": request.headers["host"]}
        return FileResponse(tmp_path / "file", media_type="text/csv", headers=headers)

    app = Starlette(routes=[Route("/v1/data", answer)])
    with live(app) as upstream, proxied(tmp_path, upstream) as url:
        asked = {"Accept-Encoding": "gzip", "Host": "cijfers.aalst.example"}
        whole = httpx.get(f"{url}/v1/data", headers=asked)
        part = httpx.get(f"{url}/v1/data", headers={**asked, "Range": "bytes=256-511"})
    assert (whole.status_code, whole.content) == (200, BODY)
    assert "content-encoding" not in whole.headers
    assert int(whole.headers["content-length"]) == len(BODY)
    assert whole.headers["repr-digest"] == "sha-256=:AAAA:"
    assert whole.headers["seen-host"] == "cijfers.aalst.example"
    assert (part.status_code, part.content) == (206, BODY[256:512])
