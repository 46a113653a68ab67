"""What readers hold of a population, set beside what a release would show of it.

A number that is out and still stands can be counted on; one that was hidden stays hidden. Where a
release changes a number that is out, readers hold two tables: as it was, and as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.layout import Entries, Key, Mark
from hanse.policies.disclosure.ledger import Ledger

Book = tuple[Key, Ledger]
"""The codes that the keys of a ledger lack in front (the period), and the ledger."""

Shown = Mapping[Key, int | None]

EDITIONS_MAX = 24
"""How many different tables of one population are kept apart."""


@dataclass(frozen=True, slots=True)
class Past:
    """The cells of a release with what is known of them, and the tables that were different.

    `last` is what readers hold of cells the release no longer has; it stands in the present table
    unless it is `separate`.
    """

    bare: Entries
    last: Shown
    older: tuple[Shown, ...]
    separate: bool

    @property
    def now(self) -> Entries:
        """Return the present table."""
        if self.separate:
            return self.bare
        entries = Entries([*self.bare.keys], [*self.bare.counts], [*self.bare.marks])
        have = set(self.bare.keys)
        for key, count in sorted(self.last.items()):
            if key not in have:
                entries.add(key, count, Mark.KEPT if count is None else Mark.OUT)
        return entries

    @property
    def earlier(self) -> tuple[Entries, ...]:
        """Return the tables that were different, oldest first."""
        tables = (*self.older, self.last) if self.separate else self.older
        return tuple(_entries(each) for each in tables if each)

    def elsewhere(self) -> tuple[list[Key], int]:
        """Return the cells that are withheld now and were hidden, and the edition before this one.

        No keys where there is none. Whoever withholds them showed them in no table since.
        """
        if not self.earlier:
            return [], -1
        before = self.earlier[-1]
        hidden = {
            key for key, mark in zip(before.keys, before.marks, strict=True) if mark is Mark.KEPT
        }
        now = zip(self.bare.keys, self.bare.counts, strict=True)
        return [key for key, count in now if count is None and key in hidden], len(self.earlier) - 1

    def apart(self) -> "Past":
        """Return the same with the last table beside the present one."""
        return Past(self.bare, self.last, self.older, separate=True)

    def hides(self) -> bool:
        """Say whether anything is hidden, now or before."""
        marks = {*self.bare.marks, *(mark for each in self.earlier for mark in each.marks)}
        return bool(marks & {Mark.PRIMARY, Mark.KEPT}) or None in self.last.values()


def _entries(shown: Shown) -> Entries:
    entries = Entries()
    for key, count in sorted(shown.items()):
        entries.add(key, count, Mark.KEPT if count is None else Mark.OUT)
    return entries


def remembered(
    now: Entries, books: Sequence[Book], scale: int, codes: Mapping[str, Collection[str]]
) -> Past:
    """Return the cells with what readers hold of them.

    `codes` are those that links speak of, per dimension in order.

    Raises Conflict where a number that is out, and still stands, would have to be hidden; Invalid
    for a code nobody knows how to add up any more.
    """
    told = _table([(prefix, ledger.cells) for prefix, ledger in books], scale)
    lost: list[Key] = []
    changed = False
    for place, key in enumerate(now.keys):
        if key in told:
            changed |= _known(now, place, told[key], lost)
    if lost:
        raise Conflict("DISCLOSURE_LEDGER", cell=" · ".join(lost[0]), count=len(lost))
    _check_codes(now, told, codes)
    count = max((len(ledger.editions) for _, ledger in books), default=0)
    if count > EDITIONS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="editions", found=count, limit=EDITIONS_MAX)
    tables = [_edition(books, scale, number - count) for number in range(count)] or [told]
    return Past(now, tables[-1], tuple(tables[:-1]), separate=changed)


def _known(now: Entries, place: int, value: int | None, lost: list[Key]) -> bool:
    """Note what readers hold of one cell; True where it is another number now."""
    count, mark = now.counts[place], now.marks[place]
    if mark is Mark.INNER:
        return False
    if value is None:
        now.marks[place] = Mark.KEPT if mark is Mark.FREE else mark
        return False
    if count is None:  # the source withholds what is out
        now.counts[place], now.marks[place] = value, Mark.OUT
        return False
    if count == value and mark is Mark.PRIMARY:
        lost.append(now.keys[place])
    elif count == value and mark is Mark.FREE:
        now.marks[place] = Mark.OUT
    return count != value


def _edition(books: Sequence[Book], scale: int, number: int) -> dict[Key, int | None]:
    """Return the table of an edition, counted from the last one, -1."""

    tables = []
    for prefix, ledger in books:
        told = ledger.editions or (ledger.cells,)
        tables.append((prefix, told[number] if -number <= len(told) else {}))
    return _table(tables, scale)


def _table(
    tables: Sequence[tuple[Key, Mapping[Key, float | None]]], scale: int
) -> dict[Key, int | None]:
    """Return the cells of some tables under their full keys, in whole numbers."""
    return {
        (*prefix, *key): None if value is None else round(value * scale)
        for prefix, cells in tables
        for key, value in cells.items()
    }


def _check_codes(now: Entries, told: Shown, codes: Mapping[str, Collection[str]]) -> None:
    """Refuse what is out about a code that is neither in the release nor in any link."""
    for axis, (name, linked) in enumerate(codes.items()):
        here = {key[axis] for key in now.keys}
        gone = sorted({key[axis] for key in told} - here - set(linked))
        if gone:
            raise Invalid("DISCLOSURE_CODE_UNKNOWN", dimension=name, level="", code=gone[0])
