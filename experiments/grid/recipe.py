"""An experiment's own part in a few words, and how much of the paper's tokens each kind of data has in it."""

import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction

from experiments.mixes import CODE
from mixsched.mixes import Mix, Ramp, Table, knots
from mixsched.weights import Weights, flatten, groups
from train.experiment import Experiment

CODE_LIKE = ("web_code", "markup", "adjacent", "synthetic")


def recipe(experiment: Experiment) -> str:
    """Its own stages in percent: "text 75, code 25", "text, to text 50, code 50", "text 80, synthetic 20 (4 times)".

    Where an algorithm sets the weights, where it begins: "ADO from text 75, code 25".
    """
    told = ", then ".join(_mix(stage.mix, experiment.epochs) for stage in experiment.stages)
    return told if experiment.adaptive is None else f"ADO from {told}"


def _mix(mix: Mix, epochs: Mapping[str, int]) -> str:
    match mix:
        case Ramp(start, end):
            ends = (start, end)
        case Table(points):
            ends = (points[0][1], points[-1][1])
        case _:
            ends = (mix,)
    return ", to ".join(_weights(weights, epochs) for weights in ends)


def _weights(weights: Weights, epochs: Mapping[str, int]) -> str:
    """Groups by their names; of what "code" does not hold by itself, the share is told: "code 50 (5 synthetic)"."""
    flat, members = flatten(weights), groups(weights)
    parts = []
    for name in weights:
        leaves = members.get(name, (name,))
        share = sum(flat[leaf] for leaf in leaves)
        if share:
            notes = [f"{_percent(flat[leaf])} {leaf}" for leaf in leaves if name in members and leaf not in CODE]
            notes += [f"{epochs[leaf]} times" for leaf in leaves if leaf in epochs]
            amount = "" if share == 1 else f" {_percent(share)}"
            parts.append(name + amount + (f" ({', '.join(notes)})" if notes else ""))
    return ", ".join(parts)


def _percent(share: Fraction | int) -> str:
    return f"{float(100 * share):.3g}"


def text_tokens(experiment: Experiment) -> Fraction:
    """The paper's tokens of text in the experiment's own part, as declared."""
    return _tokens(experiment, lambda source: source == "text")


def code_tokens(experiment: Experiment) -> Fraction:
    """The paper's tokens of all that is made of code in the experiment's own part, as declared."""
    return _tokens(experiment, lambda source: source in CODE_LIKE)


def _tokens(experiment: Experiment, counts: Callable[[str], bool]) -> Fraction:
    total = Fraction(0)
    for stage in experiment.stages:
        # Between two places a mix moves in a line or half a cosine: either way its mean is that of the two ends.
        for (place, shares), (later, shares_later) in itertools.pairwise(knots(stage.mix)):
            both = sum(share for each in (shares, shares_later) for source, share in each.items() if counts(source))
            total += stage.paper_tokens * (later - place) * Fraction(both) / 2
    return total
