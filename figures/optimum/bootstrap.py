"""The best share of code of a target, with what a bootstrap says of how well it is known."""

import dataclasses

import numpy as np
from jaxtyping import Float64

from figures.optimum.laws import LawName, curve, curves
from figures.optimum.noise import Noise, errors, noise_of, weights_of
from figures.optimum.observed import Observed, Target

DRAWS = 2_000
LEVEL = 0.95
TAIL = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
# Of a curve's height: differences that are rounding alone.
FLAT = 1e-9
# Where curves are told and the optimum is looked for: every half percent.
PLACES = np.linspace(0, 1, 201)


@dataclasses.dataclass(frozen=True)
class Optimum:
    """The best share and its interval; shares are from 0 to 1.

    - `predicted`: the value at `share`, and its interval at that share.
    - `at_none`, `at_all`: in which part of the draws the best share is 0 or 1.
    - `beats`: by share, in which part of the draws `share` is better than it. It leans to `share`, which was chosen by
      the same runs.
    - `fit`, `band`: the curve over PLACES and its interval at each of them.
    - `draws`: the curve of each draw.
    """

    share: float
    low: float
    high: float
    predicted: float
    predicted_low: float
    predicted_high: float
    at_none: float
    at_all: float
    beats: dict[float, float]
    fit: Float64[np.ndarray, " places"]
    band: Float64[np.ndarray, "2 places"]
    draws: Float64[np.ndarray, "draws places"]
    noise: Noise


def find_optimum(target: Target, observed: Observed, *, seed: int, draws: int = DRAWS) -> Optimum:
    """Fit the target, find its best share, and bootstrap both: percentile intervals that hold the estimate itself."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, *target.name.encode()]))
    noise = noise_of(target, observed)
    weights = weights_of(noise, observed.counts)
    fit = target_curve(target, observed, weights, PLACES)
    drawn = observed.means + errors(noise, observed, draws=draws, rng=rng)
    told = target_curves(target, observed.shares, drawn, weights, PLACES)
    place = int(_best_places(_goodness(target, fit)[None])[0])
    bests = best_shares(target, told, PLACES, rng=rng)
    share, (low, high) = float(PLACES[place]), np.quantile(bests, TAIL)
    at_share, predicted = told[:, place], float(fit[place])
    predicted_low, predicted_high = np.quantile(at_share, TAIL)
    return Optimum(
        share=share,
        low=min(float(low), share),
        high=max(float(high), share),
        predicted=predicted,
        predicted_low=min(float(predicted_low), predicted),
        predicted_high=max(float(predicted_high), predicted),
        at_none=float(np.mean(bests == PLACES[0])),
        at_all=float(np.mean(bests == PLACES[-1])),
        beats={other: _beats(target, told, place, other) for other in (0.0, 0.25)},
        fit=fit,
        band=np.quantile(told, TAIL, axis=0),
        draws=told,
        noise=noise,
    )


def target_curve(
    target: Target,
    observed: Observed,
    weights: Float64[np.ndarray, "parts shares"],
    at: Float64[np.ndarray, " places"],
    *,
    law: LawName | None = None,
) -> Float64[np.ndarray, " places"]:
    """The weighted sum of the parts' curves, by `law` in place of the target's own."""
    parts = [
        curve(law or target.law, observed.shares, values, weight, at, ceiling=target.ceiling)
        for values, weight in zip(observed.means, weights, strict=True)
    ]
    return np.array(target.weights) @ np.stack(parts)


def target_curves(
    target: Target,
    shares: Float64[np.ndarray, " shares"],
    means: Float64[np.ndarray, "draws parts shares"],
    weights: Float64[np.ndarray, "parts shares"],
    at: Float64[np.ndarray, " places"],
) -> Float64[np.ndarray, "draws places"]:
    """The same for each draw."""
    told = np.zeros((len(means), len(at)))
    for part, share_of_part in enumerate(target.weights):
        told += share_of_part * curves(target.law, shares, means[:, part], weights[part], at, ceiling=target.ceiling)
    return told


def best_shares(
    target: Target,
    told: Float64[np.ndarray, "draws places"],
    at: Float64[np.ndarray, " places"],
    *,
    rng: np.random.Generator,
) -> Float64[np.ndarray, " draws"]:
    """The best share of each curve; of a curve that is flat all are as good, so that any one is drawn."""
    best = at[_best_places(_goodness(target, told))]
    flat = np.ptp(told, axis=1) <= FLAT * np.abs(told).max(axis=1)
    return np.where(flat, rng.choice(at, len(told)), best)


def _best_places(good: np.ndarray) -> np.ndarray:
    """The best place of each curve; an end where the curve runs out flat into it, as an exponential does."""
    best = good.argmax(axis=1)
    draws, depth = np.arange(len(good)), FLAT * np.ptp(good, axis=1)
    at_end = np.where(best > good.shape[1] // 2, good.shape[1] - 1, 0)
    return np.where(good[draws, at_end] >= good[draws, best] - depth, at_end, best)


def _goodness(target: Target, told: np.ndarray) -> np.ndarray:
    return -told if target.lower_is_better else told


def _beats(target: Target, told: np.ndarray, place: int, other: float) -> float:
    good = _goodness(target, told)
    return float(np.mean(good[:, place] > good[:, int(np.abs(PLACES - other).argmin())]))
