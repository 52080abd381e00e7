"""Opens a run's folder for writing: one configuration for its whole life, and nothing in it twice."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mixsched
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.atomic import write_atomically
from mixsched.errors import UsageError
from mixsched.typed import read_json
from train.continuing import continued
from train.hosts import Hosts


def run_folder(runs: Path, experiment: str, scale: str, *, seed: int) -> RunFolder:
    """The folder of a run among `runs`."""
    return RunFolder(runs / f"{experiment}-{scale}-seed{seed}")


def last_checkpoint(folder: RunFolder) -> int | None:
    """The steps done at the last checkpoint that is whole, None where there is none; told without JAX."""
    # While a checkpoint is written, its folder has a longer name.
    return max((int(path.name) for path in folder.checkpoints.glob("*") if path.name.isdecimal()), default=None)


def claim(
    folder: RunFolder, config: RunConfig, plan: mixsched.Plan, *, resume: bool, accept_changes: bool = False
) -> mixsched.Plan:
    """Make a new run of the folder, or check that the run in it is this one and may be continued.

    Returns the run's plan: `plan`, with the amendments that were made to it since the run began.

    Raises UsageError, naming what differs, if it holds a run and `resume` is not set, or holds another run; of what
    differs `accept_changes` lets through what `train.continuing` says.
    """
    if folder.config.exists():
        if not resume:
            raise UsageError(
                f"'{folder.path}' already holds a run; continue it with `--resume`, or choose another `--seed` or "
                "`--runs`"
            )
        in_force, steps_done = read_plan(folder), last_checkpoint(folder) or 0
        going_on = continued(
            read_config(folder),
            config,
            declared(in_force).differences(declared(plan)),
            where=str(folder.path),
            steps_done=steps_done,
            accept=accept_changes,
        )
        # Nothing more is trained of a run that is done.
        if going_on is not None and steps_done != in_force.total_steps:
            print(f"going on with what was otherwise: {'; '.join(going_on.changes[-1]['changed'])}")
            write_config(folder, going_on)
        return in_force
    for left in (folder.checkpoints, folder.metrics, folder.results):
        if left.exists():
            raise UsageError(
                f"'{left}' is of a run whose config.json is gone; restore that file, or remove '{folder.path}'"
            )
    record_plan(folder, plan)
    # Last, so that a folder with a configuration has a plan too.
    write_config(folder, config)
    return plan


def plan_of_first(hosts: Hosts, make: Callable[[], mixsched.Plan]) -> mixsched.Plan:
    """The plan that `make()` returns on the first host, where alone it is called, on all hosts.

    Not by way of the file: what another host has just written there may be seen late.
    """
    if hosts.count == 1:
        return make()
    return mixsched.Plan.from_json(hosts.of_first(lambda: make().to_json()))


def write_config(folder: RunFolder, config: RunConfig) -> None:
    """Write the run's configuration."""
    write_text(folder.config, json.dumps(dataclasses.asdict(config), indent=1) + "\n")


def record_plan(folder: RunFolder, plan: mixsched.Plan) -> None:
    """Write the plan as it is now, with its amendments."""
    write_text(folder.plan, json.dumps(plan.to_json(), indent=1) + "\n")


def record_data(folder: RunFolder, data: dict[str, str]) -> None:
    """Enter the fingerprints of data that came to a run later in its config.json.

    Raises UsageError for data that is not what it was when it came.
    """
    config = read_config(folder)
    for name, fingerprint in data.items():
        if config.data.get(name, fingerprint) != fingerprint:
            raise UsageError(
                f"the source {name!r} is not the one that '{folder.path}' was amended with; restore it to continue"
            )
    if data.keys() - config.data.keys():
        write_config(folder, dataclasses.replace(config, data=config.data | data))


def declared(plan: mixsched.Plan) -> mixsched.Plan:
    """A plan as it was declared, without the amendments made since."""
    return dataclasses.replace(plan, amendments=())


def rewind(folder: RunFolder, steps_done: int) -> None:
    """Take back all that tells of steps after the checkpoint that a run goes on from: it comes again."""
    for path in (folder.metrics, folder.results, folder.incidents):
        _drop_lines_after(path, steps_done)
    for path in (folder.evaluations, folder.judgements):
        _drop_folders_after(path, steps_done)


def _drop_lines_after(path: Path, steps_done: int) -> None:
    """Remove the lines of a JSONL file that tell of steps beyond `steps_done`, and a torn last line.

    A line of metrics or incidents counts `steps_done`, a result row says `step`: both are steps finished. Raises
    UsageError that names a line that is damaged.
    """
    if not path.exists():
        return
    *lines, torn = path.read_bytes().split(b"\n")
    if torn:
        print(f"left out the last line of '{path}', of which the end is missing")
    kept = []
    for number, line in enumerate(lines, start=1):
        try:
            told = read_json(line)
            after = told.get("steps_done", told.get("step")) > steps_done
        except (ValueError, AttributeError, TypeError):
            raise UsageError(f"line {number} of '{path}' tells of no step; remove that line to continue") from None
        if not after:
            kept.append(line + b"\n")
    write_atomically(path, kept)


def _drop_folders_after(path: Path, steps_done: int) -> None:
    """Remove what was kept of checkpoints beyond `steps_done`, in folders named by their steps."""
    for kept in path.glob("*"):
        if kept.name.isdecimal() and int(kept.name) > steps_done:
            shutil.rmtree(kept)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_atomically(path, [text.encode()])
