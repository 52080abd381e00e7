"""Schedules and solved plans as tables that a person reads."""

from collections.abc import Mapping
from fractions import Fraction

from mixsched.columns import align
from mixsched.curves import Constant, Curve, LinearAnneal, WarmupCosine, WarmupStableDecay
from mixsched.fields import check_kind
from mixsched.lengths import Length, spoken
from mixsched.mixes import Mix, Ramp, Table, sources_of
from mixsched.quota import Quota
from mixsched.resolve import resolve
from mixsched.schedule import Schedule
from mixsched.weights import Group, Weights, exact

# A mix of more sources is cut short; the table of the plan lists all of them.
SOURCES_SHOWN = 6


def schedule_table(schedule: Schedule) -> str:
    """What a schedule declares, a phase a line.

    >>> from mixsched import Phase, Ramp, Steps
    >>> code = Group(0.25, {"web_code": 0.8, "markup": 0.2})
    >>> phases = (
    ...     Phase("pretrain", Steps(90), {"text": 0.75, "code": code}, Constant(3e-4)),
    ...     Phase("cooldown", Steps(10), Ramp({"text": 1}, {"text": "2/3", "math": "1/3"}), LinearAnneal(1e-6)),
    ... )
    >>> print(schedule_table(Schedule(phases, batch_size=8, context_tokens=64)))
    phase     steps   tokens  batch  weights                                       learning rate
    pretrain  0..89   46,080      8  text 75%, code 25% (web_code 20%, markup 5%)  constant 0.0003
    cooldown  90..99   5,120      8  text 100% -> text 66.7%, math 33.3% (linear)  linear to 1e-06
    """
    check_kind("`schedule`", schedule, Schedule, "give a Schedule, which a plan has as `plan.schedule`")
    lines: list[tuple[str, ...]] = [("phase", "steps", "tokens", "batch", "weights", "learning rate")]
    columns = zip(schedule.phases, schedule.first_steps, schedule.steps, schedule.batch_sizes, strict=True)
    lr = "-"
    for phase, first, steps, size in columns:
        lr = lr if phase.lr is None else _curve(phase.lr)
        tokens = steps * size * schedule.context_tokens
        lines.append(
            (phase.name, f"{first:,}..{first + steps - 1:,}", f"{tokens:,}", f"{size:,}", mix_text(phase.weights), lr)
        )
        # The curve goes on over phases that declare none.
        lr = "-" if lr == "-" else "goes on"
    return align(lines, right=("tokens", "batch"))


def mix_text(mix: Mix) -> str:
    """A mix on one line: "text 75%, code 25% (web_code 20%, markup 5%)"."""
    match mix:
        case Ramp(start, end, shape):
            return f"{_weights(start)} -> {_weights(end)} ({shape})"
        case Table(points):
            return f"{_weights(points[0][1])} -> {_weights(points[-1][1])} ({len(points)} points)"
        case _:
            return _weights(mix)


def _weights(weights: Weights, of: Fraction = Fraction(1)) -> str:
    parts = [_weight(name, value, of) for name, value in list(weights.items())[:SOURCES_SHOWN]]
    return ", ".join(parts + [f"{len(weights) - SOURCES_SHOWN} more"] * (len(weights) > SOURCES_SHOWN))


def _weight(name: str, value: object, of: Fraction) -> str:
    if isinstance(value, Group):
        share = exact(value.share, name) * of
        return f"{name} {percent(share)} ({_weights(value.of, share)})"
    return f"{name} {percent(exact(value, name) * of)}"


def percent(share: Fraction) -> str:
    """A share with three digits: 66.7%, 0.00125%."""
    return f"{float(100 * share):.3g}%"


def _curve(curve: Curve) -> str:
    match curve:
        case Constant(peak):
            return f"constant {peak:g}"
        case WarmupCosine(peak, end, warmup):
            return f"{_warm(warmup)}{peak:g}, cosine to {end:g}"
        case WarmupStableDecay(peak, end, warmup, decay, shape):
            return f"{_warm(warmup)}{peak:g}, over the last {spoken(decay)} {shape} to {end:g}"
        case LinearAnneal(end, None):
            return f"linear to {end:g}"
        case LinearAnneal(end, start):
            return f"linear from {start:g} to {end:g}"


def _warm(warmup: Length) -> str:
    return f"{spoken(warmup)} up to " if warmup != type(warmup)(0) else ""


def phase_table(schedule: Schedule, rows: Mapping[str, int | float], quota: Quota | None = None) -> str:
    """What each source gives in each phase of a schedule, groups above their members.

    `rows` gives the rows of each source, for the epochs; a source that it lacks gets "?". Epochs count passes over the
    source from the start of the run to the end of the phase. `quota` is that of a plan: where amendments or limits
    changed the run, the table tells what is served, not what the phases declare.

    >>> from mixsched import Phase, Tokens
    >>> mix = {"text": 0.75, "code": Group(0.25, {"web_code": 0.8, "markup": 0.2})}
    >>> schedule = Schedule((Phase("pretrain", Tokens(400_000), mix),), batch_size=10, context_tokens=1_000)
    >>> print(phase_table(schedule, {"text": 600, "web_code": 20}))
    phase     steps  source       share   tokens  samples  epochs so far
    pretrain  0..39  text         75.0%  300,000      300            0.5
                     code         25.0%  100,000      100
                       web_code   20.0%   80,000       80              4
                       markup      5.0%   20,000       20              ?
                     all         100.0%  400,000      400
    """
    quota = Quota(resolve(schedule)) if quota is None else quota
    lines: list[tuple[str, ...]] = [("phase", "steps", "source", "share", "tokens", "samples", "epochs so far")]
    for place, phase in enumerate(schedule.phases):
        first = schedule.first_steps[place]
        stop = min(first + schedule.steps[place], quota.total_steps)
        if first >= stop:
            # A limit stops the run before it.
            break
        ends = dict(zip(quota.sources, quota.served(stop).tolist(), strict=True))
        starts = dict(zip(quota.sources, quota.served(first).tolist(), strict=True))
        given = {source: ends[source] - starts[source] for source in quota.sources}
        total = sum(given.values())
        label = (phase.name, f"{first:,}..{stop - 1:,}")
        members = phase.groups()
        # What an amendment brought in, or an earlier phase still owed, is in the phase too.
        others = {source: 0 for source, samples in given.items() if samples}
        for name, depth in _outline(dict.fromkeys(sources_of(phase.weights)) | others, members):
            leaves = members.get(name, (name,))
            samples = sum(given[leaf] for leaf in leaves)
            epochs = "" if name in members else _epochs(ends[name], rows.get(name))
            lines.append((*label, "  " * depth + name, *_amounts(samples, total, schedule), epochs))
            label = ("", "")
        lines.append((*label, "all", *_amounts(total, total, schedule), ""))
    return align(lines, right=("share", "tokens", "samples", "epochs so far"))


def _outline(sources: Mapping[str, object], members: Mapping[str, tuple[str, ...]]) -> list[tuple[str, int]]:
    """Names with their depth: first the ungrouped sources, then each group with its members below it."""
    grouped = {leaf for leaves in members.values() for leaf in leaves}
    outline = [(source, 0) for source in sources if source not in grouped]
    done: set[str] = set()
    for group, leaves in members.items():
        outer = sum(set(leaves) < set(others) for others in members.values())
        outline.append((group, outer))
        inner = {leaf for other, others in members.items() if set(others) < set(leaves) for leaf in others}
        outline += [(leaf, outer + 1) for leaf in leaves if leaf not in inner | done]
        done |= set(leaves) - inner
    return outline


def _amounts(samples: int, total: int, schedule: Schedule) -> tuple[str, str, str]:
    return f"{samples / total:.1%}", f"{samples * schedule.context_tokens:,}", f"{samples:,}"


def _epochs(samples: int, rows: int | float | None) -> str:
    return "?" if rows is None else f"{samples / rows:.3g}"
