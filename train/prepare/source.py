"""Writes one part of one source: tokens packed into rows, rows into ArrayRecord shards, and the manifest last."""

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import sentencepiece

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import write_shard
from train.corpora.document import Document
from train.prepare.pack import pack

ROWS_A_SHARD = 65_536


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """A loaded tokenizer with the SHA-256 of its model file."""

    processor: sentencepiece.SentencePieceProcessor
    sha256: str

    @property
    def dtype(self) -> str:
        """The smallest dtype that holds every id."""
        return "uint16" if self.processor.vocab_size() <= 2**16 else "uint32"


def write_part(
    folder: Path, part: str, source: str, documents: Sequence[Document], *, tokenizer: Tokenizer, context_tokens: int
) -> Manifest:
    """Write a folder of rows and its manifest; documents that do not decode to themselves are dropped and counted.

    Raises UsageError if no row is left.
    """
    folder.mkdir(parents=True)
    counts = collections.Counter[str]()
    kept: list[Document] = []
    rows = list(
        pack(
            _encode(documents, tokenizer.processor, kept, counts),
            context_tokens=context_tokens,
            eos_id=tokenizer.processor.eos_id(),
            dtype=tokenizer.dtype,
        )
    )
    if not rows:
        raise UsageError(f"the {part} part of source {source!r} has no documents; add some, or leave the source out")
    total = -(-len(rows) // ROWS_A_SHARD)
    shards = tuple(
        write_shard(folder / f"{number:05}-of-{total:05}.array_record", rows[start : start + ROWS_A_SHARD])
        for number, start in enumerate(range(0, len(rows), ROWS_A_SHARD))
    )
    manifest = Manifest(
        source=source,
        part=part,
        rows=len(rows),
        context_tokens=context_tokens,
        dtype=tokenizer.dtype,
        tokens=counts["tokens"],
        text_bytes=counts["bytes"],
        documents=len(kept),
        eos_id=tokenizer.processor.eos_id(),
        tokenizer=tokenizer.sha256,
        shards=shards,
        dropped={"does not decode to itself": counts["lossy"]} if counts["lossy"] else {},
        licences=dict(collections.Counter(document.licence for document in kept)),
        origins=dict(collections.Counter(document.origin.split("/")[0] for document in kept)),
    )
    # Last, so that a folder with a manifest is a finished one.
    (folder / "manifest.json").write_text(manifest.to_json())
    return manifest


def _encode(
    documents: Sequence[Document],
    processor: sentencepiece.SentencePieceProcessor,
    kept: list[Document],
    counts: collections.Counter[str],
) -> Iterator[list[int]]:
    for document in documents:
        ids = processor.encode(document.text)
        if processor.decode(ids) != document.text:
            counts["lossy"] += 1
            continue
        kept.append(document)
        counts["tokens"] += len(ids) + 1
        counts["bytes"] += len(document.text.encode())
        yield ids
