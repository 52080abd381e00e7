"""Plans and losses that the tests of weights set by feedback share."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from mixsched import Phase, Plan, Schedule, Steps
from mixsched.online import ADO

NAMES: tuple[str, ...] = ("code", "math", "papers", "text")
UNIFORM: dict[str, float] = dict.fromkeys(NAMES, 0.25)
REFERENCE = {"code": 1.0, "math": 1.5, "papers": 2.0, "text": 2.5}
EAGER_ADO = ADO(skip_steps=0, refit_steps=15)


def plan_of(
    mix: Mapping[str, float | Fraction] = UNIFORM, *, steps: int = 60, batch_size: int = 16, **fields: Any
) -> Plan:
    schedule = Schedule((Phase("p", Steps(steps), mix),), batch_size=batch_size, context_tokens=4)
    return Plan(schedule, dict.fromkeys(mix, 100), seed=0, **fields)


def losses_of(generator: np.random.Generator) -> dict[str, float]:
    """The losses of some sources, in any order."""
    given = generator.permutation(NAMES)[: generator.integers(1, 5)].tolist()
    return {source: float(generator.uniform(0, 4)) for source in given}


def harmonic(number: int) -> float:
    return sum(1 / k for k in range(1, number + 1))
