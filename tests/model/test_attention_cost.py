"""The arithmetic of splash attention's blocks, against a count of what its own mask says."""

import numpy as np
import pytest
from jax.experimental.pallas.ops.tpu.splash_attention import CausalMask, MultiHeadMask
from jax.experimental.pallas.ops.tpu.splash_attention.splash_attention_mask_info import process_mask, process_mask_dkv

from model.attention_cost import (
    V5E_CYCLES_A_SECOND,
    V5E_FLOPS_A_CYCLE,
    fused_backward_bytes,
    splash_flops,
    splash_v5e_seconds,
    splash_work,
)
from model.splash_blocks import SplashBlocks, splash_blocks

HEADS, HEAD_WIDTH = 3, 64
APART = SplashBlocks(q=256, kv=128, kv_compute=128, q_dkv=128, kv_dkv=512, kv_dkv_compute=256, q_dq=384, kv_dq=256)
FUSED = SplashBlocks(q=128, kv=384, kv_compute=128, q_dkv=768, kv_dkv=256, kv_dkv_compute=128)


def counted(time: int, q: int, kv: int, *, of_keys: bool = False) -> tuple[int, int]:
    """Steps of the grid and blocks that are computed, of all heads, as splash itself finds them."""
    mask = MultiHeadMask([CausalMask((time, time))] * HEADS)
    info, _ = (process_mask_dkv if of_keys else process_mask)(mask, (q, kv))
    assert info.block_mask is not None
    assert info.block_mask.shape[0] == 1
    return HEADS * info.block_mask[0].size, HEADS * int(np.count_nonzero(info.block_mask))


@pytest.mark.parametrize("time", [1_536])
@pytest.mark.parametrize("blocks", [APART, FUSED])
def test_steps_and_blocks_are_those_of_the_mask(time: int, blocks: SplashBlocks) -> None:
    (forward,) = splash_work(time, HEADS, HEAD_WIDTH, blocks, backward=False)
    assert (forward.grid_steps, forward.computed_blocks) == counted(time, blocks.q, blocks.kv)
    of_keys, *of_queries = splash_work(time, HEADS, HEAD_WIDTH, blocks, backward=True)
    expected = counted(time, blocks.q_dkv, blocks.kv_dkv, of_keys=True)
    assert (of_keys.grid_steps, of_keys.computed_blocks) == expected
    assert len(of_queries) == (not blocks.fused_backward)
    for each in of_queries:
        assert (each.grid_steps, each.computed_blocks) == counted(time, blocks.q_dq, blocks.kv_dq)


def test_flops_of_one_block_over_the_whole_row_are_those_of_plain_products() -> None:
    whole = SplashBlocks(q=512, kv=512, kv_compute=512, q_dkv=512, kv_dkv=512, kv_dkv_compute=512, q_dq=512, kv_dq=512)
    one_product = 2 * HEADS * 512 * 512 * HEAD_WIDTH
    assert splash_flops(512, HEADS, HEAD_WIDTH, whole, backward=False) == 2 * one_product
    assert splash_flops(512, HEADS, HEAD_WIDTH, whole, backward=True) == 7 * one_product
    fused = SplashBlocks(q=512, kv=512, kv_compute=512, q_dkv=512, kv_dkv=512, kv_dkv_compute=512)
    assert splash_flops(512, HEADS, HEAD_WIDTH, fused, backward=True) == 5 * one_product


def test_large_blocks_waste_the_diagonal_and_small_ones_make_steps() -> None:
    def cut(size: int) -> SplashBlocks:
        return SplashBlocks(q=size, kv=size, kv_compute=128, q_dkv=size, kv_dkv=size, kv_dkv_compute=128)

    of_pairs = 2 * 2 * 128 * 8 * 8_192**2 // 2
    for size, waste in [(512, 1 / 16), (1_024, 1 / 8), (2_048, 1 / 4)]:
        assert splash_flops(8_192, 8, 128, cut(size), backward=False) == of_pairs * (1 + waste)
    seconds = [splash_v5e_seconds(8_192, 8, 128, cut(size), backward=False) for size in (128, 512, 1_024, 8_192)]
    assert min(seconds) == seconds[2]


@pytest.mark.parametrize("backward", [False, True])
def test_no_schedule_is_faster_than_the_matrix_units(backward: bool) -> None:
    blocks = splash_blocks(8_192, 128)
    at_peak = splash_flops(8_192, 8, 128, blocks, backward=backward) / V5E_FLOPS_A_CYCLE / V5E_CYCLES_A_SECOND
    assert at_peak < splash_v5e_seconds(8_192, 8, 128, blocks, backward=backward) < 2 * at_peak


def test_parts_of_gradients_are_held_by_one_backward_kernel_only() -> None:
    assert fused_backward_bytes(1_536, HEADS, HEAD_WIDTH, FUSED) == 6 * 1_536 * HEADS * HEAD_WIDTH * 2
    assert fused_backward_bytes(1_536, HEADS, HEAD_WIDTH, APART) == 0
