"""Samples numbered through the steps and slots of a run, whatever the batch sizes of its phases."""

import bisect
import dataclasses
import functools
import itertools

from mixsched.errors import UsageError
from mixsched.stretches import Block


@dataclasses.dataclass(frozen=True)
class Numbering:
    """Sample number = samples of all steps before + slot; `total_steps` may end before the blocks do."""

    blocks: tuple[Block, ...]
    total_steps: int

    @functools.cached_property
    def _before(self) -> list[int]:
        """Samples before each block."""
        return list(itertools.accumulate((block.steps * block.batch_size for block in self.blocks[:-1]), initial=0))

    @property
    def total(self) -> int:
        """Samples of the whole run."""
        return self.before(self.total_steps)

    def before(self, step: int) -> int:
        """Samples in the steps before `step`."""
        place = max(bisect.bisect_left(self.blocks, step, key=lambda block: block.first_step) - 1, 0)
        block = self.blocks[place]
        return self._before[place] + (step - block.first_step) * block.batch_size

    def step_of(self, sample: int) -> int:
        """The step that serves the sample of this number; raises UsageError where none does."""
        if not 0 <= sample < self.total:
            raise UsageError(f"`sample` must lie in 0..{self.total - 1}, got {sample}")
        place = bisect.bisect_right(self._before, sample) - 1
        block = self.blocks[place]
        return block.first_step + (sample - self._before[place]) // block.batch_size
