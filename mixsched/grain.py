"""The Grain door for other people's pipelines: a selection map that serves a plan sample by sample."""

from typing import Any

from grain.transforms import DatasetSelectionMap

from mixsched.placement import Placement
from mixsched.plan import Plan

# Samples that are placed at a time when they are asked for in order.
BLOCK_SAMPLES = 2**12


class PlanSelection(DatasetSelectionMap):
    """Sample number -> (index of the source, record in it), for `grain.MapDataset.select_from_datasets`.

    Give the datasets in the order of `plan.sources`, not shuffled and not repeated: the plan does both.

        datasets = [grain.MapDataset.source(sources[name]) for name in plan.sources]
        samples = grain.MapDataset.select_from_datasets(datasets, PlanSelection(plan))

    Sample number = samples of all steps before + slot, so that batching by the plan's batch size gives its batches.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        self._samples = plan.samples(plan.total_steps)
        self._recent: tuple[range, Placement] | None = None

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self._samples:
            raise IndexError(f"`index` must lie in 0..{self._samples - 1}, got {index}")
        # Neighbouring samples share a block. One tuple, swapped whole, keeps this safe among reader threads.
        recent = self._recent
        if recent is None or index not in recent[0]:
            recent = self._block(index)
            self._recent = recent
        samples, placement = recent
        return int(placement.source[index - samples.start]), int(placement.record[index - samples.start])

    def _block(self, index: int) -> tuple[range, Placement]:
        step = self._plan.step_of(index)
        # A step alone where samples are asked for out of order.
        recent, follows = self._recent, False
        if recent is not None:
            follows = index == recent[0].stop
        steps = max(1, BLOCK_SAMPLES // self._plan.batch_size(step)) if follows else 1
        stop = min(step + steps, self._plan.total_steps)
        samples = range(self._plan.samples(step), self._plan.samples(stop))
        return samples, self._plan.batches(step, stop)

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": self._plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["plan"])

    def __repr__(self) -> str:
        return f"PlanSelection({self._plan.fingerprint[:12]}, samples={self._samples})"
