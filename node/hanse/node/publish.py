"""Makes releases: protects, compares, waits for the second person, writes, signs, and announces.

Nothing of a release is visible before one transaction has written its row, moved the pointer and
put the event in the outbox; after it, nothing of it ever changes. The only caller of disclosure
control.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
from sqlalchemy import Engine
from sqlmodel import select

from hanse.areas.registry import Registry
from hanse.cube.cleared import Cleared, scrub
from hanse.cube.contract import Contract
from hanse.cube.query import Extent
from hanse.errors import Conflict, Invalid, Refused
from hanse.node import (
    areas,
    datasets,
    editions,
    ledger,
    perturbing,
    proofs,
    proposals,
    protection,
    recognising,
    union,
)
from hanse.node.checking import Check, Finding
from hanse.node.intake.draft import Draft
from hanse.node.ledger import Held
from hanse.node.proofs import Vault
from hanse.node.refiguring import Redrawn, judged
from hanse.node.releases import (
    derived,
    description,
    difference,
    layout,
    manifest,
    registration,
    tables,
)
from hanse.node.releases.cells import open_cells
from hanse.node.releases.description import Edition
from hanse.node.releases.difference import CELLS_NAMED_MAX, Difference
from hanse.node.releases.registration import Withdrawal
from hanse.node.shielding import Shielded
from hanse.node.tables import moment
from hanse.node.verifying import Case, Verified
from hanse.policies import profile as profiles
from hanse.policies.canonical import canonical, digest
from hanse.policies.profile import Profile
from hanse.policies.signatures import MANIFEST, SigningKey, sign
from hanse.store.objects import DirectoryStore, ObjectStore
from hanse.store.session import reading, transaction
from hanse.wire import Coverage, Manifest, Tombstone

ORPHAN_AGE_SECONDS = 24 * 3_600
"""How old a folder that no release refers to must be before it is cleared away."""

Kind = Literal["preliminary", "final", "corrected"]


@dataclass(frozen=True, slots=True)
class Press:
    """What publishing needs of a node; time and randomness (the key) come from outside.

    `name` is what reports of its releases call the node.
    """

    engine: Engine
    home: Path
    key: SigningKey
    registry: Registry
    clock: Callable[[], datetime]
    check: Check
    approvals: Literal["second-person", "none"] = "second-person"
    own_profiles: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""

    @property
    def objects(self) -> ObjectStore:
        """Where the folders of releases live."""
        return DirectoryStore(self.home / "data")


@dataclass(frozen=True, slots=True)
class Intent:
    """What kind of release is meant, and why; a correction says why."""

    kind: Kind = "final"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft as it would be released: protected, arranged, compared; nothing is written yet."""

    contract: Contract
    profile: Profile
    arranged: layout.Arranged
    coverage: Coverage
    difference: Difference
    findings: tuple[Finding, ...]
    waivers: Mapping[str, str]
    previous: str | None
    shielded: Shielded
    held: Held

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The errors that nobody has waived."""
        return tuple(each for each in self.findings if each.blocks)

    def digest(self, intent: Intent) -> str:
        """Return the digest that an approval is bound to: cells, contract, profile and words."""
        bound = {
            "dataset": self.contract.slug,
            "contract": digest(datasets.contract_bytes(self.contract)),
            "profile": self.profile.content_digest,
            "cells": layout.fingerprint(self.arranged),
            "previous": self.previous or "",
            "waivers": dict(self.waivers),
            "kind": intent.kind,
            "reason": intent.reason,
        }
        return digest(canonical(bound))


@dataclass(frozen=True, slots=True)
class Published:
    """A release as the house that made it reads it: the protected cells, and nothing else."""

    release_id: str
    contract: Contract
    cells: Cleared


def published(press: Press, dataset: str, release_id: str | None = None) -> Published:
    """Return a release that stands (None: the newest), for its own house; `NotFound` else.

    What was hidden when it was published is hidden here too: the true figures are in no release.
    """
    with reading(press.engine) as session:
        row = tables.find(session, dataset, release_id)
    contract, cells = _opened(press, row.digest)
    return Published(row.release_id, contract, scrub(cells))


def verified(press: Press, dataset: str, release_id: str | None = None) -> Verified | Redrawn:
    """Check a release (None: the newest) against its proof, without trust in what made it.

    Raises `NotFound` where the release or its proof is not here, `Invalid` where the summary is not
    what the node signed.
    """
    vault = Vault(press.home)
    with reading(press.engine) as session:
        row = tables.find(session, dataset, release_id)
        ledger.check(session)
        contract, cells = _opened(press, row.digest)
        said = proofs.read_summary(manifest.folder_of(press.home, row.digest), press.key)
        address = row.digest.removeprefix("sha-256:")
        signed = vault.said(address, press.key)
        others = union.told(session, press.home, signed.ledger)
        held = union.held(session, contract, others, signed.families, signed.ledger)
    proof = vault.open(address), vault.digest(address)
    of = cells, contract, press.registry, {**said, "proof_sha256": signed.proof}
    return judged(Case(*of, *proof, held, signed.families), signed, press.home)


def prepare(press: Press, draft: Draft) -> Prepared:
    """Protect a draft under its contract's profile and compare it with the release before.

    Raises `Refused` or `Invalid` where the profile does not allow what the contract holds.
    """
    contract = draft.contract
    profile = profiles.find(contract.profile, press.own_profiles)
    with reading(press.engine) as session:
        row = datasets.find(session, contract.slug)
        previous = row.current_digest if row else None
        held = recognising.held_of(session, press.home, draft, press.registry)
    before = _before(press, previous)
    was_contract, was_cells = before or (None, None)
    doubts = held.kin.names.doubts
    findings = press.check(draft, press.registry, was_cells, was_contract, doubts)
    shielded = perturbing.shield(press, draft, profile, held)
    cleared = scrub(derived.released(shielded.cells, contract.indicators))
    arranged = layout.arrange(cleared, areas.ancestors(contract, press.registry))
    return Prepared(
        contract=contract,
        profile=profile,
        arranged=arranged,
        coverage=description.coverage(cleared.table),
        difference=difference.compare(before, contract, cleared.table),
        findings=tuple(findings),
        waivers=dict(draft.waivers),
        previous=previous,
        shielded=shielded,
        held=held,
    )


def propose(press: Press, work: Draft | Prepared, intent: Intent, by: str) -> proposals.ProposalRow:
    """Keep a proposal for a second person; it replaces an open one of the same dataset."""
    prepared = _prepared(press, work)
    _may_publish(prepared, intent)
    proposal = proposals.made(prepared.contract.slug, prepared.digest(intent), by, press.clock())
    proposal.kind, proposal.reason = intent.kind, intent.reason
    with transaction(press.engine) as session:
        return proposals.put(session, proposal)


def approve(press: Press, draft: Draft, by: str) -> tables.ReleaseRow:
    """Release exactly what was proposed, approved by somebody else than who proposed it.

    Raises `Refused` for the same person, `Conflict` where the draft was changed in the meantime.
    """
    with reading(press.engine) as session:
        proposal = proposals.standing(session, draft.dataset)
    intent = _intent(proposal)
    prepared = prepare(press, draft)
    proposals.check_approval(proposal, prepared.digest(intent), by)
    _may_publish(prepared, intent)
    return _release(
        press,
        prepared,
        intent,
        _Signatures(proposal.proposed_by, proposals.person(by), proposal.id),
    )


def publish(press: Press, work: Draft | Prepared, intent: Intent, by: str) -> tables.ReleaseRow:
    """Release at once; `Refused` on a node where a second person has to approve."""
    if press.approvals != "none":
        raise Refused("APPROVAL_NEEDED", dataset=work.contract.slug)
    prepared = _prepared(press, work)
    _may_publish(prepared, intent)
    return _release(press, prepared, intent, _Signatures(proposals.person(by)))


def withdraw(
    press: Press, dataset: str, release_id: str, reason: str, by: str
) -> tables.ReleaseRow:
    """Withdraw a release with a reason; the one before it becomes current, or none.

    The bytes stay, the row stays, and a tombstone tells everyone who pulled it.
    """
    if not reason.strip():
        raise Invalid("REASON_NEEDED", dataset=dataset[:64])
    withdrawal = Withdrawal(dataset, release_id, reason, proposals.person(by), press.clock())
    with transaction(press.engine) as session:
        return registration.withdraw(session, withdrawal)


def sweep(press: Press) -> tuple[str, ...]:
    """Clear away folders that no release refers to and that no publishing can be busy with."""
    with reading(press.engine) as session:
        digests = session.exec(select(tables.ReleaseRow.digest))
        referenced = {each.removeprefix("sha-256:") for each in digests}
    now = press.clock().timestamp()
    Vault(press.home).sweep(referenced, ORPHAN_AGE_SECONDS, now)
    return press.objects.sweep(referenced, ORPHAN_AGE_SECONDS, now)


@dataclass(frozen=True, slots=True)
class _Signatures:
    proposed_by: str
    approved_by: str = ""
    proposal_id: int | None = None


def _prepared(press: Press, work: Draft | Prepared) -> Prepared:
    return work if isinstance(work, Prepared) else prepare(press, work)


def _before(press: Press, previous: str | None) -> tuple[Contract, pa.Table] | None:
    return None if previous is None else _opened(press, previous)


def _opened(press: Press, release: str) -> tuple[Contract, pa.Table]:
    """Return what a release, named by its digest, holds: its contract and its cells."""
    folder = manifest.folder_of(press.home, release)
    cells = open_cells(folder).select(Extent())
    return union.contract_of(press.home, release), cells


def _intent(proposal: proposals.ProposalRow) -> Intent:
    kinds: dict[str, Kind] = {each: each for each in ("preliminary", "final", "corrected")}
    return Intent(kinds[proposal.kind], proposal.reason)


def _may_publish(prepared: Prepared, intent: Intent) -> None:
    """Raise the first reason why this may not become a release."""
    contract, found = prepared.contract, prepared.difference
    if prepared.blocking:
        rules = ", ".join(sorted({each.rule for each in prepared.blocking}))
        raise Conflict("PUBLISH_FINDINGS", dataset=contract.slug, rules=rules)
    if prepared.coverage.cells == 0:
        raise Invalid("PUBLISH_EMPTY", dataset=contract.slug)
    if intent.kind == "corrected" and (found.first or not intent.reason.strip()):
        raise Invalid("REASON_NEEDED", dataset=contract.slug)
    if found.nothing:
        raise Conflict("PUBLISH_NOTHING", dataset=contract.slug)
    if len(found.cells_removed) > CELLS_NAMED_MAX:
        raise Conflict("PUBLISH_WITHDRAWS", dataset=contract.slug, limit=CELLS_NAMED_MAX)


def _release(
    press: Press, prepared: Prepared, intent: Intent, signatures: _Signatures
) -> tables.ReleaseRow:
    edition = _edition(press, prepared, intent)
    editions.check_version(press.home, prepared.contract, prepared.previous, prepared.difference)
    stones = description.tombstones(prepared.difference, prepared.contract, edition)
    address = _write(press, prepared, edition, stones)
    row = tables.ReleaseRow(
        dataset=prepared.contract.slug,
        release_no=edition.release_no,
        release_id=edition.release_id,
        digest=f"sha-256:{address}",
        kind=edition.kind,
        reason=edition.reason,
        published_at=moment(edition.published_at),
        proposed_by=signatures.proposed_by,
        approved_by=signatures.approved_by,
        difference=difference.dump(prepared.difference),
    )
    protection.file(press, prepared, row)
    with transaction(press.engine) as session:
        registration.enter(session, prepared.contract, row, stones, prepared.previous)
        shielded, cells = prepared.shielded, prepared.arranged.table
        more = shielded.computed, shielded.mark
        shown = ledger.Shown(prepared.contract, prepared.profile, cells, *more)
        ledger.enter(session, row, shown, prepared.held)
        if signatures.proposal_id is not None:
            proposals.approve(session, signatures.proposal_id, signatures.approved_by)
    sweep(press)
    return row


def _edition(press: Press, prepared: Prepared, intent: Intent) -> Edition:
    at = press.clock().astimezone(UTC)
    with reading(press.engine) as session:
        release_id, number = editions.numbered(session, prepared.contract.slug, at)
    return Edition(
        release_id=release_id,
        release_no=number,
        published_at=at,
        kind=intent.kind,
        reason=intent.reason,
        previous=prepared.previous,
        waivers=dict(prepared.waivers),
    )


def _write(
    press: Press, prepared: Prepared, edition: Edition, stones: tuple[Tombstone, ...]
) -> str:
    """Write the files of a release, sign its manifest, give the folder its name; return that."""
    contract = prepared.contract
    content = datasets.contract_bytes(contract)
    shielded, vault = prepared.shielded, Vault(press.home)
    proof = proofs.proof_in(shielded)
    with press.objects.drafting() as folder, vault.drafting(proof) as kept:
        parts = layout.write(prepared.arranged, folder, description.calendars(contract))
        (folder / union.CONTRACT).write_bytes(content)
        cells = prepared.arranged.table
        about = proofs.About(contract, prepared.profile, edition.release_id, cells)
        proofs.write(folder, proofs.summary(shielded, about, press.registry), press.key)
        names = {union.CONTRACT: "application/json", **proofs.FILES}
        described = [layout.part(folder, name, "metadata", names[name]) for name in names]
        measured = (prepared.coverage, (*parts, *described), stones)
        made = description.manifest(contract, digest(content), prepared.profile, edition, measured)
        statement = manifest_bytes(made)
        (folder / manifest.STATEMENT).write_text(sign(statement, MANIFEST, press.key), "ascii")
        address = press.objects.keep(folder, statement)
        of = proofs.signed(address, shielded, contract.slug, prepared.held.last)
        vault.keep(kept, of, press.key)
        return address


def manifest_bytes(made: Manifest) -> bytes:
    """Return the canonical bytes of a manifest: what its digest is taken of and what is signed."""
    return canonical(made.model_dump(mode="json", by_alias=True))
