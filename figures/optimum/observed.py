"""What a law is fitted to: a measure, or a mean of several, of every run at every share of code."""

import dataclasses

import numpy as np
from jaxtyping import Float64

from figures.measures import Measure
from figures.optimum.laws import PARAMETERS, LawName

# One more than the parameters of a law: with fewer a fit has nothing left to be wrong about.
FEWEST_SHARES = PARAMETERS + 1


@dataclasses.dataclass(frozen=True)
class Target:
    """What a best share is asked of.

    - `parts`: the measures it is a mean of, each fitted by itself; `weights` add up to 1.
    - `ceiling`: the highest value of a score; None for losses.
    """

    name: str
    label: str
    unit: str
    parts: tuple[Measure, ...]
    weights: tuple[float, ...] = (1.0,)
    ceiling: float | None = None

    @property
    def lower_is_better(self) -> bool:
        """Whether it is a loss."""
        return self.ceiling is None

    @property
    def law(self) -> LawName:
        """The law of its parts.

        A loss takes the mixing law; a mean of losses the weighted sum of their laws, as Ye et al. tell the loss of a
        validation set from those of its parts in known proportions. A score takes the quadratic, which is a choice.
        """
        return "mixing law" if self.lower_is_better else "quadratic"


@dataclasses.dataclass(frozen=True)
class Observed:
    """The values of a target's parts, by share and run; a share from 0 to 1 has one run a seed.

    - `values`: one array a share.
    """

    shares: Float64[np.ndarray, " shares"]
    values: tuple[Float64[np.ndarray, "runs parts"], ...]

    @property
    def counts(self) -> Float64[np.ndarray, " shares"]:
        """Runs at each share."""
        return np.array([len(runs) for runs in self.values], float)

    @property
    def means(self) -> Float64[np.ndarray, "parts shares"]:
        """Over the runs of each share."""
        return np.stack([runs.mean(axis=0) for runs in self.values], axis=1)

    def without(self, place: int) -> "Observed":
        """The same with one share left out."""
        kept = [each for each in range(len(self.shares)) if each != place]
        return Observed(self.shares[kept], tuple(self.values[each] for each in kept))
