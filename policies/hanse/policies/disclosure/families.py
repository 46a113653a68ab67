"""What stands behind the figures of a sample, and what shares leave over: by name, no numbers."""

from collections.abc import Sequence

from hanse.cube.indicator import Indicator, MeasureType
from hanse.policies.profile import Profile

Alike = Sequence[Sequence[str]]
"""Indicators, by id, that have the same numbers everywhere."""


def shares(
    indicators: Sequence[Indicator], present: frozenset[str], profile: Profile
) -> tuple[tuple[Indicator, str, str], ...]:
    """Return every share of which what is left over is judged too, with its part and its whole.

    Of a sample always, weighted and (where a producer counts them) unweighted; of other shares
    where the profile says so.
    """
    found: list[tuple[Indicator, str | None, str | None]] = []
    for each in indicators:
        if each.measure_type is MeasureType.SHARE:
            if each.sample is not None or profile.rest_hidden:
                found.append((each, each.numerator, each.denominator))
            if each.sample is not None:
                found.append((each, each.sample.counted_indicator, each.sample.n_indicator))
    return tuple(
        (each, part, whole)
        for each, part, whole in found
        if part and whole and part != whole and {part, whole} <= present
    )


def families(
    indicators: Sequence[Indicator], present: frozenset[str], alike: Alike, *, whole: bool = True
) -> list[tuple[Indicator, tuple[str, ...]]]:
    """Return every survey figure with the indicators behind it that no other figure needs.

    What several figures share (one n of one questionnaire, or one for each with the same numbers)
    is judged by that n, but is not lost with one of them: it tells nothing of that one. Unless
    `whole`, return it too with each that rests on the same n as all others.
    """
    one = {name: names[0] for names in alike for name in names}
    named: dict[str, tuple[str, ...]] = {}
    for each in indicators:
        if each.sample is not None:
            people = each.sample.population_indicator
            behind = dict.fromkeys((each.numerator, *each.sample.members))
            named[each.id] = tuple(name for name in behind if name and name != people)
    answers = {each.id: each.sample.n_indicator for each in indicators if each.sample}
    users: dict[str, list[str]] = {}
    for figure, names in named.items():
        told = figure if whole else one.get(answers[figure], answers[figure])
        for code in {one.get(name, name) for name in names}:
            users.setdefault(code, []).append(told)
    own = {
        name
        for names in named.values()
        for name in names
        if len(set(users[one.get(name, name)])) == 1
    }
    return [
        (each, tuple(name for name in named[each.id] if name in own and name in present))
        for each in indicators
        if each.id in named and (present & {each.id, *named[each.id]})
    ]
