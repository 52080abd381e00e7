"""`--peek`: some rows of a source decoded, so that a person can look at what a model will see."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from mixsched import open_rows
from mixsched.shards import TOKENIZER_FILE, rows_in, tokenizer_fingerprint
from train.prepare.tokenizer import load_tokenizer

_END = "<end of document>"


def peek(shards: Path, source: str, *, rows: int, seed: int) -> None:
    """Print rows that are drawn by the seed; raises UsageError if there is no such source."""
    tokenizer = tokenizer_fingerprint(shards)
    rows_in(shards, [source])
    source_rows = open_rows(shards / source, tokenizer=tokenizer)
    manifest, processor = source_rows.manifest, load_tokenizer(shards / TOKENIZER_FILE)
    drawn = np.random.default_rng(seed).permutation(manifest.rows)[:rows]
    console = Console(width=None if Console().is_terminal else 120)
    for record in np.sort(drawn).tolist():
        console.print(Rule(f"{source}, row {record:,} of {manifest.rows:,}", align="left"))
        for number, ids in enumerate(_documents(source_rows[record][:-1], manifest.eos_id)):
            if number:
                console.print(Text(_END, style="bold magenta"))
            # A row may begin or end within a character.
            console.print(Text(processor.decode(ids.tolist())))


def _documents(row: np.ndarray, eos_id: int) -> Iterator[np.ndarray]:
    """The pieces of a row between the ends of documents; filling at the end is one end."""
    ends = np.flatnonzero(row == eos_id)
    for piece in np.split(row, ends):
        ids = piece[piece != eos_id]
        if len(ids):
            yield ids
