"""The small print of figures: which models, how many seeds, what intervals and marks are."""

from collections.abc import Iterable, Sequence

from experiments.study import Figure
from figures.points import Panel
from figures.rows import Measured

PAPER_MARKS = "Black: the paper (arXiv 2408.10914), which gives no errors"
BITS_SAVED = "of bits per byte they are what is saved, so that more is better"
PAPER_MODELS = "its models are of 470M parameters"


def of_runs(measured: Measured, experiments: Iterable[str], suite: str) -> str:
    """The runs that a figure is made of: scale, parameters where known, tokens, seeds, suite."""
    there = [experiment for experiment in dict.fromkeys(experiments) if measured.seeds(experiment)]
    parts = [f"scale {measured.scale}{_parameters(measured)}"]
    if there:
        parts.append(f"{_span([measured.tokens(experiment) or 0 for experiment in there])} training tokens a run")
        parts.append(_seeds(measured, there))
    return f"Ours: {', '.join(parts)}; suite {suite}."


def of_figure(figure: Figure, measured: Measured, panels: Sequence[Panel], suite: str) -> str:
    """The small print of a figure of panels."""
    relative = any(panel.relative for panel in panels)
    sentences = [of_runs(measured, figure.experiments, suite), *of_marks(panels, paired_with=figure.baseline)]
    if relative:
        sentences.append(f"Changes are against {figure.baseline}; {BITS_SAVED}.")
    if any(panel.measure.lower_is_better and not panel.relative for panel in panels):
        sentences.append("Of bits per byte, less is better.")
    if any(panel.chance for panel in panels):
        sentences.append("Dotted: guessing.")
    return " ".join(sentences)


def of_marks(panels: Sequence[Panel], *, paired_with: str) -> list[str]:
    """What the intervals and marks of our runs are."""
    ours = [point.ours for panel in panels for point in panel.points if point.ours]
    paired = any(panel.relative for panel in panels)
    sentences = []
    if any(each.half is not None for each in ours):
        how = f", of changes against {paired_with} paired by seed" if paired else ""
        sentences.append(f"Intervals: 95%, Student's t over seeds{how}; the choice of items is not in them.")
    if any(each.half is None for each in ours):
        sentences.append("Hollow marks are of one seed, which tells no interval.")
    return sentences


def paper_sentence(panels: Sequence[Panel]) -> str:
    """What the black marks are; empty where there is none."""
    marked = any(point.paper is not None for panel in panels for point in panel.points)
    return (
        f"{PAPER_MARKS}; {PAPER_MODELS}." if marked or any(panel.paper_of_all is not None for panel in panels) else ""
    )


def _parameters(measured: Measured) -> str:
    known = sorted(measured.parameters)
    return f" ({_span(known)} parameters)" if known else ""


def _seeds(measured: Measured, experiments: Sequence[str]) -> str:
    sets = {measured.seeds(experiment) for experiment in experiments}
    every = sorted(set().union(*sets))
    named = f"seed{'s' * (len(every) > 1)} {', '.join(map(str, every))}"
    return named if len(sets) == 1 else f"{named} (not of all)"


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
