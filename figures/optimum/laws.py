"""Two laws of a measure over the share of code, fitted by weighted least squares, many sets of numbers at once.

The mixing law is that of Ye et al. (2024, arXiv 2403.16952): the loss on a domain is c + k exp(sum of t_j r_j) over the
shares r_j of the domains trained on. With text and code alone, r_text = 1 - r, and it is L(r) = c + k exp(t r).
Choices of ours: c >= 0 and k >= 0, since both are parts of a loss; |t| <= STEEPEST; a score is fitted as what it lacks
of its `ceiling`; a quadratic beside it, which is no law but the simplest curve with an inner optimum.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from scipy import optimize

LawName = Literal["mixing law", "quadratic"]
LAWS: tuple[LawName, ...] = ("mixing law", "quadratic")
PARAMETERS = 3
# A rate of 40 is a step: what is left of it at 10% of code is 2%.
STEEPEST = 40.0
FLATTEST = 0.05
# So many rates of either sign are tried, then finer ones around the best: the last are 0.5% apart.
RATES_A_SIDE = 24
_FLATTEST_FIRST = np.geomspace(FLATTEST, STEEPEST, RATES_A_SIDE)
_LOG_STEP = np.log(STEEPEST / FLATTEST) / (RATES_A_SIDE - 1)
RATES = np.concatenate([-_FLATTEST_FIRST, _FLATTEST_FIRST])
FINER, LEVELS = 4, 3


def curve(
    law: LawName,
    shares: Float64[np.ndarray, " shares"],
    values: Float64[np.ndarray, " shares"],
    weights: Float64[np.ndarray, " shares"],
    at: Float64[np.ndarray, " places"],
    *,
    ceiling: float | None,
) -> Float64[np.ndarray, " places"]:
    """The least-squares curve through one set of values, told at the shares `at`; shares are from 0 to 1.

    - `ceiling`: the highest value of a score; None for a loss.

    The mixing law is taken from the grid of rates to the bottom of its valley by `scipy.optimize.least_squares`.
    """
    if law == "quadratic":
        return curves(law, shares, values[None], weights, at, ceiling=ceiling)[0]
    losses = values if ceiling is None else ceiling - values
    rate, base, height = (each[0, 0] for each in _best_fits(shares, losses[None], weights))
    start = np.array([base, height, rate])
    upper = np.array([np.inf, np.inf, STEEPEST])
    found = optimize.least_squares(
        lambda guess: np.sqrt(weights) * (guess[0] + guess[1] * _exponential(guess[2], shares) - losses),
        np.clip(start, [0, 0, -STEEPEST], upper),
        bounds=([0, 0, -STEEPEST], upper),
        x_scale=(max(float(np.ptp(losses)), 1e-9), max(float(np.ptp(losses)), 1e-9), 1.0),
    ).x
    told = found[0] + found[1] * _exponential(found[2], at)
    return told if ceiling is None else ceiling - told


def curves(
    law: LawName,
    shares: Float64[np.ndarray, " shares"],
    values: Float64[np.ndarray, "draws shares"],
    weights: Float64[np.ndarray, " shares"],
    at: Float64[np.ndarray, " places"],
    *,
    ceiling: float | None,
) -> Float64[np.ndarray, "draws places"]:
    """The least-squares curve through each draw; the rate of the mixing law is found on a grid."""
    if law == "quadratic":
        powers, root = np.vander(shares, PARAMETERS), np.sqrt(weights)[:, None]
        return values @ (np.vander(at, PARAMETERS) @ np.linalg.pinv(powers * root) * root.T).T
    losses = values if ceiling is None else ceiling - values
    rate, base, height = _best_fits(shares, losses, weights)
    told = base + height * _exponential(rate, at)
    return told if ceiling is None else ceiling - told


def _exponential(rate: float | np.ndarray, shares: np.ndarray) -> np.ndarray:
    """exp(t r), scaled so that its largest value within [0, 1] is 1, whatever t."""
    return np.exp(rate * shares - np.maximum(rate, 0))


def _best_fits(shares: np.ndarray, losses: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """The rate t of each draw with the c >= 0 and k >= 0 that go with it: [draws, 1] each.

    Around the best rate of the grid finer and finer ones are tried.
    """
    weights = weights / weights.sum()
    gain = _linear_fit(_exponential(RATES[:, None], shares)[None], losses, weights)[2]
    rate = RATES[gain.argmax(axis=1)][:, None]
    for finer in range(LEVELS):
        steps = _LOG_STEP / FINER**finer * np.linspace(-1, 1, 2 * FINER + 1)
        tried = np.clip(rate * np.exp(steps), -STEEPEST, STEEPEST)
        gain = _linear_fit(_exponential(tried[:, :, None], shares), losses, weights)[2]
        rate = np.take_along_axis(tried, gain.argmax(axis=1)[:, None], axis=1)
    base, height, _ = _linear_fit(_exponential(rate, shares)[:, None], losses, weights)
    return rate, base, height


def _linear_fit(shape: np.ndarray, losses: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """The best c >= 0 and k >= 0 for given exponentials [1 or draws, rates, shares], and what k takes off.

    Returns c, k and the gain, [draws, rates] each: the weighted variance of the losses (about c, where c is held at 0:
    their weighted square) that is gone. Weights add up to 1.
    """
    mean_shape, square, mean_loss = shape @ weights, np.square(shape) @ weights, (losses @ weights)[:, None]
    variance = np.square(shape - mean_shape[..., None]) @ weights
    product = (
        np.matmul(shape * weights, losses[:, :, None])[..., 0] if len(shape) > 1 else losses @ (shape[0] * weights).T
    )
    height = np.maximum((product - mean_loss * mean_shape) / variance, 0)
    gain = np.square(height) * variance
    base = mean_loss - height * mean_shape
    below = base < 0
    if below.any():
        # With c held at 0, k is fitted alone.
        alone = np.maximum(product / square, 0)
        gain = np.where(below, np.square(alone) * square - np.square(mean_loss), gain)
        base, height = np.where(below, 0, base), np.where(below, alone, height)
    return base, height, gain
