"""Trains recorded steps of a run once more, away from its folder, and compares them with what it wrote down."""

import dataclasses
import tempfile
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp

import mixsched
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from eval.versions import library_versions
from mixsched.differences import differences
from mixsched.errors import UsageError
from model.checkpoint import named_arrays, read_checkpoints
from train.checkpoint import restore
from train.data import Feed, check_tokenizer
from train.devices import DeviceOptions, mesh_for
from train.metrics import Meter, read_lines
from train.numbers import NumberOptions
from train.ready import devices_of
from train.rows import source_of_run
from train.scales import OptimizerConfig, Scale
from train.state import TrainState, init_state, make_optimizer, state_maker
from train.step import jit_step

CLOCKS = ("tokens_per_s", "wait_share")


@dataclasses.dataclass(frozen=True)
class Replayed:
    """What was replayed and compared, what differs, and what about this machine may be why."""

    first_step: int
    stop_step: int
    began: str
    compared: list[str]
    differing: list[str]
    notes: list[str]


def replay(folder: RunFolder, *, from_step: int | None, most_steps: int | None, shards: Path | None) -> Replayed:
    """Replay the steps from `from_step` (None: the last place that can be) to the next checkpoint, or fewer.

    Nothing is written into the run's folder. Raises UsageError if nothing is recorded that could be replayed, or data
    or devices do not fit.
    """
    config, plan = read_config(folder), read_plan(folder)
    lines = read_lines(folder.metrics)
    run = _Run(folder, config, plan, shards or Path(config.shards))
    with read_checkpoints(folder.checkpoints) as checkpoints:
        kept = sorted(checkpoints.all_steps()) if folder.checkpoints.exists() else []
        first, stop = _stretch(run, kept, [line["steps_done"] for line in lines], from_step, most_steps)
        state = run.state_after(first, kept, checkpoints)
        recorded = [line for line in lines if first < line["steps_done"] <= stop]
        state, again = run.trained(state, first, stop, [line["steps_done"] for line in recorded])
        differing = [
            f"after step {line['steps_done']}: {each}"
            for line, now in zip(recorded, again, strict=True)
            for each in differences(_without_clocks(line, now), _without_clocks(now, line), name="line")
        ]
        compared = [f"{len(recorded):,} lines of '{folder.metrics}'"]
        if stop in kept:
            there = named_arrays(restore(checkpoints, stop, run.make_state, plan, run.mesh))
            here = named_arrays(state)
            differing += [
                _told_array(name, there[name], here[name]) for name in there if not _same(there[name], here[name])
            ]
            compared.append(f"{len(there):,} arrays of the checkpoint after step {stop:,}")
    began = f"the checkpoint after step {first:,}" if first in kept else "the initial weights of its seed"
    return Replayed(first, stop, began, compared, differing, run.notes())


class _Run:
    """A recorded run, with what its steps are computed by."""

    def __init__(self, folder: RunFolder, config: RunConfig, plan: mixsched.Plan, shards: Path):
        self.folder, self.config, self._plan = folder, config, plan
        told = config.settings
        self._settings = Scale(**{**told, "model": config.model, "optimizer": OptimizerConfig(**told["optimizer"])})
        layout = {
            field.name: config.devices.get(field.name, field.default) for field in dataclasses.fields(DeviceOptions)
        }
        self._layout = DeviceOptions(**layout)
        self.mesh = mesh_for(self._layout, self._settings, jax.devices())
        check_tokenizer(shards, vocab_size=config.model.vocab_size, document_end=config.model.document_end)
        self._sources = {name: source_of_run(shards, name, config) for name in plan.sources}
        self._optimizer = make_optimizer(self._settings.optimizer)
        self.make_state = state_maker(config.model, self._optimizer, key=jax.random.key(config.seed))

    def state_after(self, step: int, kept: list[int], checkpoints: ocp.CheckpointManager) -> TrainState:
        if step in kept:
            return restore(checkpoints, step, self.make_state, self._plan, self.mesh)
        return init_state(self.make_state, self.mesh)

    def trained(self, state: TrainState, first: int, stop: int, line_ends: list[int]) -> tuple[TrainState, list[dict]]:
        """The state after the steps from `first` up to `stop`, and the lines that end after `line_ends` steps."""
        numbers = NumberOptions(**self.config.numbers)
        step_function = jit_step(
            state,
            self._optimizer,
            sources=len(self._plan.sources),
            mesh=self.mesh,
            microbatches=self._layout.microbatches,
            numbers=numbers,
        )
        with tempfile.TemporaryDirectory() as scratch, Feed(self._sources, self.mesh) as feed:
            written = RunFolder(Path(scratch))
            every = stop + 1
            meter = Meter(
                written, self._plan, first_step=first, every_steps=every, watch=lambda _: None, numbers=numbers
            )
            for step in range(first, stop):
                state, metrics = step_function(state, feed.batch(self._plan, step))
                meter.push(step, metrics, waited_s=0.0)
                if step + 1 in line_ends:
                    meter.flush()
            return state, read_lines(written.metrics)

    def notes(self) -> list[str]:
        """What here is not as it was when the run was trained: then the last bits may differ without a fault."""
        now = {"libraries": library_versions(), "devices": devices_of(self.mesh, self._layout)}
        before = {name: getattr(self.config, name) for name in now}
        unknown = [f"the run's config.json does not tell its {name}" for name, value in before.items() if not value]
        known = {name: value for name, value in before.items() if value}
        return [*differences(known, {name: now[name] for name in known}, name="config"), *unknown]


def _stretch(
    run: _Run, kept: list[int], line_ends: list[int], from_step: int | None, most_steps: int | None
) -> tuple[int, int]:
    """The steps to replay: from the first of the pair up to the second."""
    # What the run was continued with is known for its last part alone.
    known_from = max((change["steps_done"] for change in run.config.changes if change["accepted"]), default=0)
    starts = [step for step in ([] if run.config.starts_from else [0]) + kept if step >= known_from]
    starts = sorted({step for step in starts if any(end > step for end in line_ends)})
    if not starts:
        raise UsageError(
            f"'{run.folder.path}' holds no step that could be replayed: none of its lines tells of a step behind "
            "a checkpoint, or behind the first step of a run that begins from none"
        )
    first = starts[-1] if from_step is None else from_step
    if first not in starts:
        raise UsageError(
            f"`--from-step` must be one of {', '.join(map(str, starts))}, from which '{run.folder.path}' can be "
            f"replayed, got {from_step}"
        )
    most = line_ends[-1] if most_steps is None else first + most_steps
    # To the next checkpoint or, in fewer steps, to the last line within them.
    ends = [end for end in (*kept, *line_ends) if first < end <= most]
    stop = min((step for step in kept if first < step <= most), default=max(ends, default=0))
    if not any(first < end <= stop for end in line_ends):
        raise UsageError(
            f"`--steps` {most_steps} from step {first} end before the next line, which tells of the steps up to "
            f"{min(end for end in line_ends if end > first) - 1}; replay more"
        )
    return first, stop


def _without_clocks(line: dict, other: dict) -> dict:
    """What a line tells, of what lines told when both were written."""
    return {name: value for name, value in line.items() if name in other and name not in CLOCKS}


def _same(one: jax.Array, other: jax.Array) -> bool:
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


def _told_array(name: str, before: jax.Array, now: jax.Array) -> str:
    apart = np.max(np.abs(np.asarray(before, np.float64) - np.asarray(now, np.float64)))
    return f"{name} of the checkpoint, by up to {apart:.3g}"
