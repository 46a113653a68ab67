"""Rules about areas, periods and keys: all of them there (R001), known (R003), spelled right
(R004), once
(R005), no period empty (R009), no instruction sheet loaded (R020)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hanse.areas import AreaKind
from hanse.cube.period import read_period
from hanse.errors import HanseError
from hanse.node.intake.build import areas_below, duplicates
from hanse.node.intake.checks.case import Case
from hanse.node.intake.checks.finding import Finding, Severity

CODES_NAMED = 6
"""How many codes of two lists that do not fit a finding names."""

EXAMPLES = 5
NIS_DIGITS = 5


def r001(case: Case) -> Iterator[Finding]:
    """Yield, per level and period, how many areas of the level (or of the city's part) are
    missing."""
    levels, names = case.codes("level")
    periods, texts = case.codes("period")
    areas, codes = case.codes("area")
    scope = case.draft.scope or _own_territory(case)
    for at, level in enumerate(names):
        expected = _expected(case, level, scope)
        for number, period in enumerate(texts):
            inside = areas[(levels == at) & (periods == number)]
            missing = expected.difference(codes[each] for each in np.unique(inside).tolist())
            if len(inside) and missing:
                yield Finding(
                    rule="R001",
                    severity=Severity.WARNING,
                    message_code="R001",
                    parameters={
                        "level": level,
                        "period": period,
                        "areas": ", ".join(sorted(missing)[:EXAMPLES]),
                    },
                    count=len(missing),
                )


def _expected(case: Case, level: str, scope: str) -> frozenset[str]:
    """Return the located areas a complete draft has at a level."""
    if not case.registry.has(level):
        return frozenset()
    located = frozenset(
        code for code, area in case.registry.areas(level).items() if area.kind is AreaKind.LOCATED
    )
    return located & areas_below(scope, level, case.registry) if scope else located


def _own_territory(case: Case) -> str:
    """Return the publisher's own area (`gemeente@2025:41002`) where no figure lies outside it.

    A city that loads its own figures misses no area of another; "" where it loads others' too.
    """
    code = case.contract.agency.removeprefix("NIS")
    levels, names = case.codes("level")
    areas, codes = case.codes("area")
    loaded = {
        name: {codes[each] for each in np.unique(areas[levels == at]).tolist()}
        for at, name in enumerate(names)
    }
    for level in case.registry.levels:
        if code in case.registry.areas(level.id):
            scope = f"{level.id}:{code}"
            if all(
                case.registry.has(name) and own <= areas_below(scope, name, case.registry)
                for name, own in loaded.items()
            ):
                return scope
    return ""


def r003(case: Case) -> Iterator[Finding]:
    """Yield areas that the level does not have in its vintage."""
    for level, code, position in _strangers(case):
        if _respelled(case, level, code) is None:
            yield case.finding(Severity.ERROR, "R003", position)


def r004(case: Case) -> Iterator[Finding]:
    """Yield area codes that were a number once: a leading zero lost, or one too many."""
    for level, code, position in _strangers(case):
        meant = _respelled(case, level, code)
        if meant is not None:
            found = case.finding(Severity.ERROR, "R004", position, meant=meant)
            yield replace(found, fix=f"area:{meant}")


def _strangers(case: Case) -> Iterator[tuple[str, str, int]]:
    levels, names = case.codes("level")
    areas, codes = case.codes("area")
    for at, level in enumerate(names):
        inside = np.flatnonzero(levels == at)
        numbers, first = np.unique(areas[inside], return_index=True)
        known = case.registry.areas(level) if case.registry.has(level) else {}
        for number, position in zip(numbers.tolist(), inside[first].tolist(), strict=True):
            if codes[number] not in known:
                yield level, codes[number], position


def _respelled(case: Case, level: str, code: str) -> str | None:
    if not case.registry.has(level):
        return None
    known = case.registry.areas(level)
    tries = (code.zfill(NIS_DIGITS), code.lstrip("0"), code.upper())
    return next((each for each in tries if each in known), None)


def r005(case: Case) -> Iterator[Finding]:
    """Yield cells whose key stood before."""
    first, again = duplicates(case.draft.cells)
    cells = case.draft.cells
    for one, two in zip(first.tolist(), again.tolist(), strict=True):
        other = cells.column("source_row")[one].as_py() or 0
        yield case.finding(Severity.ERROR, "R005", two, other_row=other)


def r009(case: Case) -> Iterator[Finding]:
    """Yield periods in the middle of a series that have no figure at all."""
    for indicator, level, positions in case.groups():
        shown = set(case.months[positions[case.visible[positions]]].tolist())
        if not shown:
            yield Finding(
                rule="R009",
                severity=Severity.WARNING,
                message_code="R009_ALL",
                parameters={"level": level},
                column=case.shown(indicator.id),
            )
            continue
        for text in _between(case, positions):
            start = read_period(text).start_date
            if start.year * 12 + start.month not in shown:
                yield Finding(
                    rule="R009",
                    severity=Severity.WARNING,
                    message_code="R009",
                    parameters={"level": level, "period": text},
                    column=case.shown(indicator.id),
                )


def _between(case: Case, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    """Return every period from the first to the last of a series, in its own frequency."""
    numbers, texts = case.codes("period")
    periods = sorted(read_period(texts[each]) for each in np.unique(numbers[positions]).tolist())
    if len({period.freq for period in periods}) != 1:
        return []
    found = [periods[0]]
    try:
        while found[-1] < periods[-1] and len(found) < 10_000:
            found.append(found[-1].shift(1))
    except HanseError:
        return []
    return [str(period) for period in found]


def r020(case: Case) -> Iterator[Finding]:
    """Yield the sheets that were not read because they hold no figures and describe nothing."""
    for remark in case.draft.remarks:
        if remark.rule == "R020":
            yield Finding(
                rule="R020",
                severity=Severity.WARNING,
                message_code="R020",
                sheet=remark.sheet,
                fix=f"skip:{remark.sheet}",
            )


def r021(case: Case) -> Iterator[Finding]:
    """Yield the breakdowns that might be one in another dataset, and codes nobody ties together."""
    for each in case.doubts:
        codes = ", ".join(each.codes[:CODES_NAMED])
        yield Finding(
            rule="R021",
            severity=Severity.ERROR,
            message_code="R021_CODES" if each.codes else "R021_NAMES",
            parameters={
                "here": each.here,
                "there": each.there,
                "dataset": each.dataset,
                "codes": codes,
            },
            column=each.here,
            count=max(len(each.codes), 1),
        )
