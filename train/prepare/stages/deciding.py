"""The second stage: decides over all documents at once which are kept, by keys alone, never by texts.

Memory grows by one byte a document of the corpus and a bounded window: each rule is applied to one range of hashes
after the other.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from mixsched.errors import UsageError
from train.prepare.filters.near import bands_for
from train.prepare.recipe import Recipe, Source
from train.prepare.split import are_heldout
from train.prepare.stages.arrays import mapped
from train.prepare.stages.budgets import drop_over_budget
from train.prepare.stages.cleaning import BANDS_FILE
from train.prepare.stages.cuts import PLACES, places, shard_starts
from train.prepare.stages.documents import read_some
from train.prepare.stages.dropped import EXAMPLES, Drops
from train.prepare.stages.verdicts import EXACT, FULL, HELD_OUT, KEPT, NEAR, REASONS, Corpus, Read
from train.prepare.stages.work import Task


class DecideSpec(msgspec.Struct, frozen=True):
    """All that was read, in the order of precedence, and the rules of each source."""

    reads: tuple[Read, ...]
    sources: dict[str, Source]
    heldout: dict[str, float]


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a part of a source: documents, their UTF-8 bytes, and where the shards after the first begin."""

    documents: int
    bytes: int
    starts: tuple[int, ...]

    @property
    def shards(self) -> int:
        """How many shards it makes."""
        return len(self.starts) + 1 if self.documents else 0


class Decided(msgspec.Struct):
    """What is kept, by source and part; what was dropped by source; what a person should know.

    `verdicts` is the SHA-256 of each read's file of verdicts.
    """

    kept: dict[str, tuple[Kept, Kept]]
    dropped: dict[str, Drops]
    notes: list[str]
    verdicts: list[str]


def verdict_file(read: Read) -> str:
    """Where the verdicts on a read's documents are: uint8 [documents], KEPT, HELD_OUT or a reason."""
    return f"{read.folder.name}.verdicts"


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
    corpus.drop_repeats(corpus.all, lambda read: corpus.keys(read)["text"], keep=1, code=EXACT)
    for threshold in sorted({each.near_duplicates for each in spec.sources.values() if each.near_duplicates}):
        alike = [name for name, source in spec.sources.items() if source.near_duplicates == threshold]
        reads = [read for read in corpus.all if corpus.source(read) in alike]
        _drop_near(corpus, reads, bands=bands_for(threshold)[0])
    decided = Decided({}, {}, [], [])
    for name, source in spec.sources.items():
        reads = [read for read in corpus.all if corpus.source(read) == name]
        if source.max_per_group:
            group = lambda read: corpus.keys(read)["group"]  # noqa: E731
            corpus.drop_repeats(reads, group, keep=source.max_per_group, code=FULL)
        decided.notes += drop_over_budget(corpus, reads, name, source)
        for read in reads:
            verdict, heldout = corpus.verdict(read), are_heldout(corpus.keys(read)["group"], spec.heldout[name])
            verdict[(verdict == KEPT) & heldout] = HELD_OUT
        decided.kept[name] = (_kept(corpus, reads, KEPT), _kept(corpus, reads, HELD_OUT))
        decided.dropped[name] = _drops(corpus, reads)
        _check_parts(name, decided, heldout_share=spec.heldout[name])
    for read in corpus.all:
        verdicts = corpus.verdict(read).tobytes()
        (folder / verdict_file(corpus.reads[read])).write_bytes(verdicts)
        decided.verdicts.append(hashlib.sha256(verdicts).hexdigest())
    return decided


def _drop_near(corpus: Corpus, reads: Sequence[int], *, bands: int) -> None:
    """A document that shares a band with an earlier one is a near duplicate, whether or not that one was kept."""
    for band in range(bands):

        def keys(read: int, band: int = band) -> np.ndarray:
            return mapped(corpus.reads[read].folder / BANDS_FILE, np.uint64).reshape(-1, bands)[:, band]

        corpus.drop_repeats(reads, keys, keep=1, code=NEAR)


def _kept(corpus: Corpus, reads: Sequence[int], part: int) -> Kept:
    documents, sizes = 0, np.zeros(PLACES)
    for read in reads:
        keys = corpus.keys(read)[corpus.verdict(read) == part]
        documents += len(keys)
        np.add.at(sizes, places(keys["order"]), keys["bytes"])
    return Kept(documents, int(sizes.sum()), tuple(shard_starts(sizes)))


def _drops(corpus: Corpus, reads: Sequence[int]) -> Drops:
    drops = Drops()
    for read in reads:
        for code, reason in REASONS.items():
            here = np.flatnonzero(corpus.verdict(read) == code)
            if not len(here):
                continue
            wanted = here[: EXAMPLES - len(drops.examples.get(reason, []))]
            cleaned = corpus.reads[read].cleaned
            for text, origin in read_some(corpus.reads[read].folder, cleaned.group_documents, wanted):
                drops.add(reason, origin, text)
            drops.counts[reason] = drops.counts.get(reason, 0) + len(here) - len(wanted)
    return drops


def _check_parts(name: str, decided: Decided, *, heldout_share: float) -> None:
    training, heldout = (part.documents for part in decided.kept[name])
    if not training + heldout:
        why = ", ".join(f"{reason}: {count:,}" for reason, count in decided.dropped[name].counts.items())
        raise UsageError(
            f"source {name!r} has no documents left{f' ({why})' if why else ''}; add some, or leave it out"
        )
    empty = "to train on" if not training else "to hold out"
    if not training or (heldout_share and not heldout):
        many = training + heldout
        raise UsageError(
            f"source {name!r} has {many:,} document{'s' * (many != 1)}, too few: at a held-out share of "
            f"{heldout_share:g} there are none {empty}; add documents, or set its `heldout_share` (0 holds out none)"
        )
