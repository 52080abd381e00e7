"""Solves what a plan declares: a schedule, the caps on its sources, and the amendments made since."""

from collections.abc import Mapping, Sequence

from mixsched.amendment import Amendment
from mixsched.errors import UsageError
from mixsched.handover import Cap
from mixsched.quota import Quota
from mixsched.resolve import lay, resolve
from mixsched.schedule import Schedule
from mixsched.stretches import blocks_of, spread, starting_at, stretches_of


def solve(
    schedule: Schedule, amendments: Sequence[Amendment], *, sources: tuple[str, ...], caps: Mapping[str, Cap]
) -> Quota:
    """The counts of a schedule with all its amendments; raises UsageError where one of them cannot be."""
    quota = Quota(resolve(schedule, sources=sources, caps=caps), stretches_of(schedule))
    for amendment in amendments:
        quota = amend(quota, schedule, amendment, caps=caps)
    return quota


def amend(quota: Quota, schedule: Schedule, amendment: Amendment, *, caps: Mapping[str, Cap]) -> Quota:
    """The counts as they are before the amendment's step, and from there on those that its weights ask for.

    What a source was expected to give, and what it gave, is carried on. Raises UsageError for a step before the last
    amendment's or beyond the end.
    """
    at_step, until_step, last = amendment.at_step, amendment.until_step, quota.eras[-1].shares
    # Where an amendment made a limit stop the run at once, the last shares are not its own.
    begun = last.first_step if quota.total_steps == last.total_steps else quota.total_steps
    if not begun <= at_step < quota.total_steps:
        since = f"the last amendment at step {begun:,}" if begun else "step 0"
        raise UsageError(
            f"`at_step` must lie between {since} and the last step, {quota.total_steps - 1:,}, got {at_step:,}; what "
            "came before may be served (`served_steps` says how far it is)"
        )
    if until_step is not None and until_step > schedule.total_steps:
        raise UsageError(
            f"`until_step` must be a step of the schedule, at most {schedule.total_steps:,}, got {until_step:,}; leave "
            "it out to amend the rest of the run"
        )
    blocks = blocks_of(schedule, first_step=at_step, stop_step=until_step)
    amended = spread(amendment.weights, amendment.knots, blocks)
    stretches = (*amended, *(() if until_step is None else starting_at(quota.stretches, until_step)))
    shares = lay(stretches, last.sources, base=last.numerators(at_step), base_unit=last.unit, caps=caps)
    # A limit may stop the run at once; what was solved with an eye on later steps stays as it is.
    if not shares.segments:
        if not at_step:
            raise UsageError("a limit stops the amended plan before its first step; raise its `epochs`")
        return quota.stopped(at_step, by=shares.stopped_by)
    return quota.amended(shares, stretches)
