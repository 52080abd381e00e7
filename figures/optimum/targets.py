"""Of which measures a best share is asked, and their values by share of code, from result rows."""

import re

import numpy as np

from figures.measures import Measure, by_seed
from figures.optimum.observed import Observed, Target
from figures.rows import Measured

# The experiments of one mix of text and code are named by their percents; a share that is run later counts too.
_NAME = re.compile(r"code(\d{2,3})")
# A model of both is asked for both: each kind of text by itself is served best by nothing else.
_MEANS = (
    ("text_and_code", ("text", "web code"), "heldout_text", "heldout_web_code"),
    ("answers_and_solutions", ("answers", "solutions"), "answers", "solutions"),
)


def share_of(experiment: str) -> float | None:
    """The share of code of an experiment named code00 to code100; None for all others."""
    found = _NAME.fullmatch(experiment)
    return int(found[1]) / 100 if found and int(found[1]) <= 100 else None


def experiment_of(share: float) -> str:
    """The name of the experiment with that share of code.

    >>> experiment_of(0.05), experiment_of(1.0)
    ('code05', 'code100')
    """
    return f"code{round(100 * share):02d}"


def targets(measures: dict[str, Measure], *, code_weight: float) -> list[Target]:
    """Every measure by itself, and the means of a loss on text and one on code, with `code_weight` on code."""
    each = [
        Target(
            measure.name,
            measure.label,
            measure.unit,
            parts=(measure,),
            ceiling=None if measure.lower_is_better else measure.factor,
        )
        for measure in measures.values()
    ]
    means = [
        Target(
            name,
            _label(labels, code_weight),
            measures[text].unit,
            parts=(measures[text], measures[code]),
            weights=(1 - code_weight, code_weight),
        )
        for name, labels, text, code in _MEANS
        if text in measures and code in measures
    ]
    return [*each, *means]


def _label(labels: tuple[str, str], code_weight: float) -> str:
    if code_weight == 0.5:
        return " + ".join(labels)
    weights = 1 - code_weight, code_weight
    return " + ".join(f"{100 * weight:g}% {label}" for weight, label in zip(weights, labels, strict=True))


def shares_run(measured: Measured) -> dict[float, str]:
    """The experiments with rows, by their share of code in order."""
    found = {share_of(experiment): experiment for experiment in measured.rows if measured.seeds(experiment)}
    return {share: found[share] for share in sorted(share for share in found if share is not None)}


def observe(target: Target, measured: Measured) -> Observed:
    """The target's values by share, of the runs that have all its parts; shares without such a run are left out."""
    shares, values = [], []
    for share, experiment in shares_run(measured).items():
        parts = [by_seed(measured, experiment, measure) for measure in target.parts]
        seeds = sorted(set.intersection(*(set(part) for part in parts)))
        if seeds:
            shares.append(share)
            values.append(np.array([[part[seed] for part in parts] for seed in seeds]))
    return Observed(np.array(shares), tuple(values))
