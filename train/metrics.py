"""Reads a step's numbers when the next step is already running, and writes metrics.jsonl from them."""

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import jax
import numpy as np

import mixsched
from mixsched.errors import UsageError
from train.step import Metrics


class NotFiniteError(UsageError):
    """A loss or gradient that is infinite or not a number; the run cannot go on from here."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of metrics.jsonl: what happened since the line before.

    `loss` is the mean in nats a token; `counts` the samples of each source since the line before and `served` since
    the start, both counted from the batches themselves; `learning_rate` and `grad_norm` are the last step's;
    `wait_share` is the part of the time that the loop waited for data.
    """

    steps_done: int
    tokens: int
    loss: float
    source_loss: dict[str, float | None]
    counts: dict[str, int]
    served: dict[str, int]
    learning_rate: float
    grad_norm: float
    tokens_per_s: float
    wait_share: float


class Meter:
    """Takes in the metrics of each step and hands out a `Line` every `every_steps` steps, into the file `path`.

    `path` is None on all but the first of several hosts, which read and check the same and write nothing.

    `observe` is told the mean loss of each source in each step, as soon as it is read, and gives the plan from then on.
    """

    def __init__(
        self,
        path: Path | None,
        plan: mixsched.Plan,
        *,
        first_step: int,
        every_steps: int,
        watch: Callable[[Line], None],
        observe: Callable[[int, Mapping[str, float]], mixsched.Plan] | None = None,
    ):
        self._path = path
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
        if self._path is not None:
            with self._path.open("a") as stream:
                os.fsync(stream.fileno())

    def restart_clock(self) -> None:
        """Leave the time since the last line out of the next one (an evaluation, a checkpoint)."""
        self._began_s = time.perf_counter()

    def _start_window(self, began_s: float) -> None:
        sources = len(self._plan.sources)
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._grad_norm = 0.0
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
        if not math.isfinite(told.loss) or not math.isfinite(told.grad_norm):
            raise NotFiniteError(self._not_finite(step, told, counts))
        # The exactness promised in plan.json is checked on every batch, from what the device has seen.
        assert (counts == self._plan.counts(step)).all(), f"step {step} served {counts}, not what was planned"
        self._steps.append(step)
        self._losses.append(float(told.loss))
        self._grad_norm = float(told.grad_norm)
        self._loss_sum += told.source_loss_sum
        self._tokens += told.source_tokens
        self._served = self._served + counts
        if self._observe is not None:
            self._plan = self._observe(step, self._mean_losses(told))
        if (step + 1) % self._every_steps == 0:
            self._write()

    def _write(self) -> None:
        # One window begins where the last ends, so that writing and showing a line is in the time of the next.
        ended_s = time.perf_counter()
        if self._path is not None:
            line = self._line(ended_s - self._began_s)
            with self._path.open("a") as stream:
                stream.write(json.dumps(dataclasses.asdict(line), allow_nan=False) + "\n")
            self._watch(line)
        self._start_window(ended_s)

    def _line(self, took_s: float) -> Line:
        names = self._plan.sources
        loss = [sum_ / tokens if tokens else None for sum_, tokens in zip(self._loss_sum, self._tokens, strict=True)]
        return Line(
            steps_done=self._steps[-1] + 1,
            tokens=self._plan.tokens(self._steps[-1] + 1),
            loss=sum(self._losses) / len(self._losses),
            source_loss=dict(zip(names, loss, strict=True)),
            counts=dict(zip(names, (self._tokens // self._context_tokens).tolist(), strict=True)),
            served=dict(zip(names, self._served.tolist(), strict=True)),
            learning_rate=self._plan.learning_rate(self._steps[-1]),
            grad_norm=self._grad_norm,
            tokens_per_s=int(self._tokens.sum()) / took_s,
            wait_share=self._waited_s / took_s,
        )

    def _mean_losses(self, told: Metrics) -> dict[str, float]:
        """The mean loss in a step of each source that gave something, in nats a token."""
        parts = zip(self._plan.sources, told.source_loss_sum, told.source_tokens, strict=True)
        return {source: float(loss_sum) / int(tokens) for source, loss_sum, tokens in parts if tokens}

    def _not_finite(self, step: int, told: Metrics, counts: np.ndarray) -> str:
        batch = ", ".join(f"{name} {count}" for name, count in zip(self._plan.sources, counts, strict=True) if count)
        return (
            f"step {step} has loss {told.loss} and gradient norm {told.grad_norm} (its batch: {batch}); checkpoints "
            "before it are good, but continuing would end here again: start a new run with a lower "
            "`--optimizer.peak-lr`"
        )
