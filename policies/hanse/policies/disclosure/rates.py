"""How many decimals of a percentage may be shown beside its denominator.

A percentage with one decimal beside a published denominator gives almost every small count back.
The choice must follow from the denominator alone: one that looked at the numerator would tell.
"""

DECIMALS_MAX = 6


def safe_decimals(denominator: int, width: int) -> int | None:
    """Return the most decimals a percentage may have, None if it may not be shown at all.

    With that many, at least `width` + 1 whole numerators fit every percentage, 0 % and 100 %
    included, where only half a step lies inside: denominator > 2 · width · 10^(decimals + 2).
    """
    if denominator <= 2 * width * 100:
        return None
    decimals = 0
    while decimals < DECIMALS_MAX and denominator > 2 * width * 10 ** (decimals + 3):
        decimals += 1
    return decimals
