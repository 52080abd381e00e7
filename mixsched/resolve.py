"""From declared weights to whole numbers: chooses the common denominator and lays the stretches over it."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from mixsched.errors import UsageError
from mixsched.handover import Cap, among_others, hand_over, left_over, steps_within
from mixsched.limits import would_lift
from mixsched.progress import RAMP_UNIT, Linear, tabled
from mixsched.schedule import Schedule
from mixsched.shares import Segment, Shares
from mixsched.stretches import Fractions, Stretch, stretches_of

# int64 must hold batch_size * share, the fractions of all sources added up, and 2**12 fractions of one source.
MAX_PRODUCT = 2**62
MAX_UNIT = 2**50


@dataclasses.dataclass(frozen=True)
class _Ruler:
    """What whole numbers are counted in: sources in order, the common denominator, and whether it fits exactly."""

    sources: tuple[str, ...]
    unit: int
    exact: bool


def resolve(
    schedule: Schedule, *, sources: tuple[str, ...] | None = None, caps: Mapping[str, Cap] | None = None
) -> Shares:
    """Turn declared weights into whole numbers over one denominator, exact wherever int64 can carry it.

    `sources`, sorted, may be more than the schedule names; `caps` limit what a source gives in the whole run. Raises
    UsageError where a cap cannot be kept.

    >>> from mixsched import Phase, Schedule, Steps
    >>> shares = resolve(Schedule((Phase("p", Steps(3), {"a": "1/3", "b": "2/3"}),), batch_size=1, context_tokens=1))
    >>> shares.unit, shares.segments[0].rate, shares.numerators(3)
    (3, (1, 2), [3, 6])
    """
    sources = schedule.sources if sources is None else sources
    shares = lay(stretches_of(schedule), sources, base=[0] * len(sources), base_unit=1, caps=caps or {})
    if not shares.segments:
        raise UsageError("a limit stops the plan before its first step; raise its `epochs` or hand the share over")
    return shares


def lay(
    stretches: Sequence[Stretch],
    sources: tuple[str, ...],
    *,
    base: Sequence[int],
    base_unit: int,
    caps: Mapping[str, Cap],
) -> Shares:
    """The shares of `stretches`, before which each source was expected to give `base / base_unit` samples.

    They have no segments if a limit stops the run before the first of their steps.
    """
    ruler = _ruler(stretches, sources, least=base_unit, fine=any(cap.then == "hand_over" for cap in caps.values()))
    # Exact where the new unit is a multiple of the old; else each source is off by less than one part in 2**31.
    begun = carry(base, base_unit, ruler.unit)
    segments, stopped_by = _segments(stretches, ruler, begun, caps)
    return Shares(sources, ruler.unit, ruler.exact, tuple(segments), stopped_by)


def carry(base: Sequence[int], base_unit: int, unit: int) -> tuple[int, ...]:
    """Numerators over `base_unit` as numerators over `unit` that stand for the same number of samples together.

    What is between two whole samples stays between them: who has given a sample for a part of one may not find himself
    a whole one ahead.
    """
    parts = [divmod(each, base_unit) for each in base]
    fractions = [max(part * unit // base_unit, 1) if part else 0 for _, part in parts]
    missing = sum(part for _, part in parts) // base_unit * unit - sum(fractions)
    order = sorted(range(len(base)), key=lambda source: (-(parts[source][1] * unit % base_unit), source))
    while missing:
        step = 1 if missing > 0 else -1
        for source in order:
            if missing and fractions[source] > 0 and 0 < fractions[source] + step < unit:
                fractions[source] += step
                missing -= step
    return tuple(whole * unit + fraction for (whole, _), fraction in zip(parts, fractions, strict=True))


def _segments(
    stretches: Sequence[Stretch], ruler: _Ruler, begun: tuple[int, ...], caps: Mapping[str, Cap]
) -> tuple[list[Segment], str | None]:
    """One segment a stretch; where a cap is reached, one for that step alone and one for what is left.

    Returns the source that stops the run, too, if one does.
    """
    targets = {ruler.sources.index(source): cap.samples * ruler.unit for source, cap in caps.items()}
    base = begun
    done: list[Segment] = []
    waiting = list(reversed(stretches))
    used_up: frozenset[str] = frozenset()
    while waiting:
        stretch = waiting.pop()
        segment = _segment(stretch, ruler, base, used_up)
        within = steps_within(segment, targets)
        if within is not None:
            done += [segment.cut(within)] * bool(within)
            base = tuple(segment.numerators(within))
            # A base that was rounded to a new unit may be past its target by a hair.
            room = {source: max(target - base[source], 0) for source, target in targets.items()}
            rates, ran_out = hand_over(segment.increments(within, within + 1)[0].tolist(), room)
            names = frozenset(ruler.sources[source] for source in ran_out)
            thens = {caps[name].then for name in names}
            step = segment.first_step + within
            if "error" in thens:
                refused = min(name for name in names if caps[name].then == "error")
                free = _segments(stretches, ruler, begun, {})[0][-1]
                asked = -(-free.numerator(ruler.sources.index(refused), free.steps) // ruler.unit)
                raise UsageError(_refusal(refused, caps[refused].samples, step, asked))
            if "stop" in thens:
                return done, min(name for name in names if caps[name].then == "stop")
            if rates is None:
                raise UsageError(
                    f"at step {step:,} every source that has weight has reached its limit, so nobody can take over "
                    f"from {', '.join(sorted(names))}; raise their `epochs`, shorten the run or stop it there "
                    "(`then='stop'`)"
                )
            used_up |= names
            segment = Segment(step, 1, segment.batch_size, base, rates, (0,) * len(base), None)
            left = stretch.skip(within + 1)
            waiting += [left] * bool(left.steps)
        done.append(segment)
        base = tuple(segment.numerators(segment.steps))
    return done, None


def _refusal(source: str, samples: int, step: int, asked: int) -> str:
    said = f"the source {source!r} reaches its limit of {samples:,} samples at step {step:,}, before the run ends, "
    if asked <= samples:
        return said + "with what others at their limits hand over to it; let it hand over too, or give them more rows"
    lift = would_lift(samples=samples, asked=asked)
    return said + f"for the weights ask {asked:,} of it; {lift} would do, or a limit that hands the share over"


def _segment(stretch: Stretch, ruler: _Ruler, base: tuple[int, ...], used_up: frozenset[str]) -> Segment:
    """A stretch in whole numbers, for the sources that are not used up."""
    start_left, end_left = (left_over(mix, used_up) for mix in (stretch.start, stretch.end))
    if not start_left and not end_left:
        # Nobody is left; who runs the mix as it stands finds that out at its first step.
        return _segment(stretch, ruler, base, frozenset())
    # Where one end is all used up, the others keep the proportions that they have at the other end.
    start = among_others(stretch.start if start_left else stretch.end, used_up)
    end = among_others(stretch.end if end_left else stretch.start, used_up)
    progress = None
    if start != end and ruler.exact and stretch.shape == "linear" and start_left == end_left:
        progress = Linear(stretch.ramp_steps, stretch.offset)
    elif start != end:
        progress = tabled(
            stretch.shape,
            ramp_steps=stretch.ramp_steps,
            offset=stretch.offset,
            steps=stretch.steps,
            start_left=float(start_left),
            end_left=float(end_left),
        )
    ramp_unit = 1 if progress is None else progress.unit
    first, last = (_whole(mix, ruler.sources, ruler.unit // ramp_unit) for mix in (start, end))
    return Segment(
        first_step=stretch.first_step,
        steps=stretch.steps,
        batch_size=stretch.batch_size,
        base=base,
        rate=tuple(stretch.batch_size * ramp_unit * share for share in first),
        change=tuple(stretch.batch_size * (after - before) for before, after in zip(first, last, strict=True)),
        progress=progress,
    )


def _ruler(stretches: Sequence[Stretch], sources: tuple[str, ...], *, least: int, fine: bool) -> _Ruler:
    """The common denominator: the least exact one, or the finest below the limit if `fine` or if none is exact.

    It is a multiple of `least` wherever that is possible.
    """
    named = {source for stretch in stretches for source in stretch.start | stretch.end}
    limit = min(MAX_UNIT, MAX_PRODUCT // max(len(named), *(stretch.batch_size for stretch in stretches)))
    ramps = any(stretch.ramps for stretch in stretches)
    unit = math.lcm(least, *(_exact_unit(stretch) for stretch in stretches), RAMP_UNIT if fine and ramps else 1)
    if unit <= limit:
        return _Ruler(sources, _finest(unit, limit) if fine else unit, True)
    finest = _finest(least, limit) if least <= limit else 1
    if finest == 1 or (ramps and finest % RAMP_UNIT):
        finest = _finest(1, limit)
    return _Ruler(sources, finest, False)


def _finest(unit: int, limit: int) -> int:
    """The greatest `unit * 2**k` up to `limit`."""
    return unit << ((limit // unit).bit_length() - 1)


def _exact_unit(stretch: Stretch) -> int:
    denominator = math.lcm(*(share.denominator for mix in (stretch.start, stretch.end) for share in mix.values()))
    if not stretch.ramps:
        return denominator
    return denominator * (2 * stretch.ramp_steps if stretch.shape == "linear" else RAMP_UNIT)


def _whole(mix: Fractions, sources: tuple[str, ...], unit: int) -> tuple[int, ...]:
    """Shares over `unit`, adding up to it: exact where they can be, else rounded, ties by name."""
    wanted = [mix.get(source, Fraction(0)) * unit for source in sources]
    whole = [max(math.floor(share), 1 if share else 0) for share in wanted]
    order = sorted(range(len(sources)), key=lambda place: (whole[place] - wanted[place], place))
    missing = unit - sum(whole)
    for place in order[: max(missing, 0)]:
        whole[place] += 1
    # Lifting tiny weights to one unit can overshoot; the largest share, which feels it least, pays.
    whole[max(order, key=lambda place: whole[place])] += min(missing, 0)
    return tuple(whole)
