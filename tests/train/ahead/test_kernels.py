"""The FLOPs of attention's kernels are read off the shapes in the compiled program."""

import pytest

from model.attention_cost import splash_work
from model.splash_blocks import splash_blocks
from train.ahead.hlo import parse
from train.ahead.kernels import KERNEL_EFFICIENCY, KernelCall, splash_of

TIME, HEADS, HEAD_WIDTH = 8_192, 20, 128


def call_of(kernel: str, results: str, *, largest_block: int = 0) -> KernelCall | None:
    call = f'%{kernel} = ({results}) custom-call(%p), custom_call_target="tpu_custom_call"'
    program = parse(f"ENTRY %main (p: f32[8]) -> f32[8] {{\n  %p = f32[8]{{0}} parameter(0)\n  {call}\n}}\n")
    return splash_of(TIME, HEAD_WIDTH, largest_block=largest_block)(program.instructions[kernel])


@pytest.mark.parametrize(("rows", "times"), [("", 1), ("2,", 2)])
def test_a_call_for_one_row_has_no_axis_of_rows(rows: str, times: int) -> None:
    blocks = splash_blocks(TIME, HEAD_WIDTH)
    [forward] = splash_work(TIME, HEADS, HEAD_WIDTH, blocks, backward=False)
    # Of a batched call scratch memory has that axis, too.
    scratch = f"f32[{rows}1024,{HEAD_WIDTH}]{{1,0}}"
    results = f"{scratch}, bf16[{rows}{HEADS},{TIME},{HEAD_WIDTH}]{{2,1,0}}, f32[{HEADS},{TIME}]{{1,0}}"
    assert call_of("splash_mha_fwd.3", results) == KernelCall(times * forward.flops, KERNEL_EFFICIENCY)


def test_gradients_in_parts_are_not_taken_for_rows() -> None:
    work = splash_work(TIME, HEADS, HEAD_WIDTH, splash_blocks(TIME, HEAD_WIDTH), backward=True)
    whole, parts = (
        f"bf16[3,{HEADS},{TIME},{HEAD_WIDTH}]{{3,2,1,0}}",
        f"f32[3,4,{HEADS},{TIME},{HEAD_WIDTH}]{{4,3,2,1,0}}",
    )
    found = call_of("splash_mha_dkv.1", f"f32[3,2048,{HEAD_WIDTH}]{{2,1,0}}, {parts}, {whole}, {whole}")
    assert found == KernelCall(3 * work[0].flops, KERNEL_EFFICIENCY)


def test_a_kernel_that_is_none_of_attentions_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="another"):
        call_of("another.1", "f32[8]{0}")


@pytest.mark.parametrize(
    ("kernel", "results"),
    [
        ("splash_mha_fwd.1", f"bf16[{HEADS},{TIME},{HEAD_WIDTH}]{{2,1,0}}"),
        (
            "splash_mha_dkv.1",
            f"bf16[{HEADS},{TIME},{HEAD_WIDTH}]{{2,1,0}}, f32[8,{HEADS},{TIME},{HEAD_WIDTH}]{{3,2,1,0}}",
        ),
    ],
)
def test_small_blocks_waste_fewer_flops_and_make_less_of_the_peak(kernel: str, results: str) -> None:
    called = [call_of(kernel, results, largest_block=most) for most in (128, 512, 1_024, 2_048)]
    assert [call.flops for call in called] == sorted(call.flops for call in called)
    assert [call.efficiency for call in called] == sorted(call.efficiency for call in called)
    assert called[2] == call_of(kernel, results)
    seconds = [call.flops / call.efficiency for call in called]
    # Between too many steps and too much that is masked.
    assert min(seconds) < seconds[0]
    assert min(seconds) < seconds[-1]
