"""Keeps each language of a source within its share, and the source within its budget, by a hash of the text."""

from collections.abc import Sequence

import numpy as np

from mixsched.errors import UsageError
from mixsched.permutation import mix64
from train.prepare.recipe import OTHERS, Source
from train.prepare.stages.cuts import PLACES, places
from train.prepare.stages.verdicts import BUDGET, KEPT, SHARE, Corpus


def drop_over_budget(corpus: Corpus, reads: Sequence[int], name: str, source: Source) -> list[str]:
    """Keep each language within its share and all within the budget; returns what a person should know of it."""
    if source.shares is None and source.max_bytes is None:
        return []
    shares = {label: share / 100 for label, share in (source.shares or {OTHERS: 100.0}).items()}
    labels = list(shares)
    sizes = np.zeros((len(labels), PLACES))
    for read in reads:
        label, place = _labels(corpus, read, labels), _places(corpus, read)
        fits = (corpus.verdict(read) == KEPT) & (label >= 0)
        np.add.at(sizes, (label[fits], place[fits]), corpus.keys(read)["bytes"][fits])
    found = sizes.sum(axis=1)
    if source.shares is None and not found.any():
        return []
    missing = [label for label, size in zip(labels, found, strict=True) if not size]
    if missing:
        raise UsageError(
            f"source {name!r} has no documents of {', '.join(missing)}, of which its `shares` ask for some; take "
            f"{'it' if len(missing) == 1 else 'them'} out of `shares`, or add inputs that hold some"
        )
    totals = found / np.array(list(shares.values()))
    total = min(totals.min(), source.max_bytes or np.inf)
    ends = [
        # Rounding must not cost the scarcest language its last document.
        int(np.searchsorted(np.cumsum(size), total * share * (1 + 1e-12), side="right"))
        for size, share in zip(sizes, shares.values(), strict=True)
    ]
    code = SHARE if source.shares else BUDGET
    for read in reads:
        label, verdict = _labels(corpus, read, labels), corpus.verdict(read)
        over = (label < 0) | (_places(corpus, read) >= np.array(ends)[label])
        verdict[(verdict == KEPT) & over] = code
    if source.shares is None or total == source.max_bytes:
        return []
    scarce = labels[int(np.argmin(totals))]
    limit = f"its share limits the source to {total:,.0f} of {found.sum():,.0f} bytes"
    return [f"{name}: there is so little {scarce} that {limit}"]


def _labels(corpus: Corpus, read: int, labels: Sequence[str]) -> np.ndarray:
    """The number of the label of each document's language, -1 where no share is asked for it."""
    others = labels.index(OTHERS) if OTHERS in labels else -1
    languages = corpus.reads[read].cleaned.languages
    numbers = np.array([labels.index(each) if each in labels else others for each in languages] or [others])
    return numbers[corpus.keys(read)["language"]]


def _places(corpus: Corpus, read: int) -> np.ndarray:
    """Where the hash that chooses puts each document; it is not the one that orders, or late shards would be empty."""
    return places(mix64(np.asarray(corpus.keys(read)["order"])))
