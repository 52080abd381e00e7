"""From counts to records: who sits in which slot of a step, and which row of its source that is."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from mixsched.permutation import derive_key, permute_within, shuffled_slots, square_side, subkey


@dataclasses.dataclass(frozen=True)
class Placement:
    """The samples of some slots: four arrays of one length, int64.

    `source` indexes `Plan.sources`; `cursor` counts the samples that the source gave before this one; `epoch` and
    `record` say which pass over the source this is, and which of its rows.
    """

    source: np.ndarray
    cursor: np.ndarray
    epoch: np.ndarray
    record: np.ndarray


def join(parts: Sequence[Placement]) -> Placement:
    """Placements one after another as one."""
    fields = [field.name for field in dataclasses.fields(Placement)]
    if not parts:
        return Placement(**{field: np.zeros(0, np.int64) for field in fields})
    return Placement(**{field: np.concatenate([getattr(part, field) for part in parts]) for field in fields})


class Order:
    """The order of the slots in every step and of the rows in every epoch, for `sources` with so many `rows`.

    A source draws from a pool of its rows, the same in every epoch; `pools` is `rows` where that is all of them.
    """

    def __init__(self, sources: Sequence[str], *, rows: Sequence[int], pools: Sequence[int], seed: int):
        self._rows, self._pools = np.array(rows, np.uint64), np.array(pools, np.uint64)
        self._sides, self._pool_sides = square_side(self._rows), square_side(self._pools)
        self._keys = np.array([derive_key(seed, "order", source) for source in sources], np.uint64)
        self._pool_keys = np.array([derive_key(seed, "pool", source) for source in sources], np.uint64)
        self._slot_key = derive_key(seed, "slots")
        self._pooled = bool((self._pools < self._rows).any())

    def place(self, first_step: int, served: np.ndarray, slot: slice) -> Placement:
        """The samples of some slots of each of several steps of one batch size, step after step.

        `served` are the cursors before the first step and after each: int64 [steps + 1, sources]. `slot` selects from
        the slots of a step.
        """
        counts = np.diff(served, axis=0)
        steps, sources = counts.shape
        size = int(counts[0].sum())
        order = shuffled_slots(subkey(self._slot_key, np.arange(first_step, first_step + steps)), size)[:, slot]
        # Before they are shuffled, the slots of a step go to the sources in turn, and to each in the order of cursors.
        per_source = counts.ravel()
        starts = np.cumsum(per_source) - per_source
        position = (order + (np.arange(steps) * size)[:, None]).ravel()
        source = np.repeat(np.tile(np.arange(sources), steps), per_source)[position]
        cursor = position + np.repeat(served[:-1].ravel() - starts, per_source)[position]
        epoch, record = self._record(source, cursor.view(np.uint64))
        return Placement(source, cursor, epoch.view(np.int64), record.view(np.int64))

    def _record(self, source: np.ndarray, cursor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pool = self._pools[source]
        epoch = cursor // pool
        key = subkey(self._keys[source], epoch)
        record = permute_within(cursor - epoch * pool, pool, self._pool_sides[source], key)
        if self._pooled:
            part = np.flatnonzero(pool < self._rows[source])
            drawn = source[part]
            record[part] = permute_within(record[part], self._rows[drawn], self._sides[drawn], self._pool_keys[drawn])
        return epoch, record
