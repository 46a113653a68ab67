"""What a filter says about codes: what a question is narrowed to before rows are made."""

from collections.abc import Mapping

from hanse.dialects.odata.filter import Comparison, Expression, Joined, Listed, Property


def codes(expression: Expression) -> dict[str, frozenset[str]]:
    """Return, per property, the texts of which every row that is meant has one.

    Sound, not complete: a property that is not here is not narrowed, and the filter itself is held
    against the rows all the same.
    """
    match expression:
        case Comparison(Property(name, ()), "eq", str(text)):
            return {name: frozenset({text})}
        case Listed(Property(name, ()), values):
            texts = frozenset(value for value in values if isinstance(value, str))
            return {name: texts} if len(texts) == len(set(values)) else {}
        case Joined("and", parts):
            return _all(parts)
        case Joined("or", parts):
            return _any(parts)
    return {}


def _all(parts: tuple[Expression, ...]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for part in parts:
        for name, texts in codes(part).items():
            found[name] = found.get(name, texts) & texts
    return found


def _any(parts: tuple[Expression, ...]) -> dict[str, frozenset[str]]:
    each: list[Mapping[str, frozenset[str]]] = [codes(part) for part in parts]
    common = frozenset.intersection(*(frozenset(found) for found in each))
    return {name: frozenset[str]().union(*(found[name] for found in each)) for name in common}
