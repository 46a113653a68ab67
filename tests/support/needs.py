"""What a test needs from outside: found, installed where we may, skipped with its name elsewhere.

With `HANSE_REQUIRE_ALL=1` (continuous integration) nothing is skipped: a missing thing fails.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Thing:
    """Something from outside: how to find it, and the system packages that bring it."""

    found: Callable[[], bool]
    packages: tuple[str, ...] = ()


def shared_data() -> Path:
    """Return the folder of real data that stands beside the checkout; it may be absent."""
    return Path(os.environ.get("HANSE_SHARED_DATA", ROOT.parent / "shared" / "data"))


def postgres_bin() -> Path | None:
    """Return the folder with `initdb` and `pg_ctl` of the newest PostgreSQL, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def chromium() -> str | None:
    """Return the headless browser's path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _has_rsdmx() -> bool:
    """Say whether R is there with the packages that its scripts load."""
    library = Path("/usr/lib/R/site-library")
    return shutil.which("Rscript") is not None and (library / "rsdmx").exists()


THINGS = {
    "shared_data": Thing(lambda: (shared_data() / "README.md").exists()),
    "postgresql": Thing(lambda: postgres_bin() is not None, ("postgresql",)),
    "chromium": Thing(lambda: chromium() is not None, ("chromium",)),
    "nginx": Thing(lambda: shutil.which("nginx") is not None, ("nginx-light",)),
    "node": Thing(
        lambda: None not in (shutil.which("node"), shutil.which("npm")), ("nodejs", "npm")
    ),
    "r": Thing(_has_rsdmx, ("r-base-core", "r-cran-rsdmx", "r-cran-jsonlite")),
    "java": Thing(lambda: shutil.which("java") is not None, ("default-jre-headless",)),
    "gdal": Thing(lambda: shutil.which("ogr2ogr") is not None, ("gdal-bin",)),
    "libreoffice": Thing(lambda: shutil.which("soffice") is not None, ("libreoffice-calc-nogui",)),
}


@cache
def missing(name: str) -> str:
    """Return "" when the thing is there (perhaps installed just now), else why it is not."""
    thing = THINGS[name]
    if thing.found():
        return ""
    if not thing.packages or not _may_install():
        wanted = ", ".join(thing.packages) or f"{shared_data()} (set HANSE_SHARED_DATA)"
        return f"{name} is missing: needs {wanted}"
    with _one_at_a_time():
        if not thing.found():
            _install(thing.packages)
    return "" if thing.found() else f"{name} could not be installed from {thing.packages}"


def need(name: str) -> None:
    """Let the running test go on only with the thing there."""
    reason = missing(name)
    if reason and os.environ.get("HANSE_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    lock = Path(tempfile.gettempdir()) / "hanse-tests-install.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(packages: tuple[str, ...]) -> None:
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])


def _run(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        command, env=environment, capture_output=True, timeout=INSTALL_SECONDS, check=False
    )
