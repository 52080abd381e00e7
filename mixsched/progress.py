"""How far a ramp has come, in whole numbers: each step's progress over a unit, and the running sums of it."""

import dataclasses
from typing import Protocol

import numpy as np

from mixsched.mixes import Shape

# The resolution of a ramp that has no exact denominator (a cosine, or a linear ramp of very many steps).
RAMP_UNIT = 2**16
# Sums over so many steps fit 32 bits.
SUMS_BLOCK = 2**12


class Progress(Protocol):
    """Progress of the steps of a stretch over `unit`, which stands for the whole way."""

    @property
    def unit(self) -> int: ...

    def total(self, steps: int) -> int:
        """The sum over the first `steps` steps."""
        ...

    def each(self, start: int, stop: int) -> np.ndarray:
        """The progress of each of the steps [start, stop): int64."""
        ...


@dataclasses.dataclass(frozen=True)
class Linear:
    """A straight ramp of `ramp_steps` steps, exact: step k is at its own middle, (2k + 1) / (2 ramp_steps)."""

    ramp_steps: int
    offset: int

    @property
    def unit(self) -> int:
        return 2 * self.ramp_steps

    def total(self, steps: int) -> int:
        return steps * (steps + 2 * self.offset)

    def each(self, start: int, stop: int) -> np.ndarray:
        return 2 * (self.offset + np.arange(start, stop)) + 1


@dataclasses.dataclass(frozen=True, eq=False)
class Tabled:
    """Any ramp, rounded to `RAMP_UNIT`: its running sums, halved in size.

    `before` are the sums before every `SUMS_BLOCK`-th step, int64; `within` those since then, uint32 [steps + 1].
    """

    before: np.ndarray
    within: np.ndarray

    @property
    def unit(self) -> int:
        return RAMP_UNIT

    def total(self, steps: int) -> int:
        return int(self.before[steps // SUMS_BLOCK]) + int(self.within[steps])

    def each(self, start: int, stop: int) -> np.ndarray:
        steps = np.arange(start, stop + 1)
        return np.diff(self.before[steps // SUMS_BLOCK] + self.within[steps])


def tabled(shape: Shape, *, ramp_steps: int, offset: int, steps: int, start_left: float, end_left: float) -> Tabled:
    """The ramp of `steps` steps from `offset` on, among the sources that are not used up.

    `start_left` and `end_left` are what these sources have of the mixes at the ramp's two ends, 1 where none is used
    up. The mix among them is on a straight line too, but is passed at another pace: with the progress p, at
    p * end_left / ((1 - p) * start_left + p * end_left).
    """
    odd = 2 * np.arange(offset, offset + steps, dtype=np.int64) + 1
    if shape == "linear":
        each = (odd * RAMP_UNIT + ramp_steps) // (2 * ramp_steps)
    else:
        # Rounding to 2**-16 puts the last bits of a platform's cosine out of play.
        each = np.round(RAMP_UNIT * (1 - np.cos(np.pi * odd / (2 * ramp_steps))) / 2).astype(np.int64)
    if start_left != end_left:
        # The four operations of arithmetic round alike on every platform.
        there, here = each * end_left, (RAMP_UNIT - each) * start_left
        each = np.round(RAMP_UNIT * (there / (there + here))).astype(np.int64)
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(each)])
    before = running[::SUMS_BLOCK].copy()
    return Tabled(before, (running - np.repeat(before, SUMS_BLOCK)[: steps + 1]).astype(np.uint32))
