"""The stage between: a tokenizer from a sample of the documents to train on, or someone else's model."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from mixsched.shards import TOKENIZER_FILE
from train.prepare.hashing import file_sha256, hash64
from train.prepare.recipe import Recipe
from train.prepare.stages.arrays import mapped
from train.prepare.stages.cleaning import KEYS, KEYS_FILE
from train.prepare.stages.deciding import verdict_file
from train.prepare.stages.documents import read_some
from train.prepare.stages.verdicts import KEPT, Read
from train.prepare.stages.work import Made, Task
from train.prepare.tokenizer import load_tokenizer, train_tokenizer

# A sample is drawn from reads that hold this many times its bytes: of a large corpus not all need be read again.
_POOL = 16


class TokenizerSpec(msgspec.Struct, frozen=True):
    """Where the documents are, and what tokenizer is wanted of them."""

    reads: tuple[Read, ...]
    decided: Made
    weights: dict[str, float]
    sample_bytes: int
    vocab_size: int
    model: Path | None
    model_sha256: str | None


def tokenizer_task(
    recipe: Recipe, reads: tuple[Read, ...], decided: Made, *, vocab_size: int, model: Path | None
) -> Task:
    """The task of this stage."""
    choice = recipe.tokenizer
    spec = TokenizerSpec(
        reads=reads,
        decided=decided,
        weights=choice.weights,
        sample_bytes=choice.sample_bytes,
        vocab_size=vocab_size,
        model=model,
        model_sha256=file_sha256(model) if model else None,
    )
    return Task("tokenizer", make_tokenizer, spec)


def make_tokenizer(folder: Path, spec: TokenizerSpec) -> int:
    """Write the tokenizer's model file; returns its number of words."""
    path = folder / TOKENIZER_FILE
    if spec.model is not None:
        shutil.copyfile(spec.model, path)
    else:
        path.write_bytes(train_tokenizer(sample(spec), vocab_size=spec.vocab_size))
    return load_tokenizer(path if spec.model is None else spec.model).vocab_size()


def sample(spec: TokenizerSpec) -> Iterator[str]:
    """Texts of each source in proportion to its weight, in an order without pattern; no document is held out."""
    sources = sorted({read.source for read in spec.reads})
    weights = {source: spec.weights.get(source, 1.0) for source in sources}
    for source in sources:
        budget = int(spec.sample_bytes * weights[source] / sum(weights.values()))
        numbers = [number for number, read in enumerate(spec.reads) if read.source == source]
        numbers.sort(key=lambda number: hash64("sample", spec.reads[number].folder.name.encode()))
        yield from _first_texts(spec, numbers, budget)


def _first_texts(spec: TokenizerSpec, numbers: Sequence[int], budget: int) -> Iterator[str]:
    """The documents with the smallest hashes, up to the one that fills the budget."""
    orders, sizes, owners, rows, pool = [], [], [], [], 0
    for number in numbers:
        read = spec.reads[number]
        keys = mapped(read.folder / KEYS_FILE, KEYS)
        kept = np.flatnonzero(mapped(spec.decided.folder / verdict_file(read), np.uint8) == KEPT)
        orders.append(keys["order"][kept])
        sizes.append(keys["bytes"][kept].astype(np.int64))
        owners.append(np.full(len(kept), number))
        rows.append(kept)
        pool += int(sizes[-1].sum())
        if pool > _POOL * budget:
            break
    order, size, owner, row = map(np.concatenate, (orders, sizes, owners, rows))
    by_hash = np.argsort(order, kind="stable")
    before = np.concatenate([[0], np.cumsum(size[by_hash])[:-1]])[: len(by_hash)]
    chosen = by_hash[before < budget]
    texts: dict[int, str] = {}
    for number in np.unique(owner[chosen]).tolist():
        mine = chosen[owner[chosen] == number]
        mine = mine[np.argsort(row[mine])]
        read = spec.reads[number]
        found = read_some(read.folder, read.cleaned.group_documents, row[mine])
        texts.update((place, text) for place, (text, _) in zip(mine.tolist(), found, strict=True))
    yield from (texts[each] for each in chosen.tolist())
