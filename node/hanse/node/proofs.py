"""The proof that what a release hides stays hidden: a signed summary, and the proof itself.

`protection.json` travels with the release and never tells which hidden figure is small and which
only protects another. The proof holds other tables that fit everything shown; with one true figure
it would tell more, so it stays in `<home>/protection/<digest of the release>`, for its owner alone.
"""

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from hanse.areas.registry import Registry
from hanse.cube.contract import Contract
from hanse.errors import Conflict, NotFound
from hanse.node import closing, questions, relations, union
from hanse.node.closing import Closed
from hanse.node.kin import Families
from hanse.node.relations import Ints
from hanse.node.releases.layout import read_table, write_table
from hanse.node.shielding import Shielded
from hanse.policies import disclosure, signatures
from hanse.policies.canonical import canonical
from hanse.policies.disclosure import tree
from hanse.policies.disclosure.identity import PERIOD
from hanse.policies.disclosure.layout import EDITION, NOW
from hanse.policies.disclosure.moves import matrix
from hanse.policies.method import Perturbing, Rounding, load_method, said_method
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey, sign

SUMMARY, STATEMENT, PROOF = union.SUMMARY, "protection.jws", "proof.parquet"
SIGNED = union.SIGNED
TYPE, PROOF_TYPE = "hanse-protection+jws", "hanse-proof+jws"
FILES = {SUMMARY: "application/json", STATEMENT: "application/jose"}
FOLDER = union.FOLDER
REST = tree.REST
"""What the name of a code in a proof ends with where it is what the parts of a code leave."""
VALUE = -1
"""What stands for the number of a move in the rows that say what a cell is."""

MEASURES = ("population", "move", "amount", "lower", "upper", "lower_need", "width")


def proof_in(shielded: Shielded) -> pa.Table:
    """Return the proof of a release, whichever way it is protected."""
    if shielded.figures is not None:
        return shielded.figures.proof
    return proof_of(shielded.closed, shielded.relations.frame.dimensions)


def signed(address: str, shielded: Shielded, dataset: str, ledger: int) -> "Signed":
    """Return what is to be signed of the proof of a release, but for its hash."""
    told = Signed(address, ledger=ledger, families=shielded.kin)
    if shielded.figures is None:
        return told
    made = shielded.figures
    keys = made.proof["key"].to_pylist()
    names = tuple(sorted({key.partition("\t")[0] for key in keys}))
    return replace(told, mark=made.mark, dataset=dataset, method=made.method, indicators=names)


def proof_of(closed: Closed, dimensions: tuple[str, ...]) -> pa.Table:
    """Return the proof as rows: what every touched cell is and needs, and every change of it.

    Rows of `move` -1 hold a cell's number as `amount`; `width` is -1 where nothing is needed of it.
    Other rows hold by how much a witness table differs there.
    """
    names = ("indicator", "area", *dimensions)
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "period", *MEASURES)}
    for number, ((_, period), protected) in enumerate(sorted(closed.proofs.items())):
        for part in (_values(protected), _moves(protected)):
            codes = _codes(protected, part.pop("cell"))
            mine = codes.pop(EDITION) == NOW  # what was shown before and revised is elsewhere
            periods = codes.get(PERIOD, np.full(mine.size, period, dtype=object))
            for name in names:
                columns[name].append(codes[name][mine])
            size = int(codes["area"][mine].size)
            columns["period"].append(periods[mine])
            columns["population"].append(np.full(size, number, dtype=np.int64))
            for name in MEASURES[1:]:
                columns[name].append(part[name][mine])
    joined: dict[str, Any] = {
        name: np.concatenate(parts) if parts else [] for name, parts in columns.items()
    }
    return pa.table(
        {
            name: pa.array(column, pa.int64() if name in MEASURES else pa.string())
            for name, column in joined.items()
        }
    )


def _codes(protected: disclosure.Protected, cells: Ints) -> dict[str, Any]:
    """Return the codes of some cells, per dimension; an edition stands for a table as it was."""
    model = protected.model
    codes = {
        dimension.name: np.asarray(dimension.codes, dtype=object)[places]
        for dimension, places in zip(model.dimensions, model.keys(cells), strict=True)
    }
    codes.setdefault(EDITION, np.full(cells.size, NOW, dtype=object))
    return codes


def _values(protected: disclosure.Protected) -> dict[str, Ints]:
    model, needs = protected.model, protected.needs
    touched = np.zeros(model.cells, dtype=bool)
    touched[matrix(protected.moves, model.cells).indices] = True
    touched |= protected.hidden & model.published
    touched[needs.protected] = True
    cells = np.flatnonzero(touched)
    width = np.full(model.cells, VALUE, dtype=np.int64)
    width[needs.protected] = needs.width
    return {
        "cell": cells,
        "move": np.full(cells.size, VALUE, dtype=np.int64),
        "amount": model.values[cells],
        "lower": needs.lower[cells],
        "upper": needs.upper[cells],
        "lower_need": needs.lower_need[cells],
        "width": width[cells],
    }


def _moves(protected: disclosure.Protected) -> dict[str, Ints]:
    witness = matrix(protected.moves, protected.model.cells)
    cells = witness.indices.astype(np.int64)
    nothing = np.zeros(cells.size, dtype=np.int64)
    return {
        "cell": cells,
        "move": np.repeat(np.arange(len(protected.moves)), np.diff(witness.indptr)),
        "amount": witness.data.astype(np.int64),
        **dict.fromkeys(("lower", "upper", "lower_need", "width"), nothing),
    }


@dataclass(frozen=True, slots=True)
class About:
    """Which release a summary speaks of, and its cells (protected shape)."""

    contract: Contract
    profile: Profile
    release_id: str
    cells: pa.Table


def summary(shielded: Shielded, about: About, registry: Registry) -> bytes:
    """Return the summary that travels with the release, as canonical JSON.

    Raises `Conflict` where a population has no complete proof: nothing leaves without one.
    """
    contract, profile = about.contract, about.profile
    shared = questions.published(shielded.sums)
    families = (*sorted(shielded.wholes.items()), *shared)
    failed = sum(each.certificate.failed for each in shielded.closed.proofs.values())
    if failed:
        raise Conflict("PUBLISH_UNPROVEN", dataset=contract.slug)
    hidden = np.array([each == "C" for each in about.cells.column("conf_status").to_pylist()], bool)
    rules: dict[str, Any] = {
        "requirement": {"width": 2, "above": 1},
        "attacker": {
            "least": 1,
            "knows_relations": True,
            "kinds_of_hidden_merged": True,
        },
        "small_below": closing.least_of(profile),
    }
    return canonical(
        {
            **(rules if profile.method is None else promised(profile.method)),
            "schema": 1,
            "dataset": contract.slug,
            "release_id": about.release_id,
            "profile": profile.name,
            "profile_digest": profile.content_digest,
            "software": f"hanse {version('hanse')}",
            "cells": about.cells.num_rows,
            "hidden": int(hidden.sum()),
            "failed": 0,
            "mask_sha256": hashlib.sha256(np.packbits(hidden).tobytes()).hexdigest(),
            "relations_sha256": relations.relations_of(
                about.cells, contract, registry, families
            ).digest(),
            "wholes": {whole: list(parts) for whole, parts in sorted(shielded.wholes.items())},
            **({"sums": [[whole, *parts] for whole, parts in shared]} if shared else {}),
        }
    )


def promised(method: Perturbing) -> dict[str, str | bool]:
    """Return what readers are told of a method: never how far noise goes."""
    return {
        "method": method.name,
        "sdc_method": method.mark,
        "additive": isinstance(method, Rounding),
    }


def write(folder: Path, content: bytes, key: SigningKey) -> None:
    """Write the summary into a release's folder, plain and signed."""
    (folder / SUMMARY).write_bytes(content)
    (folder / STATEMENT).write_text(sign(content, TYPE, key), "ascii")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed of the proof of a release: its hash, and the ledger's last row before it.

    A proof speaks of all that readers held by then, of other datasets too. `families` are the sums
    over indicators that it counts on beside those of the summary: they name other datasets'. Of
    a perturbed release of a `dataset`, `mark` says by which method (`method`) and secret, and
    `indicators` of which ones the proof speaks.
    """

    release: str
    proof: str = ""
    ledger: int = 0
    families: Families = ()
    mark: str = ""
    dataset: str = ""
    method: Perturbing | None = None
    indicators: tuple[str, ...] = ()

    def told(self, proof: str) -> bytes:
        """Return what is signed, with the hash of the proof's bytes."""
        plain: dict[str, object] = {
            "release": self.release,
            "proof_sha256": proof,
            "ledger": self.ledger,
            "families": [[whole, *parts] for whole, parts in self.families],
        }
        if self.method is not None:
            plain["method"] = said_method(self.method)
            plain |= {"mark": self.mark, "dataset": self.dataset}
            plain["indicators"] = list(self.indicators)
        return canonical(plain)


@dataclass(frozen=True, slots=True)
class Vault:
    """Where the proofs of a node lie: folders and files for their owner alone."""

    home: Path

    @property
    def root(self) -> Path:
        """The folder of all proofs."""
        return self.home / FOLDER

    @contextmanager
    def drafting(self, proof: pa.Table) -> Iterator[Path]:
        """Give the file of a proof that has no release yet; it is gone unless it was kept."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder = self.root / f".tmp-{os.getpid()}-{os.urandom(6).hex()}"
        folder.mkdir(mode=0o700)
        try:
            path = folder / PROOF
            path.touch(mode=0o600)
            write_table(proof, path)
            yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, draft: Path, of: "Signed", key: SigningKey) -> None:
        """Give a proof the name of its release, signed; the same release twice has the same proof.

        Its hash stays here too: it follows from hidden figures, and whoever runs this program on
        every table that fits what is shown could compare it.
        """
        target = self.root / of.release
        if not target.exists():
            said = of.told(_sha256(draft))
            statement = draft.with_name(SIGNED)
            statement.touch(mode=0o600)
            statement.write_text(sign(said, PROOF_TYPE, key), "ascii")
            draft.parent.rename(target)

    def said(self, release: str, key: SigningKey) -> "Signed":
        """Return what was signed of a release's proof; `Invalid` for anything else."""
        path = self.root / release / SIGNED
        if not path.is_file():
            raise NotFound("OBJECT_UNKNOWN", address=f"{FOLDER}/{release[:12]}")
        content = signatures.verify(path.read_text("ascii"), PROOF_TYPE, [key.public_jwk()])
        told = orjson.loads(content)
        families = tuple((whole, tuple(parts)) for whole, *parts in told.get("families", ()))
        return Signed(
            release,
            str(told["proof_sha256"]),
            int(told.get("ledger", 0)),
            families,
            str(told.get("mark", "")),
            str(told.get("dataset", "")),
            load_method(told["method"]) if "method" in told else None,
            tuple(told.get("indicators", ())),
        )

    def perturbed(self, key: SigningKey) -> tuple["Signed", ...]:
        """Return what was signed of every perturbed release of the house, the newest first."""
        names = (path.parent.name for path in self.root.glob(f"*/{SIGNED}"))
        found = (self.said(name, key) for name in sorted(names) if not name.startswith("."))
        mine = [each for each in found if each.method is not None]
        return tuple(sorted(mine, key=lambda each: (-each.ledger, each.release)))

    def open(self, release: str) -> pa.Table:
        """Return the proof of a release; `NotFound` where this house has none."""
        path = self.root / release / PROOF
        if not path.is_file():
            raise NotFound("OBJECT_UNKNOWN", address=f"{FOLDER}/{release[:12]}")
        return read_table(path)

    def checked(self, signed: Signed) -> pa.Table:
        """Return a proof; `Conflict` where it is not here, or not what was signed."""
        try:
            proof, digest = self.open(signed.release), self.digest(signed.release)
        except NotFound:
            digest = ""
        if digest != signed.proof:
            raise Conflict("PERTURB_PROOF", dataset=signed.dataset, cells=signed.release[:12])
        return proof

    def digest(self, release: str) -> str:
        """Return the SHA-256 of a proof's bytes."""
        return _sha256(self.root / release / PROOF)

    def sweep(self, referenced: Collection[str], older_than: float, now: float) -> None:
        """Remove what belongs to no release and is older than so many seconds."""
        for path in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            with suppress(FileNotFoundError):  # another publication has just given it its name
                if path.name not in referenced and now - path.stat().st_mtime > older_than:
                    shutil.rmtree(path, ignore_errors=True)


def read_summary(folder: Path, key: SigningKey) -> Mapping[str, Any]:
    """Return the summary that stands in a release's folder; `NotFound` for one without.

    Raises `Invalid` where it is not what this key signed.
    """
    path = folder / STATEMENT
    if not path.is_file():
        raise NotFound("OBJECT_UNKNOWN", address=f"{folder.name[:12]}/{STATEMENT}")
    found: Mapping[str, Any] = orjson.loads(
        signatures.verify(path.read_text("ascii"), TYPE, [key.public_jwk()])
    )
    return found
