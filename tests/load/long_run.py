"""A run of 10,000 tiny steps with evaluations and checkpoints: the slope of its memory, and its open files."""

from pathlib import Path

import numpy as np

from tests.load.drawing import draw_samples
from tests.load.tiny import small_shards, training
from tests.load.watching import Sample, watch

STEPS, EVALUATE_EVERY, SAVE_EVERY, LOG_EVERY = 10_000, 200, 500, 10


def measure(scratch: Path, out: Path, *, steps: int = STEPS) -> None:
    """Train, print the figures, and draw memory and files over the steps into `out`."""
    runs = scratch / "long"
    every = {"log-every-steps": LOG_EVERY, "eval-every-steps": EVALUATE_EVERY, "checkpoint-every-steps": SAVE_EVERY}
    metrics = runs / "code25-nano-seed0" / "metrics.jsonl"
    command = training(small_shards(scratch), runs, steps=steps, options=every)
    watched = watch(command, scratch / "log" / "long.txt", mark=lambda: _steps_done(metrics))
    second_half = [each for each in watched.samples if steps / 2 <= each.mark < steps]
    print(f"{steps:,} steps, an evaluation every {EVALUATE_EVERY}, a checkpoint every {SAVE_EVERY}")
    print(f"wall                                {watched.wall_s:8.1f} s")
    print(f"peak memory                         {watched.peak_mib:8.1f} MiB")
    print(f"slope of memory, second half        {slope(second_half):+8.2f} MiB per 1,000 steps")
    print(f"lowest and highest, second half     {_span([each.resident_mib for each in second_half])} MiB")
    print(f"lowest of each 1,000 steps          {_lowest(watched.samples, steps)} MiB")
    print(f"open files, first and second half   {_files(watched.samples, 0, steps / 2)} and {_files(second_half, 0)}")
    draw_samples(watched.samples, out / "long-run.png", across="mark", label="steps done")


def slope(samples: list[Sample]) -> float:
    """Resident memory over steps by least squares, in MiB per 1,000 steps."""
    marks = np.array([each.mark for each in samples])
    return float(np.polyfit(marks, [each.resident_mib for each in samples], 1)[0] * 1_000)


def _steps_done(metrics: Path) -> float:
    # A line is written every so many steps.
    return metrics.read_bytes().count(b"\n") * LOG_EVERY if metrics.exists() else 0


def _span(values: list[float]) -> str:
    return f"{min(values):.1f} to {max(values):.1f}"


def _lowest(samples: list[Sample], steps: int) -> str:
    kilos = [[each.resident_mib for each in samples if at <= each.mark < at + 1_000] for at in range(1, steps, 1_000)]
    return ", ".join(f"{min(each):.0f}" for each in kilos if each)


def _files(samples: list[Sample], begin: float, end: float = float("inf")) -> str:
    # Files that a checkpoint is written through are open for moments: the middle tells of what stays.
    found = sorted(each.handles for each in samples if begin < each.mark < end)
    return f"{found[len(found) // 2]} in the middle ({found[0]} to {found[-1]})"
