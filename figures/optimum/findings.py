"""All that is asked about the best share of code, answered for each target from the rows of one scale."""

import dataclasses

import numpy as np

from experiments.study import FIGURES
from figures.measures import measures_of, suite_of
from figures.optimum.bootstrap import Optimum, find_optimum
from figures.optimum.check import LeftOut, leave_one_out
from figures.optimum.next_run import NextRun, next_run
from figures.optimum.observed import FEWEST_SHARES, Observed, Target
from figures.optimum.targets import observe, shares_run, targets
from figures.rows import Measured
from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Finding:
    """A target's answers."""

    target: Target
    observed: Observed
    optimum: Optimum
    next_run: NextRun
    left_out: LeftOut


@dataclasses.dataclass(frozen=True)
class Findings:
    """The answers for all targets.

    - `unanswered`: a sentence for each target without an answer.
    """

    measured: Measured
    suite: str
    found: tuple[Finding, ...]
    unanswered: tuple[str, ...]


def find(measured: Measured, *, code_weight: float, seed: int) -> Findings:
    """Answer for every target with shares enough.

    Raises UsageError where no target has them, and says what to run.
    """
    if not 0 < code_weight < 1:
        raise UsageError(f"`code_weight` {code_weight:g} is not between 0 and 1; 0.5 weighs text and code the same")
    suite = suite_of(measured)
    found, unanswered = [], []
    for target in targets(measures_of(suite), code_weight=code_weight):
        observed = observe(target, measured)
        why = _unanswerable(observed)
        if why is None:
            found.append(_answer(target, observed, seed=seed))
        else:
            unanswered.append(f"{target.label}: {why}")
    if not found:
        raise UsageError(_too_few(measured))
    return Findings(measured, suite, tuple(found), tuple(unanswered))


def _answer(target: Target, observed: Observed, *, seed: int) -> Finding:
    optimum = find_optimum(target, observed, seed=seed)
    return Finding(
        target,
        observed,
        optimum,
        next_run(target, observed, optimum, seed=seed),
        leave_one_out(target, observed, optimum.noise),
    )


def _unanswerable(observed: Observed) -> str | None:
    if len(observed.shares) < FEWEST_SHARES:
        return f"measured at {len(observed.shares)} shares of code, and a fit needs {FEWEST_SHARES}"
    if np.ptp(np.concatenate(observed.values)) == 0:
        return f"{observed.values[0][0, 0]:g} in every run, so that no share is best"
    return None


def _too_few(measured: Measured) -> str:
    have = shares_run(measured)
    lacking = [name for name in FIGURES["4"].experiments if name not in have.values()]
    told = ", ".join(f"{100 * share:g}%" for share in have) or "none"
    advice = f"python -m experiments run {' '.join(lacking)} --scale {measured.scale} --keep"
    return (
        f"a best share needs one measure at {FEWEST_SHARES} shares of code, and the rows of scale {measured.scale!r} "
        f"have {len(have)} ({told}), or lack its measurements; run the others: {advice}"
    )
