"""What splash attention really computes on causal rows, and how long a TPU v5e takes by its compiler's own schedule."""

import dataclasses
from typing import Literal

from model.splash_blocks import SplashBlocks

# The matrix units of a TPU v5e: 4 of 128 x 128, a multiplication and an addition each cycle, at 1.5 GHz (197 TFLOP/s).
V5E_FLOPS_A_CYCLE = 4 * 128 * 128 * 2
V5E_CYCLES_A_SECOND = 1.5e9


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Cycles of a kernel in the schedule that its compiler made, without waits for memory.

    - `of_products`: of a block that is computed, over those that its matrix products keep the matrix units busy for.
    - `a_step`: of every step of the grid besides, also of those that compute nothing.
    - `a_token`: besides for every token and head, to begin and end a row of blocks.
    """

    of_products: float
    a_step: int
    a_token: float


Kernel = Literal["forward", "keys and values", "queries", "backward"]

# Products of (queries x keys x head width) in a block: of scores and values; of scores, of the gradients of weights,
# values and keys; of scores, of the gradients of weights and queries; the last three kernels are two or one.
PRODUCTS: dict[Kernel, int] = {"forward": 2, "keys and values": 4, "queries": 3, "backward": 5}
# Counted in the bundles that libtpu 0.0.42.1 packed for bfloat16 and heads of 128, blocks of 1,024 by 1,024 with 512
# computed at once; blocks of 512 differ by 2% in the first column and little in the second. Bundles of the backward
# kernels are fewer than the matrix units can follow, so these set the pace.
V5E_SCHEDULES: dict[Kernel, Schedule] = {
    "forward": Schedule(1.143, 310, 1.35),
    "keys and values": Schedule(1.0, 205, 0.64),
    "queries": Schedule(1.0, 266, 0.33),
    "backward": Schedule(1.0, 510, 0.76),
}


@dataclasses.dataclass(frozen=True)
class KernelWork:
    """What one kernel does for one row: steps of its grid, those of them that compute a block, and their FLOPs."""

    kernel: Kernel
    grid_steps: int
    computed_blocks: int
    flops: int


def splash_work(time: int, heads: int, head_width: int, blocks: SplashBlocks, *, backward: bool) -> list[KernelWork]:
    """What the kernels do for one row of `time` tokens, which must be a multiple of every block.

    A block on the diagonal is computed whole, though causal attention needs half of it: large blocks waste more, small
    ones make more steps.
    """

    def work(kernel: Kernel, q: int, kv: int) -> KernelWork:
        # A block of queries meets the keys up to its own last token.
        computed = heads * sum(-(-last // kv) for last in range(q, time + 1, q))
        flops = computed * PRODUCTS[kernel] * 2 * q * kv * head_width
        return KernelWork(kernel, heads * (time // q) * (time // kv), computed, flops)

    if not backward:
        return [work("forward", blocks.q, blocks.kv)]
    if blocks.fused_backward:
        return [work("backward", blocks.q_dkv, blocks.kv_dkv)]
    return [
        work("keys and values", blocks.q_dkv, blocks.kv_dkv),
        work("queries", blocks.q_dq, blocks.kv_dq),
    ]


def scheduled_cycles(work: KernelWork, time: int, heads: int) -> float:
    """Cycles of that work by the schedules above: a lower bound, which knows of no wait for memory.

    Each step of these grids takes several times as long as its blocks need to come.
    """
    schedule = V5E_SCHEDULES[work.kernel]
    busy = schedule.of_products * work.flops / V5E_FLOPS_A_CYCLE
    return busy + schedule.a_step * work.grid_steps + schedule.a_token * heads * time


def splash_flops(time: int, heads: int, head_width: int, blocks: SplashBlocks, *, backward: bool) -> int:
    """FLOPs of the forward kernel for one row, or of the backward ones, the masked parts of blocks included."""
    return sum(each.flops for each in splash_work(time, heads, head_width, blocks, backward=backward))


def splash_v5e_seconds(time: int, heads: int, head_width: int, blocks: SplashBlocks, *, backward: bool) -> float:
    """How long that takes one TPU v5e chip by `scheduled_cycles`."""
    work = splash_work(time, heads, head_width, blocks, backward=backward)
    return sum(scheduled_cycles(each, time, heads) for each in work) / V5E_CYCLES_A_SECOND


def fused_backward_bytes(time: int, heads: int, head_width: int, blocks: SplashBlocks, *, itemsize: int = 2) -> int:
    """Memory of one row's gradients of queries before they are added up, one part a block of keys; 0 with two kernels.

    It is written once by the kernel and read once by the sum behind it.
    """
    return time // blocks.kv_dkv * heads * time * head_width * itemsize if blocks.fused_backward else 0
