"""The solved counts of one declaration of weights, a chunk of steps at a time, from what came before it."""

import os
import threading
import weakref
import zlib
from typing import Any

import numpy as np

from mixsched.edf import CHUNK_STEPS, SUMMED_STEPS, Lead, running_sums, solve_chunk
from mixsched.errors import UsageError
from mixsched.shares import Shares

# Locks that another thread held when the process was forked would never be given back in the child.
_eras: "weakref.WeakSet[Era]" = weakref.WeakSet()


def _renew_locks() -> None:
    for era in _eras:
        era.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


class Era:
    """One `Shares`, solved as far as it was asked for.

    `begun` is how far each source is from floor(W) where it begins; whoever reads an era sees to it first. `chunks`
    hold the `ahead` masks after CHUNK_STEPS steps each, one after another; `debts` say who is behind by how much.
    """

    def __init__(self, shares: Shares):
        self.shares = shares
        self.begun: Lead | None = None
        self.chunks: list[bytes | memoryview] = []
        self.debts: dict[int, dict[int, int]] = {}
        # Of chunks that lie in a file: what the sum over each must be, until it was read for the first time.
        self.unchecked: dict[int, int] = {}
        self.file = ""
        self._mask_bytes = -(-len(shares.sources) // 8)
        self._due = np.full(len(shares.sources), -1, np.int64)
        self.renew_lock()
        _eras.add(self)

    def renew_lock(self) -> None:
        """In a forked child: what was being solved is begun again there."""
        self._lock = threading.Lock()

    def lead(self, step: int) -> Lead:
        """How far each source is from floor(W) after the steps before `step`."""
        if step <= self.shares.first_step:
            assert self.begun is not None
            return self.begun
        mask = self._masks(step - 1, step)
        return Lead(int.from_bytes(mask, "little"), self.debts.get(step, {}))

    def served(self, step: int) -> np.ndarray:
        """Samples of each source in the steps before `step`: int64 [sources]."""
        lead, unit = self.lead(step), self.shares.unit
        ahead = lead.ahead
        served = [
            numerator // unit + (ahead >> source & 1) for source, numerator in enumerate(self.shares.numerators(step))
        ]
        for source, samples in lead.behind.items():
            served[source] -= samples
        return np.array(served, np.int64)

    def served_of(self, source: int, step: int) -> int:
        """`served` of one source."""
        lead = self.lead(step)
        floor = self.shares.numerator(source, step) // self.shares.unit
        return floor + (lead.ahead >> source & 1) - lead.behind.get(source, 0)

    def served_through(self, first: int, stop: int) -> np.ndarray:
        """`served` after each of the steps [first, stop): int64 [stop - first, sources]."""
        steps = range(first, stop, SUMMED_STEPS)
        return np.concatenate([self._served_block(step, min(step + SUMMED_STEPS, stop)) for step in steps])

    def _served_block(self, first: int, stop: int) -> np.ndarray:
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
            assert self.begun is not None
            return self.begun
        mask = self.chunks[-1][-self._mask_bytes :]
        solved = self.shares.first_step + len(self.chunks) * CHUNK_STEPS
        return Lead(int.from_bytes(mask, "little"), self.debts.get(solved, {}))

    def _masks(self, start: int, stop: int) -> bytes | memoryview:
        """The masks after each of the steps [start, stop)."""
        first, width = self.shares.first_step, self._mask_bytes
        if first + len(self.chunks) * CHUNK_STEPS < stop:
            self.solve(stop)
        start, stop = start - first, stop - first
        chunks = range(start // CHUNK_STEPS, (stop - 1) // CHUNK_STEPS + 1)
        if self.unchecked:
            self._check(chunks)
        begin = chunks[0] * CHUNK_STEPS
        joined = b"".join(self.chunks[chunk] for chunk in chunks) if len(chunks) > 1 else self.chunks[chunks[0]]
        return joined[(start - begin) * width : (stop - begin) * width]

    def _check(self, chunks: range) -> None:
        for chunk in chunks:
            # Asked for once: another thread may have checked it meanwhile.
            wanted = self.unchecked.get(chunk)
            if wanted is not None and zlib.crc32(self.chunks[chunk]) != wanted:
                first = self.shares.first_step + chunk * CHUNK_STEPS
                raise UsageError(
                    f"'{self.file}' is damaged where it holds the steps from {first:,} to {first + CHUNK_STEPS - 1:,}; "
                    "save the plan again from its declaration, which is its first line"
                )
            self.unchecked.pop(chunk, None)

    def restore(self, chunks: list[bytes | memoryview], *, sums: list[int], debts: dict, file: str) -> None:
        """Take over what was solved and saved: `sums` are the CRC-32 of the chunks, which lie in `file`."""
        self.chunks, self.unchecked, self.file, self.debts = chunks, dict(enumerate(sums)), file, debts

    def __getstate__(self) -> dict[str, Any]:
        # A lock cannot be sent; chunks may lie in a mapped file.
        kept = ("shares", "begun", "debts", "unchecked", "file")
        return {"chunks": [bytes(chunk) for chunk in self.chunks]} | {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["shares"])
        vars(self).update(state)
