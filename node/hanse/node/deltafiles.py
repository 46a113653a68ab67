"""The files of Delta Sharing: made for exactly one reader's view, and had by signed addresses.

An address is good for an hour and for nothing by itself: at every range of bytes the register of
that moment decides again, and a view that became another one is not given under the old address.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hanse.cube.query import Query
from hanse.dialects.delta import changes, labels, statistics
from hanse.errors import NotFound, Refused, Unauthenticated
from hanse.node import continuing
from hanse.node.answer import Answer
from hanse.node.continuing import LIFE_SECONDS, Stale
from hanse.node.readers import Reader, edition
from hanse.node.releases import manifest, tables
from hanse.node.responses import Wish, entity_tag
from hanse.node.running import Node
from hanse.node.tables import read_moment
from hanse.policies.decision import NotPermitted, Permit
from hanse.store.objects import DerivedFiles
from hanse.store.session import reading

ADDRESS: Final = "/delta/files/"
MARK: Final = "sp=r"
"""Readers of the Delta form fetch an address only where it looks signed: this is what they seek."""

_QUESTION: Final = "delta-file"
_SUFFIX: Final = ".parquet"


@dataclass(frozen=True, slots=True)
class Version:
    """A release as a version; `reason` is why it was withdrawn."""

    number: int
    release: str
    digest: str
    at: datetime
    stands: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A file as its reader is told of it; `expires` in seconds since 1970, `size` in bytes."""

    url: str
    digest: str
    size: int
    stats: str
    expires: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it is sent, with what opened it."""

    path: Path
    digest: str
    permit: Permit


def versions(node: Node, dataset: str) -> list[Version]:
    """Return every version of a dataset, withdrawn ones too, by number.

    Ask only for whoever may see the dataset.
    """
    with reading(node.engine) as session:
        rows = tables.history(session, dataset)
    return [
        Version(
            number=row.release_no,
            release=row.release_id,
            digest=row.digest,
            at=read_moment(row.published_at),
            stands=row.state == tables.PUBLISHED,
            reason=row.withdrawn_reason,
        )
        for row in reversed(rows)
    ]


def whole(node: Node, reader: Reader, dataset: str, version: Version) -> Told | None:
    """Return the file of a version as its reader may see it; None where that is not one cell."""
    query = Query(dataset, release=version.release, permitted_only=True)
    found = node.door.answer(reader.principal, query, reader.purpose, reader.form)
    held = _whole(found)
    return _told(node, reader, held, {"d": dataset, "r": version.release}) if found.rows else None


def named(node: Node, reader: Reader, dataset: str, version: Version) -> Told:
    """Return the file with the labels of every code of a version that its reader may see."""
    held = _named(node, reader, dataset, version.release)
    return _told(node, reader, held, {"d": dataset, "n": version.release})


def step(
    node: Node, reader: Reader, dataset: str, every: Sequence[Version], version: Version
) -> Told | None:
    """Return the file of what a version changes; None where that is nothing."""
    plan = _plan(every, version)
    if plan is None:
        return None
    newer, earlier = plan
    if not earlier:
        return whole(node, reader, dataset, newer)
    held = _step(node, reader, dataset, (newer, earlier))
    if held is None:
        return None
    return _told(node, reader, held, {"d": dataset, "v": version.number})


def fetched(node: Node, reader: Reader, link: str) -> Held:
    """Return the file behind an address, decided anew for whom it names.

    Raises `Stale` for an address that is over or was never made, or whose file is another by now;
    `Refused` where the right to it ended since; `NotFound` where the release was withdrawn.
    """
    who = continuing.reader_of(node, reader, link)
    try:
        state = continuing.unseal(node, who, _QUESTION, link)
        held = _again(node, who, state)
    except (Stale, Unauthenticated, NotPermitted) as fault:
        raise Refused("DELTA_LINK_ENDED") from fault
    except NotFound as fault:
        if fault.code == "RELEASE_UNKNOWN":
            raise NotFound("DELTA_RELEASE_GONE") from fault
        raise Refused("DELTA_LINK_ENDED") from fault
    if held is None or held.digest != state["f"]:
        raise Stale("LINK_STALE")
    return held


def _whole(found: Answer) -> Held:
    assert found.file is not None  # noqa: S101 this form is answered with a file
    digest = entity_tag(found, Wish("parquet")).strip('"')
    return Held(found.file, digest, found.permit)


def _again(node: Node, reader: Reader, state: Any) -> Held | None:
    dataset = str(state["d"])
    if "r" in state:
        query = Query(dataset, release=str(state["r"]), permitted_only=True)
        return _whole(node.door.again(reader.principal, query, reader.purpose, reader.form))
    if "n" in state:
        return _named(node, reader, dataset, str(state["n"]))
    every = versions(node, dataset)
    version = next((each for each in every if each.number == state["v"]), None)
    plan = _plan(every, version) if version else None
    if plan is None or not plan[1]:
        return None
    return _step(node, reader, dataset, plan)


def _named(node: Node, reader: Reader, dataset: str, release: str) -> Held:
    query = Query(dataset, release=release, permitted_only=True)
    opened = node.door.described(reader.principal, query, reader.purpose, reader.form)
    rows = labels.table(edition(node, reader, dataset, release))
    facts = [opened.digest, opened.permit.protocol, opened.permit.content_hash, rows.to_pydict()]
    key = hashlib.sha256(json.dumps(["delta-labels", *facts]).encode()).hexdigest()
    kept = DerivedFiles(node.home / "views")
    path = kept.find(key, _SUFFIX) or kept.make(key, _SUFFIX, lambda at: labels.write(at, rows))
    return _checked(path, opened.permit)


def _checked(path: Path, permit: Permit) -> Held:
    digest = path.stem.rpartition("-")[2]
    manifest.check(path, f"sha-256:{digest}")
    return Held(path, digest, permit)


Plan = tuple[Version, tuple[Version, ...]]
"""A release, and the earlier ones it is compared with: first the one that stood, if any did."""


def _plan(every: Sequence[Version], version: Version) -> Plan | None:
    """Return what a version is made of; None for a withdrawn one with nothing before it.

    A version that stands is compared with the one that stood before it and with every withdrawn one
    in between, since a reader may hold either. A withdrawn one goes back to what stood before it.
    """
    before = [each for each in every if each.number < version.number]
    standing = [each for each in before if each.stands]
    if not version.stands:
        return (standing[-1], (version,)) if standing else None
    base = standing[-1:]
    since = base[0].number if base else -1
    return version, (*base, *(each for each in before if each.number > since))


def _step(node: Node, reader: Reader, dataset: str, plan: Plan) -> Held | None:
    newer, earlier = plan
    query = Query(dataset, release=newer.release, permitted_only=True)
    asked = reader.principal, query, reader.purpose, reader.form
    opened = node.door.described(*asked)
    permit = opened.permit
    facts = [
        [newer.digest, *([each.digest, each.stands] for each in earlier)],
        [permit.protocol, permit.content_hash, opened.register],
        [reader.principal.client_id, reader.purpose or reader.principal.purpose],
    ]
    key = hashlib.sha256(json.dumps(["delta", *facts]).encode()).hexdigest()
    kept = DerivedFiles(node.home / "views")
    path = kept.find(key, _SUFFIX)
    if path is None:
        ways = [(node.door.stepped(*asked, each.release).changes, each.stands) for each in earlier]
        if not earlier[0].stands and newer.number > earlier[0].number:
            ways.insert(0, (node.door.stepped(*asked, None).changes, True))
        path = kept.make(key, _SUFFIX, lambda draft: changes.write(draft, changes.tables(ways)))
    held = _checked(path, permit)
    return held if statistics.rows(path) else None


def _told(node: Node, reader: Reader, held: Held, state: dict[str, Any]) -> Told:
    sealed = {**state, "f": held.digest}
    link = continuing.seal(node, reader, held.permit.protocol, _QUESTION, sealed)
    return Told(
        url=f"{node.settings.resource}{ADDRESS}{link}?{MARK}",
        digest=held.digest,
        size=held.path.stat().st_size,
        stats=statistics.of(held.path),
        expires=int(node.publisher.clock().timestamp()) + LIFE_SECONDS,
        whole="v" not in state,
    )
