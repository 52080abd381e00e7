"""Earliest deadline first, a chunk of steps at a time: which sources are ahead of floor(W) after each step."""

import dataclasses
import heapq
from collections.abc import Mapping

import numpy as np

from mixsched.shares import Shares

CHUNK_STEPS = 256
# So many steps' parts of a unit add up within int64, whatever the unit (see MAX_UNIT in `resolve`).
SUMMED_STEPS = 2**12
NEVER = 2**62


@dataclasses.dataclass(frozen=True)
class Lead:
    """What each source has given beyond floor(W): one sample if its bit in `ahead` is set, less than it if `behind`.

    Only a change of weights that was not declared leaves a source behind.
    """

    ahead: int
    behind: Mapping[int, int]

    def of_each(self, sources: int) -> np.ndarray:
        """1, 0 or below for each of so many sources: int64 [sources]."""
        bits = np.frombuffer(self.ahead.to_bytes(-(-sources // 8), "little"), np.uint8)
        leads = np.unpackbits(bits, count=sources, bitorder="little").astype(np.int64)
        for source, samples in self.behind.items():
            leads[source] -= samples
        return leads


def solve_chunk(shares: Shares, step: int, lead: Lead, due: np.ndarray) -> tuple[bytes, dict[int, dict[int, int]]]:
    """Solve up to `CHUNK_STEPS` steps from `step` on, before which the sources lead by `lead`.

    Returns the `ahead` masks after each step, one after another, and for the few steps that leave sources behind who
    by how much, by steps done. `due` caches each source's next deadline between the chunks of one
    `Shares`: int64 [sources], changed in place; -1 where it is not known.
    """
    stop = min(step + CHUNK_STEPS, shares.total_steps)
    floor, rest = np.array([divmod(each, shares.unit) for each in shares.numerators(step)], np.int64).T
    increments = shares.increments(step, stop)
    floors, rests = running_sums(increments, floor, rest, shares.unit)
    rises = np.diff(floors, axis=0, prepend=floor[None])
    _refresh_due(shares, due, floors[-1], stop)
    order = _by_deadline(rises > 0, rests > 0, increments > 0, due, step).tolist()
    stay = np.packbits(rises == 0, axis=1, bitorder="little")
    width, stay = stay.shape[1], stay.tobytes()
    # The W of all sources add up to the samples so far, so the fractions add up to the slots left over.
    extras = (rests.sum(axis=1) // shares.unit).tolist()
    masks = bytearray()
    debts: dict[int, dict[int, int]] = {}
    ahead, behind = lead.ahead, lead.behind
    for offset, extra in enumerate(extras):
        kept = ahead & int.from_bytes(stay[offset * width : (offset + 1) * width], "little")
        free = extra - kept.bit_count()
        if behind or free < 0:
            ahead, behind = _catch_up(Lead(ahead, behind), rises[offset], rests[offset], extra, order[offset])
            if behind:
                debts[step + offset + 1] = behind
        else:
            ahead = _fill(kept, free, order[offset])
        masks += ahead.to_bytes(width, "little")
    return bytes(masks), debts


def running_sums(
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

    Where a deadline never comes, sources that have weight in the step go before those that have none any more. Returns
    source indices: int64 [steps, sources]. `due` tells the deadlines beyond the last step.
    """
    steps = np.arange(first_step, first_step + len(moved))[:, None]
    rises = np.where(moved, steps, NEVER)
    later = np.concatenate([rises[1:], due[None]])
    deadline = np.minimum.accumulate(later[::-1], axis=0)[::-1]
    deadline += (deadline == NEVER) & ~weighted
    return np.argsort(np.where(released, deadline, NEVER + 2), axis=1, kind="stable")


def _fill(ahead: int, free: int, order: list[int]) -> int:
    """Give the free slots to the earliest deadlines among the sources that are not ahead."""
    for source in order:
        if not free:
            break
        bit = 1 << source
        if not ahead & bit:
            ahead |= bit
            free -= 1
    return ahead


def _catch_up(
    lead: Lead, rises: np.ndarray, rests: np.ndarray, extra: int, order: list[int]
) -> tuple[int, dict[int, int]]:
    """A step after an amendment that owes more than it has slots for: the furthest behind are served first."""
    leads = lead.of_each(len(rises)) - rises
    slots = extra - int(leads.sum())
    needs = np.maximum(-leads, 0)
    leads += needs
    ahead = sum(1 << source for source in np.flatnonzero(leads).tolist())
    short = int(needs.sum()) - slots
    if short <= 0:
        return _fill(ahead, -short, order), {}
    behind: dict[int, int] = {}
    nearest = [(0, int(rests[source]), source) for source in np.flatnonzero(needs).tolist()]
    heapq.heapify(nearest)
    for _ in range(short):
        samples, rest, source = heapq.heappop(nearest)
        behind[source] = samples + 1
        if samples + 1 < needs[source]:
            heapq.heappush(nearest, (samples + 1, rest, source))
    return ahead, behind
