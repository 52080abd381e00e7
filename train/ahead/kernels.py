"""The FLOPs of the kernels in a compiled step, which its compiler can't see into: those of splash attention."""

import math
import re
from collections.abc import Callable

from model.attention_cost import Kernel, splash_work
from model.splash_blocks import splash_blocks
from train.ahead.hlo import Instruction

_KERNEL = re.compile(r"splash_mha_(fwd|dkv|dq)")


def splash_flops_of(head_width: int) -> Callable[[Instruction], float | None]:
    """A function that tells the FLOPs of a call of splash attention on one chip, masked parts of blocks included.

    It tells None of any other instruction, and asserts that a kernel it does not know is none of ours.
    """

    def flops(instruction: Instruction) -> float | None:
        if instruction.opcode != "custom-call" or "tpu_custom_call" not in instruction.rest:
            return None
        found = _KERNEL.match(instruction.name)
        assert found is not None, instruction.name
        rows, own_heads, time = _rows_heads_time(instruction, head_width)
        blocks = splash_blocks(time, head_width)
        kernel: Kernel = "forward"
        if found[1] != "fwd":
            kernel = "backward" if blocks.fused_backward else "queries" if found[1] == "dq" else "keys and values"
        work = splash_work(time, own_heads, head_width, blocks, backward=kernel != "forward")
        return rows * sum(each.flops for each in work if each.kernel == kernel)

    return flops


def _rows_heads_time(instruction: Instruction, head_width: int) -> tuple[int, int, int]:
    # The kernel's own arrays are [rows, heads, time, head width], of a single row [heads, time, head width]. Scratch
    # memory has fewer axes; gradients of queries, in parts that are still to be added, have one more.
    shapes = [each.shape for each in instruction.arrays if len(each.shape) > 2 and each.shape[-1] == head_width]
    *rows, own_heads, time, _ = min(shapes, key=math.prod)
    return math.prod(rows), own_heads, time
