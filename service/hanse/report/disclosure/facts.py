"""The facts of a disclosure report, before any words: what is kept, and what JSON says.

No field can hold the figure of a hidden cell: cells are named, counted, and put in a class of size.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from hanse.errors import Invalid

SCHEMA = 1
FACTS_BYTES_MAX = 8_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """What the report is about and under which rules; `release` is empty before publication.

    `rules` are the profile or plan as people read it, name and value; `titles` what the profile is
    called per language.
    """

    name: str
    title: str
    author: str = ""
    release: str = ""
    digest: str = ""
    rules: tuple[tuple[str, str], ...] = ()
    titles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Of a number of cells: how many are hidden for themselves, for others, or by their source."""

    name: str
    cells: int
    own: int = 0
    others: int = 0
    source: int = 0

    @property
    def hidden(self) -> int:
        """Return how many are hidden in all."""
        return self.own + self.others + self.source


@dataclass(frozen=True, slots=True)
class Costly:
    """A cell hidden only for others, with its class of size: 10 ** magnitude and up."""

    cell: str
    magnitude: int


@dataclass(frozen=True, slots=True)
class Needy:
    """A small cell, and how many others its protection leans on."""

    cell: str
    needs: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """What other rules would hide; `dropped` are levels left out, `refused` a code of why not.

    The first alternative of a report is what the rules in force hide. What the source hid itself
    counts in none of them.
    """

    k: int
    zeros: str
    dropped: str = ""
    cells: int = 0
    own: int = 0
    others: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the attackers made of one population; None where it was too large to try here."""

    population: str
    hidden: int
    judged: int
    determined: int | None
    exact: int | None
    narrow: int | None
    width: int

    @property
    def broken(self) -> bool:
        """Say whether an attacker came closer to a small cell than is allowed."""
        return bool(self.determined or self.exact or self.narrow)


@dataclass(frozen=True, slots=True)
class Proof:
    """The certificate of one population in short; `signed_by` is the key, empty while unsigned."""

    population: str
    protected: int
    proven_whole: int
    proven_linear: int
    failed: int
    width: int
    attacker_lower: int
    mask_sha256: str
    relations_sha256: str
    solver: str
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What cannot be reconciled with earlier releases: the code of a message, and its slots."""

    code: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as its readers get it: no value where it is hidden, whatever the reason."""

    cell: str
    value: float | None
    obs_status: str
    conf_status: str


@dataclass(frozen=True, slots=True)
class Change:
    """Of a number of counts: how many perturbing changed, by how much on average, and at most."""

    name: str
    cells: int
    changed: int
    mean: float
    most: int


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Facts:
    """Everything a disclosure report says.

    `areas` are those where most is hidden, of `areas_hit` where anything is. `covered` counts the
    hidden cells that need no proof, for every total of them is hidden too. `quick` says that the
    alternatives were weighed in one pass. `unjudged` are the indicators of which nobody knows on
    how many a figure rests, `empty` the levels without any figure. Where figures are perturbed
    instead of hidden, `method` is what readers are told, `changes` says what it costs and
    `certificate` what was found.
    """

    subject: Subject
    made_at: datetime
    whole: Tally
    rules: tuple[tuple[str, int], ...]
    levels: tuple[Tally, ...]
    tables: tuple[Tally, ...]
    areas: tuple[Tally, ...]
    areas_hit: int = 0
    indicators: tuple[Tally, ...] = ()
    value_share: float | None = None
    covered: int = 0
    costly: tuple[Costly, ...] = ()
    needy: tuple[Needy, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    quick: bool = False
    trials: tuple[Trial, ...] = ()
    proofs: tuple[Proof, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    seen: tuple[Seen, ...] = field(default=())
    unjudged: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    method: str = ""
    changes: tuple[Change, ...] = ()
    certificate: tuple[tuple[str, str], ...] = ()
    schema: int = SCHEMA

    @property
    def broken(self) -> bool:
        """Say whether this may not be published: an attack, a proof or a conflict says so."""
        attacked = any(each.broken for each in self.trials)
        return attacked or bool(self.conflicts) or any(each.failed for each in self.proofs)


@cache
def _adapter() -> TypeAdapter[Facts]:
    return TypeAdapter(Facts)


def dump(facts: Facts) -> bytes:
    """Return the facts as JSON."""
    return _adapter().dump_json(facts, indent=1) + b"\n"


def load(content: bytes) -> Facts:
    """Return the facts that JSON says; raise Invalid where it is something else."""
    if len(content) > FACTS_BYTES_MAX:
        raise Invalid("REPORT_FACTS")
    try:
        facts = _adapter().validate_json(content)
    except ValidationError:
        raise Invalid("REPORT_FACTS") from None
    if facts.schema != SCHEMA:
        raise Invalid("REPORT_FACTS")
    return facts
