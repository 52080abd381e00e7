"""What a prediction says to a person."""

from train.ahead.prediction import TOKENS, Moved, StepPrediction
from train.cost import PAPER_CHIP_HOURS_PER_200B

# Exchanges that take less of a step together are one line.
SMALL_S = 2e-4


def tell(told: StepPrediction) -> str:
    """The tables of a prediction: memory, work, time by part, exchanges, and what 200B tokens cost."""
    return "\n".join(
        [
            f"{told.scale} on {told.topology}: {told.parameters:,} parameters, {told.chips} chips as "
            f"{' x '.join(f'{size} {axis}' for axis, size in told.mesh.items())}, "
            f"{told.tokens:,} tokens a step (JAX {told.versions['jax']}, libtpu {told.versions['libtpu']}; compiled in "
            f"{told.compile_s:.0f} s)",
            "",
            *_memory(told),
            "",
            f"a chip's work in a step: {told.flops / 1e12:.1f} TFLOP, {told.hbm_traffic_bytes / 1e9:.0f} GB read and "
            "written in HBM",
            "",
            *_time(told),
            "",
            *_exchanges(told.exchanges),
            "",
            *_cost(told),
        ]
    )


def table(kept: list[StepPrediction]) -> str:
    """Predictions side by side, as Markdown."""
    head = [
        "scale",
        "slice",
        "microbatches",
        "HBM a chip",
        "a step",
        "tokens/s a chip",
        "MFU",
        "chip-hours for 200B",
        "paper",
    ]
    rows = [
        [
            told.scale,
            told.topology,
            str(told.devices["microbatches"]),
            f"{told.hbm_bytes / 1e9:.1f} GB",
            f"{told.step_s:.3f} s",
            f"{told.tokens_per_s_a_chip:,.0f}",
            f"{told.mfu:.1%}",
            f"{told.chip_hours():,.0f}",
            f"{PAPER_CHIP_HOURS_PER_200B[told.scale]:,}",
        ]
        for told in kept
    ]
    lines = [head, ["---", "---", *["---:"] * (len(head) - 2)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _memory(told: StepPrediction) -> list[str]:
    parts = {
        "arguments (state and batch)": told.argument_bytes,
        "temporaries": told.temporary_bytes,
        "code": told.code_bytes,
        "all": told.hbm_bytes,
    }
    limit = f"of {told.hbm_limit_bytes / 1e9:.1f} GB"
    lines = [f"{name:<30}{size / 1e9:>8.2f} GB" for name, size in parts.items()]
    return ["HBM of a chip, exact", *lines[:-1], f"{lines[-1]} {limit}"]


def _time(told: StepPrediction) -> list[str]:
    lines = [f"{part:<30}{seconds * 1e3:>8.1f} ms{seconds / told.step_s:>7.1%}" for part, seconds in told.parts.items()]
    return ["time of a step, predicted", *lines, f"{'all':<30}{told.step_s * 1e3:>8.1f} ms"]


def _exchanges(exchanges: tuple[Moved, ...]) -> list[str]:
    large = [each for each in exchanges if each.seconds >= SMALL_S]
    small = [each for each in exchanges if each.seconds < SMALL_S]
    lines = [
        f"{each.kind:<20}{each.nbytes / 1e6:>10.2f} MB over{each.chips:>4} chips{each.times:>6} x"
        f"{each.seconds / each.times * 1e3:>8.3f} ms, {max(0.0, 1 - each.waited_s / each.seconds):>4.0%} hidden"
        for each in large
    ]
    if small:
        lines.append(
            f"and {sum(each.times for each in small):,} small ones, {sum(e.seconds for e in small) * 1e3:.2f} ms"
        )
    return ["exchanges between chips in a step, predicted", *lines]


def _cost(told: StepPrediction) -> list[str]:
    paper = PAPER_CHIP_HOURS_PER_200B.get(told.scale)
    beside = "" if paper is None else f" (the paper's runs took {paper:,})"
    return [
        f"predicted: {told.step_s:.3f} s a step, {told.tokens_per_s_a_chip:,.0f} tokens/s a chip, MFU {told.mfu:.1%} "
        "(causal attention counted by half)",
        f"predicted: {told.chip_hours():,.0f} chip-hours and {told.hours(TOKENS):.1f} hours for 200B tokens{beside}",
    ]
