"""Every command that the guides show is run, page by page and in order, and ends as it says there.

A page is read as its reader does it. In a `console` block a line with `$ ` is a command, and
`# exit status N` at its end what it ends with (0 where nothing is said); a `python` block is run as
a script. Comments that a reader of the page does not see say the rest: `<!-- background: 8101 -->`
(the next block keeps running in a terminal of its own; go on when that port, or that text, is
there) and `<!-- file: NAME -->` (the next block is the content of that file).
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.needs import ROOT

from hanse.cli.demo.servers import free_ports

PAGE_SECONDS = 600
FIRST_PORT, PORTS = 8100, 4
GUIDE = ROOT / "docs" / "guide"
WALKS = (("pull.md", "reports.md", "protocols.md"), ("publish.md",), ("operate.md",))
"""Pages that one reader walks through in one folder; a demo they share is started once."""

ELSEWHERE = frozenset({"clients.md"})
"""Pages whose examples run in other people's environments: `tests/dialects/doors/test_guide.py`."""

WITH_THE_TOUR = "pull.md"
"""The page whose demo the tour of the README is walked through with."""

DEMO = "hanse demo --keep demo"

_COMMENT = re.compile(r"<!-- (background|file): (.+) -->")
_STATUS = re.compile(r"  # exit status ([0-9]+)$")
_TOUR = re.compile(r"^[0-9]\. `(hanse [^`]+)`(.*)$", re.MULTILINE)
_PORT = re.compile(r"\b810([0-3])\b")

RUN = r"""
set -u
fail() { echo "FAILED $1" >&2; exit 99; }
run() {
    wanted=$1; shift; echo "\$ $1"
    eval "$1"; got=$?
    [ "$got" = "$wanted" ] || fail "exit status $got, not $wanted: $1"
}
wait_for() {
    for _ in $(seq 1800); do
        case $2 in
            *[!0-9]*) grep -qF -- "$2" "$3" && return ;;
            *) (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return ;;
        esac
        kill -0 "$1" 2>/dev/null || { cat "$3" >&2; fail "it stopped"; }
        sleep 0.1
    done
    cat "$3" >&2; fail "never: $2"
}
stop() { for job in $(jobs -p); do kill "$job"; done; wait; }
trap stop EXIT
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and what the comment before it says."""

    language: str
    text: str
    kind: str = ""
    told: str = ""


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    kind, told, language, lines = "", "", "", list[str]()
    for line in page.splitlines():
        if line.startswith("```"):
            if language:
                yield Block(language, "\n".join(lines), kind, told)
                kind, told, language, lines = "", "", "", []
            else:
                language = line.removeprefix("```").strip() or "text"
        elif language:
            lines.append(line)
        elif match := _COMMENT.fullmatch(line):
            kind, told = match[1], match[2]


def commands(text: str) -> Iterator[tuple[str, int]]:
    """Yield each command of a console block with the status it should end with."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command = part.rstrip()
        while command.count("\\\n") < command.count("\n"):
            command = command.rpartition("\n")[0]
        status = _STATUS.search(command)
        yield _STATUS.sub("", command), int(status[1]) if status else 0


def tour() -> str:
    """Return the steps of the README's tour that are commands, as a console block."""
    found = _TOUR.findall((ROOT / "README.md").read_text("utf-8"))
    lines = [f"$ {each}{'  # exit status 3' if 'refused' in rest else ''}" for each, rest in found]
    return "\n".join(["```console", *lines, "```"])


def script(page: str, first_port: int) -> str:
    """Return the page as one shell script; its ports are replaced by free ones."""
    lines, kept = [RUN], set[str]()
    for number, block in enumerate(blocks(page)):
        if block.kind == "file":
            lines.append(f"cat > {block.told} <<'END_OF_FILE'\n{block.text}\nEND_OF_FILE")
        elif block.kind == "background" and block.text not in kept:
            kept.add(block.text)
            lines += _kept_running(block, f"background-{number}.log", first_port)
        elif block.language == "console" and not block.kind:
            lines += [f"run {status} {shlex.quote(each)}" for each, status in commands(block.text)]
        elif block.language == "python":
            lines.append(f"python3 - <<'END_OF_FILE' || fail python\n{block.text}\nEND_OF_FILE")
    moved = _PORT.sub(lambda match: str(first_port + int(match[1])), "\n".join(lines))
    return moved + "\necho PAGE DONE\n"


def _kept_running(block: Block, log: str, first_port: int) -> Iterator[str]:
    ((command, _),) = commands(block.text)
    port = f" --port {first_port}" if command == DEMO else ""
    yield f"{command}{port} > {log} 2>&1 &"
    yield f"wait_for $! {shlex.quote(block.told)} {log}"


def read(name: str) -> str:
    """Return a page of the guide; one of them with the README's tour at its end."""
    page = (GUIDE / name).read_text("utf-8")
    assert any(block.language == "console" for block in blocks(page)), f"{name} shows no command"
    return f"{page}\n{tour()}\n" if name == WITH_THE_TOUR else page


def test_every_page_of_the_guide_is_walked_through() -> None:
    assert sorted(name for walk in WALKS for name in walk) == sorted(
        path.name for path in GUIDE.glob("*.md") if path.name not in ELSEWHERE
    )
    assert tour().count("$ hanse") == 5


@pytest.mark.parametrize("walk", WALKS, ids="+".join)
@pytest.mark.timeout(PAGE_SECONDS + 30)
def test_every_command_of_the_guide_ends_as_it_says(walk: tuple[str, ...], tmp_path: Path) -> None:
    page = "\n".join(read(name) for name in walk)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-c", script(page, free_ports(0))],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:]
    assert done.stdout.endswith("PAGE DONE\n")


def test_a_command_that_ends_otherwise_is_seen(tmp_path: Path) -> None:
    page = "```console\n$ true\n$ false  # exit status 1\n$ exit_is_not_zero\n```\n"
    done = subprocess.run(
        ["bash", "-c", script(page, FIRST_PORT)], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 99
    assert b"exit status 127, not 0: exit_is_not_zero" in done.stderr
