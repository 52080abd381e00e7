"""Reads a step's numbers when the next step is already running, and writes metrics.jsonl from them."""

import dataclasses
import json
import math
import operator
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

import mixsched
from eval.rundir import RunFolder
from mixsched.errors import UsageError
from mixsched.typed import read_json
from train.incidents import look_command, told_batch, write_incident
from train.numbers import USUAL, NumberOptions
from train.spikes import SpikeRule, last_losses
from train.step import LayerNorms, Metrics


class NotFiniteError(UsageError):
    """A loss or gradient that is infinite or not a number; the run cannot go on from here."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of metrics.jsonl: what happened since the line before.

    `loss` is the mean in nats a token; `counts` the samples of each source since the line before and `served` since
    the start, both counted from the batches themselves; `learning_rate` and `grad_norm` are the last step's;
    `wait_share` is the part of the time that the loop waited for data. `skipped_steps` were served and not learned
    from, since their numbers were not finite: losses and norms are those of the other steps, None if there are none.
    `layer_grad_norms` are the parts of `grad_norm`, and left out of the line where they were not asked for.
    """

    steps_done: int
    tokens: int
    loss: float | None
    source_loss: dict[str, float | None]
    counts: dict[str, int]
    served: dict[str, int]
    learning_rate: float
    grad_norm: float | None
    tokens_per_s: float
    wait_share: float
    skipped_steps: int = 0
    layer_grad_norms: dict[str, float | list[float]] | None = None

    def to_json(self) -> dict:
        """The line as a JSON object."""
        told = dataclasses.asdict(self)
        return told if self.layer_grad_norms is not None else {k: v for k, v in told.items() if k != "layer_grad_norms"}


def read_lines(path: Path) -> list[dict]:
    """The lines of a metrics.jsonl, but for a torn last one; raises UsageError that names one that is damaged."""
    *lines, _ = path.read_bytes().split(b"\n") if path.exists() else [b""]
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            told = read_json(line)
            found.append({**told, "steps_done": operator.index(told["steps_done"])})
        except (ValueError, TypeError, KeyError):
            raise UsageError(f"line {number} of '{path}' tells of no step; remove that line") from None
    return found


class Meter:
    """Takes in the metrics of each step and writes a `Line` every `every_steps` steps into the run's metrics.jsonl.

    `folder` is None on all but the first of several hosts, which read and check the same and write nothing. Steps whose
    loss stands out, or is not finite, go into incidents.jsonl; what else is done about the latter, `numbers` says.

    `observe` is told the mean loss of each source in each step, as soon as it is read, and gives the plan from then on.
    """

    def __init__(
        self,
        folder: RunFolder | None,
        plan: mixsched.Plan,
        *,
        first_step: int,
        every_steps: int,
        watch: Callable[[Line], None],
        numbers: NumberOptions = USUAL,
        observe: Callable[[int, Mapping[str, float]], mixsched.Plan] | None = None,
    ):
        self._folder = folder
        self._numbers = numbers
        self._spikes = None if folder is None else SpikeRule(last_losses(folder.metrics, plan))
        self._skipped_in_a_row = 0
        self._observe = observe
        self._plan = plan
        self._every_steps = every_steps
        self._watch = watch
        self._context_tokens = plan.schedule.context_tokens
        self._served = plan.served(first_step)
        self._pending: tuple[int, Metrics] | None = None
        self._start_window(time.perf_counter())

    @property
    def plan(self) -> mixsched.Plan:
        """The plan as it is by all that was observed."""
        return self._plan

    def push(self, step: int, metrics: Metrics, *, waited_s: float) -> None:
        """Take in a step that was just started; the one before it is read now, so the device never idles."""
        self._waited_s += waited_s
        self._read_pending()
        self._pending = (step, metrics)

    def flush(self) -> None:
        """Read what is left, write the line that it began, and have all lines on the disk."""
        self._read_pending()
        if self._steps:
            self._write()
        if self._folder is not None:
            with self._folder.metrics.open("a") as stream:
                os.fsync(stream.fileno())

    def restart_clock(self) -> None:
        """Leave the time since the last line out of the next one (an evaluation, a checkpoint)."""
        self._began_s = time.perf_counter()

    def _start_window(self, began_s: float) -> None:
        sources = len(self._plan.sources)
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._grad_norm: float | None = None
        self._layer_norms: LayerNorms | None = None
        self._counts = np.zeros(sources, np.int64)
        self._skipped_steps = 0
        self._loss_sum = np.zeros(sources)
        self._tokens = np.zeros(sources, np.int64)
        self._waited_s = 0.0
        self._began_s = began_s

    def _read_pending(self) -> None:
        if self._pending is None:
            return
        step, metrics = self._pending
        self._pending = None
        told: Metrics = jax.device_get(metrics)
        counts = np.asarray(told.source_tokens, np.int64) // self._context_tokens
        finite = math.isfinite(told.loss) and math.isfinite(told.grad_norm)
        if not finite:
            self._not_finite(step, told)
        # The exactness promised in plan.json is checked on every batch, from what the device has seen.
        assert (counts == self._plan.counts(step)).all(), f"step {step} served {counts}, not what was planned"
        self._steps.append(step)
        self._counts += counts
        self._served = self._served + counts
        if finite:
            self._take(step, told)
        if self._observe is not None:
            self._plan = self._observe(step, self._mean_losses(told) if finite else {})
        if (step + 1) % self._every_steps == 0:
            self._write()

    def _take(self, step: int, told: Metrics) -> None:
        """Take in a step's numbers, all of them finite."""
        self._skipped_in_a_row = 0
        self._losses.append(float(told.loss))
        self._grad_norm = float(told.grad_norm)
        self._layer_norms = told.layer_norms
        self._loss_sum += told.source_loss_sum
        self._tokens += told.source_tokens
        spike = None if self._spikes is None else self._spikes.look(float(told.loss))
        if spike is not None:
            self._note("spike", step, told, dataclasses.asdict(spike))

    def _not_finite(self, step: int, told: Metrics) -> None:
        """Write the step down, and raise unless it may be skipped."""
        self._note("not_finite", step, told, {"skipped": self._numbers.skips})
        self._skipped_steps += 1
        self._skipped_in_a_row += 1
        if not self._numbers.skips or self._skipped_in_a_row > self._numbers.most_skipped:
            raise NotFiniteError(self._why_it_stops(step, told))

    def _note(self, kind: Literal["not_finite", "spike"], step: int, told: Metrics, more: dict) -> None:
        if self._folder is not None:
            numbers = {"loss": told.loss, "grad_norm": told.grad_norm, "source_loss": self._mean_losses(told)}
            write_incident(self._folder.incidents, kind, step, self._plan, {**_plain(numbers), **more})

    def _write(self) -> None:
        # One window begins where the last ends, so that writing and showing a line is in the time of the next.
        ended_s = time.perf_counter()
        if self._folder is not None:
            line = self._line(ended_s - self._began_s)
            with self._folder.metrics.open("a") as stream:
                stream.write(json.dumps(line.to_json(), allow_nan=False) + "\n")
            self._watch(line)
        self._start_window(ended_s)

    def _line(self, took_s: float) -> Line:
        names = self._plan.sources
        loss = [sum_ / tokens if tokens else None for sum_, tokens in zip(self._loss_sum, self._tokens, strict=True)]
        return Line(
            steps_done=self._steps[-1] + 1,
            tokens=self._plan.tokens(self._steps[-1] + 1),
            loss=sum(self._losses) / len(self._losses) if self._losses else None,
            source_loss=dict(zip(names, loss, strict=True)),
            counts=dict(zip(names, self._counts.tolist(), strict=True)),
            served=dict(zip(names, self._served.tolist(), strict=True)),
            learning_rate=self._plan.learning_rate(self._steps[-1]),
            grad_norm=self._grad_norm,
            tokens_per_s=int(self._counts.sum()) * self._context_tokens / took_s,
            wait_share=self._waited_s / took_s,
            skipped_steps=self._skipped_steps,
            layer_grad_norms=None if self._layer_norms is None else _plain(self._layer_norms._asdict()),
        )

    def _mean_losses(self, told: Metrics) -> dict[str, float]:
        """The mean loss in a step of each source that gave something, in nats a token."""
        parts = zip(self._plan.sources, told.source_loss_sum, told.source_tokens, strict=True)
        return {source: float(loss_sum) / int(tokens) for source, loss_sum, tokens in parts if tokens}

    def _why_it_stops(self, step: int, told: Metrics) -> str:
        counts = dict(zip(self._plan.sources, self._plan.counts(step).tolist(), strict=True))
        batch = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        skipped = self._skipped_in_a_row - 1
        before = f", behind {skipped} in a row that were skipped for the same" * (skipped > 0)
        look = "" if self._folder is None else f", look at them: {look_command(self._folder.path, step)}"
        return (
            f"step {step} has loss {told.loss} and gradient norm {told.grad_norm} (its batch: {batch}){before}; its "
            f"rows are {told_batch(self._plan, step)}{look}; checkpoints before it are good, but continuing would end "
            "here again: start a new run with a lower `--optimizer.peak-lr`"
            + ", or one with `--not-finite skip`"
            * (not self._numbers.skips)
        )


def _plain(value: Any) -> Any:
    """Numbers as JSON has them; those that it has not as their names."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if np.ndim(value):
        return [_plain(each) for each in value]
    return float(value) if math.isfinite(value) else str(float(value))
