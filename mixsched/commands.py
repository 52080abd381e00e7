"""What the commands print: a plan told, two plans compared, a run held against its plan."""

import io
from pathlib import Path

import numpy as np

from mixsched.atomic import write_atomically
from mixsched.audit import audit_text, audited, read_lines
from mixsched.columns import align
from mixsched.differences import differences
from mixsched.errors import UsageError
from mixsched.forecast import plan_text
from mixsched.plan import Plan
from mixsched.planfile import CannotBeError, as_plan, read_planfile
from mixsched.plot import draw
from mixsched.schedule import Schedule
from mixsched.table import schedule_table

ENDINGS = (".png", ".svg", ".pdf")
# Steps that are compared at a time.
COMPARED_STEPS = 512


def tell(path: Path, *, shards: Path | None, save: Path | None) -> int:
    """Print a plan or a schedule, and save the plan where that is asked for; 1 where it cannot be."""
    try:
        plan = read_planfile(path, shards=shards)
    except CannotBeError as error:
        print(error)
        return 1
    if isinstance(plan, Schedule):
        print(f"{schedule_table(plan)}\n\n{plan.total_steps:,} steps, {plan.total_tokens:,} tokens")
        print("add `rows`, or name the data with --shards, to see epochs and limits")
        if save is not None:
            raise UsageError("`--save` needs a plan, this is a schedule; add `rows`, or name the data with --shards")
        return 0
    total = plan.total_steps
    print(f"{schedule_table(plan.schedule)}\n\n{plan_text(plan)}\n")
    print(f"{total:,} steps, {plan.samples(total):,} samples, {plan.tokens(total):,} tokens; plan {plan.fingerprint}")
    if save is not None:
        plan.save(save)
        print(f"saved with all steps solved: '{save}', {save.stat().st_size:,} bytes")
    return 0


def plot(path: Path, out: Path, *, shards: Path | None) -> int:
    """Draw the plan in a file; raises UsageError for another ending than .png, .svg or .pdf."""
    if out.suffix not in ENDINGS:
        raise UsageError(f"`-o` must end in {', '.join(ENDINGS)}, got '{out}'")
    plan = as_plan(path, shards=shards)
    try:
        figure = draw(plan)
    except ModuleNotFoundError as error:
        raise UsageError(f"plotting needs matplotlib ({error}); pip install 'mixsched[plot]'") from error
    drawn = io.BytesIO()
    figure.savefig(drawn, format=out.suffix[1:], dpi=160, metadata={"Date": None} if out.suffix == ".svg" else None)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, [drawn.getvalue()])
    print(f"drawn: '{out}'")
    return 0


def compare(before: Path, now: Path) -> int:
    """Print what differs between two plans or schedules; 1 if something does."""
    old, new = (read_planfile(path) for path in (before, now))
    if isinstance(old, Schedule) or isinstance(new, Schedule):
        old, new = (each if isinstance(each, Schedule) else each.schedule for each in (old, new))
        told = differences(old.to_json(), new.to_json(), name="schedule")
        print("\n".join(told) or "no difference")
        return bool(told)
    told = old.differences(new)
    print("\n".join(told) or "no difference")
    if told:
        print(f"\n{_first_difference(old, new)}\n\n{_totals(old, new)}")
    return bool(told)


def _first_difference(old: Plan, new: Plan) -> str:
    common = min(old.total_steps, new.total_steps)
    for first in range(0, common, COMPARED_STEPS):
        block = range(first, min(first + COMPARED_STEPS, common))
        if _differ(old, new, block.start, block.stop):
            step = next(step for step in block if _differ(old, new, step, step + 1))
            return f"the first step that serves other samples is step {step:,}"
    if old.total_steps != new.total_steps:
        return f"the same samples in all of the {common:,} steps that both have"
    return "the same samples in the same slots of every step"


def _differ(old: Plan, new: Plan, first: int, stop: int) -> bool:
    """Whether any slot of the steps has another sample."""
    one, other = old.batches(first, stop), new.batches(first, stop)
    same_sources = np.array_equal(np.array(old.sources)[one.source], np.array(new.sources)[other.source])
    return not (same_sources and np.array_equal(one.record, other.record))


def _totals(old: Plan, new: Plan) -> str:
    given = [dict(zip(plan.sources, plan.served(plan.total_steps).tolist(), strict=True)) for plan in (old, new)]
    lines: list[tuple[str, ...]] = [("source", "samples in A", "samples in B", "more in B")]
    for source in sorted(given[0].keys() | given[1].keys()):
        one, other = (each.get(source, 0) for each in given)
        lines.append((source, f"{one:,}", f"{other:,}", f"{other - one:+,}"))
    return align(lines, right=lines[0][1:])


def audit(metrics: Path, *, plan: Path | None) -> int:
    """Print what was asked for against what was served; 1 if that is not what the plan serves."""
    of = as_plan(plan or metrics.parent / "plan.json")
    found = audited(of, read_lines(metrics, of))
    print(audit_text(of, found))
    return 0 if found.wrong is None else 1
