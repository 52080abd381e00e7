"""Opens a run's folder for writing: one process at a time, one configuration for its whole life, nothing twice."""

import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import mixsched
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.errors import UsageError


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold the folder's lock; raises UsageError if another process holds it. It goes with the process."""
    folder.path.mkdir(parents=True, exist_ok=True)
    with (folder.path / "lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process is writing '{folder.path}'; wait for it, or choose another `--seed` or `--runs`"
            ) from None
        yield


def claim(folder: RunFolder, config: RunConfig, plan: mixsched.Plan, *, resume: bool) -> None:
    """Make a new run of the folder, or check that the run in it is this one and may be continued.

    Raises UsageError, naming what differs, if it holds a run and `resume` is not set, or holds another run.
    """
    if folder.config.exists():
        if not resume:
            raise UsageError(
                f"'{folder.path}' already holds a run; continue it with `--resume`, or choose another `--seed` or "
                "`--runs`"
            )
        _check_same(folder, config, plan)
        return
    write_atomically(folder.plan, json.dumps(plan.to_json(), indent=1) + "\n")
    # Last, so that a folder with a configuration has a plan too.
    write_atomically(folder.config, json.dumps(dataclasses.asdict(config), indent=1) + "\n")


def drop_after(path: Path, steps_done: int) -> None:
    """Remove the lines of a JSONL file that tell of steps beyond `steps_done`, and a torn last line.

    What a killed run wrote after its last checkpoint comes again when it continues; it must not stand there twice.
    A line of metrics counts `steps_done`, a result row says `step`: both are steps finished.
    """
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if told.get("steps_done", told.get("step")) <= steps_done:
            kept.append(line)
    write_atomically(path, "".join(kept))


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place first, on disk, then renamed."""
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def _check_same(folder: RunFolder, config: RunConfig, plan: mixsched.Plan) -> None:
    # Where the data lies may change; what it is may not, and that its fingerprints tell.
    before, now = (
        _leaves(dataclasses.asdict(dataclasses.replace(each, shards=""))) for each in (read_config(folder), config)
    )
    changed = [
        f"{name} was {before.get(name, 'absent')}, now {now.get(name, 'absent')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    changed += [] if changed else list(read_plan(folder).differences(plan))
    if changed:
        raise UsageError(
            f"'{folder.path}' holds a run of another configuration: {'; '.join(changed)}; "
            "give what it was started with, or choose another `--seed` or `--runs`"
        )


def _leaves(value: object, name: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        return {leaf: end for key, part in value.items() for leaf, end in _leaves(part, f"{name}.{key}").items()}
    return {name.removeprefix("."): value}
