"""Trains an experiment: what `python -m train` does once its command line is read."""

import shlex
from pathlib import Path

from eval.rundir import RunFolder
from train.amend import Change
from train.command_line import train_command
from train.devices import BY_ITSELF, DeviceOptions
from train.hosts import ALONE, Hosts
from train.job import Job, Outcome
from train.lineage import Lineage, load_lineage
from train.numbers import USUAL, NumberOptions
from train.parent import Parent, finished_run
from train.prepare.ensure import ensure_shards
from train.profiled import check_to_come
from train.rundir import last_checkpoint, run_folder
from train.scales import Scale


def launch(
    exp: Path,
    scale: str,
    settings: Scale,
    *,
    seed: int,
    runs: Path,
    shards: Path | None,
    resume: bool,
    change: Change | None = None,
    devices: DeviceOptions = BY_ITSELF,
    hosts: Hosts = ALONE,
    profile_steps: range | None = None,
    numbers: NumberOptions = USUAL,
    accept_changes: bool = False,
) -> tuple[RunFolder, Outcome]:
    """Begin the run of an experiment file, or continue it with `resume`; returns its folder and how far it came.

    `settings` is the scale of the name `scale`, after overrides; `shards` None stands for the bundled corpus, which is
    prepared where it is missing. A process may call it many times, from its main thread: it listens for SIGINT and
    SIGTERM. With several `hosts` all of them call it alike, and see the same folder of runs. A trace of `profile_steps`
    is written to the run's folder by each host. What differs from what a run was begun with refuses it, but for what
    `accept_changes` lets through (`train.continuing`). Raises UsageError before anything is written if files, data,
    configuration and devices do not fit together.
    """
    lineage = load_lineage(exp)
    folder = run_folder(runs, lineage.name, scale, seed=seed)
    parent = None
    # From its first checkpoint on, a run needs nothing of the one that it started from.
    saved = hosts.of_first(lambda: last_checkpoint(folder))
    if profile_steps is not None:
        steps_done = lineage.first_step(settings) if saved is None else saved
        check_to_come(profile_steps, steps_done=steps_done, total_steps=lineage.schedule(settings).total_steps)
    if lineage.origin is not None and saved is None:
        parent = _find_parent(lineage.origin, scale, settings, seed=seed, runs=runs, shards=shards, child=lineage.name)
    where = shards or settings.shards
    # The first host makes them where the others see them; each looks whether it does.
    hosts.of_first(lambda: ensure_shards(where, settings, bundled=shards is None))
    if not hosts.first:
        ensure_shards(where, settings, bundled=shards is None)
    # JAX, Grain and Orbax take seconds to import: only when there is something to train.
    from train.loop import train

    job = Job(
        lineage,
        scale,
        seed,
        settings,
        where,
        folder,
        parent=parent,
        change=change,
        devices=devices,
        hosts=hosts,
        profile_steps=profile_steps,
        numbers=numbers,
        accept_changes=accept_changes,
    )
    return folder, train(job, resume=resume)


def _find_parent(
    origin: Lineage, scale: str, settings: Scale, *, seed: int, runs: Path, shards: Path | None, child: str
) -> Parent:
    command = train_command(origin.files[-1], scale, settings, seed=seed, runs=runs, shards=shards)
    folder = run_folder(runs, origin.name, scale, seed=seed)
    return finished_run(folder, for_whom=f"'{child}'", command=shlex.join(command))
