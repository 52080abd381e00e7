"""The work of the kernels in a compiled step, which its compiler can't see into: those of splash attention."""

import dataclasses
import math
import re
from collections.abc import Callable

from model.attention_cost import Kernel, KernelWork, scheduled_cycles, splash_work
from model.splash_blocks import SplashBlocks, splash_blocks
from train.ahead.hlo import Instruction

# What attention's kernels make of a chip's peak with the blocks that they have by default. Counted in the bundles that
# libtpu packs for them they would make 0.87 forward and nearly 1 backward (`model.attention_cost`); what they wait for
# memory and masks is not in that count.
KERNEL_EFFICIENCY = 0.7
_KERNEL = re.compile(r"splash_mha_(fwd|dkv|dq)")


@dataclasses.dataclass(frozen=True)
class KernelCall:
    """FLOPs of a kernel's call on one chip, masked parts of blocks included, and the share of the peak it makes."""

    flops: float
    efficiency: float


KernelOf = Callable[[Instruction], KernelCall | None]


def splash_of(time: int, head_width: int, *, largest_block: int = 0) -> KernelOf:
    """A function that tells the work of a call of splash attention to rows of `time` tokens.

    It tells None of any other instruction, and asserts that a kernel it does not know is none of ours. With other
    blocks than the default ones (of at most `largest_block` tokens) a kernel makes more or less of the peak, as the
    schedules of its compiler do.
    """

    def kernel_of(instruction: Instruction) -> KernelCall | None:
        if instruction.opcode != "custom-call" or "tpu_custom_call" not in instruction.rest:
            return None
        found = _KERNEL.match(instruction.name)
        assert found is not None, instruction.name
        rows, own_heads = _rows_and_heads(instruction, time, head_width)

        def work_with(blocks: SplashBlocks) -> KernelWork:
            kernel: Kernel = "forward"
            if found[1] != "fwd":
                kernel = "backward" if blocks.fused_backward else "queries" if found[1] == "dq" else "keys and values"
            every = splash_work(time, own_heads, head_width, blocks, backward=kernel != "forward")
            return next(each for each in every if each.kernel == kernel)

        def flops_a_cycle(work: KernelWork) -> float:
            return work.flops / scheduled_cycles(work, time, own_heads)

        ours = work_with(splash_blocks(time, head_width, largest=largest_block))
        usual = work_with(splash_blocks(time, head_width))
        efficiency = KERNEL_EFFICIENCY * flops_a_cycle(ours) / flops_a_cycle(usual)
        return KernelCall(rows * ours.flops, min(efficiency, 1.0))

    return kernel_of


def _rows_and_heads(instruction: Instruction, time: int, head_width: int) -> tuple[int, int]:
    # The kernel's own arrays are [rows, heads, time, head width], of a single row [heads, time, head width]. Scratch
    # memory has the time of a block; gradients of queries, in parts that are still to be added, have one axis more.
    shapes = [
        each.shape for each in instruction.arrays if len(each.shape) > 2 and each.shape[-2:] == (time, head_width)
    ]
    *rows, own_heads, _, _ = min(shapes, key=math.prod)
    return math.prod(rows), own_heads
