"""How many rows a run reads of the sources that its experiment wants to repeat so many times."""

import math
from collections.abc import Mapping

import mixsched
from mixsched.errors import UsageError
from train.experiment import Experiment

# The most that a plan takes: where only shares count, no source runs out.
BOUNDLESS_ROWS = 2**62


def boundless(schedule: mixsched.Schedule) -> dict[str, int]:
    """Rows of each source for a plan of which only steps, shares and counts are asked."""
    return dict.fromkeys(schedule.sources, BOUNDLESS_ROWS)


def pools_of(experiment: Experiment, schedule: mixsched.Schedule) -> dict[str, int]:
    """Rows of each source of `epochs` from which the schedule draws all that it asks, each row so many times."""
    plan = mixsched.Plan(schedule, boundless(schedule), seed=0)
    asked = dict(zip(plan.sources, plan.expected(plan.total_steps), strict=True))
    return {source: math.ceil(asked[source] / epochs) for source, epochs in experiment.epochs.items()}


def check_enough(
    experiment: Experiment, pools: Mapping[str, int], rows: Mapping[str, int], context_tokens: int
) -> None:
    """Raise UsageError if a source has fewer rows than its pool takes; what has no `rows` is not looked at."""
    for source, pool in pools.items():
        if pool > rows.get(source, pool):
            epochs = experiment.epochs[source]
            enough = math.ceil(pool * epochs / rows[source])
            raise UsageError(
                f"`epochs` of {source!r}, {epochs}, takes {pool:,} rows ({pool * context_tokens:,} tokens) of it, "
                f"there are {rows[source]:,} ({rows[source] * context_tokens:,} tokens); prepare more, or repeat it "
                f"{enough} times"
            )
