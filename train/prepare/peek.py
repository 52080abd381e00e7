"""`--peek`: some rows of a source decoded, so that a person can look at what a model will see."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from rich.rule import Rule
from rich.text import Text

from mixsched import open_rows
from mixsched.errors import UsageError, did_you_mean
from mixsched.shards import TOKENIZER_FILE, tokenizer_fingerprint
from train.prepare.record import manifest_paths, read_sound_manifest
from train.prepare.tokenizer import load_tokenizer
from train.prepare.told import console

END = "<end of document>"


def peek(shards: Path, source: str, *, rows: int, seed: int) -> None:
    """Print rows that are drawn by the seed, of a source or, as `text/heldout`, of its held-out part.

    Raises UsageError if there is no such source, or if its rows cannot be read.
    """
    if rows < 1:
        raise UsageError(f"`--rows` must be at least 1, got {rows}")
    if seed < 0:
        raise UsageError(f"`--seed` must be at least 0, got {seed}")
    tokenizer = tokenizer_fingerprint(shards)
    known = [str(PurePosixPath(path).parent) for path in manifest_paths(shards)]
    if source not in known:
        raise UsageError(f"there is no source {source!r} in '{shards}'; {did_you_mean(source, known)}")
    manifest = read_sound_manifest(shards / source)
    source_rows = open_rows(shards / source, tokenizer=tokenizer)
    processor = load_tokenizer(shards / TOKENIZER_FILE)
    drawn = np.random.default_rng(seed).choice(manifest.rows, min(rows, manifest.rows), replace=False)
    screen = console()
    for record in np.sort(drawn).tolist():
        try:
            pieces = documents_of_row(source_rows[record][:-1], manifest.eos_id)
            # A row may begin or end within a character.
            texts = [processor.decode(ids.tolist()) for ids in pieces]
        except (RuntimeError, IndexError) as error:
            # ArrayRecord raises the one, SentencePiece the other for a token that it has not.
            raise UsageError(
                f"row {record:,} in '{shards / source}' cannot be read ({error}); find what is damaged: "
                f"python -m train.prepare --check {shards}"
            ) from error
        screen.print(Rule(f"{source}, row {record:,} of {manifest.rows:,}", align="left"))
        for number, text in enumerate(texts):
            if number:
                screen.print(Text(END, style="bold magenta"))
            screen.print(Text(text))


def documents_of_row(row: np.ndarray, eos_id: int) -> Iterator[np.ndarray]:
    """The pieces of a row between the ends of documents; filling at the end is one end."""
    ends = np.flatnonzero(row == eos_id)
    for piece in np.split(row, ends):
        ids = piece[piece != eos_id]
        if len(ids):
            yield ids
