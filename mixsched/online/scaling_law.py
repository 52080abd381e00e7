"""A power law for the loss of one source: its history, kept short, and a robust fit with numpy alone."""

import dataclasses
import math

import numpy as np

# A longer history is halved, so that a fit costs the same at step 1e6 as at step 1e3. Even, for points are paired.
MAX_POINTS = 256
MIN_POINTS = 8
# The paper's robust loss is quadratic up to this distance in log loss, and linear beyond.
HUBER_DELTA = 1e-3
EXPONENTS = np.arange(1, 17) / 20
REFINEMENTS = 3
ITERATIONS = 10
TINY = 1e-9


@dataclasses.dataclass(frozen=True)
class PowerLaw:
    """loss(n) = irreducible + scale * n**-exponent, in nats a token after n samples."""

    irreducible: float
    scale: float
    exponent: float

    def loss(self, samples: float) -> float:
        """The loss after `samples`."""
        return self.irreducible + self.scale * samples**-self.exponent

    def speed(self, samples: float) -> float:
        """How fast it learns there: minus the derivative of the loss, in nats a token and sample."""
        return self.exponent * self.scale * samples ** (-self.exponent - 1)


@dataclasses.dataclass(frozen=True)
class Curve:
    """Losses over samples, at most `MAX_POINTS` points, each the mean of `stride` observations one after another.

    Means are taken of logarithms, where a power law is nearly straight, so that the mean of points of a law lies on it.
    """

    points: tuple[tuple[float, float], ...] = ()
    stride: int = 1
    pending: tuple[tuple[float, float], ...] = ()

    def add(self, samples: int, loss: float) -> "Curve":
        """The curve with one observation more."""
        pending = (*self.pending, (math.log(samples), math.log(max(loss, TINY))))
        if len(pending) < self.stride:
            return dataclasses.replace(self, pending=pending)
        points = (*self.points, _mean(pending))
        if len(points) < MAX_POINTS:
            return Curve(points, self.stride)
        return Curve(tuple(map(_mean, zip(points[::2], points[1::2], strict=True))), 2 * self.stride)


def fit(curve: Curve) -> PowerLaw | None:
    """The power law nearest to a curve; None for fewer than `MIN_POINTS` points, or if all stand at one place.

    Minimises the Huber loss of log loss (Hoffmann et al. 2022, arXiv 2203.15556, section 3.3; `HUBER_DELTA`) over
    exponents from 0.05 to 0.8 and parameters that are not negative. Where both papers run L-BFGS from a grid of
    starts, this walks a grid of exponents, refined `REFINEMENTS` times; what is left is a line in n**-exponent, found
    by reweighted least squares. The same numbers give the same law; sums are numpy's own, for those of BLAS depend on
    the processor.

    >>> curve = Curve()
    >>> for samples in range(100, 20_000, 100):
    ...     curve = curve.add(samples, PowerLaw(1.5, 20.0, 0.4).loss(samples))
    >>> law = fit(curve)
    >>> round(law.irreducible, 2), round(law.scale, 1), round(law.exponent, 3)
    (1.5, 20.0, 0.4)
    """
    # The first of means spans too much, from almost no samples on, to lie near the law.
    points = curve.points[1:] if curve.stride > 1 else curve.points
    if len(points) < MIN_POINTS or points[0][0] == points[-1][0]:
        return None
    log_samples, log_loss = np.array(points, np.float64).T
    exponents = EXPONENTS
    for _ in range(REFINEMENTS):
        place = int(np.argmin(_fit_lines(exponents, log_samples, log_loss)[2]))
        exponents = np.linspace(exponents[max(place - 1, 0)], exponents[min(place + 1, len(exponents) - 1)], 9)
    level, slope, misfit = _fit_lines(exponents, log_samples, log_loss)
    place = int(np.argmin(misfit))
    exponent = float(exponents[place])
    return PowerLaw(float(level[place]), float(slope[place]) * math.exp(exponent * log_samples[-1]), exponent)


def _mean(points: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    samples, losses = zip(*points, strict=True)
    return math.fsum(samples) / len(points), math.fsum(losses) / len(points)


def _fit_lines(
    exponents: np.ndarray, log_samples: np.ndarray, log_loss: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each exponent the best loss = level + slope * (n / last n)**-exponent, and its misfit: [exponents] each."""
    power = np.exp(-exponents[:, None] * (log_samples - log_samples[-1]))
    predicted = np.exp(np.broadcast_to(log_loss, power.shape))
    level = slope = np.zeros(len(exponents))
    # Gauss-Newton in log loss: near a prediction p, log(loss / p) is (loss - p) / p to first order.
    for _ in range(ITERATIONS):
        residual = log_loss - np.log(predicted)
        robust = HUBER_DELTA / np.maximum(np.abs(residual), HUBER_DELTA)
        level, slope = _line(power, predicted * (1 + residual), robust / predicted**2)
        predicted = np.maximum(level[:, None] + slope[:, None] * power, TINY)
    distance = np.abs(log_loss - np.log(predicted))
    huber = np.where(distance < HUBER_DELTA, distance**2 / 2, HUBER_DELTA * (distance - HUBER_DELTA / 2))
    return level, slope, huber.sum(axis=1)


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weighted least-squares line through each row, with level and slope not negative."""
    total = weight.sum(axis=1)
    mean_x, mean_y = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
    from_mean = x - mean_x[:, None]
    slope = (weight * from_mean * y).sum(axis=1) / (weight * from_mean**2).sum(axis=1)
    through_zero = (weight * x * y).sum(axis=1) / (weight * x**2).sum(axis=1)
    level = mean_y - slope * mean_x
    # At most one of the two is negative where the losses are positive; it is held at 0 and the other fitted again.
    slope = np.maximum(np.where(level < 0, through_zero, slope), 0)
    return np.where(level < 0, 0.0, mean_y - slope * mean_x), slope
