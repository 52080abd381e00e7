"""What a plan will do, told before it does it: when each source begins, ends, runs out, and what holds it back."""

import dataclasses
import math

from mixsched.amendment import Amendment
from mixsched.columns import align
from mixsched.fields import check_kind
from mixsched.limits import Limit, would_lift
from mixsched.plan import Plan
from mixsched.table import mix_text, phase_table

# The last ones, where an algorithm made many.
AMENDMENTS_SHOWN = 12


@dataclasses.dataclass(frozen=True)
class Outlook:
    """A source over the whole run.

    `rows` are those that it draws from (its pool); `samples` and `epochs` are what it gives; `first_step` and
    `last_step` those of its first and last sample, `runs_out_step` that in which all of its rows have been given once
    (from then on it repeats): each None if that never comes. `asked` is what the weights alone would ask of it, and
    `limited_step` the step in which its `limit` is reached, where that keeps it from giving that.
    """

    source: str
    rows: int
    samples: int
    epochs: float
    first_step: int | None
    last_step: int | None
    runs_out_step: int | None
    limit: Limit | None
    limited_step: int | None
    asked: int


def outlook(plan: Plan) -> tuple[Outlook, ...]:
    """The outlook of every source, sorted by name; solves the plan to its end.

    >>> from mixsched import Limit, Phase, Plan, Schedule, Steps
    >>> schedule = Schedule((Phase("p", Steps(10), {"text": 0.75, "code": 0.25}),), batch_size=8, context_tokens=64)
    >>> code, text = outlook(Plan(schedule, {"text": 500, "code": 10}, seed=0, limits={"code": Limit(1)}))
    >>> code.samples, code.asked, code.limited_step, text.samples, text.runs_out_step
    (10, 20, 4, 70, None)
    """
    asked = _asked(plan)
    return tuple(_of_source(plan, place, asked[place]) for place in range(len(plan.sources)))


def _asked(plan: Plan) -> list[int]:
    """What the weights would ask of each source if there were no limits."""
    check_kind("`plan`", plan, Plan, "give a Plan, which Plan(schedule, rows, seed=...) makes")
    free = dataclasses.replace(plan, limits={}) if plan.limits else plan
    return [math.ceil(share) for share in free.expected(free.total_steps)]


def _of_source(plan: Plan, place: int, asked: int) -> Outlook:
    source, serving = plan.sources[place], plan.quota.step_serving
    samples, rows = int(plan.served(plan.total_steps)[place]), plan.pool_rows[source]
    limit = plan.limits.get(source)
    cap = None if limit is None else limit.samples(rows)
    return Outlook(
        source=source,
        rows=rows,
        samples=samples,
        epochs=samples / rows,
        first_step=serving(place, 1),
        last_step=serving(place, samples) if samples else None,
        runs_out_step=serving(place, rows),
        limit=limit,
        limited_step=serving(place, cap) if cap is not None and cap < asked else None,
        asked=asked,
    )


def plan_text(plan: Plan) -> str:
    """A plan for people: what each source gives in each phase, then in all and within which limits, and what of it."""
    told = outlook(plan)
    parts = [
        phase_table(plan.schedule, plan.pool_rows, plan.quota),
        _table(told, plan),
        "\n".join(_sentences(told, plan)),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(told: tuple[Outlook, ...], plan: Plan) -> str:
    header = ("source", "rows", "samples", "epochs", "first step", "last step", "runs out", "limit")
    lines = [header, *(_line(each, plan) for each in told)]
    return align(lines, right=header[1:7])


def _line(each: Outlook, plan: Plan) -> tuple[str, ...]:
    steps = (each.first_step, each.last_step, each.runs_out_step)
    whole = plan.rows[each.source]
    rows = f"{each.rows:,}" if each.rows == whole else f"{each.rows:,} of {whole:,}"
    limit = "none" if each.limit is None else _limit(each.limit)
    shown = ("-" if step is None else f"{step:,}" for step in steps)
    return (each.source, rows, f"{each.samples:,}", f"{each.epochs:.3g}", *shown, limit)


def _limit(limit: Limit) -> str:
    then = {"hand_over": "hands over", "stop": "stops", "error": "is refused"}[limit.then]
    epochs = f"{float(limit.exact_epochs):.3g} {'epoch' if limit.exact_epochs == 1 else 'epochs'}"
    return f"{epochs}, then {then}"


def _sentences(told: tuple[Outlook, ...], plan: Plan) -> list[str]:
    held_back = sorted(
        (each for each in told if each.limited_step is not None), key=lambda each: each.limited_step or 0
    )
    said = [_held_back(each) for each in held_back if each.limit is not None and each.limit.then == "hand_over"]
    if plan.total_steps < plan.schedule.total_steps:
        said.append(_stop(told, plan))
    repeated = max(told, key=lambda each: each.epochs)
    if repeated.epochs > 1:
        said.append(f"{repeated.source} is passed over most often, {repeated.epochs:.3g} times")
    said += _extended(plan)
    return said + [_amended(amendment) for amendment in plan.amendments[-AMENDMENTS_SHOWN:]]


def _extended(plan: Plan) -> list[str]:
    """What a plan was extended from, the first extension first."""
    if plan.origin is None:
        return []
    begun = f"extended at step {plan.extended_at[-1]:,}; before it, it is the plan {plan.origin.fingerprint[:12]}"
    return [*_extended(plan.origin), begun]


def _amended(amendment: Amendment) -> str:
    until = "" if amendment.until_step is None else f", up to step {amendment.until_step:,}"
    why = f" ({amendment.reason})" if amendment.reason else ""
    return f"amended from step {amendment.at_step:,} on{until}: {mix_text(amendment.weights)}{why}"


def _held_back(each: Outlook) -> str:
    assert each.limit is not None
    cap = each.limit.samples(each.rows)
    return (
        f"{each.source} reaches its limit of {cap:,} samples in step {each.limited_step:,} and hands its share over; "
        f"its weights ask {each.asked:,} of it: {would_lift(samples=cap, asked=each.asked)} would lift that"
    )


def _stop(told: tuple[Outlook, ...], plan: Plan) -> str:
    first = next(each for each in told if each.source == plan.quota.stopped_by)
    assert first.limit is not None
    cap = first.limit.samples(first.rows)
    lift = f": {would_lift(samples=cap, asked=first.asked)} would lift that" if first.asked > cap else ""
    return (
        f"the run stops after {plan.total_steps:,} of {plan.schedule.total_steps:,} steps, since {first.source} would "
        f"go beyond its limit of {cap:,} samples; all phases ask {first.asked:,} of it{lift}"
    )
