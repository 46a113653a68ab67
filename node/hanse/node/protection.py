"""The disclosure report of a release: made here and kept here, for this house alone.

It tells small figures from those that only protect others, so it lies with the proof and never in
the release: `<home>/protection/<digest of the release>/report.json`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.registry import Registry
from hanse.cube import encoding
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator, MeasureType
from hanse.cube.status import HIDDEN, CellState
from hanse.errors import Conflict, NotFound
from hanse.messages import nearest
from hanse.node.figures import Figures
from hanse.node.proofs import FOLDER
from hanse.node.releases import derived
from hanse.node.releases.tables import ReleaseRow
from hanse.node.shielding import Shielded
from hanse.policies.disclosure import primary
from hanse.policies.disclosure.layout import BEFORE, NOW
from hanse.policies.method import Rounding
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey
from hanse.report import disclosure as reports
from hanse.report.disclosure import (
    Costly,
    Facts,
    Needy,
    Proof,
    Subject,
    Trial,
    findings,
    tally,
)

Tell = Callable[[str, float], None]

FILE: Final = "report.json"
COSTLY_MAX = 10
ATTACKED_CELLS_MAX = 250_000
"""Populations are attacked, in order, until they hold this many cells together."""
ATTACKED_AT_PUBLICATION_MAX = 30_000
"""The same while a release is made, which nobody waits minutes for; a rehearsal attacks more."""
_NOW: Final = f"{NOW} \N{MIDDLE DOT} "
_BEFORE: Final = BEFORE.partition("{")[0]
"""How the name of a cell begins where earlier releases stand in the same population."""
PART: Final = "part"
"""Why a figure is hidden that is computed from a hidden one."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a report is made of: a release as it is or would be, and what it became.

    `signed_by` names the node's key once the release is signed.
    """

    contract: Contract
    profile: Profile
    registry: Registry
    shielded: Shielded
    release: str = ""
    digest: str = ""
    signed_by: str = ""
    author: str = ""
    attacked: int = ATTACKED_CELLS_MAX


class House(Protocol):
    """What a report reads of the press that makes a release."""

    @property
    def home(self) -> Path:
        """The node's folder."""

    @property
    def registry(self) -> Registry:
        """The areas."""

    @property
    def key(self) -> SigningKey:
        """The node's key."""

    @property
    def name(self) -> str:
        """What the node is called."""


class Made(Protocol):
    """What a report reads of a release that is about to be published."""

    @property
    def contract(self) -> Contract:
        """Its contract."""

    @property
    def profile(self) -> Profile:
        """Its profile."""

    @property
    def shielded(self) -> Shielded:
        """Its cells and how they came to be hidden."""


def of_release(work: Work, at: datetime, tell: Tell) -> Facts:
    """Return the report of a release, or of what is about to become one."""
    if work.shielded.figures is not None:
        return _perturbed(work, work.shielded.figures, at)
    cells = account(work)
    proofs = sorted(work.shielded.closed.proofs.items())
    areas = tally.counted(cells, "area")
    counts = [each.id for each in work.contract.indicators if _is_count(each)]
    counted = cells.filter(pc.is_in(cells["indicator"], pa.array(counts, pa.string())))
    whole = tally.whole(cells, work.contract.slug)
    return Facts(
        subject=_subject(work),
        made_at=at,
        whole=whole,
        rules=tally.by_rule(cells),
        levels=tally.counted(cells, "level"),
        tables=(),
        areas=tuple(_located(each, work.registry) for each in tally.most_hidden(areas)),
        areas_hit=sum(each.hidden > 0 for each in areas),
        indicators=tuple(
            _titled(each, work.contract) for each in tally.counted(cells, "indicator")
        ),
        value_share=tally.value_share(counted),
        covered=max(whole.hidden - _witnessed(work.shielded), 0),
        costly=_costly(cells),
        needy=_needy(work),
        trials=tuple(_trials(proofs, work.attacked, tell)),
        proofs=tuple(_proofs(proofs, work.signed_by)),
        seen=findings.seen(_shown(work.shielded)),
        unjudged=_unjudged(work),
        empty=_empty(work.shielded.cells),
    )


def _perturbed(work: Work, made: Figures, at: datetime) -> Facts:
    """Return the report of a release of which nothing is hidden, for every count is perturbed."""
    subject, mark = _subject(work), made.method.mark
    cells, relations = work.shielded.cells, work.shielded.relations
    additive = str(isinstance(made.method, Rounding)).lower()
    return Facts(
        subject=replace(subject, rules=(subject.rules[0], ("method", mark))),
        made_at=at,
        whole=reports.Tally(work.contract.slug, cells.num_rows),
        rules=(),
        levels=(),
        tables=(),
        areas=(),
        seen=findings.seen(_shown(work.shielded)),
        empty=_empty(cells),
        method=mark,
        changes=tuple(
            reports.Change(level, each.cells, each.changed, each.mean, each.most)
            for level, each in sorted(made.levels.items())
        ),
        certificate=(("additive", additive), ("relations_sha256", relations.digest())),
    )


def file(house: House, made: Made, row: ReleaseRow) -> None:
    """Make and keep the report of a release, before anybody can see it.

    Raises `Conflict` where an attacker comes closer to a hidden figure than is allowed: whatever
    the proof says, such a release does not leave.
    """
    work = Work(
        made.contract,
        made.profile,
        house.registry,
        made.shielded,
        row.release_id,
        row.digest,
        house.key.kid,
        house.name,
        attacked=ATTACKED_AT_PUBLICATION_MAX,
    )
    facts = of_release(work, datetime.fromisoformat(row.published_at), lambda *_: None)
    if facts.broken:
        raise Conflict("PUBLISH_UNPROVEN", dataset=row.dataset)
    keep(house.home, facts)


def account(work: Work) -> pa.Table:
    """Return every cell of the release: where it stands, why it is hidden, its true value.

    Columns `level`, `area` (`level:code`), `indicator`, `rule` (empty where shown), `value` (none
    where nobody knows it) and `cell`, all its codes.
    """
    cells = work.shielded.cells
    base = work.shielded.base.slice(0, work.shielded.released)
    names = key_columns(dimensions_of(cells.schema))
    texts = {name: encoding.plain(encoding.encode(cells.column(name))) for name in names}
    place = pc.index_in(_keys(cells, names), value_set=_keys(base, names))
    joined = pc.binary_join_element_wise(
        texts["indicator"], texts["area"], *(texts[name] for name in names[3:]), " \N{MIDDLE DOT} "
    )
    return pa.table(
        {
            "level": texts["level"],
            "area": pc.binary_join_element_wise(texts["level"], texts["area"], ":"),
            "indicator": texts["indicator"],
            "rule": _rules(work, texts["indicator"], place),
            "value": base.column("value").combine_chunks().take(place),
            "cell": joined,
        }
    )


def _keys(cells: pa.Table, names: Sequence[str]) -> pa.Array:
    columns = [encoding.plain(encoding.encode(cells.column(name))) for name in names]
    return pc.binary_join_element_wise(*columns, "\x1f")


def _rules(work: Work, indicators: pa.Array, place: pa.Array) -> pa.Array:
    """Return why each cell is hidden: by what its indicator is judged by, for others, at source.

    `place` is the row of each cell before formulas, null where it was computed.
    """
    states = np.asarray(work.shielded.cells.column("state").to_pylist(), dtype=object)
    present = frozenset(pc.unique(indicators).to_pylist())
    kinds = {each.id: _kind(each, present) for each in work.contract.indicators}
    own = np.array([kinds.get(name, PART) for name in indicators.to_pylist()], dtype=object)
    rule = np.full(states.size, "", dtype=object)
    small = states == CellState.SUPPRESSED_PRIMARY.value
    rule[small] = own[small]
    rule[states == CellState.SUPPRESSED_SECONDARY.value] = tally.PROTECTS
    if work.shielded.few.size:
        few = pc.fill_null(pa.array(work.shielded.few).take(place), False)
        rule[np.asarray(few) & (rule == tally.PROTECTS)] = tally.TOGETHER
    rule[states == CellState.SUPPRESSED_SOURCE.value] = tally.SOURCE
    return pa.array(rule.tolist(), pa.string())


def _kind(indicator: Any, present: frozenset[str]) -> str:
    """Return the word of the rule by which an indicator's figures are small."""
    if indicator.formula:
        return PART
    found = primary.bases(indicator, present)
    return found[0].kind if found else PART


def _unjudged(work: Work) -> tuple[str, ...]:
    """Return the indicators of which no minimum is asked: nobody says how many are behind them."""
    present = encoding.texts(encoding.encode(work.shielded.cells.column("indicator")))
    if work.profile.min_count <= 1:
        return ()
    return tuple(
        _named(each)
        for each in work.contract.indicators
        if each.id in present
        and not each.formula
        and each.measure_type is not MeasureType.LABEL
        and not primary.bases(each, frozenset(present))
    )


def _empty(cells: pa.Table) -> tuple[str, ...]:
    """Return the levels at which nothing is shown and nothing hidden: all is unknown."""
    told = pa.array([CellState.VALUE.value, *(each.value for each in HIDDEN)], pa.string())
    level = encoding.encode(cells.column("level"))
    some = level.filter(pc.is_in(encoding.encode(cells.column("state")), value_set=told))
    return tuple(sorted(set(pc.unique(level).to_pylist()) - set(pc.unique(some).to_pylist())))


def _is_count(indicator: Any) -> bool:
    return indicator.measure_type is MeasureType.COUNT and not indicator.formula


def _subject(work: Work) -> Subject:
    profile = work.profile
    return Subject(
        name=work.contract.slug,
        title=nearest(work.contract.title, "nl") or work.contract.slug,
        author=work.author or work.contract.agency,
        release=work.release,
        digest=work.digest,
        rules=(
            ("profile", profile.name),
            ("k", str(profile.min_count)),
            ("zeros", zeros(profile)),
        ),
        titles=tuple(sorted(profile.title.items())),
    )


def zeros(profile: Profile) -> str:
    """Return the word of a plan for how a profile treats zeros."""
    return "publish" if profile.zero_shown else "suppressible"


def _located(found: reports.Tally, registry: Registry) -> reports.Tally:
    """Return a tally of an area with the area's name beside its code."""
    level, _, code = found.name.partition(":")
    areas: Mapping[str, Any] = registry.areas(level) if registry.has(level) else {}
    return replace(found, name=_beside(code, areas[code].name if code in areas else ""))


def _titled(found: reports.Tally, contract: Contract) -> reports.Tally:
    """Return a tally of an indicator with the indicator's name beside its code."""
    indicator = contract.indicator(found.name)
    return replace(found, name=_named(indicator) if indicator else found.name)


def _named(indicator: Indicator) -> str:
    return _beside(indicator.id, nearest(indicator.name, "nl"))


def _beside(code: str, name: str) -> str:
    """Return a code with the name beside it; a name that is the code, or ends in it, alone."""
    said = name.casefold() == code.casefold() or name.endswith(f"({code})")
    return name if said else f"{code} {name}".strip()


def _costly(cells: pa.Table) -> tuple[Costly, ...]:
    """Return the greatest figures hidden only to protect others."""
    rows = cells.filter(pc.equal(cells["rule"], tally.PROTECTS))
    rows = rows.filter(pc.is_valid(rows["value"]))
    order = pc.array_sort_indices(pc.abs(rows["value"]).combine_chunks(), order="descending")
    most = rows.take(order[:COSTLY_MAX]).to_pylist()
    return tuple(Costly(each["cell"], tally.magnitude(each["value"])) for each in most)


def _witnessed(shielded: Shielded) -> int:
    """Return how many hidden cells of the release rest on a proof."""
    closed = shielded.closed
    return int((closed.hidden & closed.witnessed)[: shielded.released].sum())


def _needy(work: Work) -> tuple[Needy, ...]:
    found = [
        replace(each, cell=f"{_own_cell(each.cell)} \N{MIDDLE DOT} {period}")
        for (_, period), proof in sorted(work.shielded.closed.proofs.items())
        for each in findings.needy(proof)
        if not each.cell.startswith(_BEFORE)
    ]
    return tuple(sorted(found, key=lambda each: (-each.needs, each.cell))[:COSTLY_MAX])


def _own_cell(cell: str) -> str:
    """Return the name of a cell without the word for this release, beside those before it."""
    return cell.removeprefix(_NOW)


def _trials(proofs: Sequence[tuple[Any, Any]], left: int, tell: Tell) -> Iterator[Trial]:
    """Attack each population until they hold too many cells together."""
    for number, ((indicator, period), found) in enumerate(proofs):
        tell("attack", number / len(proofs))
        left -= found.certificate.published
        yield findings.trial(f"{indicator} {period}", found, attacked=left >= 0)


def _proofs(proofs: Sequence[tuple[Any, Any]], signed_by: str) -> Iterator[Proof]:
    for (indicator, period), found in proofs:
        yield findings.proof(f"{indicator} {period}", found.certificate, signed_by)


def _shown(shielded: Shielded) -> pa.Table:
    """Return the cells as readers get them."""
    return derived.protected(shielded.cells)


def keep(home: Path, facts: Facts) -> Path:
    """Keep the report of a release with its proof, whole or not at all; return the file."""
    path = _path(home, facts.subject.digest)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")
    part.touch(0o600)
    part.write_bytes(reports.dump(facts))
    part.replace(path)
    return path


def kept(home: Path, row: ReleaseRow) -> Facts:
    """Return the report of a release; raise `NotFound` where none is kept."""
    path = _path(home, row.digest)
    if not path.is_file():
        raise NotFound("REPORT_ABSENT", dataset=row.dataset, release=row.release_id)
    return reports.load(path.read_bytes())


def _path(home: Path, digest: str) -> Path:
    return home / FOLDER / digest.removeprefix("sha-256:") / FILE
