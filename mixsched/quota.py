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
import threading
from typing import Any

import numpy as np

from mixsched.edf import CHUNK_STEPS, Lead, running_sums, solve_chunk
from mixsched.shares import Segment, Shares


class Quota:
    """The solved counts of one or several `Shares`, each of which takes over at its first step from the one before.

    Any step in O(sources), kept as one bit a source and step; steps are solved in chunks when they are first asked
    for. Picklable, and safe to read from several threads.
    """

    def __init__(self, *shares: Shares):
        self._eras = [_Era(shares[0], Lead(0, {}))]
        for later in shares[1:]:
            self._eras.append(_Era(later, self._eras[-1].lead(later.first_step)))

    def amended(self, shares: Shares) -> "Quota":
        """These counts up to the first step of `shares`, which must not lie before the last one's, and then those."""
        amended = Quota.__new__(Quota)
        amended._eras = [*self._eras, _Era(shares, self._eras[-1].lead(shares.first_step))]
        return amended

    @property
    def total_steps(self) -> int:
        """The step at which the last shares end."""
        return self._eras[-1].shares.total_steps

    @property
    def sources(self) -> tuple[str, ...]:
        """What arrays over sources are aligned with, sorted by name."""
        return self._eras[-1].shares.sources

    @property
    def eras(self) -> tuple["_Era", ...]:
        """The shares with what is solved of them."""
        return tuple(self._eras)

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

    def _era_before(self, step: int) -> "_Era":
        place = bisect.bisect_left(self._eras, step, key=lambda era: era.shares.first_step)
        return self._eras[max(place - 1, 0)]


class _Era:
    """One `Shares`, solved as far as it was asked for."""

    def __init__(self, shares: Shares, begun: Lead, chunks: list[Any] | None = None, debts: dict | None = None):
        self.shares = shares
        self.begun = begun
        # Each holds the `ahead` masks after CHUNK_STEPS steps, one after another.
        self.chunks: list[Any] = chunks or []
        self.debts: dict[int, dict[int, int]] = debts or {}
        self._mask_bytes = -(-len(shares.sources) // 8)
        self._due = np.full(len(shares.sources), -1, np.int64)
        self._lock = threading.Lock()

    def lead(self, step: int) -> Lead:
        """How far each source is from floor(W) after the steps before `step`."""
        if step <= self.shares.first_step:
            return self.begun
        mask = self._masks(step - 1, step)
        return Lead(int.from_bytes(mask, "little"), self.debts.get(step, {}))

    def served(self, step: int) -> np.ndarray:
        lead, unit = self.lead(step), self.shares.unit
        ahead = lead.ahead
        served = [
            numerator // unit + (ahead >> source & 1) for source, numerator in enumerate(self.shares.numerators(step))
        ]
        for source, samples in lead.behind.items():
            served[source] -= samples
        return np.array(served, np.int64)

    def served_through(self, first: int, stop: int) -> np.ndarray:
        """`served` after each of the steps [first, stop): int64 [stop - first, sources]."""
        unit, sources = self.shares.unit, len(self.shares.sources)
        begun = np.array([divmod(each, unit) for each in self.shares.numerators(first)], np.int64)
        floors, _ = running_sums(self.shares.increments(first, stop), begun[:, 0], begun[:, 1], unit)
        masks = np.frombuffer(self._masks(first, stop), np.uint8).reshape(stop - first, self._mask_bytes)
        floors += np.unpackbits(masks, axis=1, count=sources, bitorder="little")
        for step, behind in list(self.debts.items()):
            if first < step <= stop:
                for source, samples in behind.items():
                    floors[step - first - 1, source] -= samples
        return floors

    def solve(self, stop: int) -> None:
        """Make sure that the steps before `stop` are solved."""
        first = self.shares.first_step
        with self._lock:
            while first + len(self.chunks) * CHUNK_STEPS < stop:
                step = first + len(self.chunks) * CHUNK_STEPS
                masks, debts = solve_chunk(self.shares, step, self._last_lead(), self._due)
                # The chunk last: who finds it there may read its debts.
                self.debts |= debts
                self.chunks.append(masks)

    def _last_lead(self) -> Lead:
        if not self.chunks:
            return self.begun
        mask = self.chunks[-1][-self._mask_bytes :]
        solved = self.shares.first_step + len(self.chunks) * CHUNK_STEPS
        return Lead(int.from_bytes(mask, "little"), self.debts.get(solved, {}))

    def _masks(self, start: int, stop: int) -> bytes:
        """The masks after each of the steps [start, stop)."""
        first, width = self.shares.first_step, self._mask_bytes
        if first + len(self.chunks) * CHUNK_STEPS < stop:
            self.solve(stop)
        start, stop = start - first, stop - first
        chunks = range(start // CHUNK_STEPS, (stop - 1) // CHUNK_STEPS + 1)
        begin = chunks[0] * CHUNK_STEPS
        joined = b"".join(self.chunks[chunk] for chunk in chunks) if len(chunks) > 1 else self.chunks[chunks[0]]
        return joined[(start - begin) * width : (stop - begin) * width]

    def __getstate__(self) -> dict[str, Any]:
        # A lock cannot be sent; chunks may lie in a mapped file.
        chunks = [bytes(chunk) for chunk in self.chunks]
        return {"shares": self.shares, "begun": self.begun, "chunks": chunks, "debts": self.debts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)
