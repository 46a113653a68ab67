"""One question on its way through the door, in the words of the decision."""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from hanse.auth.principal import Principal
from hanse.cube.cleared import Cleared, Pieces, hidden_in, scrub
from hanse.cube.query import Extent, Query
from hanse.errors import Invalid, NotFound, Unauthenticated
from hanse.node import shape
from hanse.node.answer import DIALECTS, FILES, STREAMED, WHOLE_ROWS, Format
from hanse.node.releases.cells import Codec, ReleaseCells
from hanse.node.releases.views import Runs
from hanse.node.shape import Part, Shape
from hanse.node.world import Offer, World
from hanse.policies.decision import NotPermitted, Permit, decide
from hanse.policies.request import AXES, Request

SHAPES_MAX = 64


@dataclass(frozen=True, slots=True)
class Case:
    """One question on its way through the door."""

    world: World
    offer: Offer
    principal: Principal
    purpose: str | None
    format: str
    cells: ReleaseCells
    release_id: str
    revoked: frozenset[str] = frozenset()
    exchange: str = ""


def known(world: World, principal: Principal, slug: str) -> Offer:
    """Return an offer that whoever asks may know of.

    Raises the same for what does not exist and for what may not be known.
    """
    offer = world.offer(slug)
    if offer is not None and world.known_to(offer, principal.client_id):
        return offer
    if not principal.known:
        raise Unauthenticated("SIGN_IN_NEEDED")
    raise NotFound("NOT_FOUND")


def part_of(case: Case, query: Query) -> Part:
    """Return the part of the release that is asked for; raises `Invalid` for a code it has not."""
    return shape.part(shape_of(case.cells), query)


def asked_part(case: Case, query: Query) -> Part:
    """Return what a refusal is recorded about: the part asked for, else the whole."""
    try:
        return part_of(case, query)
    except Invalid:
        return part_of(case, Query(query.dataset))


@lru_cache(maxsize=SHAPES_MAX)
def shape_of(cells: ReleaseCells) -> Shape:
    """Return the shape of a release, made once."""
    return shape.of(cells.codes, cells.index["partitions"], cells.index["areas"])


def request_of(case: Case, part: Part, narrow: frozenset[str]) -> Request:
    """Return the question that is decided on; `narrow` names the axes that may be narrowed."""
    contract, principal = case.offer.contract, case.principal
    return Request(
        client=principal.client_id,
        thumbprint=principal.thumbprint,
        bound=principal.bound,
        scopes=principal.scopes,
        purpose=case.purpose,
        action="read",
        dataset=case.offer.slug,
        theme=contract.theme,
        access=contract.access.value,
        profile=case.cells.manifest.profile,
        indicators=part.indicators,
        levels=frozenset(part.areas),
        areas=part.areas,
        periods=part.periods,
        format=case.format,
        breakdowns=part.breakdowns,
        protocol=principal.protocol,
        protocol_hash=principal.protocol_hash,
        narrow=narrow,
    )


def first_permit(case: Case, part: Part, today: date) -> Permit:
    """Return the permit for the first format that any protocol opens."""
    refusal: NotPermitted | None = None
    for form in ("json", "csv", "xlsx", "parquet", "arrow"):
        asked = request_of(case, part, AXES)
        try:
            return decide(with_format(asked, form), case.world.register, today)
        except NotPermitted as fault:
            refusal = refusal or fault
    assert refusal is not None  # noqa: S101 the loop is never empty
    raise refusal


def with_format(request: Request, form: str) -> Request:
    """Return the same request for another format."""
    return replace(request, format=form)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened: exactly one of cells, bytes that exist, a file or pieces.

    `hidden` counts the cells among `rows` whose figure stays in the house.
    """

    rows: int
    hidden: int
    cleared: Cleared | None = None
    runs: Runs | None = None
    file: Path | None = None
    pieces: Pieces | None = None


def opened(case: Case, query: Query, extent: Extent, form: Format, codec: Codec) -> Opened:
    """Open an extent in the way its format is sent."""
    cells = case.cells
    if form in FILES:
        file = cells.parquet(extent)
        return Opened(pq.read_metadata(file).num_rows, cells.hidden(extent), file=file)
    # A question about everything is answered with bytes that exist; a slice is cut and scrubbed.
    if form == "arrow" and query.indicators is None and query.areas is None:
        runs = cells.runs(extent, codec)
        return Opened(runs.rows, cells.hidden(extent), runs=runs)
    selected = cells.select(extent)
    if form in DIALECTS or (form in STREAMED and selected.num_rows > WHOLE_ROWS):
        # Pages of one large answer ask again and again: what is hidden in it is counted once.
        large = selected.num_rows > WHOLE_ROWS
        hidden = cells.hidden(extent) if large else hidden_in(selected)
        return Opened(selected.num_rows, hidden, pieces=Pieces(selected))
    cleared = scrub(selected)
    return Opened(cleared.rows, cleared.hidden, cleared=cleared)
