"""A plan told beforehand, as a table: what each source gives in each phase, in tokens, samples and epochs."""

from collections.abc import Mapping, Sequence

from mixsched.quota import Quota
from mixsched.schedule import Schedule

HEADER = ("phase", "steps", "source", "share", "tokens", "samples", "epochs")


def plan_table(schedule: Schedule, quota: Quota, rows: Mapping[str, int | float]) -> str:
    """Phases and sources of a solved schedule, one a line, groups above their members.

    `rows` gives the rows of each source, for the epochs; a source that it lacks gets "?". Epochs count passes over
    the source from the start of the run to the end of the phase.

    >>> from mixsched import Group, Phase, Schedule, Tokens
    >>> from mixsched.resolve import resolve
    >>> mix = {"text": 0.75, "code": Group(0.25, {"web_code": 0.8, "markup": 0.2})}
    >>> schedule = Schedule((Phase("pretrain", Tokens(400_000), mix),), batch_size=10, context_tokens=1_000)
    >>> print(plan_table(schedule, Quota(resolve(schedule)), {"text": 600, "web_code": 20}))
    phase     steps  source       share   tokens  samples  epochs
    pretrain  0..39  text         75.0%  300,000      300     0.5
                     code         25.0%  100,000      100
                       web_code   20.0%   80,000       80       4
                       markup      5.0%   20,000       20       ?
                     all         100.0%  400,000      400
    """
    lines: list[tuple[str, ...]] = [HEADER]
    for place, phase in enumerate(schedule.phases):
        first = schedule.first_steps[place]
        stop = first + schedule.steps[place]
        ends = dict(zip(schedule.sources, quota.served(stop).tolist(), strict=True))
        starts = dict(zip(schedule.sources, quota.served(first).tolist(), strict=True))
        given = {source: ends[source] - starts[source] for source in schedule.sources}
        total = sum(given.values())
        label = (phase.name, f"{first:,}..{stop - 1:,}")
        members = phase.groups()
        # A source that an earlier phase still owed a sample is in the phase too.
        owed = {source: 0 for source, samples in given.items() if samples}
        for name, depth in _outline(phase.mixes()[0] | phase.mixes()[1] | owed, members):
            leaves = members.get(name, (name,))
            samples = sum(given[leaf] for leaf in leaves)
            epochs = "" if name in members else _epochs(ends[name], rows.get(name))
            lines.append((*label, "  " * depth + name, *_amounts(samples, total, schedule), epochs))
            label = ("", "")
        lines.append((*label, "all", *_amounts(total, total, schedule), ""))
    return _align(lines)


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


def _align(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    right = {"share", "tokens", "samples", "epochs"}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(line, widths, HEADER, strict=True)
        ).rstrip()
        for line in lines
    )
