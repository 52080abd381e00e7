"""Trains an experiment: what `python -m train` does once its command line is read."""

import shlex
from pathlib import Path

from eval.rundir import RunFolder
from train.amend import Change
from train.command_line import train_command
from train.job import Job, Outcome
from train.lineage import Lineage, load_lineage
from train.parent import Parent, finished_run
from train.prepare.ensure import ensure_shards
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
) -> tuple[RunFolder, Outcome]:
    """Begin the run of an experiment file, or continue it with `resume`; returns its folder and how far it came.

    `settings` is the scale of the name `scale`, after overrides; `shards` None stands for the bundled corpus, which is
    prepared where it is missing. A process may call it many times, from its main thread: it listens for SIGINT and
    SIGTERM. Raises UsageError before anything is written if files, data, configuration and devices do not fit together.
    """
    lineage = load_lineage(exp)
    folder = run_folder(runs, lineage.name, scale, seed=seed)
    parent = None
    # From its first checkpoint on, a run needs nothing of the one that it started from.
    if lineage.origin is not None and last_checkpoint(folder) is None:
        parent = _find_parent(lineage.origin, scale, settings, seed=seed, runs=runs, shards=shards, child=lineage.name)
    where = shards or settings.shards
    ensure_shards(where, settings, bundled=shards is None)
    # JAX, Grain and Orbax take seconds to import: only when there is something to train.
    from train.loop import train

    said = "" if parent is None else f", from '{parent.folder.path}'"
    print(f"run {folder.path}: {lineage.own_steps(settings):,} steps, {lineage.own_tokens(settings):,} tokens{said}")
    job = Job(lineage, scale, seed, settings, where, folder, parent, change)
    return folder, train(job, resume=resume)


def _find_parent(
    origin: Lineage, scale: str, settings: Scale, *, seed: int, runs: Path, shards: Path | None, child: str
) -> Parent:
    command = train_command(origin.files[-1], scale, settings, seed=seed, runs=runs, shards=shards)
    folder = run_folder(runs, origin.name, scale, seed=seed)
    return finished_run(folder, for_whom=f"'{child}'", command=shlex.join(command))
