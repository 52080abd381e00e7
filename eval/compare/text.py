"""A comparison as a person reads it: the table, and in sentences what it says and what it does not."""

import textwrap
from collections.abc import Iterator, Sequence

from eval.bootstrap import LEVEL
from eval.compare.lines import Compared, Comparison
from eval.compare.sides import Side
from mixsched.columns import align

HEADER = ("task", "metric", "n", "A", "B", "B - A", "95% interval", "p", "p, Holm", "B is")
FEW_ITEMS = 30
WIDTH = 120


def comparison_text(comparison: Comparison) -> str:
    """The whole report. Values are fractions (0.25 is 25%), bits per byte bits."""
    lines = [HEADER, *map(_cells, comparison.tasks)]
    lines += [("averages", *[""] * (len(HEADER) - 1)), *map(_cells, comparison.averages)] * bool(comparison.averages)
    return "\n".join(
        [
            f"A: {_side(comparison.a)}",
            f"B: {_side(comparison.b)}",
            "",
            align(lines, right=("n", "A", "B", "B - A", "p", "p, Holm")),
            "",
            *map(_wrapped, _sentences(comparison)),
        ]
    )


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _side(side: Side) -> str:
    config = side.configs[0]
    runs = ", ".join(f"'{folder.path}'" for folder in side.folders)
    seeds = f"seed{'s' * (len(side.seeds) > 1)} {', '.join(map(str, side.seeds))}"
    return f"{config.experiment} at {config.scale}, {seeds}, after step {side.step:,}: {runs}"


def _cells(line: Compared) -> tuple[str, ...]:
    found = line.difference
    interval = "?" if found.low is None or found.high is None else f"{found.low:+.4f} .. {found.high:+.4f}"
    values = (f"{found.a:.4f}", f"{found.b:.4f}", f"{found.value:+.4f}")
    return (line.name, line.metric, f"{line.n:,}", *values, interval, _p(found.p), _p(line.p_holm), line.verdict)


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _sentences(comparison: Comparison) -> Iterator[str]:
    tasks = comparison.tasks
    for verdict in ("better", "worse"):
        if names := [line.name for line in tasks if line.verdict == verdict]:
            yield f"B is {verdict} on {', '.join(names)}: distinguishable from zero at {LEVEL:.0%}."
    if names := [line.name for line in tasks if not line.verdict]:
        yield f"Not distinguishable from zero at {LEVEL:.0%}: {', '.join(names)}."
    yield _by_chance(tasks)
    yield _covered(comparison)
    if comparison.at_chance:
        yield f"No run is above chance (one-sided p < 0.05) on {', '.join(comparison.at_chance)}."
    if few := [line.name for line in tasks if line.n < FEW_ITEMS]:
        yield f"Fewer than {FEW_ITEMS} items, so that intervals are rough: {', '.join(few)}."
    if comparison.a.step != comparison.b.step:
        yield f"A was evaluated after step {comparison.a.step:,}, B after step {comparison.b.step:,}."
    for line in comparison.averages:
        if line.missing:
            yield f"{line.name} is over {', '.join(line.covers)}; it lacks {', '.join(line.missing)}."
    for name, notes in comparison.notes.items():
        yield f"{name}: {'; '.join(notes)}."
    for reason in dict.fromkeys(comparison.left_out.values()):
        names = [name for name, its in comparison.left_out.items() if its == reason]
        yield f"Left out {', '.join(names)}: {reason}."


def _by_chance(tasks: Sequence[Compared]) -> str:
    found = sum(bool(line.verdict) for line in tasks)
    after_holm = [line.name for line in tasks if line.p_holm is not None and line.p_holm < 1 - LEVEL]
    return (
        f"{found} of {len(tasks)} tasks are distinguishable from zero, where about {(1 - LEVEL) * len(tasks):.1f} "
        f"would be by chance if there were no differences; after Holm's correction {', '.join(after_holm) or 'none'}."
    )


def _covered(comparison: Comparison) -> str:
    seeds_a, seeds_b = len(comparison.a.seeds), len(comparison.b.seeds)
    resamples = f"{comparison.bootstrap.resamples:,} resamples"
    if comparison.covers_seeds:
        how = "one by one" if comparison.same_seeds else "as independent"
        return (
            f"Intervals cover the choice of items ({resamples}) and of seeds ({seeds_a} and {seeds_b}, compared {how}, "
            "by Student's t)."
        )
    return (
        f"Intervals cover the choice of items ({resamples}) and not that of seeds ({seeds_a} and {seeds_b}; with two "
        "or more on both sides they would): another seed may move a value further than they tell."
    )
