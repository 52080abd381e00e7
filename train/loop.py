"""The training loop: the one place where batches, the step, clocks, files and signals meet."""

import contextlib
import dataclasses
import functools
import time

import jax

from eval.heldout import load_heldout
from eval.measure import heldout_rows_of
from eval.results import append_rows
from eval.rundir import RunConfig, locked
from mixsched.errors import UsageError
from model.checkpoint import read_checkpoints, write_checkpoints
from model.sharding import data_mesh
from train.adaptive import follow
from train.amend import amend_run
from train.checkpoint import restore, save
from train.data import check_tokenizer, fingerprints_of, open_sources, put_batch, read_batches, rows_of
from train.experiment import phases
from train.job import Job, Outcome
from train.metrics import Meter
from train.progress import shown
from train.rundir import claim, drop_after, drop_folders_after, record_data, record_plan, run_folder
from train.signals import stop_wish
from train.state import init_state, make_optimizer, state_maker
from train.step import jit_step

KEEP_CHECKPOINTS = 3


def train(job: Job, *, resume: bool) -> Outcome:
    """Run or continue a job to its end, or until a signal asks to stop; whatever is done is saved.

    Raises UsageError before anything is written if data, configuration and devices do not fit together.
    """
    if jax.process_count() > 1:
        raise UsageError(f"one run is one process as yet, this is one of {jax.process_count()}; start it on one host")
    mesh = data_mesh()
    settings, batch_size = job.settings, job.settings.batch_size
    if batch_size % mesh.size:
        raise UsageError(
            f"`--batch-size` must be a multiple of the {mesh.size} devices, got {batch_size}; "
            f"{mesh.size * max(1, batch_size // mesh.size)} would fit"
        )
    context_tokens = settings.model.context_tokens
    tokenizer = check_tokenizer(job.shards, vocab_size=settings.model.vocab_size)
    opened = functools.partial(open_sources, job.shards, context_tokens=context_tokens, tokenizer=tokenizer)
    heldout = load_heldout(job.shards, rows=settings.heldout_rows, context_tokens=context_tokens, tokenizer=tokenizer)
    plan = job.lineage.plan(settings, rows_of(opened(job.lineage.schedule(settings).sources)), seed=job.seed)
    if job.parent is not None:
        plan = job.parent.extended(plan, phases(job.lineage.experiment, settings))
    data = fingerprints_of(opened(plan.sources)) | {f"{held.source}/heldout": held.fingerprint for held in heldout}
    config = _config(job, tokenizer=tokenizer, data=data)
    if job.parent is not None:
        job.parent.check_same_data(config)
    optimizer = make_optimizer(settings.optimizer)
    make_state = state_maker(settings.model, optimizer, key=jax.random.key(job.seed))

    if job.change is not None and not job.folder.config.exists():
        raise UsageError(
            f"'{job.folder.path}' holds no run yet, so there is nothing to amend; look at `--seed` and `--runs`"
        )
    adaptive = job.lineage.experiment.adaptive
    if job.change is not None and adaptive is not None:
        raise UsageError(f"the weights of '{job.folder.path}' are set by its losses; `--amend` can't change them too")

    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(job.folder))
        plan = claim(job.folder, config, plan, resume=resume)
        wish = stack.enter_context(stop_wish())
        checkpoints = stack.enter_context(write_checkpoints(job.folder.checkpoints, keep=KEEP_CHECKPOINTS))
        saved = checkpoints.latest_step()
        steps_done = job.lineage.first_step(settings) if saved is None else saved
        for path in (job.folder.metrics, job.folder.results):
            drop_after(path, steps_done)
        for path in (job.folder.evaluations, job.folder.judgements):
            drop_folders_after(path, steps_done)
        sources = opened((*plan.sources, *(job.change.sources if job.change else ())))
        if job.change is not None:
            plan = amend_run(job.folder, plan, job.change, rows=rows_of(sources), steps_done=steps_done)
        record_data(job.folder, fingerprints_of(sources))
        observe = None
        if adaptive is not None:
            first_step = job.lineage.first_step(settings)
            plan, observe = follow(job.folder, adaptive, settings, plan, first_step=first_step, steps_done=steps_done)
            record_plan(job.folder, plan)
        if steps_done == plan.total_steps:
            return Outcome(steps_done, plan.total_steps, None)
        if saved is not None:
            state = restore(checkpoints, saved, make_state, plan, mesh)
        elif job.parent is not None:
            # Adam's moments are taken over with the model; whether the paper's continued runs did so is not stated.
            job.parent.check_origin_of(plan)
            with read_checkpoints(job.parent.folder.checkpoints) as parents:
                state = restore(parents, steps_done, make_state, job.parent.plan, mesh)
            save(checkpoints, steps_done, state, plan)
            # From here on the folder is complete without the parent's.
            checkpoints.wait_until_finished()
        else:
            assert job.lineage.parent is None
            state = init_state(make_state, mesh)

        step_function = jit_step(state, optimizer, sources=len(plan.sources), mesh=mesh)
        watch = stack.enter_context(shown(plan.total_steps, steps_done))
        meter = Meter(
            job.folder.metrics,
            plan,
            first_step=steps_done,
            every_steps=settings.log_every_steps,
            watch=watch,
            observe=observe,
        )
        batches, recorded = read_batches(plan, sources, first_step=steps_done), plan
        stack.enter_context(jax.transfer_guard("disallow"))

        for step in range(steps_done, plan.total_steps):
            if meter.plan is not plan:
                # What was read ahead is of the plan as it was.
                plan = meter.plan
                batches = read_batches(plan, sources, first_step=step)
            asked_s = time.perf_counter()
            read = next(batches)
            waited_s = time.perf_counter() - asked_s
            batch = put_batch(read, learning_rate=plan.learning_rate(step), mesh=mesh)
            state, metrics = step_function(state, batch)
            meter.push(step, metrics, waited_s=waited_s)

            steps_done = step + 1
            last = steps_done == plan.total_steps
            stop = wish.caught is not None
            if last or steps_done % settings.eval_every_steps == 0:
                meter.flush()
                rows = heldout_rows_of(state.model, heldout, config, plan, steps_done=steps_done, mesh=mesh)
                append_rows(job.folder.results, rows)
                meter.restart_clock()
            if last or stop or steps_done % settings.checkpoint_every_steps == 0:
                # After the evaluation: a checkpoint vouches for every row up to its step.
                meter.flush()
                if meter.plan is not recorded:
                    recorded = meter.plan
                    record_plan(job.folder, recorded)
                save(checkpoints, steps_done, state, recorded)
                meter.restart_clock()
            if stop and not last:
                return Outcome(steps_done, plan.total_steps, wish.caught)
        return Outcome(steps_done, plan.total_steps, None)


def _config(job: Job, *, tokenizer: str, data: dict[str, str]) -> RunConfig:
    parent = job.lineage.parent
    runs = job.folder.path.parent
    return RunConfig(
        run=job.folder.path.name,
        experiment=job.lineage.name,
        scale=job.scale,
        seed=job.seed,
        shards=str(job.shards),
        tokenizer=tokenizer,
        data=data,
        settings=dataclasses.asdict(job.settings),
        starts_from="" if parent is None else run_folder(runs, parent, job.scale, seed=job.seed).path.name,
    )
