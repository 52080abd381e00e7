"""The laws checked by themselves: each share left out in turn, and predicted from the others.

An end that is left out is extrapolated, and a law that is free to bend can run off to any number there. Predictions
are held to what a measure can be: a score from 0 to its ceiling, a loss from 0 to that of guessing every byte.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64

from figures.optimum.bootstrap import target_curve
from figures.optimum.laws import LAWS, LawName
from figures.optimum.noise import Noise, weights_of
from figures.optimum.observed import Observed, Target

# Of guessing one byte of 256.
GUESSED_BITS_PER_BYTE = 8.0


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """What was predicted for each share that was left out, in the order of the shares.

    - `predicted`: by law.
    - `measured`: the mean over the runs at each share.
    - `seed_errors`: the standard error of that mean by the spread of seeds; None with one run a share.
    - `inner`: whether a share lies between others; the two ends are extrapolated.
    """

    predicted: dict[LawName, Float64[np.ndarray, " shares"]]
    measured: Float64[np.ndarray, " shares"]
    seed_errors: Float64[np.ndarray, " shares"] | None
    inner: Bool[np.ndarray, " shares"]

    def error(self, law: LawName, *, inner: bool) -> float:
        """The root of the mean squared error of the predictions, over the inner shares or over the two ends."""
        squares = np.square(self.predicted[law] - self.measured)
        return float(np.sqrt(squares[self.inner == inner].mean()))

    @property
    def seed_error(self) -> float | None:
        """The root of the mean squared error of the measured means; None where `seed_errors` is."""
        return None if self.seed_errors is None else float(np.sqrt(np.square(self.seed_errors).mean()))

    @property
    def better(self) -> LawName:
        """The law with the smaller error over the inner shares."""
        return min(LAWS, key=lambda law: self.error(law, inner=True))


def leave_one_out(target: Target, observed: Observed, noise: Noise) -> LeftOut:
    """Leave each share out, fit the target to the others by either law, and predict it."""
    predicted: dict[LawName, np.ndarray] = {law: _predictions(target, observed, noise, law) for law in LAWS}
    shares = observed.shares
    errors = None
    if noise.seeds_freedom:
        of_target = np.square(np.array(target.weights) @ noise.seeds).sum()
        errors = np.sqrt(of_target / observed.counts)
    inner = (shares > shares.min()) & (shares < shares.max())
    return LeftOut(predicted, np.array(target.weights) @ observed.means, errors, inner)


def _predictions(target: Target, observed: Observed, noise: Noise, law: LawName) -> np.ndarray:
    told = []
    for place, share in enumerate(observed.shares):
        others = observed.without(place)
        weights = weights_of(noise, others.counts)
        told.append(target_curve(target, others, weights, np.array([share]), law=law)[0])
    return np.clip(told, 0, GUESSED_BITS_PER_BYTE if target.ceiling is None else target.ceiling)
