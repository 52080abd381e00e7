"""How many samples each source gives in each step: never a whole one away from what the declared weights ask for.

The guarantee: after every step, each source has given floor(W) or ceil(W) samples, where W is the sum of its shares,
and every step is full. Why that is possible: take the j-th sample of a source as a job that is released in the step in
which W comes to exceed j - 1, and due in the one at whose end W reaches j (where that comes). Serving every source its
W is a fractional solution that keeps all releases and deadlines and fills every step. Each unit of work belongs to one
job and one step, so that the constraints are those of a bipartite graph, whose matrix is totally unimodular: there is a
whole solution too. As each job may be served in an interval of steps, earliest deadline first finds it; it is never
idle, since the jobs released by the end of a step, the sum of ceil(W), are at least its samples, the sum of W.
(Tijdeman, 1980: one slot a step, any weights; Steiner and Yeomans, 1993: constant rates, and this algorithm.)

A source whose weight becomes zero may still be owed a part of a sample, and may be given that one sample later.

A change of weights that was not declared (`Plan.amend`, or phases added behind the end, `Plan.extend`) can break this:
what was served with an eye on the old future cannot be taken back. W goes on counting, no source is ever a whole sample
ahead of it, and those that fall behind floor(W) are served before all others, the furthest behind first, until the
guarantee holds again.
"""

import bisect
import copy
import itertools

import numpy as np

from mixsched.edf import Lead
from mixsched.era import Era
from mixsched.shares import Segment, Shares
from mixsched.stretches import Stretch


class Quota:
    """The solved counts of `Shares`, and of those that changes put in their place, each from its first step on.

    Any step in O(sources), kept as one bit a source and step; steps are solved in chunks when they are first asked
    for. Picklable, and safe to read from several threads.
    """

    def __init__(self, shares: Shares, stretches: tuple[Stretch, ...] = ()):
        self._eras = (Era(shares),)
        # What the last shares are of: where an amendment ends, it holds again.
        self.stretches = stretches
        self._eras[0].begun = Lead(0, {})
        self.total_steps, self.stopped_by = shares.total_steps, shares.stopped_by

    def stopped(self, step: int, *, by: str | None) -> "Quota":
        """These counts, of a run that ends before `step` because of the limit of a source."""
        stopped = copy.copy(self)
        stopped.total_steps, stopped.stopped_by = step, by
        return stopped

    def amended(self, shares: Shares, stretches: tuple[Stretch, ...]) -> "Quota":
        """These counts up to the first step of `shares`, which must not lie before the last one's, and then those."""
        amended = copy.copy(self)
        amended._eras = (*self._eras, Era(shares))
        amended.total_steps, amended.stopped_by, amended.stretches = shares.total_steps, shares.stopped_by, stretches
        return amended

    @property
    def sources(self) -> tuple[str, ...]:
        """What arrays over sources are aligned with, sorted by name."""
        return self._eras[-1].shares.sources

    @property
    def eras(self) -> tuple[Era, ...]:
        """The shares with what is solved of them."""
        return self._eras

    @property
    def exact(self) -> bool:
        """Whether all shares, those of amendments too, are the declared fractions, none of which had to be rounded."""
        return all(era.shares.exact for era in self._eras)

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
            later = (each.shares.first_step for each in self._eras if each.shares.first_step > first)
            end = min(stop, next(later, stop))
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
