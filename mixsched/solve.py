"""Solves what a plan declares: a schedule, the caps on its sources, and the amendments and extensions made since."""

import itertools
from collections.abc import Mapping, Sequence

from mixsched.amendment import Amendment
from mixsched.errors import UsageError
from mixsched.handover import Cap
from mixsched.quota import Quota
from mixsched.resolve import lay, resolve
from mixsched.schedule import Schedule
from mixsched.stretches import blocks_of, spread, starting_at, stretches_of


def solve(
    schedule: Schedule,
    amendments: Sequence[Amendment],
    *,
    extended_at: Sequence[int],
    sources: tuple[str, ...],
    caps: Mapping[str, Cap],
) -> Quota:
    """The counts of a schedule with all its amendments and extensions; raises UsageError where one of them cannot be.

    Each part, up to a step of `extended_at` or the end, is solved with what was known of it alone: its phases, the
    amendments before its end, in their order, and the caps of the sources that these name.
    """
    quota, known, waiting = None, set(), list(amendments)
    for begin, stop in itertools.pairwise((0, *extended_at, schedule.total_steps)):
        part, last = schedule.up_to(stop), stop == schedule.total_steps
        taken = waiting if last else list(itertools.takewhile(lambda each, stop=stop: each.at_step < stop, waiting))
        waiting = waiting[len(taken) :]
        known |= {*part.sources, *(source for amendment in taken for source in amendment.sources)}
        capped = {source: cap for source, cap in caps.items() if source in known}
        if quota is None:
            quota = Quota(resolve(part, sources=sources, caps=capped), stretches_of(part))
        else:
            quota = extend(quota, part, begin, caps=capped)
        for amendment in taken:
            quota = amend(quota, part, amendment, caps=capped)
    assert quota is not None
    return quota


def extend(quota: Quota, schedule: Schedule, at_step: int, *, caps: Mapping[str, Cap]) -> Quota:
    """The counts as they are to their end, `at_step`, and from there on those of the schedule's phases beyond it.

    What a source was expected to give, and what it gave, is carried on. Raises UsageError where a limit stops the run
    before its end, or before the first step that is added.
    """
    last, stretches = quota.eras[-1].shares, starting_at(stretches_of(schedule), at_step)
    if quota.total_steps < at_step:
        raise UsageError(
            f"the limit of the source {quota.stopped_by!r} stops the run after {quota.total_steps:,} of its "
            f"{at_step:,} steps, so it can't be extended; raise its `epochs`, or hand its share over"
        )
    shares = lay(stretches, last.sources, base=last.numerators(at_step), base_unit=last.unit, caps=caps)
    if not shares.segments:
        raise UsageError(
            f"the limit of the source {shares.stopped_by!r} stops the run at step {at_step:,}, before the first step "
            "of the extension; raise its `epochs`, or hand its share over"
        )
    return quota.amended(shares, stretches)


def amend(quota: Quota, schedule: Schedule, amendment: Amendment, *, caps: Mapping[str, Cap]) -> Quota:
    """The counts as they are before the amendment's step, and from there on those that its weights ask for.

    What a source was expected to give, and what it gave, is carried on. Raises UsageError for a step before the last
    amendment's or beyond the end.
    """
    at_step, until_step, last = amendment.at_step, amendment.until_step, quota.eras[-1].shares
    # Where an amendment made a limit stop the run at once, the last shares are not its own.
    begun = last.first_step if quota.total_steps == last.total_steps else quota.total_steps
    if not begun <= at_step < quota.total_steps:
        raise UsageError(
            f"`at_step` must lie between {_since(quota, begun)} and the last step, {quota.total_steps - 1:,}, got "
            f"{at_step:,}; what came before may be served (`served_steps` says how far it is)"
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


def _since(quota: Quota, begun: int) -> str:
    """What happened at step `begun`, as people say it."""
    if not begun:
        return "step 0"
    *before, last = (era.shares for era in quota.eras)
    # An amendment cuts off what was laid beyond it; an extension begins where that ends.
    extended = last.first_step == begun and before and before[-1].total_steps == begun
    return f"the last {'extension' if extended else 'amendment'} at step {begun:,}"
