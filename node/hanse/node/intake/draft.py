"""A draft: what was loaded for a dataset and not published yet, kept whole or not at all.

`<home>/drafts/<slug>/current` names the folder beside it that holds the draft. A new draft is
written in full before that one name changes, so a reader finds the old one or the new one.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from hanse.cube.contract import Contract
from hanse.dialects import draft_cells
from hanse.dialects.swing import Remark, Shape
from hanse.errors import Invalid, NotFound, Refused
from hanse.node import contracts
from hanse.node.intake.result import load_remarks, load_shapes

SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}")
REASON_CHARS_MIN = 10
REASON_CHARS_MAX = 500

ABANDONED_SECONDS = 3_600
"""An unfinished draft older than this is nobody's any more."""

READS_MAX = 3
"""A draft may be replaced while it is read; then the new one is read."""

FOUR_EYES = frozenset({"R018"})
"""Rules whose finding the one who loaded the figures may not wave away alone."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding is accepted, and by whom; the reason is published, the person is not."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Cells (draft shape) under a contract, where they came from, and what was accepted.

    `scope` is the area the draft was limited to, `level:code`, or "". `shapes` are the sheets it
    came in; `remarks` what only the reader of the files could see.
    """

    contract: Contract
    cells: pa.Table
    sources: tuple[str, ...]
    created_by: str
    created_at: datetime
    accepted: Mapping[str, Waiver] = field(default_factory=lambda: MappingProxyType({}))
    scope: str = ""
    shapes: tuple[Shape, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def dataset(self) -> str:
        """The slug of the dataset."""
        return self.contract.slug

    @property
    def waivers(self) -> Mapping[str, str]:
        """Rule → reason, fit to be published with the release."""
        return {rule: waiver.reason for rule, waiver in self.accepted.items()}


def accept(draft: Draft, rule: str, reason: str, person: str) -> Draft:
    """Return the draft with the findings of a rule accepted.

    Raises `Invalid` for a reason that says nothing, `Refused` where a second person has to do it.
    """
    said = " ".join(reason.split())
    if not REASON_CHARS_MIN <= len(said) <= REASON_CHARS_MAX:
        raise Invalid("WAIVER_REASON", rule=rule, least=REASON_CHARS_MIN, most=REASON_CHARS_MAX)
    if rule in FOUR_EYES and person == draft.created_by:
        raise Refused("WAIVER_OWN", rule=rule)
    return replace(draft, accepted={**draft.accepted, rule: Waiver(said, person)})


def save(home: Path, draft: Draft) -> None:
    """Keep the draft as the one of its dataset; the one before it is gone when this one stands."""
    folder = _folder(home, draft.dataset)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    draft_cells.write(draft.cells, fresh / "cells.parquet")
    document = json.dumps(_document(draft), ensure_ascii=False, allow_nan=False).encode()
    (fresh / "draft.json").write_bytes(document)
    for path in fresh.iterdir():
        _sync(path)
    name = f"{hashlib.sha256(document).hexdigest()[:16]}-{fresh.name.removeprefix('.new-')}"
    fresh.rename(folder / name)
    pointer = folder / ".current"
    pointer.write_text(name, "utf-8")
    _sync(pointer)
    pointer.replace(folder / "current")
    _sync(folder)
    _sweep(folder, name)


def _sweep(folder: Path, kept: str) -> None:
    """Remove the drafts before this one, and what an import that was killed left behind."""
    newest = (folder / kept).stat().st_mtime
    for other in folder.iterdir():
        under_way = other.name.startswith(".new-") and (
            newest - other.stat().st_mtime < ABANDONED_SECONDS
        )
        if other.is_dir() and other.name != kept and not under_way:
            shutil.rmtree(other, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(home: Path, slug: str) -> Draft:
    """Return the draft of a dataset; raises `NotFound` (DRAFT_NONE)."""
    folder = _folder(home, slug)
    pointer = folder / "current"
    if not pointer.is_file():
        raise NotFound("DRAFT_NONE", dataset=slug)
    for _ in range(READS_MAX):
        with suppress(FileNotFoundError):
            return _read(folder / pointer.read_text("utf-8"))
    raise NotFound("DRAFT_NONE", dataset=slug)


def _read(current: Path) -> Draft:
    document = json.loads((current / "draft.json").read_text("utf-8"))
    return Draft(
        contract=contracts.load(document["contract"]),
        cells=draft_cells.read(current / "cells.parquet"),
        sources=tuple(document["sources"]),
        created_by=document["created_by"],
        created_at=datetime.fromisoformat(document["created_at"]),
        accepted={rule: Waiver(**waiver) for rule, waiver in document["accepted"].items()},
        scope=document["scope"],
        shapes=load_shapes(document["shapes"]),
        remarks=load_remarks(document["remarks"]),
    )


def slugs(home: Path) -> tuple[str, ...]:
    """Return the datasets that have a draft, in order."""
    return tuple(sorted(path.parent.name for path in (home / "drafts").glob("*/current")))


def discard(home: Path, slug: str) -> None:
    """Remove the draft of a dataset; raises `NotFound` (DRAFT_NONE)."""
    folder = _folder(home, slug)
    if not (folder / "current").is_file():
        raise NotFound("DRAFT_NONE", dataset=slug)
    (folder / "current").unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _folder(home: Path, slug: str) -> Path:
    if not SLUG.fullmatch(slug):
        raise Invalid("DATASET_SLUG", dataset=slug[:80])
    return home / "drafts" / slug


def _document(draft: Draft) -> dict[str, object]:
    return {
        "contract": contracts.dump(draft.contract),
        "sources": list(draft.sources),
        "created_by": draft.created_by,
        "created_at": draft.created_at.isoformat(),
        "accepted": {rule: asdict(waiver) for rule, waiver in draft.accepted.items()},
        "scope": draft.scope,
        "shapes": [asdict(shape) for shape in draft.shapes],
        "remarks": [asdict(remark) for remark in draft.remarks],
    }
