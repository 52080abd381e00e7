"""The best share of code by the paper's own numbers: quadratics through the relative changes of its Figure 4."""

import dataclasses

import numpy as np

from experiments.study import FIGURES
from figures import reference
from figures.optimum.bootstrap import PLACES
from figures.optimum.laws import PARAMETERS
from figures.optimum.targets import share_of

# Table 2 has the model that balanced -> text starts from, which is Figure 4's at 50%, but not the one without code:
# that follows from the one of code alone and its relative change.
_HELD_OUT, _ANCHOR = "code50", "code100"


@dataclasses.dataclass(frozen=True)
class PublishedOptimum:
    """What a quadratic through the paper's numbers gives. There is no interval: the paper gives no errors.

    - `changes`: relative to no code, in percent, by share.
    - `share`, `predicted`: the best share and the relative change there.
    - `largest_miss`: of the curve from a number, in percent points. Three numbers determine the three parameters, so
      that the curve can't but go through them, and says nothing of how good it is.
    - `held_out`: at 50%, which is not among the numbers: what the curve predicts and what Table 2 says.
    """

    measure: str
    changes: dict[float, float]
    share: float
    predicted: float
    largest_miss: float
    held_out: tuple[float, float] | None


def published_optima() -> list[PublishedOptimum]:
    """Of the measures for which the paper gives three shares or more."""
    told = [_optimum(measure) for measure in ("reasoning", "knowledge", "code")]
    return [each for each in told if each is not None]


def _optimum(measure: str) -> PublishedOptimum | None:
    changes = {0.0: 0.0}
    for variant in FIGURES["4"].variants:
        change, share = _change(measure, variant.experiment), share_of(variant.experiment)
        if change is not None and share is not None:
            changes[share] = change
    if len(changes) < PARAMETERS:
        return None
    powers = np.polyfit(list(changes), list(changes.values()), PARAMETERS - 1)
    told = np.polyval(powers, PLACES)
    best = int(told.argmax())
    in_table = _table2_change(measure)
    held_out = None if in_table is None else (float(np.polyval(powers, share_of(_HELD_OUT) or 0.0)), in_table)
    miss = float(np.abs(np.polyval(powers, list(changes)) - list(changes.values())).max())
    return PublishedOptimum(measure, changes, float(PLACES[best]), float(told[best]), miss, held_out)


def _change(measure: str, experiment: str) -> float | None:
    """The relative change against no code, in percent; None if the paper gives none, or one against another share."""
    number = reference.known("4", measure, experiment)
    return number.value if number is not None and number.baseline == FIGURES["4"].baseline else None


def _table2_change(measure: str) -> float | None:
    """The relative change at 50% code by Table 2, in percent."""
    half, all_code = reference.table2(_HELD_OUT, measure), reference.table2(_ANCHOR, measure)
    change = _change(measure, _ANCHOR)
    if half is None or all_code is None or change is None:
        return None
    without_code = all_code / (1 + change / 100)
    return 100 * (half / without_code - 1)
