"""Finished plans and phases that go on from them: what the tests of extended plans share."""

from fractions import Fraction
from typing import Any

from drawn_mixes import NAMES, ROWS, kinds
from hypothesis import strategies as st

from mixsched import (
    Constant,
    Length,
    Limit,
    LinearAnneal,
    Mix,
    Phase,
    Plan,
    Ramp,
    Samples,
    Schedule,
    Steps,
    Table,
    WarmupCosine,
)

HUNDRED, FIFTY = Steps(100), Steps(50)


def simple(length: Length = HUNDRED, mix: Mix | None = None, **fields: Any) -> Plan:
    """A plan of one phase in batches of 10."""
    phase = Phase("p", length, mix or {"text": 0.5, "code": 0.5}, Constant(0.5))
    schedule = Schedule((phase,), batch_size=10, context_tokens=4)
    return Plan(schedule, {"text": 400, "code": 90}, seed=0, **fields)


def more(length: Length = FIFTY, mix: Mix | None = None, name: str = "q", **fields: Any) -> Phase:
    """A phase to go on with."""
    given: dict[str, Any] = {"lr": LinearAnneal(0.0)} | fields
    return Phase(name, length, mix or {"text": 1}, **given)


def extended(steps: int = 600) -> Plan:
    """Sources that the seam leaves behind, one that an amendment brought in, and batches of several sizes."""
    mix = dict.fromkeys("abcdefgh", "1/8")
    schedule = Schedule((Phase("p", Steps(steps + 1), mix, batch_size=4),), batch_size=1, context_tokens=8)
    plan = Plan(schedule, dict.fromkeys(mix, 70), seed=1, pools={"a": 20})
    plan = plan.amend(steps // 2, mix, until_step=steps // 2 + 1).amend(steps, mix, reason="as before")
    owed = [name for name, count in zip(plan.sources, plan.counts(steps), strict=True) if not count]
    parts = dict.fromkeys(owed, "1/4")
    plan = plan.extend(Phase("q", Steps(steps), parts, batch_size=1), Phase("r", Steps(9), Ramp(parts, mix)))
    return plan.amend(plan.total_steps - 3, {"new": 0.5, "a": 0.5}, sources={"new": 9})


curves = st.sampled_from([Constant(3e-4), LinearAnneal(1e-6, start=2e-4), WarmupCosine(3e-4, 3e-5, Steps(1))])


@st.composite
def drawn_phases(draw: st.DrawFn, mixes: st.SearchStrategy[Mix], rated: bool, prefix: str) -> tuple[Phase, ...]:
    """One to three phases of various batch sizes, the first with a learning rate if `rated`, later ones perhaps."""
    lengths = st.builds(Steps, st.integers(1, 40)) | st.builds(Samples, st.integers(1, 90))
    return tuple(
        Phase(
            f"{prefix}{place}",
            draw(lengths),
            draw(mixes),
            lr=draw(curves if not place else st.none() | curves) if rated else None,
            batch_size=draw(st.integers(1, 12)),
        )
        for place in range(draw(st.integers(1, 3)))
    )


def with_unlimited(mix: Mix) -> Mix:
    """The mix with a part of `h`, which no limit holds back, so that somebody can always take over."""
    if isinstance(mix, Ramp):
        return Ramp(with_unlimited(mix.start), with_unlimited(mix.end), mix.shape)  # pyright: ignore[reportArgumentType]
    assert not isinstance(mix, Table)
    halved = {name: Fraction(str(share)) / 2 for name, share in mix.items()}
    return halved | {"h": halved.get("h", Fraction(0)) + Fraction(1, 2)}


def drawn_amendment(draw: st.DrawFn, plan: Plan, mixes: st.SearchStrategy[Mix]) -> Plan:
    """The plan, perhaps amended somewhere behind its last change."""
    earliest = max(*plan.extended_at, *(each.at_step for each in plan.amendments), 0, 0)
    if not draw(st.booleans()):
        return plan
    at_step = draw(st.integers(earliest, plan.total_steps - 1))
    until_step = draw(st.none() | st.integers(at_step + 1, plan.total_steps))
    return plan.amend(at_step, draw(mixes), sources=ROWS, until_step=until_step)


@st.composite
def extended_plans(draw: st.DrawFn) -> list[Plan]:
    """A plan, perhaps with limits, pools and amendments, and those that one or two extensions make of it in turn."""
    rated = draw(st.booleans())
    limits = draw(st.dictionaries(st.sampled_from(NAMES[:7]), st.sampled_from([Limit("0.5"), Limit(1), Limit(2)])))
    mixes = kinds.map(with_unlimited) if limits else kinds
    schedule = Schedule(draw(drawn_phases(mixes, rated, "p")), batch_size=1, context_tokens=3)
    known = {name: ROWS[name] for name in schedule.sources}
    pools = {name: draw(st.integers(2, rows)) for name, rows in known.items() if draw(st.booleans())}
    limits = {name: limit for name, limit in limits.items() if name in known}
    plan = Plan(schedule, known, seed=draw(st.integers(0, 3)), limits=limits, pools=pools)
    plans = [drawn_amendment(draw, plan, mixes)]
    for place in range(draw(st.integers(1, 2))):
        extended = plans[-1].extend(*draw(drawn_phases(mixes, rated, f"q{place}.")), sources=ROWS)
        plans.append(drawn_amendment(draw, extended, mixes))
    return plans
