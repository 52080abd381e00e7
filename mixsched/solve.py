"""Solves what a plan declares: a schedule, the caps on its sources, and the amendments made since."""

from collections.abc import Mapping, Sequence

from mixsched.amend import Amendment
from mixsched.errors import UsageError
from mixsched.handover import Cap
from mixsched.quota import Quota
from mixsched.resolve import lay, resolve
from mixsched.schedule import Schedule
from mixsched.stretches import blocks_of, spread


def solve(
    schedule: Schedule, amendments: Sequence[Amendment], *, sources: tuple[str, ...], caps: Mapping[str, Cap]
) -> Quota:
    """The counts of a schedule with all its amendments; raises UsageError where one of them cannot be."""
    quota = Quota(resolve(schedule, sources=sources, caps=caps))
    for amendment in amendments:
        quota = amend(quota, schedule, amendment, caps=caps)
    return quota


def amend(quota: Quota, schedule: Schedule, amendment: Amendment, *, caps: Mapping[str, Cap]) -> Quota:
    """The counts as they are before the amendment's step, and from there on those that its weights ask for.

    What a source was expected to give, and what it gave, is carried on. Raises UsageError for a step before the last
    amendment's or beyond the end.
    """
    at_step, last = amendment.at_step, quota.eras[-1].shares
    if not last.first_step <= at_step < quota.total_steps:
        since = f"the last amendment, at step {last.first_step:,}" if len(quota.eras) > 1 else "step 0"
        raise UsageError(
            f"`at_step` must lie between {since}, and the last step, {quota.total_steps - 1:,}, got {at_step:,}; "
            "what came before is served and stays as it is"
        )
    stretches = tuple(spread(amendment.phase(), blocks_of(schedule, first_step=at_step)))
    base = last.numerators(at_step)
    return quota.amended(lay(stretches, last.sources, base=base, base_unit=last.unit, caps=caps))
