"""What a mixer costs: until its first step, until a step far away, and in memory."""

import dataclasses
import gc
import tracemalloc
from collections.abc import Iterator

from mixsched.bench import hf
from mixsched.bench.case import Case, Mixer
from mixsched.bench.results import Measurement, timed_s


def costs(mixer: Mixer, case: Case, *, far_step: int, repeats: int) -> Iterator[Measurement]:
    """Time to plan the case, time to reach `far_step` of a longer run in a fresh object, and bytes kept.

    Where planning writes a table of the run, reaching a far step is that table's time on this case, scaled to the
    longer run: writing it would take longer than all the rest.
    """
    if mixer.plan is None:
        yield Measurement("cost", mixer.name, "plan", None, "")
        return
    plan = mixer.plan
    repeats = 1 if mixer.tabulates else repeats
    plan_s = timed_s(lambda: plan(case).steps(0, 1), repeats=repeats)
    yield Measurement("cost", mixer.name, "plan", plan_s * 1e3, "ms", repeats)
    longer = dataclasses.replace(case, steps=far_step + 1)
    if mixer.tabulates:
        reach_s = plan_s * longer.steps / case.steps
    else:
        reach_s = timed_s(lambda: plan(longer).steps(far_step, far_step + 1), repeats=repeats)
    yield Measurement("cost", mixer.name, "reach", reach_s * 1e3, "ms", repeats)
    yield Measurement("cost", mixer.name, "kept", kept_bytes(mixer, case), "bytes")


def kept_bytes(mixer: Mixer, case: Case) -> int:
    """Bytes that stay allocated once the last step of the case was asked for, by Python, NumPy and Arrow."""
    assert mixer.plan is not None
    gc.collect()
    arrow = hf.kept_bytes()
    tracemalloc.start()
    planned = mixer.plan(case)
    planned.steps(case.steps - 1, case.steps)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept + hf.kept_bytes() - arrow
