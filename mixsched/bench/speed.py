"""The engine's own speed beside what is promised of it."""

import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from mixsched.bench.case import Case, main_case
from mixsched.bench.ours import plan_of
from mixsched.bench.reading import BARE, MIX, STEPS
from mixsched.bench.results import Measurement, timed_s
from mixsched.plan import Plan

# Steps asked for one by one, spread over a plan.
ASKED_STEPS = 200
BULK_STEPS = 2_000
SOLVED_STEPS = 100_000
WIDE_SOURCES = 200
LONG_STEPS = 1_000_000
# A fresh interpreter says how long it needs for mixsched where NumPy is loaded already.
IMPORT = "import numpy, time; began = time.perf_counter(); import mixsched; print(time.perf_counter() - began)"


def at_most(what: str, value: float, limit: float, unit: str, *, repeats: int) -> Measurement:
    """A measurement that is to stay below `limit`."""
    return Measurement("engine", "mixsched", what, value, unit, repeats, f"< {limit:g} {unit}", value < limit)


def at_least(what: str, value: float, limit: float, unit: str, *, repeats: int) -> Measurement:
    """A measurement that is to reach `limit`."""
    return Measurement("engine", "mixsched", what, value, unit, repeats, f">= {limit:g} {unit}".strip(), value >= limit)


def engine(*, repeats: int) -> Iterator[Measurement]:
    """Solving, asking and opening, at 8 and at 200 sources."""
    eight, wide = main_case(steps=SOLVED_STEPS), wide_case(steps=20_000)
    solve_s = timed_s(lambda: solved(eight), repeats=repeats)
    yield at_most("solve 100,000 steps x 512, 8 sources", solve_s, 0.5, "s", repeats=repeats)
    plan, wide_plan = solved(eight), solved(wide)
    yield asked("counts of a step, 8 sources", plan.counts, eight, limit_ms=0.2)
    yield asked("counts of a step, 200 sources", wide_plan.counts, wide, limit_ms=1.0)
    yield asked("batch of 512 slots, 8 sources", plan.batch, eight, limit_ms=0.5)
    first = SOLVED_STEPS // 2
    bulk_s = timed_s(lambda: plan.batches(first, first + BULK_STEPS), repeats=repeats)
    rate = BULK_STEPS * eight.batch_size / bulk_s / 1e6
    yield at_least("batches, in bulk, 8 sources", rate, 5, "million samples/s", repeats=repeats)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan"
        plan.save(path)
        open_ms = 1e3 * timed_s(lambda: Plan.load(path).batch(first), repeats=repeats)
    yield at_most("open a saved plan and ask a batch of it", open_ms, 50, "ms", repeats=repeats)
    import_ms = 1e3 * float(np.median([import_s() for _ in range(repeats)]))
    yield at_most("import mixsched, after NumPy", import_ms, 50, "ms", repeats=repeats)


def long_engine() -> Iterator[Measurement]:
    """A million steps of 200 sources: seconds to solve it, and what is kept of it (by tracemalloc, on a second one)."""
    case = wide_case(steps=LONG_STEPS)
    solve_s = timed_s(lambda: solved(case), repeats=1)
    yield at_most("solve 1,000,000 steps, 200 sources", solve_s, 60, "s", repeats=1)
    tracemalloc.start()
    plan = solved(case)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield at_most("kept of that plan", kept / 2**20, 32, "MiB", repeats=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan"
        plan.save(path)
        open_ms = 1e3 * timed_s(lambda: Plan.load(path).batch(LONG_STEPS // 2), repeats=5)
    yield at_most("open that plan and ask a batch of it", open_ms, 50, "ms", repeats=5)


def reading_goals(read: Sequence[Measurement], *, batch_size: int) -> Iterator[Measurement]:
    """How StepSource reads beside Grain's mix and beside bare `__getitems__` of the same batch, from `reading`."""
    rates = {(each.subject, each.metric): each.value or 0.0 for each in read}
    repeats = read[0].repeats
    for how in ("loop", "threads"):
        ours = rates[STEPS, how]
        yield at_least(f"StepSource over {MIX}, {how}", ours / rates[MIX, how], 5, "x", repeats=repeats)
        bare = rates[f"{BARE}, {batch_size}", how]
        yield at_least(f"StepSource over {BARE}, {how}", ours / bare, 0.8, "x", repeats=repeats)


def solved(case: Case) -> Plan:
    """A plan with all its steps solved; they are solved when they are first asked for."""
    plan = plan_of(case)
    plan.served(plan.total_steps)
    return plan


def asked(what: str, ask: Callable[[int], object], case: Case, *, limit_ms: float) -> Measurement:
    """The median time of asking for one step, over steps all over the plan."""
    took = []
    for step in np.random.default_rng(case.seed).integers(0, case.steps, ASKED_STEPS).tolist():
        began = time.perf_counter()
        ask(step)
        took.append(time.perf_counter() - began)
    return at_most(what, 1e3 * float(np.median(took)), limit_ms, "ms", repeats=ASKED_STEPS)


def wide_case(*, steps: int) -> Case:
    """200 sources with weights from 1 to 200 of 20,100 parts."""
    names = [f"source{number:03}" for number in range(1, WIDE_SOURCES + 1)]
    total = WIDE_SOURCES * (WIDE_SOURCES + 1) // 2
    weights = {name: Fraction(part, total) for part, name in enumerate(names, 1)}
    return Case("wide", weights, dict.fromkeys(names, 1_000_000), batch_size=512, steps=steps, hosts=8, seed=0)


def import_s() -> float:
    """Seconds that a fresh interpreter takes to import mixsched after NumPy."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    return float(done.stdout)
