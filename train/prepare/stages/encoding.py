"""The third stage: turns documents into token ids, sorted by the shard and the place in it where they will stand."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import sentencepiece

from train.prepare.recipe import Recipe
from train.prepare.split import PARTS
from train.prepare.stages.arrays import mapped
from train.prepare.stages.cleaning import KEYS, KEYS_FILE
from train.prepare.stages.cuts import shard_of
from train.prepare.stages.deciding import Decided, verdict_file
from train.prepare.stages.documents import read_groups
from train.prepare.stages.dropped import Drops
from train.prepare.stages.verdicts import HELD_OUT, Read
from train.prepare.stages.work import Made, Task
from train.prepare.tokenizer import SPACE_MARK, Tokenizer, load_tokenizer

# Text that a task encodes at least, so that small corpora keep many workers busy; more where it makes too many tasks.
TASK_BYTES, MANY_TASKS = 16_000_000, 8_192
TOKENS_FILE, PIECES_FILE = "tokens.bin", "pieces.bin"
# A manifest lists so many licences, origins and languages; what comes later is counted together.
_NAMES, OTHERS = 100, "others"
# The first folder of an origin, or its file without the place in it; of an absolute path all that it begins with.
_ORIGIN = re.compile(r"(/?[^/@#]*)")
LOSSY = "does not decode to itself"
# A document's tokens with the EOS after them: `length` ids from `start` on in the file of tokens.
PIECES = np.dtype([("part", "u1"), ("shard", "u4"), ("order", "u8"), ("start", "u8"), ("length", "u4")])


class EncodeSpec(msgspec.Struct, frozen=True):
    """Some groups of rows of what one read task kept."""

    read: Read
    verdicts: Path
    verdicts_sha256: str
    groups: tuple[int, int]
    tokenizer: Tokenizer
    keep_changed: bool
    starts: tuple[tuple[int, ...], tuple[int, ...]]
    """Where the shards after the first begin, of the part to train on and of the held-out part."""


class Tally(msgspec.Struct):
    """What a part of a source holds."""

    documents: int = 0
    tokens: int = 0
    bytes: int = 0
    licences: dict[str, int] = {}
    origins: dict[str, int] = {}
    languages: dict[str, int] = {}
    """Bytes, not documents."""

    def add(self, other: "Tally") -> None:
        """Count in what another holds."""
        self.documents += other.documents
        self.tokens += other.tokens
        self.bytes += other.bytes
        for mine, theirs in (
            (self.licences, other.licences),
            (self.origins, other.origins),
            (self.languages, other.languages),
        ):
            for name, count in theirs.items():
                count_in(mine, name, count)


def encode_tasks(
    recipe: Recipe, reads: tuple[Read, ...], verdicts: Made, tokenizer: Tokenizer, decided: Decided
) -> list[Task]:
    """A task for every so many bytes of what each read task found."""
    task_bytes = max(TASK_BYTES, sum(sum(read.cleaned.group_bytes) for read in reads) // MANY_TASKS)
    tasks = []
    for read, verdicts_sha256 in zip(reads, decided.verdicts, strict=True):
        training, heldout = decided.kept[read.source]
        for groups in _ranges(read.cleaned.group_bytes, task_bytes):
            spec = EncodeSpec(
                read=read,
                verdicts=verdicts.folder / verdict_file(read),
                verdicts_sha256=verdicts_sha256,
                groups=groups,
                tokenizer=tokenizer,
                keep_changed=recipe.tokenizer.keep_changed,
                starts=(training.starts, heldout.starts),
            )
            name = f"encode-{read.folder.name.removeprefix('clean-')}-{groups[0]:05}"
            tasks.append(Task(name, encode, spec, size=sum(read.cleaned.group_bytes[slice(*groups)])))
    return tasks


def _ranges(sizes: Sequence[int], least: int) -> Iterator[tuple[int, int]]:
    """Consecutive groups of at least so many bytes together, but for the last ones.

    >>> list(_ranges([10, 5, 10, 7], 10))
    [(0, 1), (1, 3), (3, 4)]
    """
    first, held = 0, 0
    for group, size in enumerate(sizes):
        held += size
        if held >= least:
            yield first, group + 1
            first, held = group + 1, 0
    if held:
        yield first, len(sizes)


def count_in(counts: dict[str, int], name: str, count: int) -> None:
    """Add to a name's count, or to that of `others` where there are too many names to list."""
    if name not in counts and len(counts) >= _NAMES:
        name = OTHERS
    counts[name] = counts.get(name, 0) + count


class Encoded(msgspec.Struct):
    """What was encoded, by part, and what was dropped because the tokenizer changes it."""

    parts: list[Tally]
    dropped: Drops


class _Kept(NamedTuple):
    """A document that is kept, and where it belongs."""

    text: str
    origin: str
    licence: str
    part: int
    order: int
    language: str


def encode(folder: Path, spec: EncodeSpec) -> Encoded:
    """Write the tokens of the documents that are kept, and where each of them stands."""
    encoded = Encoded([Tally() for _ in PARTS], Drops())
    processor = load_tokenizer(spec.tokenizer.file)
    tokens, places = [], []
    for group in _kept(spec):
        for document, ids in zip(group, processor.encode([each.text for each in group], num_threads=1), strict=True):
            if not spec.keep_changed and _is_changed(document.text, ids, processor, spec.tokenizer):
                encoded.dropped.add(LOSSY, document.origin, document.text)
                continue
            ids.append(spec.tokenizer.eos_id)
            tokens.append(np.array(ids, spec.tokenizer.dtype))
            places.append((document.part, shard_of(document.order, spec.starts[document.part]), document.order))
            _count(encoded.parts[document.part], document, len(ids))
    _write(folder, tokens, places)
    return encoded


def _kept(spec: EncodeSpec) -> Iterator[list[_Kept]]:
    """The documents of each group that are kept."""
    sizes = spec.read.cleaned.group_documents
    first = sum(sizes[: spec.groups[0]])
    verdicts = mapped(spec.verdicts, np.uint8)
    keys = mapped(spec.read.folder / KEYS_FILE, KEYS)
    languages = spec.read.cleaned.languages
    for size, columns in zip(
        sizes[slice(*spec.groups)], read_groups(spec.read.folder, range(*spec.groups)), strict=True
    ):
        here = slice(first, first + size)
        first += size
        rows = zip(
            *(columns[name] for name in ("text", "origin", "licence")),
            verdicts[here].tolist(),
            keys["order"][here].tolist(),
            (languages[number] for number in keys["language"][here].tolist()),
            strict=True,
        )
        yield [_Kept(*row) for row in rows if row[3] <= HELD_OUT]


def _is_changed(
    text: str, ids: list[int], processor: sentencepiece.SentencePieceProcessor, tokenizer: Tokenizer
) -> bool:
    return SPACE_MARK in text if tokenizer.is_exact else processor.decode(ids) != text


def _count(tally: Tally, document: _Kept, tokens: int) -> None:
    size = len(document.text.encode())
    tally.documents += 1
    tally.tokens += tokens
    tally.bytes += size
    count_in(tally.licences, document.licence, 1)
    count_in(tally.origins, _ORIGIN.findall(document.origin)[0], 1)
    if document.language:
        count_in(tally.languages, document.language, size)


def _write(folder: Path, tokens: Sequence[np.ndarray], places: Sequence[tuple[int, int, int]]) -> None:
    pieces = np.empty(len(tokens), PIECES)
    if tokens:
        part, shard, order = zip(*places, strict=True)
        pieces["part"], pieces["shard"] = part, shard
        # Said, since whole numbers on both sides of 2**63 would become floats.
        pieces["order"] = np.array(order, np.uint64)
    pieces["length"] = [len(each) for each in tokens]
    # Stable: documents with one hash stay in their order.
    by_place = np.argsort(pieces, order=("part", "shard", "order"), kind="stable")
    pieces = pieces[by_place]
    pieces["start"] = np.cumsum(pieces["length"], dtype=np.uint64) - pieces["length"]
    with (folder / TOKENS_FILE).open("wb") as stream:
        for each in by_place.tolist():
            stream.write(tokens[each].data)
    (folder / PIECES_FILE).write_bytes(pieces.tobytes())
