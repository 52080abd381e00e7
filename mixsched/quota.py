"""How many samples each source gives in each step: never more than one away from what the weights ask for.

The guarantee: after every step, each source has given floor(W) or ceil(W) samples, where W is the exact sum of its
shares, and every step is full. Why that is possible: take the j-th sample of a source as a job that is released
when W > j - 1 and due when W >= j. Serving every source its W is a fractional solution that meets all releases and
deadlines, the constraint matrix of such interval jobs is totally unimodular, so a whole one exists, and earliest
deadline first finds it (Steiner and Yeomans, 1993; the chairman assignment of Tijdeman, 1980).

A source whose weight becomes zero may still be owed a part of a sample, and may be given that one sample later.
"""

import numpy as np

from mixsched.shares import Shares

CHUNK_STEPS = 256
NEVER = 2**62


class Quota:
    """The solved counts of a schedule: any step in O(sources), kept as one bit a source and step.

    After step t a source has given floor(W) samples or, if its bit is set, one more; W has a closed form.
    """

    def __init__(self, shares: Shares):
        self.shares = shares
        self.total_steps = shares.total_steps
        self._bytes_a_step = -(-len(shares.sources) // 8)
        self._ahead = _solve(shares, self._bytes_a_step)

    def served(self, step: int) -> np.ndarray:
        """Samples of each source in the first `step` steps, 0 <= step <= total_steps: int64 [sources]."""
        floors = [numerator // self.shares.unit for numerator in self.shares.numerators(step)]
        served = np.array(floors, np.int64)
        if step:
            first = (step - 1) * self._bytes_a_step
            bits = np.frombuffer(self._ahead, np.uint8, self._bytes_a_step, first)
            served += np.unpackbits(bits, count=len(floors), bitorder="little")
        return served

    def counts(self, step: int) -> np.ndarray:
        """Samples of each source in `step`: int64 [sources], adding up to the batch size."""
        return self.served(step + 1) - self.served(step)


def _solve(shares: Shares, bytes_a_step: int) -> bytes:
    """Which sources are one sample ahead of their floor after each step: one bit a source, little-endian."""
    masks, ahead = bytearray(), 0
    floor = np.zeros(len(shares.sources), np.int64)
    rest = np.zeros(len(shares.sources), np.int64)
    due = np.full(len(shares.sources), -1, np.int64)
    for segment in shares.segments:
        for start in range(0, segment.steps, CHUNK_STEPS):
            stop = min(start + CHUNK_STEPS, segment.steps)
            increments = segment.increments(start, stop)
            floors, rests = _running_sums(increments, floor, rest, shares.unit)
            moved = np.diff(floors, axis=0, prepend=floor[None]) > 0
            floor, rest = floors[-1], rests[-1]
            _refresh_due(shares, due, floor, segment.first_step + stop)
            order = _by_deadline(moved, rests > 0, increments > 0, due, segment.first_step + start)
            # The W of all sources add up to the samples so far, so the fractions add up to the slots left over.
            extras = rests.sum(axis=1) // shares.unit
            ahead = _serve(masks, bytes_a_step, ahead, moved, extras.tolist(), order.tolist())
    return bytes(masks)


def _running_sums(
    increments: np.ndarray, floor: np.ndarray, rest: np.ndarray, unit: int
) -> tuple[np.ndarray, np.ndarray]:
    """floor(W) and unit * (W - floor(W)) after each step of a chunk: int64 [steps, sources] each."""
    whole, part = np.divmod(increments, unit)
    carry, rests = np.divmod(rest[None] + np.cumsum(part, axis=0), unit)
    return floor[None] + np.cumsum(whole, axis=0) + carry, rests


def _refresh_due(shares: Shares, due: np.ndarray, floor: np.ndarray, next_step: int) -> None:
    """Set `due` of each source to the first step from `next_step` on at which its floor rises again."""
    for source in np.flatnonzero(due < next_step).tolist():
        step = shares.step_reaching(source, (int(floor[source]) + 1) * shares.unit)
        due[source] = NEVER if step is None else step


def _by_deadline(
    moved: np.ndarray, released: np.ndarray, weighted: np.ndarray, due: np.ndarray, first_step: int
) -> np.ndarray:
    """Sources in the order of their next deadline, ties by name, those without a released job last.

    Where a deadline never comes, sources that have weight in the step go before those that have none any more. Row
    t holds source indices: int64 [steps, sources]. `due` tells the deadlines beyond the last row.
    """
    steps = np.arange(first_step, first_step + len(moved))[:, None]
    rises = np.where(moved, steps, NEVER)
    later = np.concatenate([rises[1:], due[None]])
    deadline = np.minimum.accumulate(later[::-1], axis=0)[::-1]
    deadline += (deadline == NEVER) & ~weighted
    return np.argsort(np.where(released, deadline, NEVER + 2), axis=1, kind="stable")


def _serve(
    masks: bytearray,
    bytes_a_step: int,
    ahead: int,
    moved: np.ndarray,
    extras: list[int],
    order: list[list[int]],
) -> int:
    """Append a mask of the sources served beyond their floor for each step, and return the last one.

    Sources that were ahead stay so until their floor rises; the slots still free go to the earliest deadlines.
    """
    stay = np.packbits(~moved, axis=1, bitorder="little")
    for step, free in enumerate(extras):
        ahead &= int.from_bytes(stay[step].tobytes(), "little")
        free -= ahead.bit_count()
        assert free >= 0, "earliest deadline first left more sources ahead than there are slots"
        for source in order[step]:
            if not free:
                break
            bit = 1 << source
            if not ahead & bit:
                ahead |= bit
                free -= 1
        masks += ahead.to_bytes(bytes_a_step, "little")
    return ahead
