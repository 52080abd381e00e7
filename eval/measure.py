"""Held-out text of a run, measured: in training for its result rows, afterwards for its kept answers too."""

import math
from pathlib import Path

from jax.sharding import Mesh

import mixsched
from eval.heldout import HeldoutSet, Measurement, bits_per_byte, heldout_answers, heldout_record, load_heldout
from eval.items import Answers, keep, kept_answers
from eval.progress import Watch
from eval.results import Row
from eval.rows import row_of
from eval.rundir import RunConfig
from eval.statistics import Estimate
from mixsched.errors import UsageError
from model.transformer import Transformer


def heldout_of_run(shards: Path, config: RunConfig, *, rows: int | None) -> list[HeldoutSet]:
    """`rows` (None: all) held-out rows of each source; raises UsageError if they are not those of the run."""
    heldout = load_heldout(shards, rows=rows, context_tokens=config.model.context_tokens, tokenizer=config.tokenizer)
    for held in heldout:
        if config.data.get(f"{held.source}/heldout", held.fingerprint) != held.fingerprint:
            raise UsageError(
                f"the held-out rows of {held.source!r} in '{shards}' are not those that this run was measured on; "
                "name the `--shards` that it was trained with"
            )
    return heldout


def measure(
    model: Transformer, heldout: list[HeldoutSet], config: RunConfig, *, steps_done: int, mesh: Mesh, parts: int = 1
) -> dict[str, Measurement]:
    """Bits per byte of each held-out source; raises UsageError if one is not finite.

    - `parts`: of a batch, one after another, as in training: devices that can't hold a whole one can't here either.
    """
    measured = {}
    for held in heldout:
        told = bits_per_byte(model, held, batch_size=config.batch_size // parts, mesh=mesh)
        if not math.isfinite(told.value):
            raise UsageError(
                f"after step {steps_done} the loss on held-out {held.source!r} is {told.value}; start a new run with a "
                "lower `--optimizer.peak-lr`"
            )
        measured[held.source] = told
    return measured


def heldout_rows_of(
    model: Transformer,
    heldout: list[HeldoutSet],
    config: RunConfig,
    plan: mixsched.Plan,
    *,
    steps_done: int,
    mesh: Mesh,
    parts: int = 1,
) -> list[Row]:
    """A result row for the bits per byte of each held-out source, whose `n` counts rows; `parts` as in `measure`."""
    measured = measure(model, heldout, config, steps_done=steps_done, mesh=mesh, parts=parts)
    return [
        row_of(
            config,
            plan,
            steps_done,
            task=record.task,
            metric=record.headline,
            told=Estimate(told.value, told.stderr, told.n),
            asked=record.asked,
        )
        for held in heldout
        for record, told in [(heldout_record(held), measured[held.source])]
    ]


def answers_on_heldout(
    model: Transformer,
    heldout: list[HeldoutSet],
    config: RunConfig,
    kept: Path,
    *,
    steps_done: int,
    mesh: Mesh,
    again: bool,
    watch: Watch,
) -> dict[str, Answers]:
    """The answers to each held-out source by the task's name; those in the folder `kept` are taken from there."""
    records = {held.source: heldout_record(held) for held in heldout}
    known = {
        source: None if again else kept_answers(kept, record.task, record.settings)
        for source, record in records.items()
    }
    for place, held in enumerate(heldout):
        if known[held.source] is None:
            watch("held-out text", "measuring", place, len(heldout))
            told = measure(model, [held], config, steps_done=steps_done, mesh=mesh)
            answers = heldout_answers(held, told[held.source])
            keep(kept, answers)
            known[held.source] = answers
    return {record.task: answers for source, record in records.items() if (answers := known[source])}
