"""The certificate a release must have before anything of it is served: `protection.json`.

It says how many cells the release has and, by a hash, which of them are hidden. A release without
one, with that of another release or profile, or with any cell more or less open than it says, is
served to nobody, whatever else of it is in order.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson

from hanse.errors import HanseError, Unavailable
from hanse.node.releases import manifest
from hanse.node.releases.cells import OPEN_MAX, ReleaseCells, open_cells
from hanse.node.releases.manifest import Fingerprint
from hanse.policies.signatures import claimed
from hanse.wire import Manifest

SUMMARY, STATEMENT = "protection.json", "protection.jws"


def certified(folder: Path) -> ReleaseCells:
    """Return the cells of the release in a folder, if its certificate covers exactly these.

    Raises `Unavailable` where it does not, and as `open_cells` does.
    """
    cells = open_cells(folder)
    papers = _papers(folder)
    if not papers:
        raise _uncertified(cells.manifest)
    try:
        said = _said(folder, tuple(manifest.check(path, sha256) for path, sha256 in papers))
    except HanseError as fault:
        raise _uncertified(cells.manifest) from fault
    if said != _served(cells):
        raise _uncertified(cells.manifest)
    return cells


@lru_cache(maxsize=OPEN_MAX)
def _papers(folder: Path) -> tuple[tuple[Path, str], ...]:
    """Return both files of the certificate with their digests; none where one is not listed."""
    files = {part.path: part.sha256 for part in manifest.read(folder).parts}
    if not {SUMMARY, STATEMENT} <= files.keys():
        return ()
    return tuple((folder / name, files[name]) for name in (SUMMARY, STATEMENT))


def _uncertified(described: Manifest) -> Unavailable:
    return Unavailable(
        "RELEASE_UNCERTIFIED", dataset=described.dataset, release=described.release_id
    )


@lru_cache(maxsize=OPEN_MAX)
def _said(folder: Path, _fingerprints: tuple[Fingerprint, ...]) -> tuple[object, ...] | None:
    """Return what the certificate says; None where it is not what was signed, or has failures."""
    content = (folder / SUMMARY).read_bytes()
    if claimed((folder / STATEMENT).read_text("ascii")) != content:
        return None
    said = orjson.loads(content)
    names = ("dataset", "release_id", "profile", "profile_digest", "cells", "mask_sha256")
    return tuple(said.get(name) for name in names) if said.get("failed") == 0 else None


@lru_cache(maxsize=OPEN_MAX)
def _served(cells: ReleaseCells) -> tuple[object, ...]:
    """Return the same of the cells that would be served."""
    hidden = [
        np.asarray(batch.column("conf_status").cast("string").to_numpy(zero_copy_only=False) == "C")
        for batch in cells.batches
    ]
    mask = np.concatenate([np.zeros(0, dtype=bool), *hidden])
    described = cells.manifest
    return (
        described.dataset,
        described.release_id,
        described.profile,
        described.profile_digest,
        int(mask.size),
        hashlib.sha256(np.packbits(mask).tobytes()).hexdigest(),
    )
