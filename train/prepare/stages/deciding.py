"""The second stage: decides over all documents at once which are kept, by keys alone, never by texts.

Memory grows by one byte a document of the corpus and a bounded window: each rule is applied to one range of hashes
after the other.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from mixsched.errors import UsageError
from train.prepare.recipe import Recipe, Source
from train.prepare.split import are_heldout
from train.prepare.stages.budgets import drop_over_budget
from train.prepare.stages.cleaning import BANDS_FILE
from train.prepare.stages.documents import read_some
from train.prepare.stages.dropped import EXAMPLES, Drops
from train.prepare.stages.verdicts import EXACT, FULL, HELD_OUT, KEPT, NEAR, REASONS, Corpus, Read
from train.prepare.stages.work import Task

# Text that a shard holds, and the fewest documents for which it is worth one.
SHARD_BYTES, SHARD_DOCUMENTS = 256_000_000, 64


class DecideSpec(msgspec.Struct, frozen=True):
    """All that was read, in the order of precedence, and the rules of each source."""

    reads: tuple[Read, ...]
    sources: dict[str, Source]
    heldout: dict[str, float]


class Decided(msgspec.Struct):
    """Documents and bytes that are kept, by source and part; what was dropped by source; what a person should know."""

    documents: dict[str, tuple[int, int]]
    bytes: dict[str, tuple[int, int]]
    dropped: dict[str, Drops]
    notes: list[str]

    @property
    def shards(self) -> dict[str, tuple[int, int]]:
        """The number of shards of both parts of each source."""
        return {
            name: (_shards(*pair[0]), _shards(*pair[1]))
            for name in self.documents
            for pair in [list(zip(self.documents[name], self.bytes[name], strict=True))]
        }


def verdict_file(number: int) -> str:
    """Where the verdicts on the documents of a read task are: uint8 [documents], KEPT, HELD_OUT or a reason."""
    return f"verdicts-{number:05}.npy"


def _shards(documents: int, size: int) -> int:
    """As many as hold some SHARD_BYTES each, but not so many that one could come out empty; none of nothing."""
    return min(documents, max(1, min(-(-size // SHARD_BYTES), documents // SHARD_DOCUMENTS)))


def decide_task(recipe: Recipe, reads: tuple[Read, ...]) -> Task:
    """The task of this stage."""
    heldout = {name: recipe.heldout(name) for name in recipe.sources}
    return Task("decide", decide, DecideSpec(reads, recipe.sources, heldout))


def decide(folder: Path, spec: DecideSpec) -> Decided:
    """Write a verdict on every document; the rules are applied in the order that `Source` documents.

    Raises UsageError for a source of which nothing is left to train on or to hold out, and for shares that name a
    language that is not there.
    """
    corpus = Corpus(spec.reads)
    corpus.drop_repeats(corpus.all, lambda read: corpus.keys[read]["text"], keep=1, code=EXACT)
    for threshold in sorted({each.near_duplicates for each in spec.sources.values() if each.near_duplicates}):
        _drop_near(
            corpus, [read for read in corpus.all if spec.sources[corpus.source(read)].near_duplicates == threshold]
        )
    decided = Decided({}, {}, {}, [])
    for name, source in spec.sources.items():
        reads = [read for read in corpus.all if corpus.source(read) == name]
        if source.max_per_group:
            group = lambda read: corpus.keys[read]["group"]  # noqa: E731
            corpus.drop_repeats(reads, group, keep=source.max_per_group, code=FULL)
        decided.notes += drop_over_budget(corpus, reads, name, source)
        for read in reads:
            verdict, heldout = corpus.verdict(read), are_heldout(corpus.keys[read]["group"], spec.heldout[name])
            verdict[(verdict == KEPT) & heldout] = HELD_OUT
        _count(corpus, reads, name, decided)
        _check_parts(name, decided, heldout_share=spec.heldout[name])
    for read in corpus.all:
        np.save(folder / verdict_file(read), corpus.verdict(read))
    return decided


def _drop_near(corpus: Corpus, reads: Sequence[int]) -> None:
    """A document that shares a band with an earlier one is a near duplicate, whether or not that one was kept."""
    bands = {read: np.load(corpus.reads[read].folder / BANDS_FILE, mmap_mode="r") for read in reads}
    for band in range(next(iter(bands.values())).shape[1] if bands else 0):
        corpus.drop_repeats(reads, lambda read, band=band: bands[read][:, band], keep=1, code=NEAR)


def _count(corpus: Corpus, reads: Sequence[int], name: str, decided: Decided) -> None:
    documents, sizes = [0, 0], [0, 0]
    drops = Drops()
    for read in reads:
        verdict, size = corpus.verdict(read), corpus.keys[read]["bytes"]
        for part in (KEPT, HELD_OUT):
            documents[part] += int((verdict == part).sum())
            sizes[part] += int(size[verdict == part].sum(dtype=np.int64))
        for code, reason in REASONS.items():
            here = np.flatnonzero(verdict == code)
            if not len(here):
                continue
            wanted = here[: EXAMPLES - len(drops.examples.get(reason, []))]
            cleaned = corpus.reads[read].cleaned
            for text, origin in read_some(corpus.reads[read].folder, cleaned.group_documents, wanted):
                drops.add(reason, origin, text)
            drops.counts[reason] = drops.counts.get(reason, 0) + len(here) - len(wanted)
    decided.documents[name] = (documents[KEPT], documents[HELD_OUT])
    decided.bytes[name] = (sizes[KEPT], sizes[HELD_OUT])
    decided.dropped[name] = drops


def _check_parts(name: str, decided: Decided, *, heldout_share: float) -> None:
    training, heldout = decided.documents[name]
    if not training + heldout:
        why = ", ".join(f"{reason}: {count:,}" for reason, count in decided.dropped[name].counts.items())
        raise UsageError(
            f"source {name!r} has no documents left{f' ({why})' if why else ''}; add some, or leave it out"
        )
    empty = "to train on" if not training else "to hold out"
    if not training or (heldout_share and not heldout):
        raise UsageError(
            f"source {name!r} has {training + heldout:,} documents, too few: at a held-out share of {heldout_share:g} "
            f"there are none {empty}; add documents, or set its `heldout_share`"
        )
