"""The areas a node knows, in its home folder: the same tables they were loaded from, readable."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from hanse.areas import Registry
from hanse.areas.tables import registry_from, to_files
from hanse.cube.contract import Contract
from hanse.errors import Invalid, NotFound

FILE_BYTES_MAX = 50_000_000
FILES_MAX = 400
BOUNDARIES = "boundaries_*.geojson"
"""Files with boundaries, which stay when tables are loaded anew."""
PATTERNS = ("def_*.csv", "agg_*.csv", "*mergers*.csv", "geolevel_names.csv", "levels.csv")


def load(home: Path) -> Registry:
    """Return the registry of a node; one without area tables has an empty one."""
    folder = home / "areas"
    if not folder.is_dir():
        return Registry()
    stamp = tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.glob("*.csv"))
    )
    return _loaded(folder.resolve(), stamp)


@lru_cache(maxsize=4)
def _loaded(folder: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Registry:
    return registry_from(_texts(folder))


def read_folders(folders: Sequence[Path]) -> Registry:
    """Return the registry of folders of tables (`def_gemeente2024.csv`, `agg_…_….csv`).

    Raises `NotFound` where they hold no definition, `Invalid` for tables that contradict
    themselves.
    """
    texts: dict[str, str] = {}
    for folder in folders:
        texts.update(_texts(folder))
    if not any(name.startswith("def_") for name in texts):
        raise NotFound("AREA_TABLES_NONE", folder=", ".join(each.name for each in folders)[:100])
    return registry_from(texts)


def _texts(folder: Path) -> Mapping[str, str]:
    paths = sorted({path for pattern in PATTERNS for path in folder.glob(pattern)})
    if len(paths) > FILES_MAX:
        raise Invalid("AREA_TABLES_MANY", count=len(paths), limit=FILES_MAX)
    for path in paths:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise Invalid(
                "INTAKE_TOO_LARGE",
                file=path.name[:100],
                bytes=path.stat().st_size,
                limit=FILE_BYTES_MAX,
            )
    try:
        return {path.name: path.read_text("utf-8-sig") for path in paths}
    except UnicodeDecodeError as fault:
        raise Invalid("INTAKE_ENCODING", file=folder.name[:100], line=1) from fault


def store(home: Path, registry: Registry) -> None:
    """Keep a registry as the node's; the old tables stay until the new ones stand whole."""
    home.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".areas-", dir=home))
    for name, content in to_files(registry).items():
        (fresh / name).write_text(content, "utf-8")
    folder, old = home / "areas", home / ".areas-old"
    for path in folder.glob(BOUNDARIES):
        shutil.copy2(path, fresh / path.name)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def ancestors(contract: Contract, registry: Registry) -> dict[str, Mapping[str, str]]:
    """Return, per level below the partition level or at it, the partition area of each area."""
    target = contract.partition_level
    if not target or not registry.has(target):
        return {}
    found: dict[str, Mapping[str, str]] = {}
    for level in contract.levels:
        if level == target:
            found[level] = {code: code for code in registry.areas(level)}
        elif registry.has(level) and registry.correspondence(level, target) is not None:
            table = registry.parent_table(level, target)
            columns = (table.column(name).to_pylist() for name in ("child", "parent"))
            found[level] = dict(zip(*columns, strict=True))
    return found
