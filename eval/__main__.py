"""`python -m eval`: measure a checkpoint of a run and keep the numbers with the run."""

import dataclasses
from pathlib import Path

import tyro

from eval.rundir import RunFolder, read_config, read_plan
from mixsched import cli


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Measure a run's checkpoint on held-out documents, in bits per byte.

    python -m eval --run runs/code25-nano-seed0

    Measurements that results.jsonl lacks are appended to it.
    """

    run: Path
    """The run's folder."""
    step: int | None = None
    """Which checkpoint, by the steps done. Default: the last."""
    rows: int | None = None
    """Rows of each held-out source to read. Default: all of them."""
    shards: Path | None = None
    """Folder of prepared sources. Default: where the run found them."""


def main() -> None:
    """Parse and call."""
    arguments = tyro.cli(Arguments, prog="python -m eval")
    folder = RunFolder(arguments.run)
    config, plan = read_config(folder), read_plan(folder)
    # JAX and Orbax take seconds to import: only when there is something to measure.
    from eval.measure import measure_run

    rows, new = measure_run(
        folder,
        config,
        plan,
        step=arguments.step,
        heldout_rows=arguments.rows,
        shards=arguments.shards or Path(config.shards),
    )
    width = max(len(row.task) for row in rows)
    print(f"{config.run} after step {rows[0].step:,} ({rows[0].tokens:,} tokens)")
    for row in rows:
        print(f"  {row.task:<{width}}  {row.value:.4f} ± {row.stderr:.4f} bits per byte  ({row.n} rows)")
    print(f"{new} new of {len(rows)} measurements in '{folder.results}'")


if __name__ == "__main__":
    cli.run(main)
