"""What seeds tell: means with Student's t intervals, and changes against a baseline that are paired by seed."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from scipy.special import stdtrit

LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Spread:
    """A quantity by seed.

    - `half`: half the 95% interval of the mean, by Student's t over seeds; None with one seed, which tells no interval.
    """

    values: Mapping[int, float]

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return math.fsum(self.values.values()) / len(self.values)

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.values)

    @property
    def half(self) -> float | None:
        """Half the interval, in the unit of the values."""
        return half_interval(list(self.values.values()))


def half_interval(values: Sequence[float]) -> float | None:
    """Half the 95% interval of the mean of independent values by Student's t; None for fewer than two.

    >>> round(half_interval([1.0, 2.0, 3.0]), 3)
    2.484
    """
    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return float(stdtrit(count - 1, (1 + LEVEL) / 2)) * math.sqrt(variance / count)


def spread(values: Mapping[int, float]) -> Spread | None:
    """The spread of the values by seed; None where there is none."""
    return Spread(dict(sorted(values.items()))) if values else None


def relative_percent(
    values: Mapping[int, float], baseline: Mapping[int, float], *, lower_is_better: bool
) -> Spread | None:
    """The relative change of each seed against the same seed of the baseline, in percent, so that up is better.

    Where lower is better this is what is saved: 2 bits for 4 are 50%. None without a common seed, or where a baseline
    is 0 or less: there is no ratio to it.
    """
    common = {seed: (values[seed], baseline[seed]) for seed in values if seed in baseline}
    if any(base <= 0 for _, base in common.values()):
        return None
    sign = -1 if lower_is_better else 1
    return spread({seed: sign * 100 * (value / base - 1) for seed, (value, base) in common.items()})
