"""`python -m train.rows`: the rows of a run's step decoded, so that a person can look at what the model saw there."""

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
import sentencepiece
import tyro
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

import mixsched
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from eval.tokenizer import run_tokenizer
from mixsched import cli
from mixsched.errors import UsageError, did_you_mean
from train.prepare.peek import END, documents_of_row


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Show the rows of a step of a run, decoded.

    python -m train.rows runs/code25-nano-seed0 --step 17
    """

    run: Annotated[Path, tyro.conf.Positional]
    """Folder of the run."""
    step: int
    """Which step, from 0."""
    source: str | None = None
    """Only the rows of this source."""
    shards: Path | None = None
    """Folder of the prepared sources, where it is not the one that the run was trained on."""


def show_rows(arguments: Arguments) -> None:
    """Print each row of the step under a line that says which row of which source it is, and in which slot.

    Raises UsageError for a step or source that the run has not, or shards that are not the run's.
    """
    folder = RunFolder(arguments.run)
    config, plan = read_config(folder), read_plan(folder)
    if not 0 <= arguments.step < plan.total_steps:
        raise UsageError(f"`--step` must lie in 0..{plan.total_steps - 1}, the steps of the run, got {arguments.step}")
    if arguments.source not in (None, *plan.sources):
        raise UsageError(
            f"the run has no source {arguments.source!r}; {did_you_mean(str(arguments.source), plan.sources)}"
        )
    shards = arguments.shards or Path(config.shards)
    placed, tokenizer = plan.batch(arguments.step), run_tokenizer(shards, config.tokenizer)
    # Lines stay as they are, however narrow the terminal is.
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    for place, name in enumerate(plan.sources):
        slots = np.flatnonzero(placed.source == place)
        if not len(slots) or arguments.source not in (None, name):
            continue
        rows = source_of_run(shards, name, config)
        for slot in slots.tolist():
            record, epoch = int(placed.record[slot]), int(placed.epoch[slot])
            console.print(Rule(f"{name}, row {record:,}, epoch {epoch}, slot {slot}", align="left"))
            console.print(Text(_decoded(rows, record, tokenizer)))


def source_of_run(shards: Path, name: str, config: RunConfig) -> mixsched.Rows:
    """A source among shards; raises UsageError if it does not hold the rows that the run was trained on."""
    rows = mixsched.open_rows(shards / name, context_tokens=config.model.context_tokens, tokenizer=config.tokenizer)
    if config.data.get(name) != rows.manifest.fingerprint:
        raise UsageError(
            f"the rows of {name!r} in '{shards}' are not those of '{config.run}'; name the `--shards` that it was "
            "trained on"
        )
    return rows


def _decoded(rows: mixsched.Rows, record: int, tokenizer: sentencepiece.SentencePieceProcessor) -> str:
    """A row's text, with a line wherever a document ends."""
    row, end = rows[record], tokenizer.eos_id()
    return f"\n{END}\n".join(tokenizer.decode(piece.tolist()) for piece in documents_of_row(row, end))


if __name__ == "__main__":
    cli.run(lambda: show_rows(tyro.cli(Arguments, prog="python -m train.rows")))
