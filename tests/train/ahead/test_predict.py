"""The prediction's arithmetic on programs small enough to do by hand."""

import pytest

from train.ahead.chips import V5E
from train.ahead.hlo import parse
from train.ahead.kernels import KernelCall
from train.ahead.predict import Prediction, predict

SIDES = (16, 16)
COORDINATES = [(chip % 16, chip // 16) for chip in range(256)]
ROW = "replica_groups={{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}}"


def cycles(count: int, op: str = "") -> str:
    return f'metadata={{op_name="{op}"}}, backend_config={{"window_config":{{"estimated_cycles":"{count}"}}}}'


def predicted(*lines: str, others: str = "", kernel_of=lambda instruction: None) -> Prediction:
    lines = ("%p = f32[8]{0:S(1)} parameter(0)", *lines)
    body = "\n".join(f"  {line}" for line in lines)
    text = f"HloModule step\n\n{others}\nENTRY %main (p: f32[8]) -> f32[8] {{\n{body}\n}}\n"
    return predict(parse(text), V5E, coordinates=COORDINATES, sides=SIDES, kernel_of=kernel_of)


def test_cycles_are_seconds_of_the_chips_clock() -> None:
    told = predicted(f"%a = f32[8]{{0}} add(%p, %p), {cycles(3_000)}")
    assert told.parts["elementwise"] == told.step_s == pytest.approx(3_000 / V5E.clock_hz)


def test_a_loops_body_counts_as_often_as_it_goes_round() -> None:
    others = f"""%body (s: (s32[], f32[8])) -> (s32[], f32[8]) {{
  %s = (s32[], f32[8]{{0:S(1)}}) parameter(0)
  %b = f32[8]{{0}} add(%s, %s), {cycles(1_500, "jit(step)/jvp(loss)/add")}
}}

%condition (s: (s32[], f32[8])) -> pred[] {{
  %c = s32[]{{:T(128)}} constant(12)
  ROOT %less = pred[] compare(%s, %c), direction=LT
}}
"""
    told = predicted(
        "%w = (s32[], f32[8]{0}) while(%p), condition=%condition, body=%body",
        f"%a = f32[8]{{0}} add(%p, %p), {cycles(1_500, 'jit(step)/optimizer/add')}",
        others=others,
    )
    assert told.parts["loss"] == pytest.approx(12 * 1e-6)
    assert told.parts["optimizer"] == pytest.approx(1e-6)


def test_a_product_is_told_by_what_its_fusion_holds() -> None:
    others = "%fused (x: f32[8]) -> f32[8] {\n  ROOT %d = f32[8]{0} convolution(%x, %x), dim_labels=bf_io->bf\n}\n"
    told = predicted(f"%f = f32[8]{{0}} fusion(%p), kind=kOutput, calls=%fused, {cycles(1_500)}", others=others)
    assert told.parts["matrix products"] == pytest.approx(1e-6)


def test_a_kernel_takes_its_flops_at_the_stated_efficiency() -> None:
    told = predicted(
        '%k = bf16[8]{0} custom-call(%p), custom_call_target="tpu_custom_call"',
        kernel_of=lambda instruction: KernelCall(1e12, 0.6) if instruction.opcode == "custom-call" else None,
    )
    assert told.parts["attention"] == pytest.approx(1e12 / (0.6 * V5E.peak_flops_per_s))
    assert told.kernel_flops == 1e12


def test_what_nobody_waits_for_costs_nothing() -> None:
    gathered = 16_000_000
    seconds = gathered * 15 / 16 / (2 * V5E.link_bytes_per_s)
    start = (
        "%all-gather-start = (f32[250000]{0}, f32[4000000]{0}) all-gather-start(%x), channel_id=1, "
        f"{ROW}, dimensions={{0}}"
    )
    lines = [
        "%x = f32[250000]{0} parameter(0)",
        start,
        f"%a = f32[8]{{0}} add(%x, %x), {cycles(0)}",
        "%all-gather-done = f32[4000000]{0} all-gather-done(%all-gather-start)",
    ]
    waited = predicted(*lines)
    assert waited.parts["waiting for collectives"] == pytest.approx(seconds)
    lines[2] = f"%a = f32[8]{{0}} add(%x, %x), {cycles(round(0.75 * seconds * V5E.clock_hz))}"
    partly = predicted(*lines)
    assert partly.parts["waiting for collectives"] == pytest.approx(0.25 * seconds, rel=1e-4)
    lines[2] = f"%a = f32[8]{{0}} add(%x, %x), {cycles(round(2 * seconds * V5E.clock_hz))}"
    hidden = predicted(*lines)
    assert hidden.parts["waiting for collectives"] == 0
    (exchange,) = hidden.exchanges
    assert (exchange.collective.kind, exchange.collective.nbytes) == ("all-gather", gathered)
    assert (exchange.seconds, exchange.waited_s) == (pytest.approx(seconds), 0)


def test_exchanges_wait_for_each_other() -> None:
    reduce = f"f32[4000000]{{0}} all-reduce(%x), channel_id=1, {ROW}, to_apply=%add"
    told = predicted("%x = f32[4000000]{0} parameter(0)", f"%r1 = {reduce}", f"%r2 = {reduce}")
    one = 2 * 16_000_000 * 15 / 16 / (2 * V5E.link_bytes_per_s)
    assert told.step_s == pytest.approx(2 * one)


def test_a_copy_started_ahead_is_waited_for_at_the_speed_of_memory() -> None:
    told = predicted(
        "%x = f32[4000000]{0} parameter(0)",
        "%copy-start = (f32[4000000]{0:S(1)}, f32[4000000]{0}, u32[]{:S(2)}) copy-start(%x)",
        "%copy-done = f32[4000000]{0:S(1)} copy-done(%copy-start)",
    )
    assert told.parts["waiting for memory"] == told.step_s == pytest.approx(16_000_000 / V5E.hbm_bytes_per_s)


def test_a_gather_without_an_estimate_takes_its_bytes() -> None:
    others = "%fused (x: f32[1000,8]) -> f32[500,8] {\n  ROOT %g = f32[500,8]{1,0} gather(%x, %x)\n}\n"
    told = predicted(
        "%x = f32[1000,8]{1,0} parameter(0)",
        "%f = f32[500,8]{1,0} fusion(%x), kind=kCustom, calls=%fused",
        others=others,
    )
    assert told.step_s == pytest.approx((32_000 + 16_000) / V5E.hbm_bytes_per_s)
    assert told.hbm_traffic_bytes == 48_000
