"""Grain's own `MapDataset.mix`, the real one."""

import dataclasses
import itertools
import zlib

import grain
import numpy as np

from mixsched.bench.case import Case, Stream


@dataclasses.dataclass(frozen=True)
class GrainMix:
    """A mixed and batched Grain dataset whose elements are numbers of rows, those of source k from `firsts[k]` on."""

    batches: grain.MapDataset
    firsts: np.ndarray

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop), asked for by batch."""
        row = np.concatenate([np.asarray(self.batches[step]) for step in range(first, stop)])
        source = np.searchsorted(self.firsts, row, side="right") - 1
        return Stream(source, row - self.firsts[source])


def grain_mix(case: Case) -> GrainMix:
    """Each source shuffled (by a seed of its name, so that the order of the list has no part in it) and repeated."""
    firsts = list(itertools.accumulate(case.rows.values(), initial=0))
    datasets = [
        shuffled_forever(grain.MapDataset.range(first, first + rows), name=name)
        for first, (name, rows) in zip(firsts, case.rows.items(), strict=False)
    ]
    return GrainMix(mix(datasets, case).batch(case.batch_size), np.array(firsts[:-1], np.int64))


def mix(datasets: list[grain.MapDataset], case: Case) -> grain.MapDataset:
    """`datasets` of the sources in the order they are listed, mixed by Grain."""
    return grain.MapDataset.mix(datasets, weights=[float(weight) for weight in case.weights.values()])


def shuffled_forever(dataset: grain.MapDataset, *, name: str) -> grain.MapDataset:
    """A source in a new order in every epoch."""
    return dataset.shuffle(seed=zlib.crc32(name.encode())).repeat()
