"""The FLOPs of attention's kernels are read off the shapes in the compiled program."""

import pytest

from model.attention_cost import splash_work
from model.splash_blocks import splash_blocks
from train.ahead.hlo import parse
from train.ahead.kernels import splash_flops_of

TIME, HEADS, HEAD_WIDTH = 8_192, 20, 128


def flops_of(kernel: str, results: str) -> float | None:
    call = f'%{kernel} = ({results}) custom-call(%p), custom_call_target="tpu_custom_call"'
    program = parse(f"ENTRY %main (p: f32[8]) -> f32[8] {{\n  %p = f32[8]{{0}} parameter(0)\n  {call}\n}}\n")
    return splash_flops_of(HEAD_WIDTH)(program.instructions[kernel])


@pytest.mark.parametrize(("rows", "times"), [("", 1), ("2,", 2)])
def test_a_call_for_one_row_has_no_axis_of_rows(rows: str, times: int) -> None:
    blocks = splash_blocks(TIME, HEAD_WIDTH)
    [forward] = splash_work(TIME, HEADS, HEAD_WIDTH, blocks, backward=False)
    scratch = f"f32[1024,{HEAD_WIDTH}]{{1,0}}"
    results = f"{scratch}, bf16[{rows}{HEADS},{TIME},{HEAD_WIDTH}]{{2,1,0}}, f32[{HEADS},{TIME}]{{1,0}}"
    assert flops_of("splash_mha_fwd.3", results) == times * forward.flops


def test_gradients_in_parts_are_not_taken_for_rows() -> None:
    work = splash_work(TIME, HEADS, HEAD_WIDTH, splash_blocks(TIME, HEAD_WIDTH), backward=True)
    whole = f"bf16[{HEADS},{TIME},{HEAD_WIDTH}]{{2,1,0}}"
    found = flops_of("splash_mha_dkv.1", f"{whole}, {whole}, f32[8,{HEADS},{TIME},{HEAD_WIDTH}]{{3,2,1,0}}")
    assert found in [each.flops for each in work]


def test_a_kernel_that_is_none_of_attentions_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="another"):
        flops_of("another.1", "f32[8]{0}")
