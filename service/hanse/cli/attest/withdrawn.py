"""What is revoked: the list is signed, fresh and goes on, and what stands on it opens nothing."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.auth.compact import decode
from hanse.auth.feedtokens import is_feed_token
from hanse.auth.revoked import PATH, STATEMENT, RevocationList, read
from hanse.cli.attest.finding import Finding, Suite, judge, skip
from hanse.cli.attest.line import Line, Reply
from hanse.cli.attest.visitor import NEEDS_CLIENT, Client, Visitor, code, governed
from hanse.errors import Invalid

FRESH_SECONDS: Final = 120.0
AHEAD_SECONDS: Final = 60.0
KEPT_SECONDS: Final = 600.0
"""A node asks every minute; a list of ten minutes says that it asks in vain."""

COMMAND_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 1.0
GUARDED: Final = "/v1/datasets"
ENDED: Final = ("DECISION_REVOKED", "DECISION_STATUS")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What an operator hands in: the catalogue's key, a command that revokes `{token}`, and what
    was revoked already. `wait` is how many seconds it may take until a node knows.
    """

    anchor: Sequence[Mapping[str, str]] = ()
    command: str = ""
    protocol: str = ""
    feed_token: str = ""
    wait: float = 75.0


def revocations(means: Withdrawn, client: Client | None) -> Suite:
    """Return the checks on what is revoked, of a catalogue's list or at a node's door."""

    def checks(line: Line) -> Iterator[Finding]:
        reply = line.get(PATH)
        if reply.status == 404:
            yield from _kept(line)
            yield from _token(line, means, client)
            yield from _protocol(line, means.protocol, client)
            yield from _feed_token(line, means.feed_token)
        else:
            yield from _list(line, reply, means)

    return checks


def _list(line: Line, reply: Reply, means: Withdrawn) -> Iterator[Finding]:
    text = reply.body.decode("ascii", "replace")
    yield judge("V01", "the list carries a signature", _is_signed(text), "a signature", "none")
    first = _read(line, text, ())
    name = "the list can be read and is of this catalogue"
    yield judge("V01", name, first is not None, "a list", code(reply))
    if first is None:
        yield skip("V02", "the list goes on", "no list")
        yield skip("V03", "the list is fresh", "no list")
        return
    if means.anchor:
        good = _read(line, text, means.anchor) is not None
        yield judge("V01", "its anchor signed the list", good, "the key of --anchor", "another")
    else:
        yield skip("V01", "its anchor signed the list", "needs --anchor")
    age = time.time() - first.issued_at
    fresh = -AHEAD_SECONDS <= age <= FRESH_SECONDS
    yield judge("V03", "the list is fresh", fresh, f"{FRESH_SECONDS:.0f} s", f"{age:.0f} s old")
    yield from _goes_on(line, means, first)


def _goes_on(line: Line, means: Withdrawn, first: RevocationList) -> Iterator[Finding]:
    """Look again, after a revocation where one can be made."""
    name = "attest-" + format(time.time_ns(), "x")
    made = _revoke(means.command, name)
    time.sleep(PAUSE_SECONDS)
    text = line.get(PATH).body.decode("ascii", "replace")
    later = _read(line, text, means.anchor)
    if later is None:
        yield judge("V02", "the list goes on", False, "a list", "none that can be read")
        return
    least = first.sequence + (1 if made == "" else 0)
    right = later.sequence >= least and later.issued_at >= first.issued_at
    had = f"{later.sequence} after {first.sequence}"
    yield judge("V02", "its numbers go on", right, f"{least} or more", had)
    lost = _names(first) - _names(later)
    yield judge("V02", "nothing leaves the list", not lost, "all of it", f"{len(lost)} less")
    if made == "":
        listed = name in later.revoked.tokens
        yield judge("V04", "what is revoked stands on the list", listed, "listed", "not")
    else:
        yield skip("V04", "what is revoked stands on the list", made)


def _kept(line: Line) -> Iterator[Finding]:
    """Check a node's own copy, as far as it tells: all of it to its own machine."""
    reply = line.get("/health/ready")
    told = reply.json()
    facts = told if isinstance(told, dict) else {}
    checks = facts.get("checks")
    if not isinstance(checks, dict):
        name = "it is ready: what is revoked is known"
        yield judge("V03", name, reply.status == 200, "200", reply.status)
        return
    state = checks.get("revocations")
    yield judge("V03", "what is revoked is known", state == "ok", "ok", state)
    kept = str(facts.get("revocations", "-"))
    words = kept.split()
    if len(words) != 5 or not words[2].isdigit():
        yield skip("V03", "its copy of the list is fresh", "it has none, or belongs to nobody")
        return
    fresh = int(words[2]) <= KEPT_SECONDS
    yield judge("V03", "its copy of the list is fresh", fresh, f"{KEPT_SECONDS:.0f} s", kept)


def _token(line: Line, means: Withdrawn, client: Client | None) -> Iterator[Finding]:
    """Use a token, have it revoked, and use it until it opens nothing."""
    name = f"a revoked token is refused within {means.wait:.0f} s"
    if client is None or not means.command:
        yield skip("V04", name, NEEDS_CLIENT if client is None else "needs --revoke")
        return
    visitor = Visitor.of(line, client)
    before = visitor.get(GUARDED) if visitor.token else Reply(0)
    if before.status != 200:
        yield skip("V04", name, f"no token that is taken: {visitor.fault or code(before)}")
        return
    made = _revoke(means.command, _identifier(visitor.token))
    if made:
        yield skip("V04", name, made)
        return
    last = _until(lambda: visitor.get(GUARDED), 401, means.wait)
    yield judge("V04", name, last.status == 401, "401", code(last))


def _protocol(line: Line, protocol: str, client: Client | None) -> Iterator[Finding]:
    name = "a revoked protocol opens nothing"
    if client is None or not protocol:
        yield skip("V05", name, NEEDS_CLIENT if client is None else "needs --revoked-protocol")
        return
    visitor = Visitor.of(line, client, protocol)
    if visitor.fault:
        refused = visitor.fault.startswith("SIGNIN_REFUSED")
        yield judge("V05", name, refused, "no token for it", visitor.fault)
        return
    path = governed(visitor)
    if not path:
        yield judge("V05", name, True)
        return
    reply = visitor.get(path)
    said = code(reply)
    refused = reply.status == 401 or any(said == f"403 {each}" for each in ENDED)
    yield judge("V05", name, refused, f"401, 403 {ENDED[0]}", said)


def _feed_token(line: Line, token: str) -> Iterator[Finding]:
    name = "a revoked feed token is refused"
    if not token:
        yield skip("V06", name, "needs --revoked-feed-token")
        return
    if not is_feed_token(token):
        yield skip("V06", name, "the file holds no feed token")
        return
    password = _basic(token)
    for way, header in (
        ("as bearer", ("authorization", f"Bearer {token}")),
        ("as password", ("authorization", f"Basic {password}")),
        ("as apikey", ("apikey", token)),
    ):
        reply = line.get(GUARDED, [header])
        yield judge("V06", f"{name}, {way}", reply.status == 401, "401", code(reply))


def _basic(token: str) -> str:
    from base64 import b64encode

    return b64encode(f"attest:{token}".encode()).decode("ascii")


def _is_signed(text: str) -> bool:
    """Say whether a text has the parts, the type and the signature that such a list has."""
    try:
        head, _, signature = text.split(".")
        told = json.loads(decode(head))
        algorithm = told.get("alg")
        good = isinstance(algorithm, str) and algorithm.lower() != "none"
        return good and told.get("typ") == STATEMENT and len(decode(signature)) == 64
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False


def _read(line: Line, text: str, anchor: Sequence[Mapping[str, str]]) -> RevocationList | None:
    try:
        return read(text, line.base, [dict(key) for key in anchor])
    except Invalid:
        return None


def _names(held: RevocationList) -> frozenset[str]:
    revoked = held.revoked
    return revoked.clients | revoked.thumbprints | revoked.protocols


def _revoke(command: str, token: str) -> str:
    """Run the operator's command for a token; return why it was not, "" where it was."""
    if not command:
        return "needs --revoke"
    words = [word.replace("{token}", token) for word in shlex.split(command)]
    try:
        done = subprocess.run(words, capture_output=True, timeout=COMMAND_SECONDS, check=False)  # noqa: S603 the operator's own
    except (OSError, subprocess.TimeoutExpired) as fault:
        return f"the command of --revoke: {type(fault).__name__}"
    return "" if done.returncode == 0 else f"the command of --revoke ended with {done.returncode}"


def _identifier(token: str) -> str:
    return str(json.loads(decode(token.split(".")[1])).get("jti", ""))


def _until(ask: Callable[[], Reply], status: int, wait: float) -> Reply:
    """Ask again until an answer has this status, or the time is over."""
    until = time.monotonic() + wait
    while True:
        reply = ask()
        if reply.status == status or time.monotonic() >= until:
            return reply
        time.sleep(PAUSE_SECONDS)
