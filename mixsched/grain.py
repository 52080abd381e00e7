"""The Grain door for other people's pipelines: a selection map that serves a plan sample by sample."""

import bisect
from typing import Any

from grain.transforms import DatasetSelectionMap

from mixsched.plan import Placement, Plan


class PlanSelection(DatasetSelectionMap):
    """Sample number -> (index of the source, record in it), for `grain.MapDataset.select_from_datasets`.

    Give the datasets in the order of `plan.sources`, not shuffled and not repeated: the plan does both.

        datasets = [grain.MapDataset.source(sources[name]) for name in plan.sources]
        samples = grain.MapDataset.select_from_datasets(datasets, PlanSelection(plan))

    Sample number = samples of all steps before + slot, so that batching by the plan's batch size gives its batches.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        self._segments = plan.quota.shares.segments
        self._firsts = []
        samples = 0
        for segment in self._segments:
            self._firsts.append(samples)
            samples += segment.steps * segment.batch_size
        self._samples = samples
        self._recent: tuple[int, Placement] | None = None

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self._samples:
            raise IndexError(f"`index` must lie in 0..{self._samples - 1}, got {index}")
        place = bisect.bisect_right(self._firsts, index) - 1
        step, slot = divmod(index - self._firsts[place], self._segments[place].batch_size)
        placement = self._placement(self._segments[place].first_step + step)
        return int(placement.source[slot]), int(placement.record[slot])

    def _placement(self, step: int) -> Placement:
        # Neighbouring samples share a step. One tuple, swapped whole, keeps this safe among reader threads.
        recent = self._recent
        if recent is None or recent[0] != step:
            recent = (step, self._plan.batch(step))
            self._recent = recent
        return recent[1]

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": self._plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["plan"])

    def __repr__(self) -> str:
        return f"PlanSelection({self._plan.fingerprint[:12]}, samples={self._samples})"
