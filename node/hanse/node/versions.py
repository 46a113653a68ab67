"""What each version of a protocol changed for recipients: consequences, not lines of a file.

A version is held against the newest earlier one that was in force, or would have been: what was
proposed and came to nothing changed nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hanse.node.protocols import Held
from hanse.policies.difference import Difference, differences
from hanse.policies.lifecycle import PUBLIC

HEADS: Final = (
    *("protocol", "version", "before", "state", "effect"),
    *("change", "field", "recipient", "becomes", "was"),
)
SIGNED: Final = PUBLIC | {"signed"}
"""The states of a text that every party signed."""

_CODE: Final = "DIFF_"


def lines(held: Sequence[Held], protocol: str = "") -> Iterator[tuple[str | int, ...]]:
    """Yield what every version changes, what widens first; `protocol` "" is all of them."""
    for each in sorted(held, key=lambda one: (one.row.id, one.row.version)):
        before = _before(each, held)
        if before is None or protocol not in ("", each.row.id):
            continue
        for found in differences(before.protocol, each.protocol):
            about = (each.row.id, each.row.version, before.row.version, each.state, found.effect)
            change = found.code.removeprefix(_CODE).lower()
            yield (*about, change, found.field, found.who, found.what, found.was)


def read(values: Any) -> Difference:
    """Return a line's difference, by its heads."""
    code = f"{_CODE}{values['change'].upper()}"
    where = (values["field"], values["becomes"], values["recipient"], values["was"])
    return Difference(values["effect"], code, *where)


def _before(each: Held, held: Sequence[Held]) -> Held | None:
    earlier = [
        one
        for one in held
        if one.row.id == each.row.id and one.row.version < each.row.version and one.state in SIGNED
    ]
    return max(earlier, key=lambda one: one.row.version, default=None)
