"""From the floats of a rule to whole shares over one denominator, with a floor under every share."""

import math
from collections.abc import Sequence
from fractions import Fraction

from mixsched.errors import UsageError
from mixsched.handover import apportion
from mixsched.weights import Number, exact

# The denominator of every share that is decided: plans over it stay exact, however many amendments they take.
SHARE_UNIT = 2**20


def floor_units(floor: Number, sources: int, *, units: int, where: str) -> int:
    """The least number of units, of `units` in all, that are a share of `floor` of `SHARE_UNIT` or more.

    Raises UsageError if so many sources cannot have that much each.

    >>> floor_units(0.1, 3, units=SHARE_UNIT, where="floor") / SHARE_UNIT
    0.10000038146972656
    """
    share = exact(floor, where)
    most = Fraction(units // sources, SHARE_UNIT)
    if not 0 <= share <= most:
        raise UsageError(
            f"`{where}` must lie in 0..{float(most):.6g}, for {sources} sources divide "
            f"{units / SHARE_UNIT:.6g} of the batch, got {floor!r}; lower it, or leave sources out"
        )
    return math.ceil(share * SHARE_UNIT)


def whole_shares(weights: Sequence[float], units: int, *, least: int = 0) -> list[int]:
    """`units` split in proportion to `weights`, with at least `least` for each.

    What is below the floor is lifted to it, and the others share what is left in the proportions that they had: exact,
    by largest remainders, ties in order. The weights are finite and not negative, at least one is above 0, and `units`
    hold `least` for each.

    >>> whole_shares([0.05, 0.25, 0.75], 100, least=10)
    [10, 23, 67]
    """
    # Every float is a whole number over a power of two; over the greatest of these all of them are whole.
    ratios = [weight.as_integer_ratio() for weight in weights]
    denominator = max(below for _, below in ratios)
    left = {place: above * (denominator // below) for place, (above, below) in enumerate(ratios)}
    while True:
        given = apportion(left, units - least * (len(ratios) - len(left)))
        low = [place for place, part in given.items() if part < least]
        if not low:
            return [given.get(place, least) for place in range(len(ratios))]
        for place in low:
            del left[place]
