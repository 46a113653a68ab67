"""The decision: one question, one answer, with its reason.

Default deny. All clauses of one protocol, or none: two protocols are never combined for one
answer, for combining is how a recipient gets columns that nobody agreed to. Pure: nothing here can
tell when or where it runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from hanse.cube.query import Extent
from hanse.errors import Refused
from hanse.policies import extents
from hanse.policies.clauses import Clause
from hanse.policies.register import Agreement, Register
from hanse.policies.request import Request as Request

REVOKED, SUPERSEDED = "revoked", "superseded"
DECISION_REVOKED = "DECISION_REVOKED"
DECISION_SUSPENDED = "DECISION_SUSPENDED"
_STOPPED = MappingProxyType({REVOKED: DECISION_REVOKED, "suspended": DECISION_SUSPENDED})


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a decision: what was wanted, what the protocol had, and the field it is from."""

    name: str
    passed: bool
    wanted: str
    had: str
    clause: str


@dataclass(frozen=True, slots=True)
class Permit:
    """The positive decision: the one protocol it rests on, and what the node must execute."""

    agreement: Agreement
    request: Request
    today: date

    @property
    def protocol(self) -> str:
        """The protocol's id."""
        return self.agreement.protocol.id

    @property
    def version(self) -> int:
        """The protocol's version."""
        return self.agreement.protocol.version

    @property
    def content_hash(self) -> str:
        """The digest of the protocol's text."""
        return self.agreement.content_hash

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that may leave."""
        return tuple(self.agreement.protocol.data.formats)

    @property
    def licence(self) -> str:
        """The licence the protocol gives; "" leaves it to the dataset."""
        return self.agreement.protocol.terms.licence

    @property
    def onward(self) -> str:
        """Whether the recipient may pass it on: `none`, `named`, `open_licence`."""
        return self.agreement.protocol.terms.onward

    @property
    def retention(self) -> str:
        """How long the recipient may keep it, as ISO 8601 duration; "" has no end."""
        return self.agreement.protocol.terms.retention

    @property
    def everybody(self) -> bool:
        """Whether anybody would have got this answer."""
        return self.agreement.client is None

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check, in order."""
        return _checks(self.agreement, self.request, self.today)

    @property
    def extent(self) -> Extent:
        """The view to open: what was asked, narrowed where the question says so."""
        return extent(self.agreement, self.request)


Tell = Callable[[], tuple[Check, ...]]


class NotPermitted(Refused):
    """The negative decision: the first check that failed, of the nearest protocol of whoever asks.

    `tell` gives every check of that protocol, which takes longer than to decide; without it there
    is the one that failed.
    """

    def __init__(
        self, failed: Check, protocol: str | None, tell: Tell | None = None, decision: str = ""
    ) -> None:
        recorded = {"decision": decision} if decision else {}
        super().__init__(
            _code(failed),
            wanted=failed.wanted,
            had=failed.had,
            protocol=protocol or "-",
            **recorded,
        )
        self.failed = failed
        self.protocol = protocol
        self._tell = tell

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Every check, in order; put into words when somebody asks for them."""
        return self._tell() if self._tell else (self.failed,)

    def recorded(self, reference: str) -> "NotPermitted":
        """Return the same refusal with the reference it is recorded under."""
        return NotPermitted(self.failed, self.protocol, lambda: self.checks, reference)


def _code(failed: Check) -> str:
    """Return the code of a refusal: what a party ended or holds up needs no other token."""
    state = failed.had.split(" ")[0] if failed.name == "status" else ""
    return _STOPPED.get(state, f"DECISION_{failed.name.upper()}")


def decide(request: Request, register: Register, today: date) -> Permit:
    """Return the permit of exactly one protocol.

    Among several that hold, the one that opens least comes first (datasets, indicators, id), so the
    answer never depends on the order of loading; what is open to everybody comes after what names
    the client. `today` is the day in the protocols' time zone. Raises `NotPermitted`.
    """
    found = register.candidates(request.client, request.dataset, request.theme)
    named = request.protocol
    best: Agreement | None = None
    for each in found:
        if named is not None and each.protocol.id != named:
            continue
        if (best is None or _before(each, best)) and each.holds(request, today):
            best = each
    if best is None:
        raise _refusal(request, register, today)
    return Permit(best, request, today)


def _before(one: Agreement, other: Agreement) -> bool:
    return (one.client is None, one.rank) < (other.client is None, other.rank)


def extent(agreement: Agreement, request: Request) -> Extent:
    """Return the part of a cube that an agreement opens of what is asked.

    Where an axis is in `request.narrow`, it is the part that is opened; else what is asked, whole.
    """
    indicators, levels, areas, periods, breakdowns = map(
        agreement.clause, ("indicator", "level", "area", "period", "breakdown")
    )
    assert isinstance(indicators, extents.Indicators)  # noqa: S101 the order is CHECKS
    assert isinstance(levels, extents.Levels)  # noqa: S101
    assert isinstance(areas, extents.AreaScope)  # noqa: S101
    assert isinstance(periods, extents.Periods)  # noqa: S101
    assert isinstance(breakdowns, extents.Breakdowns)  # noqa: S101
    opened = indicators.indicators
    return Extent(
        indicators=request.indicators if opened is None else request.indicators & opened,
        areas=MappingProxyType(
            {
                level: areas.at(level, asked)
                for level, asked in request.areas.items()
                if levels.opens(level)
            }
        ),
        periods=periods.narrowed(request.periods),
        breakdowns=MappingProxyType(
            {name: breakdowns.at(name, asked) for name, asked in request.breakdowns.items()}
        ),
    )


def _refusal(request: Request, register: Register, today: date) -> NotPermitted:
    # What is for everybody explains open data only: of anything else it knows nothing.
    own = () if request.client is None else register.of(request.client)
    everybody = register.of(None) if request.access == "open" else ()
    near = [each for each in own + everybody if request.protocol in (None, each.protocol.id)]
    # A text that a later one replaced explains nothing, unless it is all there is.
    near = [each for each in near if each.state != SUPERSEDED] or near
    if not near:
        missing = Check("recipient", False, request.client or "-", "-", "parties")
        if request.protocol is not None:
            missing = Check("status", False, request.protocol, "-", "id")
        return NotPermitted(missing, None)
    nearest = near[0] if len(near) == 1 else _nearest(near, request, today)
    failed = next(each for each in nearest.conditions if not each.holds(request, today))
    return NotPermitted(
        _check(failed, request, today),
        None if nearest.client is None else nearest.protocol.id,
        lambda: _checks(nearest, request, today),
    )


def _nearest(near: Sequence[Agreement], request: Request, today: date) -> Agreement:
    """Return the one with most checks passed; one that names the client comes first."""

    def passed(each: Agreement) -> tuple[int, bool]:
        held = sum(clause.holds(request, today) for clause in each.conditions)
        return held, each.client is not None

    return max(near, key=passed)


def _checks(agreement: Agreement, request: Request, today: date) -> tuple[Check, ...]:
    return tuple(_check(clause, request, today) for clause in agreement.conditions)


def _check(clause: Clause, request: Request, today: date) -> Check:
    return Check(
        clause.name,
        clause.holds(request, today),
        clause.wanted(request, today),
        clause.had(),
        clause.source,
    )
