"""mixsched as one of the mixers."""

import dataclasses

import numpy as np

from mixsched.bench.case import Case, Stream
from mixsched.lengths import Steps
from mixsched.phase import Phase
from mixsched.plan import Plan
from mixsched.schedule import Schedule


@dataclasses.dataclass(frozen=True)
class Solved:
    """A plan, and where each of its sources stands in the case's list: int64 [sources]."""

    plan: Plan
    listed: np.ndarray

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop)."""
        placement = self.plan.batches(first, stop)
        return Stream(self.listed[placement.source], placement.record)


def plan_of(case: Case) -> Plan:
    """The plan of a case: one phase, its weights all along."""
    phase = Phase(case.name, Steps(case.steps), dict(case.weights))
    return Plan(Schedule((phase,), batch_size=case.batch_size, context_tokens=1_024), case.rows, seed=case.seed)


def mixsched(case: Case) -> Solved:
    """The plan of a case, as a mixer."""
    plan = plan_of(case)
    return Solved(plan, np.array([case.sources.index(source) for source in plan.sources], np.int64))
