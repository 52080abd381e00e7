"""pass@k: the probability that at least one of k samples of a program passes its tests, from n samples drawn."""

import math
from collections.abc import Sequence

from mixsched.errors import UsageError


def pass_at_k(n: int, c: int, k: int) -> float:
    """The unbiased estimate 1 - C(n-c, k) / C(n, k) of pass@k from `c` passes in `n` samples.

    Computed in whole numbers and rounded once. Raises UsageError if `k` is not in 1..n. Source: Chen et al. 2021
    (arXiv 2107.03374), equation 1.
    """
    assert 0 <= c <= n, (n, c)
    if not 1 <= k <= n:
        raise UsageError(f"`k` is {k}, but pass@k needs a k from 1 to the number of samples, {n}; draw more samples")
    draws = math.comb(n, k)
    return (draws - math.comb(n - c, k)) / draws


def pass_scores(verdicts: Sequence[str], ks: Sequence[int]) -> dict[str, float]:
    """An item's scores by the name of the metric, `pass@1` and so on, from the verdicts on its samples.

    `sandbox_error` says nothing about a program, so such samples are left out; where fewer than k are then left, the
    item has no pass@k. Raises UsageError if there were fewer than k to begin with.
    """
    if max(ks) > len(verdicts):
        raise UsageError(f"pass@{max(ks)} needs {max(ks)} samples an item, and there are {len(verdicts)}; draw more")
    judged = [verdict for verdict in verdicts if verdict != "sandbox_error"]
    passed = judged.count("passed")
    return {f"pass@{k}": pass_at_k(len(judged), passed, k) for k in ks if k <= len(judged)}
