"""What figures are drawn from: a run's metrics lines, result rows and plan, read without JAX."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import mixsched
from eval.results import Row, read_rows
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.errors import UsageError
from mixsched.typed import read_json, typed


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """All that a run has written down; `notes` are sentences on what was passed over."""

    config: RunConfig
    plan: mixsched.Plan
    metrics: list[dict]
    rows: list[Row]
    notes: tuple[str, ...] = ()

    @property
    def first_step(self) -> int:
        """The step at which the run itself began: where the one that it starts from ended, or 0."""
        return self.plan.extended_at[-1] if self.config.starts_from else 0


def find_runs(paths: Sequence[Path]) -> list[Path]:
    """The run folders among `paths`, or directly inside them; raises UsageError where there is none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(config.parent for config in path.glob("*/config.json"))
        here = [path] if (path / "config.json").is_file() else inside
        if not here:
            raise UsageError(
                f"'{path}' is no run and holds none; train one: python -m train --exp experiments/code25.py"
            )
        found += here
    return found


def read_run(path: Path) -> RunRecord:
    """A run's record; raises UsageError that names the file that is missing, empty or damaged."""
    folder = RunFolder(path)
    config, plan = read_config(folder), read_plan(folder)
    metrics, notes = _read_metrics(folder.metrics, plan)
    if not metrics:
        raise UsageError(f"'{folder.metrics}' holds no line yet; let the run finish a step and draw again")
    return RunRecord(config, plan, metrics, read_rows(folder.results), notes)


@dataclasses.dataclass(frozen=True)
class _Line:
    """What curves are drawn from of a line of metrics, which holds more."""

    steps_done: int
    tokens: int
    source_loss: dict[str, float | None]
    counts: dict[str, int]
    served: dict[str, int]
    learning_rate: float
    skipped_steps: int = 0


def _read_metrics(path: Path, plan: mixsched.Plan) -> tuple[list[dict], tuple[str, ...]]:
    """The lines of a run's metrics, and a note on a last one that is torn; raises UsageError that names another."""
    content = path.read_bytes() if path.exists() else b""
    *lines, torn = content.split(b"\n")
    told = []
    for number, line in enumerate(lines, start=1):
        try:
            value = read_json(line)
            _check(typed(_Line, value, more_fields=True), plan)
        except ValueError as error:
            raise UsageError(f"line {number} of '{path}' is no line of metrics ({error}); remove that line") from None
        told.append(value)
    # A run that is writing right now, or was killed, may have left half a last line.
    note = f"the last line of '{path}' is torn, and passed over; python -m train --resume writes it again"
    return told, (note,) if torn else ()


def _check(line: _Line, plan: mixsched.Plan) -> None:
    """Raise ValueError for a line that tells of what the plan has not."""
    if not 0 < line.steps_done <= plan.total_steps or line.tokens < 1:
        raise ValueError(f"it tells of step {line.steps_done:,} of {plan.total_steps:,} and {line.tokens:,} tokens")
    for source, count in line.counts.items():
        if source not in plan.sources:
            raise ValueError(f"it names the source {source!r}, which is not in the plan")
        # Samples of skipped steps have no loss that counts.
        if count and line.source_loss.get(source) is None and not line.skipped_steps:
            raise ValueError(f"it tells no loss of {source!r}, which gave {count:,} samples")
