"""Writes down the steps whose numbers are out of the ordinary, with all that is needed to look at their rows."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import mixsched
from mixsched.atomic import append_durably

# Records of a source that a message names; the file has all of them.
NAMED_RECORDS = 8


def records_of(plan: mixsched.Plan, step: int) -> dict[str, list[int]]:
    """The rows of a step's batch: of each source in it, the numbers of its rows in the order of the slots."""
    placed = plan.batch(step)
    found: dict[str, list[int]] = {}
    for source, record in zip(placed.source.tolist(), placed.record.tolist(), strict=True):
        found.setdefault(plan.sources[source], []).append(record)
    return dict(sorted(found.items()))


def write_incident(
    path: Path,
    kind: Literal["not_finite", "spike"],
    step: int,
    plan: mixsched.Plan,
    numbers: Mapping[str, object],
) -> None:
    """Append a line on a step to incidents.jsonl, on disk before this returns; `numbers` are told beside its rows."""
    line = {"kind": kind, "step": step, "steps_done": step + 1, **numbers, "records": records_of(plan, step)}
    append_durably(path, (json.dumps(line, allow_nan=False) + "\n").encode())


def told_batch(plan: mixsched.Plan, step: int) -> str:
    """The sources of a step's batch, each with its samples and its first rows, in words."""
    return "; ".join(
        f"{source} {len(records)} ({'row' if len(records) == 1 else 'rows'} {_listed(records)})"
        for source, records in records_of(plan, step).items()
    )


def look_command(run: Path, step: int) -> str:
    """The command that shows the rows of a step."""
    return f"python -m train.rows {shlex.quote(str(run))} --step {step}"


def _listed(records: list[int]) -> str:
    told = ", ".join(map(str, records[:NAMED_RECORDS]))
    return told if len(records) <= NAMED_RECORDS else f"{told}, ..."
