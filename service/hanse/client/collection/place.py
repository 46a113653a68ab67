"""Where collected figures lie: a folder, or a bucket that speaks the S3 protocol.

agency/dataset/indicator/level/vintage/about.json          what is kept, of whom, from which release
agency/dataset/indicator/level/vintage/figures-….parquet   the cells, named by their own digest
agency/dataset/manifest-….json                             the release's manifest, by its digest

One file per publisher, dataset, indicator and level: a comparison reads what it compares and
nothing else. `about.json` is written last and names its file, so a reader never meets half a file.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import fs
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hanse.client.conversation import Pulled
from hanse.dialects.figures import write
from hanse.errors import Invalid
from hanse.wire import Manifest, MemberEntry

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}\Z")
_SCHEMES: Final = ("s3", "s3a")
ABOUT: Final = "about.json"
DEPTH: Final = 6
"""Parts of the path of an `about.json` within its place."""


_COLUMN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
Column = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
"""The name of a column: it stands in a statement, so nothing else may be in it."""


class About(BaseModel):
    """What one kept file is: whose figures, of which release, given under which protocol, when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal[1] = Field(1, alias="schema")
    member: MemberEntry
    dataset: str
    indicator: str
    level: str
    release: str
    manifest: str
    protocol: str
    decision: str
    collected_at: AwareDatetime
    file: Annotated[str, Field(pattern=r"^figures-[0-9a-f]{16}\.parquet$")]
    cells: int
    columns: list[Column]
    periods: list[str]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept file: what it is, and where it lies within its place."""

    about: About
    folder: str

    @property
    def path(self) -> str:
        """The file within its place."""
        return f"{self.folder}/{self.about.file}"


class Place:
    """A place that holds collected figures; who may write there may change them.

    Nothing in a folder is reached over a link: it could lie anywhere. What was read is not read
    again while the place is open, until it is written.
    """

    def __init__(self, files: fs.FileSystem, url: str, base: str) -> None:
        self.files = files
        self.url = url
        self.base = base
        self._abouts: dict[str, About] = {}
        self._manifests: dict[str, Manifest] = {}

    @classmethod
    def open(cls, address: str, s3_endpoint: str = "") -> "Place":
        """Return the place at a path or at `s3://bucket/prefix`; nothing is made or read yet.

        `s3_endpoint` is the address of an S3-compatible store that is not Amazon's. Raises
        `Invalid` (PLACE_ADDRESS) for an address that is neither.
        """
        scheme, colon, _ = address.partition("://")
        if not colon:
            folder = Path(address).expanduser().absolute().as_posix()
            return cls(fs.LocalFileSystem(), folder, folder)
        split = urlsplit(address)
        if scheme not in _SCHEMES or not _BUCKET.match(split.netloc) or split.query:
            raise Invalid("PLACE_ADDRESS", place=address[:80])
        base = f"{split.netloc}{split.path}".rstrip("/")
        return cls(_bucket(s3_endpoint), f"{scheme}://{base}", base)

    def within(self, path: str) -> str:
        """Return the path of a kept file for this place's own file system.

        Raises `Invalid` (PLACE_LINK) for one that is reached over a link.
        """
        self._refuse_link(path)
        return f"{self.base}/{path}"

    def address(self, path: str) -> str:
        """Return the address of a kept file, for an engine that reads it by itself.

        Raises `Invalid` (PLACE_LINK) for one that is reached over a link.
        """
        self._refuse_link(path)
        return f"{self.url}/{path}"

    def _refuse_link(self, path: str) -> None:
        if not isinstance(self.files, fs.LocalFileSystem):
            return
        home = Path(self.base).resolve()
        if (home / path).resolve() != home / path:
            raise Invalid("PLACE_LINK", place=self.url[:80], file=path[:120])

    def keep(self, member: MemberEntry, pulled: Pulled, cells: pa.Table, at: datetime) -> int:
        """Keep one answer, a file per indicator and level; return how many files.

        `cells` is the answer with its origin columns.
        """
        if not all(map(_COLUMN.match, cells.column_names)):
            raise Invalid("ANSWER_CELLS", peer=member.base_url)
        manifest = f"manifest-{pulled.manifest_digest.rpartition(':')[2][:16]}.json"
        home = f"{_name(member.agency)}/{_name(pulled.manifest.dataset)}"
        self._write(f"{home}/{manifest}", pulled.manifest.model_dump_json(by_alias=True).encode())
        pairs = cells.group_by(["indicator", "level"]).aggregate([])
        for pair in sorted(pairs.to_pylist(), key=lambda each: tuple(each.values())):
            of_pair = pc.and_(
                pc.equal(cells.column("indicator"), pair["indicator"]),
                pc.equal(cells.column("level"), pair["level"]),
            )
            own = cells.filter(of_pair)
            content = write(own, "parquet")
            about = About(
                schema=1,
                member=member,
                dataset=pulled.manifest.dataset,
                indicator=pair["indicator"],
                level=pair["level"],
                release=pulled.release,
                manifest=pulled.manifest_digest,
                protocol=pulled.protocol,
                decision=pulled.decision,
                collected_at=at,
                file=f"figures-{hashlib.sha256(content).hexdigest()[:16]}.parquet",
                cells=own.num_rows,
                columns=own.column_names,
                periods=sorted(pc.unique(own.column("period")).to_pylist()),
            )
            self._replace(_home(about), about, content)
        return int(pairs.num_rows)

    def drop(self, kept: Kept) -> None:
        """Take a file out of the collection: what it is of first, so that no reader is misled."""
        self.files.delete_file(self.within(f"{kept.folder}/{ABOUT}"))
        self._abouts.pop(f"{kept.folder}/{ABOUT}", None)
        self.files.delete_file(self.within(kept.path))

    def kept(self, indicators: Sequence[str] = ()) -> tuple[Kept, ...]:
        """Return what lies here, of these indicators or of all, by publisher and dataset.

        Raises `Invalid` (PLACE_AWAY, PLACE_DAMAGED) for a place that cannot be read.
        """
        found = self._read_all({_name(each) for each in indicators})
        return tuple(sorted(found, key=lambda each: each.folder))

    def manifest(self, about: About) -> Manifest:
        """Return the manifest of the release that a file is of."""
        named = f"manifest-{about.manifest.rpartition(':')[2][:16]}.json"
        path = f"{_name(about.member.agency)}/{_name(about.dataset)}/{named}"
        if path not in self._manifests:
            try:
                self._manifests[path] = Manifest.model_validate_json(self._content(path))
            except (OSError, ValidationError) as fault:
                raise Invalid("PLACE_DAMAGED", place=self.url[:80], file=path[:120]) from fault
        return self._manifests[path]

    def members(self) -> tuple[MemberEntry, ...]:
        """Return whose figures lie here, by what the first file of each says of its publisher."""
        first: dict[str, str] = {}
        for path in sorted(self._paths()):
            first.setdefault(path.split("/")[0], path)
        return tuple(self._about(path).member for path in first.values())

    def _read_all(self, names: set[str]) -> Iterator[Kept]:
        for path in self._paths():
            if not names or path.split("/")[2] in names:
                yield Kept(self._about(path), path.removesuffix(f"/{ABOUT}"))

    def _paths(self) -> list[str]:
        """Return where every `about.json` of this place lies within it."""
        selector = fs.FileSelector(self.base, allow_not_found=True, recursive=True)
        try:
            infos = self.files.get_file_info(selector)
        except OSError as fault:
            raise Invalid("PLACE_AWAY", place=self.url[:80]) from fault
        paths = (info.path.removeprefix(f"{self.base}/") for info in infos)
        return [
            each
            for each in paths
            if each.rpartition("/")[2] == ABOUT and each.count("/") == DEPTH - 1
        ]

    def _about(self, path: str) -> About:
        if path not in self._abouts:
            try:
                about = About.model_validate_json(self._content(path))
            except (OSError, ValidationError) as fault:
                raise Invalid("PLACE_DAMAGED", place=self.url[:80], file=path[:120]) from fault
            if f"{_home(about)}/{ABOUT}" != path:
                raise Invalid("PLACE_DAMAGED", place=self.url[:80], file=path[:120])
            self._abouts[path] = about
        return self._abouts[path]

    def _replace(self, folder: str, about: About, content: bytes) -> None:
        try:
            old = About.model_validate_json(self._content(f"{folder}/{ABOUT}")).file
        except (OSError, ValidationError):
            old = about.file
        self._write(f"{folder}/{about.file}", content)
        self._write(f"{folder}/{ABOUT}", about.model_dump_json(by_alias=True).encode())
        if old != about.file and self.files.get_file_info(self.within(f"{folder}/{old}")).is_file:
            self.files.delete_file(self.within(f"{folder}/{old}"))

    def _content(self, path: str) -> bytes:
        with self.files.open_input_file(self.within(path)) as file:
            return bytes(file.read())

    def _write(self, path: str, content: bytes) -> None:
        """Write a file; in a folder it gets its name when it is whole, as a bucket does anyway."""
        target = self.within(path)
        self._abouts.pop(path, None)
        self._manifests.pop(path, None)
        local = isinstance(self.files, fs.LocalFileSystem)
        made = f"{target}.{secrets.token_hex(8)}.part" if local else target
        try:
            if local:
                self.files.create_dir(target.rpartition("/")[0], recursive=True)
            with self.files.open_output_stream(made) as out:
                out.write(content)
            if local:
                self.files.move(made, target)
        except OSError as fault:
            raise Invalid("PLACE_AWAY", place=self.url[:80]) from fault


def _bucket(endpoint: str) -> fs.FileSystem:
    """Return the S3 file system; who signs in is told by the usual `AWS_…` variables."""
    if not endpoint:
        return fs.S3FileSystem()
    split = urlsplit(endpoint)
    if split.scheme not in {"http", "https"} or not split.netloc or split.path.strip("/"):
        raise Invalid("PLACE_ADDRESS", place=endpoint[:80])
    return fs.S3FileSystem(endpoint_override=split.netloc, scheme=split.scheme)


def _home(about: About) -> str:
    """Return the folder that a kept file belongs in."""
    names = map(_name, (about.member.agency, about.dataset, about.indicator))
    return f"{'/'.join(names)}/{_level(about.level)}"


def _name(code: str) -> str:
    """Return a code as the name of a folder: itself where it is plain, else its digest."""
    plain = _PLAIN.match(code)
    return code if plain else f"-{hashlib.sha256(code.encode()).hexdigest()[:16]}"


def _level(level: str) -> str:
    code, _, vintage = level.partition("@")
    return f"{_name(code)}/{_name(vintage or '0000')}"
