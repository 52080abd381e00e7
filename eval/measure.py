"""Held-out text of a run, measured: in training for its result rows, afterwards for its kept answers too."""

import math
from pathlib import Path

from jax.sharding import Mesh

import mixsched
from eval.heldout import HeldoutSet, Measurement, evaluate_heldout, heldout_answers, heldout_settings, load_heldout
from eval.items import Answers, read_answers, read_record, write_answers
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
    model: Transformer, heldout: list[HeldoutSet], config: RunConfig, *, steps_done: int, mesh: Mesh
) -> dict[str, Measurement]:
    """Bits per byte of each held-out source; raises UsageError if one is not finite."""
    measured = evaluate_heldout(model, heldout, batch_size=config.batch_size, mesh=mesh)
    for source, told in measured.items():
        if not math.isfinite(told.value):
            raise UsageError(
                f"after step {steps_done} the loss on held-out {source!r} is {told.value}; start a new run with a "
                "lower `--optimizer.peak-lr`"
            )
    return measured


def heldout_rows_of(
    model: Transformer,
    heldout: list[HeldoutSet],
    config: RunConfig,
    plan: mixsched.Plan,
    *,
    steps_done: int,
    mesh: Mesh,
) -> list[Row]:
    """A result row for the bits per byte of each held-out source, whose `n` counts rows."""
    measured = measure(model, heldout, config, steps_done=steps_done, mesh=mesh)
    return [
        row_of(
            config,
            plan,
            steps_done,
            task=f"heldout/{source}",
            metric="bits_per_byte",
            told=Estimate(told.value, told.stderr, told.n),
        )
        for source, told in measured.items()
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
) -> dict[str, Answers]:
    """The answers to each held-out source by the task's name, kept in the folder `kept`; those that are are read."""
    known = {} if again else {held.source: _known(kept, held) for held in heldout}
    missing = [held for held in heldout if known.get(held.source) is None]
    measured = measure(model, missing, config, steps_done=steps_done, mesh=mesh)
    answers = {}
    for held in heldout:
        found = known.get(held.source)
        if found is None:
            found = heldout_answers(held, measured[held.source])
            write_answers(kept, found)
        answers[found.record.task] = found
    return answers


def _known(kept: Path, held: HeldoutSet) -> Answers | None:
    task = f"heldout/{held.source}"
    record = read_record(kept, task)
    same = record is not None and record.settings == heldout_settings(held)
    return read_answers(kept, task) if same else None
