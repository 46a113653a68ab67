"""Stage 1's inner loop: sparse elimination modulo the prime 2³¹ - 1, cells as columns.

Publishing a cell eliminates one of its coordinates from every cell still open. A candidate that has
become a multiple of a primary cell would reveal it; one that has become empty is already implied.
The modulus is a prime near 2³¹: modulo 2, 1 + 1 = 0 would invent dependencies; this one errs with
probability about 1/p, and the certificate verifies over the whole numbers.

Entries live in one pool; a cell that outgrows its place moves to the end with twice the room. Per
coordinate a linked list names the cells that had it; entries gone stale are skipped.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hanse.policies.disclosure.compiled import compiled

Ints = NDArray[np.int64]

PRIME = 2**31 - 1

OPEN, PUBLISHED, IMPLIED, SECONDARY, REFUSED = 0, 1, 2, 3, 4

POOL_USED, LINKS_USED, OVERFLOW = 0, 1, 2


class Work(NamedTuple):
    """Everything the elimination changes; all arrays are int64 and changed in place.

    Per cell: `start`, `length`, `room` in the pool of (`row`, `value`), `primary` and `active` 0/1.
    Per coordinate r: `head[r]` of its list of primary cells and `head[rows + r]` of the others,
    `primaries` and `others`, the active cells that hold it.
    Per link: `after`, `cell`. `state`: pool used, links used, overflow.
    """

    row: Ints
    value: Ints
    start: Ints
    length: Ints
    room: Ints
    primary: Ints
    active: Ints
    head: Ints
    primaries: Ints
    others: Ints
    after: Ints
    cell: Ints
    state: Ints


@compiled
def _inverse(value: int) -> int:
    """Return 1/value modulo the prime, by Fermat's little theorem."""
    result = 1
    power = value % 2147483647
    exponent = 2147483645
    while exponent > 0:
        if exponent & 1:
            result = result * power % 2147483647
        power = power * power % 2147483647
        exponent >>= 1
    return result


@compiled
def _find(rows: Ints, begin: int, length: int, row: int) -> int:
    """Return where in a sorted stretch of the pool a coordinate stands, -1 if it does not."""
    low = begin
    high = begin + length
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < row:
            low = middle + 1
        else:
            high = middle
    if low < begin + length and rows[low] == row:
        return low
    return -1


@compiled
def _count(work: Work, cell: int, row: int, step: int) -> None:
    """Count a cell in or out of a coordinate."""
    if work.primary[cell] == 1:
        work.primaries[row] += step
    else:
        work.others[row] += step


@compiled
def _link(work: Work, cell: int, row: int) -> None:
    """Put a cell on the list of a coordinate."""
    place = work.state[1]
    if place >= work.cell.size:
        work.state[2] = 1
        return
    if work.primary[cell] == 0:
        row = row + work.others.size
    work.cell[place] = cell
    work.after[place] = work.head[row]
    work.head[row] = place
    work.state[1] = place + 1


@compiled
def _retire(work: Work, cell: int) -> None:
    """Take a cell out of the counts: it is decided."""
    work.active[cell] = 0
    rows = work.row
    counts = work.primaries if work.primary[cell] == 1 else work.others
    for place in range(work.start[cell], work.start[cell] + work.length[cell]):
        counts[rows[place]] -= 1


@compiled
def _rarest(work: Work, cell: int, among_primaries: bool) -> int:
    """Return the cell's coordinate that the fewest (primary) cells hold."""
    rows, primaries, others = work.row, work.primaries, work.others
    best = -1
    least = 0
    for place in range(work.start[cell], work.start[cell] + work.length[cell]):
        row = rows[place]
        found = primaries[row]
        if not among_primaries:
            found = found + others[row]
        if best < 0 or found < least:
            best = row
            least = found
    return best


@compiled
def _proportional(work: Work, cell: int, other: int) -> bool:
    """Say whether two cells of equal length are multiples of each other."""
    rows, values = work.row, work.value
    mine = work.start[cell]
    theirs = work.start[other]
    for step in range(work.length[cell]):
        if rows[mine + step] != rows[theirs + step]:
            return False
    factor = values[theirs] * _inverse(values[mine]) % 2147483647
    for step in range(1, work.length[cell]):
        if values[mine + step] * factor % 2147483647 != values[theirs + step]:
            return False
    return True


@compiled
def _reveals(work: Work, cell: int) -> bool:
    """Say whether publishing the cell would determine a primary one."""
    row = _rarest(work, cell, True)
    if work.primaries[row] == 0:
        return False
    link = work.head[row]
    while link >= 0:
        other = work.cell[link]
        link = work.after[link]
        if work.length[other] == work.length[cell] and _proportional(work, cell, other):
            return True
    return False


@compiled
def _subtract(work: Work, cell: int, pivot: int, factor: int) -> None:
    """Replace a cell by cell - factor · pivot: in place while the pivot adds no coordinate."""
    rows, values = work.row, work.value
    missing = 0
    gone = 0
    for theirs in range(work.start[pivot], work.start[pivot] + work.length[pivot]):
        found = _find(rows, work.start[cell], work.length[cell], rows[theirs])
        if found < 0:
            missing += 1
            continue
        values[found] = (values[found] - values[theirs] * factor) % 2147483647
        if values[found] == 0:
            gone += 1
            _count(work, cell, rows[theirs], -1)
    if missing > 0:
        _grow(work, cell, pivot, factor)
    elif gone > 0:
        begin = work.start[cell]
        end = begin + work.length[cell]
        work.length[cell] = _copied(rows, values, begin, end, begin) - begin


@compiled
def _copied(rows: Ints, values: Ints, begin: int, end: int, into: int) -> int:
    """Copy the non-zero entries of a stretch of the pool; return where the copy ends."""
    for place in range(begin, end):
        if values[place] != 0:
            rows[into] = rows[place]
            values[into] = values[place]
            into += 1
    return into


@compiled
def _grow(work: Work, cell: int, pivot: int, factor: int) -> None:
    """Merge -factor · pivot into a cell whose common coordinates are already settled."""
    rows, values = work.row, work.value
    target = work.state[0]
    mine = work.start[cell]
    mine_end = mine + work.length[cell]
    if target + work.length[cell] + work.length[pivot] > rows.size:
        work.state[2] = 1
        return
    into = target
    for theirs in range(work.start[pivot], work.start[pivot] + work.length[pivot]):
        row = rows[theirs]
        upto = mine
        while upto < mine_end and rows[upto] < row:
            upto += 1
        into = _copied(rows, values, mine, upto, into)
        mine = upto
        if mine < mine_end and rows[mine] == row:
            continue
        rows[into] = row
        values[into] = (-(values[theirs] * factor % 2147483647)) % 2147483647
        into += 1
        _count(work, cell, row, 1)
        _link(work, cell, row)
    into = _copied(rows, values, mine, mine_end, into)
    _settle(work, cell, target, into - target)


@compiled
def _settle(work: Work, cell: int, target: int, length: int) -> None:
    """Leave the new entries at the end of the pool, or move them back where they fit."""
    if length <= work.room[cell]:
        begin = work.start[cell]
        for step in range(length):
            work.row[begin + step] = work.row[target + step]
            work.value[begin + step] = work.value[target + step]
    else:
        work.start[cell] = target
        work.room[cell] = min(2 * length, work.row.size - target)
        work.state[0] = target + work.room[cell]
    work.length[cell] = length


@compiled
def _eliminate(work: Work, pivot: int) -> None:
    """Take the pivot's rarest coordinate out of every active cell."""
    row = _rarest(work, pivot, False)
    place = _find(work.row, work.start[pivot], work.length[pivot], row)
    inverse = _inverse(work.value[place])
    _sweep(work, pivot, row, inverse, row)
    _sweep(work, pivot, row, inverse, row + work.others.size)


@compiled
def _sweep(work: Work, pivot: int, row: int, inverse: int, place: int) -> None:
    """Take a coordinate out of every active cell of one list."""
    link = work.head[place]
    work.head[place] = -1
    while link >= 0:
        cell = work.cell[link]
        link = work.after[link]
        if work.active[cell] == 0:
            continue
        found = _find(work.row, work.start[cell], work.length[cell], row)
        if found >= 0:
            _subtract(work, cell, pivot, work.value[found] * inverse % 2147483647)
        if work.state[2] == 1:
            return


@compiled
def eliminate(work: Work, order: Ints, forced: int, outcome: Ints) -> None:
    """Decide every cell of `order`: the first `forced` are published whatever they reveal.

    `outcome` (per cell) becomes PUBLISHED, IMPLIED, SECONDARY, or REFUSED for a forced cell that
    reveals a primary one. `work.state[OVERFLOW]` is 1 when the pool was too small.
    """
    for place in range(order.size):
        cell = order[place]
        _retire(work, cell)
        if work.length[cell] == 0:
            outcome[cell] = 2
            continue
        if _reveals(work, cell):
            outcome[cell] = 4 if place < forced else 3
            if place >= forced:
                continue
        else:
            outcome[cell] = 1
        _eliminate(work, cell)
        if work.state[2] == 1:
            return
