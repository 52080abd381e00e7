"""Finds documents that hold a piece of an evaluation's items, so that no model is tested on what it read."""

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from mixsched.errors import UsageError
from train.prepare.filters.hashset import HashSet, hash_set
from train.prepare.filters.items import evaluation_items
from train.prepare.filters.words import Hashes, folded_word_hashes, run_hashes

# The least that GPT-3's appendix C takes for a match, however short a benchmark's items are.
_SHORTEST_WORDS = 8
_FEWEST_WORDS = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Benchmarks:
    """The runs of words of all items, as 64-bit hashes; quick to pickle. Made by `Decontaminate.read`.

    Words are cut at white space, put in small letters and stripped of all that is no letter or digit, and one run of
    `words` of them is an overlap (GPT-3, arXiv 2005.14165, appendix C). An item of fewer words is one run as a whole,
    if it has 8 (or `words`, if that is less); one that is shorter still is not looked for: our choice.
    """

    words: int
    runs: HashSet
    names: tuple[str, ...]
    places: NDArray[np.int32]
    """Of each of `runs`: the index in `names` of the first item that has it."""
    beginnings: HashSet
    """Of the items that are one run as a whole: their first words, of which every text is asked before the rest."""
    short_lengths: tuple[int, ...]
    """Their lengths in words."""
    too_short: int
    """Items that are not looked for."""

    def contaminated(self, text: str) -> str | None:
        """The name of an item whose words the text holds, "HumanEval.jsonl.gz:3" with its line; None if it is clean.

        Runs of `words` words are looked for first, then items that are shorter as a whole.
        """
        words = folded_word_hashes(text)
        shortest = _shortest(self.words)
        may_hold_short = False
        for length, runs in run_hashes(words, {shortest, self.words}):
            if length == shortest:
                may_hold_short = self.beginnings.first(runs) is not None
            if length == self.words and (name := self._named(runs)):
                return name
        lengths = self.short_lengths if may_hold_short else ()
        return next(filter(None, (self._named(runs) for _, runs in run_hashes(words, lengths))), None)

    def _named(self, runs: Hashes) -> str | None:
        place = self.runs.first(runs)
        return None if place is None else self.names[self.places[place]]


class Decontaminate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items no document may hold; raises ValueError for a setting out of its range."""

    files: tuple[str, ...]
    """Patterns of files, from the data's folder on: .jsonl, .jsonl.gz or .txt."""
    words: int = 13
    """Length of a run of words that counts: 13 for GPT-3 (arXiv 2005.14165, appendix C), 8 for PaLM (2204.02311)."""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("`files` must name at least one file of evaluation items")
        if self.words < _FEWEST_WORDS:
            raise ValueError(
                f"`words` must be {_FEWEST_WORDS} or more, as shorter runs are in many texts, got {self.words}"
            )

    def read(self, folder: Path) -> Benchmarks:
        """The items of all files under `folder` that the patterns name.

        Raises UsageError where a pattern matches no file, a file cannot be read, or no item is long enough.
        """
        named = list(evaluation_items(folder, self.files))
        items = [(name, folded_word_hashes(text)) for name, text in named]
        items = [(name, words) for name, words in items if len(words) >= _shortest(self.words)]
        if not items:
            raise UsageError(
                f"`files` must hold items of {_shortest(self.words)} words or more, found none in {list(self.files)}"
            )
        return _benchmarks(items, self.words, too_short=len(named) - len(items))


def _shortest(words: int) -> int:
    return min(_SHORTEST_WORDS, words)


def _benchmarks(items: list[tuple[str, Hashes]], words: int, *, too_short: int) -> Benchmarks:
    runs = [_run(hashes, min(words, len(hashes))) for _, hashes in items]
    short = [hashes for _, hashes in items if len(hashes) < words]
    # `first` is the place of the first of equal runs.
    hashes, first = np.unique(np.concatenate(runs), return_index=True)
    owners = np.repeat(np.arange(len(items), dtype=np.int32), [len(each) for each in runs])
    beginnings = [_run(each[: _shortest(words)], _shortest(words)) for each in short]
    return Benchmarks(
        words=words,
        runs=hash_set(hashes),
        names=tuple(name for name, _ in items),
        places=owners[first],
        beginnings=hash_set(np.unique(np.concatenate([np.zeros(0, np.uint64), *beginnings]))),
        short_lengths=tuple(sorted({len(each) for each in short})),
        too_short=too_short,
    )


def _run(words: Hashes, length: int) -> Hashes:
    [(_, runs)] = run_hashes(words, (length,))
    return runs
