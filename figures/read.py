"""What figures are drawn from: a run's metrics lines, result rows and plan, read without JAX."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import mixsched
from eval.results import Row, read_rows
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """All that a run has written down."""

    config: RunConfig
    plan: mixsched.Plan
    metrics: list[dict]
    rows: list[Row]

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
    metrics = _read_metrics(folder.metrics)
    if not metrics:
        raise UsageError(f"'{folder.metrics}' holds no line yet; let the run finish a step and draw again")
    return RunRecord(config, plan, metrics, read_rows(folder.results))


def _read_metrics(path: Path) -> list[dict]:
    lines = path.read_text().splitlines() if path.exists() else []
    told = []
    for number, line in enumerate(lines, start=1):
        try:
            told.append(json.loads(line))
        except ValueError:
            # A run that is writing right now, or was killed, may have left half a last line.
            if number < len(lines):
                raise UsageError(f"line {number} of '{path}' is not JSON; remove that line") from None
    return told
