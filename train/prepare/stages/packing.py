"""The last stage: puts the documents of a shard into their order, packs them into rows, and writes the shard."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from mixsched.shards import Shard, write_shard
from train.prepare.split import PARTS
from train.prepare.stages.arrays import mapped
from train.prepare.stages.deciding import Decided
from train.prepare.stages.encoding import PIECES, PIECES_FILE, TOKENS_FILE, EncodeSpec
from train.prepare.stages.pack import empty_stream, packed
from train.prepare.stages.work import Made, Task
from train.prepare.tokenizer import Tokenizer

_INDEX_FILE = "index.json"


class PackSpec(msgspec.Struct, frozen=True):
    """A shard of a part of a source, and the folders of tokens that it is made from."""

    source: str
    index: Made
    """The list of the folders of tokens of the source."""
    part: int
    shard: int
    shards: int
    context_tokens: int
    tokenizer: Tokenizer


class IndexSpec(msgspec.Struct, frozen=True):
    """What the encoding tasks of a source wrote, in the order of the inputs."""

    encoded: tuple[Made, ...]


def index_tasks(sources: Iterable[str], encodes: Sequence[tuple[EncodeSpec, Made]]) -> list[Task]:
    """A task for each source that lists its folders of tokens: a large corpus has too many to tell every shard."""
    return [
        Task(
            f"index-{source}",
            write_index,
            IndexSpec(tuple(made for spec, made in encodes if spec.read.source == source)),
        )
        for source in sources
    ]


def write_index(folder: Path, spec: IndexSpec) -> int:
    """Write the list; returns its length."""
    (folder / _INDEX_FILE).write_bytes(msgspec.json.encode([str(made.folder) for made in spec.encoded]))
    return len(spec.encoded)


def pack_tasks(
    indices: Mapping[str, Made], tokenizer: Tokenizer, decided: Decided, *, context_tokens: int
) -> list[Task]:
    """A task for every shard of every part of every source."""
    tasks = []
    for source, parts in decided.kept.items():
        for part, kept in enumerate(parts):
            for shard in range(kept.shards):
                spec = PackSpec(
                    source=source,
                    index=indices[source],
                    part=part,
                    shard=shard,
                    shards=kept.shards,
                    context_tokens=context_tokens,
                    tokenizer=tokenizer,
                )
                size = kept.bytes // kept.shards
                tasks.append(Task(f"pack-{source}-{PARTS[part]}-{shard:05}", pack_shard, spec, size=size))
    return tasks


def pack_shard(folder: Path, spec: PackSpec) -> Shard:
    """Write the shard's file; what a manifest says of it."""
    rows = packed(_stream(spec), context_tokens=spec.context_tokens)
    return write_shard(folder / f"{spec.shard:05}-of-{spec.shards:05}.array_record", rows)


def _stream(spec: PackSpec) -> np.ndarray:
    """The stream of the shard: its documents in the order of their hashes, each with its EOS."""
    folders = [
        Path(each) for each in msgspec.json.decode((spec.index.folder / _INDEX_FILE).read_bytes(), type=list[str])
    ]
    pieces = [_pieces(folder, spec) for folder in folders]
    every = np.concatenate(pieces)
    # Stable: documents with one hash stand in the order of the inputs.
    by_hash = np.argsort(every["order"], kind="stable")
    lengths = every["length"].astype(np.int64)
    places = np.empty(len(every), np.int64)
    places[by_hash] = np.cumsum(lengths[by_hash]) - lengths[by_hash]
    stream, tokens = empty_stream(
        int(lengths.sum()),
        context_tokens=spec.context_tokens,
        eos_id=spec.tokenizer.eos_id,
        dtype=spec.tokenizer.dtype,
    )
    first = 0
    # One file after the other: a large corpus has more of them than a process may hold open.
    for folder, mine in zip(folders, pieces, strict=True):
        ids = mapped(folder / TOKENS_FILE, spec.tokenizer.dtype)
        for place, start, length in zip(
            places[first : first + len(mine)].tolist(), mine["start"].tolist(), mine["length"].tolist(), strict=True
        ):
            tokens[place : place + length] = ids[start : start + length]
        first += len(mine)
    return stream


def _pieces(folder: Path, spec: PackSpec) -> np.ndarray:
    """The pieces of the shard in a folder of tokens, which lie together there."""
    pieces = mapped(folder / PIECES_FILE, PIECES)
    of_part = slice(*np.searchsorted(pieces["part"], [spec.part, spec.part + 1]).tolist())
    of_shard = slice(*np.searchsorted(pieces[of_part]["shard"], [spec.shard, spec.shard + 1]).tolist())
    return np.array(pieces[of_part][of_shard])
