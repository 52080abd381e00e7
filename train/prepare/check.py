"""`--check`: every shard against its manifest, and a table of what there is."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from mixsched import Manifest, open_rows
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, Rows, tokenizer_fingerprint
from train.prepare.tokenizer import load_tokenizer

_ROWS_AT_ONCE = 4_096
_LICENCES = 3


def check(shards: Path) -> None:
    """Read all of it, print a table, and raise UsageError that tells how many faults there are, if there are some."""
    tokenizer = tokenizer_fingerprint(shards)
    words = load_tokenizer(shards / TOKENIZER_FILE).vocab_size()
    folders = sorted(path.parent for path in shards.rglob("manifest.json"))
    if not folders:
        raise UsageError(f"'{shards}' holds no sources; name a folder that python -m train.prepare made")
    manifests, faults = [], []
    for folder in folders:
        try:
            rows = open_rows(folder, tokenizer=tokenizer)
        except UsageError as error:
            faults.append(str(error))
            continue
        manifests.append(rows.manifest)
        faults += _faults(rows, words)
    console = Console(width=None if Console().is_terminal else 120)
    console.print(_table(manifests), _dropped(manifests))
    for fault in faults:
        console.print(f"FAULT: {fault}", style="red", highlight=False, markup=False)
    if faults:
        raise UsageError(
            f"{len(faults)} fault{'s' * (len(faults) != 1)} in '{shards}'; restore the files that are named above, or "
            "remove the folder and prepare it again"
        )
    console.print(f"every shard in '{shards}' is as its manifest says", highlight=False)


def _faults(rows: Rows, words: int) -> Iterator[str]:
    """What is wrong with a part of a source: checksums, rows, ids out of range, rows that do not follow each other."""
    manifest, first, ends = rows.manifest, 0, 0
    for shard in manifest.shards:
        path = rows.folder / shard.file
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != shard.sha256:
            yield f"the shard '{path}' is damaged: its SHA-256 is {digest[:12]}, its manifest says {shard.sha256[:12]}"
            return
        for start in range(first, first + shard.rows, _ROWS_AT_ONCE):
            # One row more, to see whether the next begins where this one ends.
            read = rows.__getitems__(range(max(first, start - 1), min(start + _ROWS_AT_ONCE, first + shard.rows)))
            if read.max() >= words:
                yield f"the shard '{path}' holds the token {read.max()}, the tokenizer has {words} words"
                return
            if not np.array_equal(read[:-1, -1], read[1:, 0]):
                yield f"rows of the shard '{path}' do not follow each other"
                return
            ends += int((read[start > first :, 1:] == manifest.eos_id).sum())
        first += shard.rows
    filled = manifest.rows * manifest.context_tokens - manifest.tokens
    if ends != manifest.documents + filled:
        yield (
            f"the rows in '{rows.folder}' end {ends - filled:,} documents, their manifest says {manifest.documents:,}: "
            "they are of another preparation"
        )


def _table(manifests: Sequence[Manifest]) -> Table:
    table = Table("source", "part", box=None, header_style="bold", pad_edge=False)
    for name in ("documents", "MB", "tokens", "bytes/token", "rows", "shards"):
        table.add_column(name, justify="right")
    table.add_column("licences (documents)", overflow="fold")
    for each in manifests:
        table.add_row(
            each.source,
            each.part,
            f"{each.documents:,}",
            f"{each.text_bytes / 1e6:,.2f}",
            f"{each.tokens:,}",
            f"{each.text_bytes / each.tokens:.3f}",
            f"{each.rows:,}",
            f"{len(each.shards):,}",
            _licences(each),
        )
    return table


def _licences(manifest: Manifest) -> str:
    counts = sorted(manifest.licences.items(), key=lambda item: -item[1])
    more = [f"{len(counts) - _LICENCES} more"] if len(counts) > _LICENCES else []
    return ", ".join([*(f"{name} {count:,}" for name, count in counts[:_LICENCES]), *more])


def _dropped(manifests: Sequence[Manifest]) -> Table:
    table = Table("dropped from", "because", box=None, header_style="bold", pad_edge=False)
    table.add_column("documents", justify="right")
    table.add_column("such as", overflow="fold")
    for each in manifests:
        for reason, count in sorted(each.dropped.items(), key=lambda item: -item[1]):
            examples = each.dropped_examples.get(reason, [])
            table.add_row(each.source, reason, f"{count:,}", examples[0] if examples else "")
    return table
