"""Environments of other people's software: each client in its own, unmodified, made once.

A client is a folder under `tests/dialects/clients`: `requirements.txt` (Python, every file pinned
by its digest) or `package.json` with its lock (JavaScript), and scripts. A script gets its question
as JSON on standard input and prints JSON lines; what it prints is what the client saw.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.support import needs

CLIENTS = needs.ROOT / "tests" / "dialects" / "clients"
MADE = needs.ROOT / ".clients"
INSTALL_SECONDS = 900
RUN_SECONDS = 120
EACH_SECONDS = 240


def run(client: str, script: str, question: Mapping[str, Any], **environ: str) -> list[Any]:
    """Run a client's script in its environment; return the JSON lines it printed.

    Fails the test with the client's own words where it fails.
    """
    folder = CLIENTS / client
    command = _command(client, folder / script)
    done = _ask(command, Path(tempfile.gettempdir()), json.dumps(question), environ)
    if done.returncode != 0:
        pytest.fail(f"{client}/{script}: {done.stderr[-3_000:]}", pytrace=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def each(client: str, script: str, questions: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Run a client's script once per question; return the JSON lines it printed for each.

    `begin` in a question is an address that is fetched before it. A script of Python or R goes
    through all of them in one process.
    """
    if script.endswith(".mjs"):
        return [_begun(client, script, question) for question in questions]
    folder = CLIENTS / client
    command = _command(client, folder / script)
    if script.endswith(".py"):
        command[-1:] = [str(CLIENTS / "each.py"), command[-1]]
    done = _ask(command, Path(tempfile.gettempdir()), json.dumps(questions), {}, EACH_SECONDS)
    if done.returncode != 0:
        pytest.fail(f"{client}/{script}: {done.stderr[-3_000:]}", pytrace=False)
    found: list[list[Any]] = [[]]
    for line in map(json.loads, filter(str.strip, done.stdout.splitlines())):
        if line is None:
            found.append([])
        else:
            found[-1].append(line)
    return found[:-1]


def _begun(client: str, script: str, question: Mapping[str, Any]) -> list[Any]:
    if "begin" in question:
        urlopen(question["begin"]).close()  # noqa: S310 the test's own node
    return run(client, script, question)


def execute(client: str, script: Path, **environ: str) -> str:
    """Run a script of a guide in a client's environment; return what it printed.

    Fails the test with the client's own words where it fails.
    """
    interpreter = [str(_python(client)), "-I"]
    command = ["Rscript", "--vanilla"] if script.suffix == ".R" else interpreter
    done = _ask([*command, str(script)], script.parent, "", environ)
    if done.returncode != 0:
        pytest.fail(f"{client}: {done.stderr[-3_000:]}", pytrace=False)
    return done.stdout


def program(client: str, name: str) -> Path:
    """Return a program of a client's environment."""
    return _python(client).with_name(name)


def _ask(
    command: list[str],
    folder: Path,
    given: str,
    environ: Mapping[str, str],
    seconds: int = RUN_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a client; one that ends by a signal, as some do when they leave, is asked once more."""
    for _ in range(2):
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            env={**_plain(), **environ},
            cwd=folder,
            check=False,
        )
        if done.returncode >= 0:
            break
    return done


def _plain() -> dict[str, str]:
    """Return the environment without what points Python at this project."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONWARNINGS")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def _command(client: str, script: Path) -> list[str]:
    if script.suffix == ".R":
        needs.need("r")
        return ["Rscript", "--vanilla", str(script)]
    if script.suffix == ".mjs":
        needs.need("node")
        return ["node", str(_javascript(client) / script.name)]
    return [str(_python(client)), "-I", str(script)]


def _python(client: str) -> Path:
    """Return the interpreter of a client's environment, made on first use."""
    wanted = CLIENTS / client / "requirements.txt"
    made = MADE / f"{client}-{_digest(wanted)}"
    interpreter = made / "bin" / "python"
    with _one_at_a_time(client):
        if not (made / ".ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            _uv("venv", "--quiet", "--python", sys.executable, str(made))
            _uv(
                *("pip", "install", "--quiet", "--require-hashes", "--no-deps"),
                *("--python", str(interpreter), "--requirement", str(wanted)),
            )
            (made / ".ready").touch()
    return interpreter


def _javascript(client: str) -> Path:
    """Return a folder with a client's packages and its scripts."""
    folder = CLIENTS / client
    made = MADE / f"{client}-{_digest(folder / 'package-lock.json')}"
    with _one_at_a_time(client):
        if not (made / ".ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(folder / name, made / name)
            _do("npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", cwd=made)
            (made / ".ready").touch()
        for script in folder.glob("*.mjs"):
            shutil.copy(script, made / script.name)
    return made


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes() + sys.version.encode()).hexdigest()[:12]


def _uv(*words: str) -> None:
    _do(str(Path(sys.executable).parent / "uv"), *words)


def _do(*words: str, cwd: Path | None = None) -> None:
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        env=_plain(),
        cwd=cwd,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(words[:4])}: {done.stderr[-2_000:]}", pytrace=False)


@contextmanager
def _one_at_a_time(client: str) -> Iterator[None]:
    MADE.mkdir(exist_ok=True)
    with (MADE / f"{client}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
