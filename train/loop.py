"""The training loop: the one place where batches, the step, clocks, files and signals meet."""

import contextlib
import time

import jax
import orbax.checkpoint as ocp

import mixsched
from eval.measure import heldout_rows_of
from eval.results import append_rows
from eval.rundir import locked, read_config
from model.checkpoint import read_checkpoints, write_checkpoints
from train.adaptive import Observe, follow
from train.amend import amend_run
from train.checkpoint import restore, save
from train.data import Feed, fingerprints_of, rows_of
from train.job import Job, Outcome
from train.metrics import Meter
from train.profiled import Profile
from train.progress import shown
from train.ready import Ready, agree, make_ready, opened
from train.rundir import claim, plan_of_first, record_data, rewind
from train.signals import stop_wish
from train.state import TrainState, init_state
from train.step import jit_step
from train.stopping import heard_by_all

KEEP_CHECKPOINTS = 3


def train(job: Job, *, resume: bool) -> Outcome:
    """Run or continue a job to its end, or until a signal asks to stop; whatever is done is saved.

    With several hosts the first writes the files of the run's folder and decides what is to be decided; all of them
    write checkpoints and measure. Raises UsageError before anything is written if data, configuration and devices do
    not fit together.
    """
    ready = make_ready(job)
    settings, mesh, hosts = job.settings, ready.mesh, job.hosts
    # Also waits for the others: nothing is written before all have what they need.
    agree(job, ready)
    with contextlib.ExitStack() as stack:
        if hosts.first:
            stack.enter_context(locked(job.folder))
        plan = plan_of_first(hosts, lambda: _claim(job, ready, resume=resume))
        if hosts.first:
            print(_announced(job))
        wish = stack.enter_context(stop_wish())
        checkpoints = stack.enter_context(write_checkpoints(job.folder.checkpoints, keep=KEEP_CHECKPOINTS))
        saved = hosts.of_first(checkpoints.latest_step)
        steps_done = job.lineage.first_step(settings) if saved is None else saved
        if hosts.first:
            rewind(job.folder, steps_done)
        plan, observe, sources = _as_it_stands(job, ready, plan, steps_done)
        # With the data that amendments brought in.
        config = read_config(job.folder) if hosts.first else ready.config
        if steps_done == plan.total_steps:
            return Outcome(steps_done, plan.total_steps, None)
        state = _state(job, ready, plan, checkpoints, saved)

        step_function = jit_step(
            state,
            ready.optimizer,
            sources=len(plan.sources),
            mesh=mesh,
            microbatches=job.devices.microbatches,
            numbers=job.numbers,
        )
        watch = stack.enter_context(shown(plan.total_steps, steps_done, quiet=not hosts.first))
        meter = Meter(
            job.folder if hosts.first else None,
            plan,
            first_step=steps_done,
            every_steps=settings.log_every_steps,
            watch=watch,
            numbers=job.numbers,
            observe=observe,
        )
        feed = stack.enter_context(Feed(sources, mesh))
        profile = stack.enter_context(Profile(job.profile_steps, job.folder.profile))
        asked_to_stop = heard_by_all(wish, mesh)
        stack.enter_context(jax.transfer_guard("disallow"))

        for step in range(steps_done, plan.total_steps):
            profile.before(step, state)
            plan = meter.plan
            asked_s = time.perf_counter()
            batch = feed.batch(plan, step)
            waited_s = time.perf_counter() - asked_s
            state, metrics = step_function(state, batch)
            meter.push(step, metrics, waited_s=waited_s)

            steps_done = step + 1
            last = steps_done == plan.total_steps
            stop = asked_to_stop()
            if last or steps_done % settings.eval_every_steps == 0:
                meter.flush()
                rows = heldout_rows_of(
                    state.model,
                    ready.heldout,
                    config,
                    plan,
                    steps_done=steps_done,
                    mesh=mesh,
                    parts=job.devices.microbatches,
                )
                if hosts.first:
                    append_rows(job.folder.results, rows)
                meter.restart_clock()
            if last or stop or steps_done % settings.checkpoint_every_steps == 0:
                # After the evaluation: a checkpoint vouches for every row up to its step.
                meter.flush()
                save(checkpoints, steps_done, state, meter.plan)
                meter.restart_clock()
            if stop and not last:
                return Outcome(steps_done, plan.total_steps, stop)
        return Outcome(steps_done, plan.total_steps, None)


def _announced(job: Job) -> str:
    steps, tokens = job.lineage.own_steps(job.settings), job.lineage.own_tokens(job.settings)
    said = "" if job.parent is None else f", from '{job.parent.folder.path}'"
    return f"run {job.folder.path}: {steps:,} steps, {tokens:,} tokens{said}"


def _claim(job: Job, ready: Ready, *, resume: bool) -> mixsched.Plan:
    return claim(job.folder, ready.config, ready.plan, resume=resume, accept_changes=job.accept_changes)


def _as_it_stands(
    job: Job, ready: Ready, plan: mixsched.Plan, steps_done: int
) -> tuple[mixsched.Plan, Observe | None, dict[str, mixsched.Rows]]:
    """The plan with what was and is changed in it, who changes it from here on, and the sources that it reads."""
    added = () if job.change is None else job.change.sources
    sources = opened(job, (*plan.sources, *added), tokenizer=ready.tokenizer)
    # A host that lacks a source ends the run before it is amended with it.
    job.hosts.wait()
    plan = plan_of_first(job.hosts, lambda: _amended(job, plan, sources, steps_done))
    observe = None
    if job.lineage.experiment.adaptive is not None:
        first_step = job.lineage.first_step(job.settings)
        plan, observe = follow(
            job.folder,
            job.lineage.experiment,
            job.settings,
            plan,
            first_step=first_step,
            steps_done=steps_done,
            writes=job.hosts.first,
        )
    return plan, observe, sources


def _amended(job: Job, plan: mixsched.Plan, sources: dict[str, mixsched.Rows], steps_done: int) -> mixsched.Plan:
    if job.change is not None:
        plan = amend_run(job.folder, plan, job.change, rows=rows_of(sources), steps_done=steps_done)
    record_data(job.folder, fingerprints_of(sources))
    return plan


def _state(
    job: Job, ready: Ready, plan: mixsched.Plan, checkpoints: ocp.CheckpointManager, saved: int | None
) -> TrainState:
    """The state to go on from: of the checkpoint after `saved` steps, or of the parent's last, or a new one."""
    if saved is not None:
        return restore(checkpoints, saved, ready.make_state, plan, ready.mesh)
    if job.parent is None:
        assert job.lineage.parent is None
        return init_state(ready.make_state, ready.mesh)
    # Adam's moments are taken over with the model; whether the paper's continued runs did so is not stated.
    job.parent.check_origin_of(plan)
    steps_done = job.lineage.first_step(job.settings)
    with read_checkpoints(job.parent.folder.checkpoints) as parents:
        state = restore(parents, steps_done, ready.make_state, job.parent.plan, ready.mesh)
    save(checkpoints, steps_done, state, plan)
    # From here on the folder is complete without the parent's.
    checkpoints.wait_until_finished()
    return state
