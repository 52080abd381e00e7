"""What it takes to go on where a schedule ends: phases that leave all before them as it is."""

from collections.abc import Sequence

from mixsched.errors import UsageError
from mixsched.fields import check_kind, is_whole
from mixsched.lengths import Share, spoken
from mixsched.phase import Phase
from mixsched.schedule import Schedule


def lengthened(schedule: Schedule, phases: Sequence[Phase]) -> Schedule:
    """The schedule with `phases` behind it; raises UsageError where they would change what is before them."""
    if not phases:
        raise UsageError("`phases` to extend a plan by must be at least one; give it as in extend(Phase(...))")
    for phase in phases:
        check_kind("a phase to extend a plan by", phase, Phase, "give one Phase or more, as in extend(*phases)")
        if isinstance(phase.length, Share):
            raise UsageError(
                f"`length` of phase {phase.name!r} must be in Tokens, Samples or Steps, for a share of an extended run "
                f"would be one of its past too, got {spoken(phase.length)}"
            )
    _check_going_on(schedule, len(schedule.phases), phases[0])
    return schedule.then(*phases)


def _check_going_on(schedule: Schedule, place: int, phase: Phase) -> None:
    """Raise UsageError unless the first so many phases of a schedule can be extended by `phase`."""
    if schedule.length is not None:
        raise UsageError(
            f"the phases before {phase.name!r} are shares of a run of {spoken(schedule.length)}, which an extension "
            f"would make longer; declare them in Steps, here {', '.join(map(str, schedule.steps[:place]))}"
        )
    if phase.lr is None and any(each.lr is not None for each in schedule.phases[:place]):
        raise UsageError(
            f"`lr` of phase {phase.name!r} must be given, for the curve before it would be stretched over it and so "
            "change in the past; give it one, such as LinearAnneal(end), which starts from where that ended"
        )


def check_extensions(schedule: Schedule, extended_at: tuple[int, ...]) -> None:
    """Raise UsageError unless each step is one at which the schedule up to it can have been extended."""
    begins = schedule.first_steps
    for step in extended_at:
        if not is_whole(step) or step not in begins[1:]:
            raise UsageError(
                "`extended_at` of a plan must hold steps at which a phase after the first begins, "
                f"{_listed(begins[1:])}, got {step!r}"
            )
    if sorted({*extended_at}) != list(extended_at):
        raise UsageError(
            f"`extended_at` of a plan must rise from step to step, got {list(extended_at)}; sort it, each step once"
        )
    for step in extended_at:
        phase = begins.index(step)
        _check_going_on(schedule, phase, schedule.phases[phase])


def _listed(steps: tuple[int, ...]) -> str:
    return "here " + ", ".join(map(str, steps)) if steps else "and there is none"
