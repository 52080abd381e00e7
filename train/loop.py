"""The training loop: the one place where batches, the step, clocks, files and signals meet."""

import contextlib
import dataclasses
import signal
import time
from pathlib import Path

import jax

import mixsched
from eval.heldout import load_heldout
from eval.measure import heldout_rows_of
from eval.results import append_rows
from eval.rundir import RunConfig, RunFolder, locked
from mixsched.errors import UsageError
from model.checkpoint import write_checkpoints
from model.sharding import data_mesh
from train.amend import Change, amend_run
from train.checkpoint import restore, save
from train.data import check_tokenizer, fingerprints_of, open_sources, put_batch, read_batches, rows_of
from train.metrics import Meter
from train.progress import shown
from train.rundir import claim, drop_after, drop_folders_after, record_data
from train.scales import Scale
from train.signals import stop_wish
from train.state import init_state, make_optimizer, state_maker
from train.step import jit_step

KEEP_CHECKPOINTS = 3


@dataclasses.dataclass(frozen=True)
class Job:
    """What to train: an experiment at a scale (after overrides), with a seed, on which shards, into which folder."""

    experiment: str
    scale: str
    seed: int
    settings: Scale
    schedule: mixsched.Schedule
    shards: Path
    folder: RunFolder
    change: Change | None = None
    """New weights for a run that is continued."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How far a run came: steps done of `total_steps`, and the signal that stopped it early, if one did."""

    steps_done: int
    total_steps: int
    stopped_by: signal.Signals | None


def train(job: Job, *, resume: bool) -> Outcome:
    """Run or continue a job to its end, or until a signal asks to stop; whatever is done is saved.

    Raises UsageError before anything is written if data, configuration and devices do not fit together.
    """
    if jax.process_count() > 1:
        raise UsageError(f"one run is one process as yet, this is one of {jax.process_count()}; start it on one host")
    mesh = data_mesh()
    if any(size % mesh.size for size in job.schedule.batch_sizes):
        raise UsageError(
            f"`--batch-size` must be a multiple of the {mesh.size} devices, got {job.schedule.batch_sizes}; "
            f"{mesh.size * max(1, job.settings.batch_size // mesh.size)} would fit"
        )
    context_tokens = job.schedule.context_tokens
    tokenizer = check_tokenizer(job.shards, vocab_size=job.settings.model.vocab_size)
    sources = open_sources(job.shards, job.schedule.sources, context_tokens=context_tokens, tokenizer=tokenizer)
    heldout = load_heldout(
        job.shards, rows=job.settings.heldout_rows, context_tokens=context_tokens, tokenizer=tokenizer
    )
    declared = mixsched.Plan(job.schedule, rows_of(sources), seed=job.seed)
    config = RunConfig(
        run=job.folder.path.name,
        experiment=job.experiment,
        scale=job.scale,
        seed=job.seed,
        shards=str(job.shards),
        tokenizer=tokenizer,
        data=fingerprints_of(sources) | {f"{held.source}/heldout": held.fingerprint for held in heldout},
        settings=dataclasses.asdict(job.settings),
    )
    optimizer = make_optimizer(job.settings.optimizer)
    make_state = state_maker(job.settings.model, optimizer, key=jax.random.key(job.seed))

    if job.change is not None and not job.folder.config.exists():
        raise UsageError(
            f"'{job.folder.path}' holds no run yet, so there is nothing to amend; look at `--seed` and `--runs`"
        )

    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(job.folder))
        plan = claim(job.folder, config, declared, resume=resume)
        wish = stack.enter_context(stop_wish())
        checkpoints = stack.enter_context(write_checkpoints(job.folder.checkpoints, keep=KEEP_CHECKPOINTS))
        steps_done = checkpoints.latest_step() or 0
        for path in (job.folder.metrics, job.folder.results):
            drop_after(path, steps_done)
        for path in (job.folder.evaluations, job.folder.judgements):
            drop_folders_after(path, steps_done)
        named = (*plan.sources, *(job.change.sources if job.change else ()))
        sources = open_sources(job.shards, named, context_tokens=context_tokens, tokenizer=tokenizer)
        if job.change is not None:
            plan = amend_run(job.folder, plan, job.change, rows=rows_of(sources), steps_done=steps_done)
        record_data(job.folder, fingerprints_of(sources))
        if steps_done == plan.total_steps:
            return Outcome(steps_done, plan.total_steps, None)
        begun = steps_done > 0
        state = restore(checkpoints, steps_done, make_state, plan, mesh) if begun else init_state(make_state, mesh)

        step_function = jit_step(state, optimizer, sources=len(plan.sources), mesh=mesh)
        watch = stack.enter_context(shown(plan.total_steps, steps_done))
        meter = Meter(
            job.folder.metrics, plan, first_step=steps_done, every_steps=job.settings.log_every_steps, watch=watch
        )
        batches = read_batches(plan, sources, first_step=steps_done)
        stack.enter_context(jax.transfer_guard("disallow"))

        for step in range(steps_done, plan.total_steps):
            asked_s = time.perf_counter()
            read = next(batches)
            waited_s = time.perf_counter() - asked_s
            batch = put_batch(read, learning_rate=plan.learning_rate(step), mesh=mesh)
            state, metrics = step_function(state, batch)
            meter.push(step, metrics, waited_s=waited_s)

            steps_done = step + 1
            last = steps_done == plan.total_steps
            stop = wish.caught is not None
            if last or steps_done % job.settings.eval_every_steps == 0:
                meter.flush()
                rows = heldout_rows_of(state.model, heldout, config, plan, steps_done=steps_done, mesh=mesh)
                append_rows(job.folder.results, rows)
                meter.restart_clock()
            if last or stop or steps_done % job.settings.checkpoint_every_steps == 0:
                # After the evaluation: a checkpoint vouches for every row up to its step.
                meter.flush()
                save(checkpoints, steps_done, state, plan)
                meter.restart_clock()
            if stop and not last:
                return Outcome(steps_done, plan.total_steps, wish.caught)
        return Outcome(steps_done, plan.total_steps, None)
