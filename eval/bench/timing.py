"""Times several ways of doing the same beside each other."""

import statistics
import time
from collections.abc import Callable, Mapping


def median_seconds(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Seconds that each way takes, the median of `repeats` rounds in which all take turns, after one that compiles.

    A way returns when its work is done: one that leaves it to a device waits for it.
    """
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats + 1):
        for name, way in ways.items():
            begun_s = time.perf_counter()
            way()
            rounds[name].append(time.perf_counter() - begun_s)
    return {name: statistics.median(seconds[1:]) for name, seconds in rounds.items()}
