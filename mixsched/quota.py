"""How many samples each source gives in each step: never more than one away from what the weights ask for.

The guarantee: after every step, each source has given floor(W) or ceil(W) samples, where W is the exact sum of its
shares, and every step is full. Why that is possible: take the j-th sample of a source as a job that is released
when W > j - 1 and due when W >= j. Serving every source its W is a fractional solution that meets all releases and
deadlines, the constraint matrix of such interval jobs is totally unimodular, so a whole one exists, and earliest
deadline first finds it (Steiner and Yeomans, 1993; the chairman assignment of Tijdeman, 1980).

A source whose weight becomes zero may still be owed a part of a sample, and may be given that one sample later.

A change of weights that was not declared (`Plan.amend`) can break this: what was served with an eye on the old future
cannot be taken back. W goes on counting, no source is ever a whole sample ahead of it, and those that fall behind
floor(W) are served before all others, the furthest behind first, until the guarantee holds again.
"""

import bisect
import copy
import itertools

import numpy as np

from mixsched.edf import Lead
from mixsched.era import Era
from mixsched.shares import Segment, Shares


class Quota:
    """The solved counts of one or several `Shares`, each of which takes over at its first step from the one before.

    Any step in O(sources), kept as one bit a source and step; steps are solved in chunks when they are first asked
    for. Picklable, and safe to read from several threads.
    """

    def __init__(self, *shares: Shares):
        self._eras = [Era(each) for each in shares]
        self._eras[0].begun = Lead(0, {})
        self.total_steps = self._eras[-1].shares.total_steps

    def stopped(self, step: int) -> "Quota":
        """These counts, of a run that ends before `step`."""
        stopped = copy.copy(self)
        stopped.total_steps = step
        return stopped

    def amended(self, shares: Shares) -> "Quota":
        """These counts up to the first step of `shares`, which must not lie before the last one's, and then those."""
        amended = copy.copy(self)
        amended._eras = [*self._eras, Era(shares)]
        amended.total_steps = shares.total_steps
        return amended

    @property
    def sources(self) -> tuple[str, ...]:
        """What arrays over sources are aligned with, sorted by name."""
        return self._eras[-1].shares.sources

    @property
    def eras(self) -> tuple[Era, ...]:
        """The shares with what is solved of them."""
        return tuple(self._eras)

    def solve(self) -> None:
        """Solve all steps, so that any of them is at hand; a step that was not solved yet costs all those before it."""
        self.served(self.total_steps)

    def shares_before(self, step: int) -> Shares:
        """The shares that the step before `step` belongs to; the first ones for step 0."""
        return self._era_before(step).shares

    def segment(self, step: int) -> Segment:
        """The segment that `step` belongs to."""
        return self.shares_before(step + 1).segment_before(step + 1)

    def served(self, step: int) -> np.ndarray:
        """Samples of each source in the first `step` steps, 0 <= step <= total_steps: int64 [sources]."""
        return self._era_before(step).served(step)

    def counts(self, step: int) -> np.ndarray:
        """Samples of each source in `step`: int64 [sources], adding up to the batch size."""
        return self.served(step + 1) - self.served(step)

    def step_serving(self, source: int, samples: int) -> int | None:
        """The step in which a source gives its sample number `samples`, counted from 1; None if it never does."""
        steps = range(1, self.total_steps + 1)
        place = bisect.bisect_left(steps, samples, key=lambda step: self._era_before(step).served_of(source, step))
        return place if place < len(steps) else None

    def served_through(self, first: int, stop: int) -> np.ndarray:
        """`served` of the steps first..stop: int64 [stop - first + 1, sources]."""
        parts = [self.served(first)[None]]
        while first < stop:
            era = self._era_before(first + 1)
            place = self._eras.index(era) + 1
            end = min([stop, *(later.shares.first_step for later in self._eras[place : place + 1])])
            parts.append(era.served_through(first, end))
            first = end
        return np.concatenate(parts)

    def _era_before(self, step: int) -> Era:
        place = max(bisect.bisect_left(self._eras, step, key=lambda era: era.shares.first_step) - 1, 0)
        if self._eras[place].begun is None:
            # Not by recursion: a thousand amendments would be a thousand calls deep.
            for before, era in itertools.pairwise(self._eras[: place + 1]):
                if era.begun is None:
                    era.begun = before.lead(era.shares.first_step)
        return self._eras[place]
