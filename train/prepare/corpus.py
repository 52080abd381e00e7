"""From a recipe to a folder of sources, stage by stage: clean, decide, tokenizer, encode, pack."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, Shard
from train.prepare.readers.reader import Part
from train.prepare.recipe import Recipe
from train.prepare.stages.cleaning import Cleaned, clean_tasks
from train.prepare.stages.deciding import Decided, decide_task
from train.prepare.stages.dropped import BROKEN, merged
from train.prepare.stages.encoding import Encoded, encode_tasks
from train.prepare.stages.finishing import assemble, documents_digest, manifests_of, remove_leftover
from train.prepare.stages.packing import index_tasks, pack_tasks
from train.prepare.stages.running import Stages, Workers
from train.prepare.stages.sampling import tokenizer_task
from train.prepare.stages.verdicts import Read
from train.prepare.stages.work import Made, Task, work_folder
from train.prepare.tokenizer import read_tokenizer

# Raise it when the same documents would become other rows.
PREPARE_FORMAT = 2
_T = TypeVar("_T")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What rows are to be made, besides what the recipe says."""

    context_tokens: int
    vocab_size: int
    tokenizer: Path | None = None
    """A SentencePiece model to use instead of one that is trained."""


def prepare(
    recipe: Recipe,
    data: Path,
    out: Path,
    wanted: Wanted,
    *,
    workers: contextlib.AbstractContextManager[Workers],
    say: Callable[[str], None] = print,
    stamp: str = "",
) -> list[Manifest]:
    """Make every source of the recipe into a folder under `out`, with its held-out part and the tokenizer beside.

    What is finished is kept in `<out>.unfinished`, so that the same call goes on after any interruption; `out` appears
    when all of it is there, so that a run never reads half of it. The same inputs give the same bytes, whatever the
    workers. `stamp` is kept in `corpus.json`. Raises UsageError if `out` exists or the recipe cannot be carried out.
    """
    # Other machines, and processes of a cluster, have other working directories.
    data = data.absolute()
    work = out.absolute().with_name(f"{out.name}.unfinished")
    if out.exists() or out.is_symlink():
        remove_leftover(work)
        raise UsageError(f"'{out}' exists already; remove it to prepare it again, or name another `--out`")
    parts = {name: [each.parts(data) for each in source.inputs] for name, source in recipe.sources.items()}
    own = wanted.tokenizer or (data / recipe.tokenizer.model if recipe.tokenizer.model else None)
    if own is not None:
        own = own.absolute()
        read_tokenizer(own)
    fingerprint = {"format": PREPARE_FORMAT, "data": data, "sources": list(recipe.sources)}
    # The workers end before the folder is free for others.
    with work_folder(work, fingerprint), workers as running:
        stages = Stages(work, running, say)
        reads = _read(stages, recipe, data, parts)
        [(verdicts, decided)] = stages.run("decide", [decide_task(recipe, reads)], Decided)
        for note in decided.notes:
            say(note)
        task = tokenizer_task(recipe, reads, verdicts, vocab_size=wanted.vocab_size, model=own)
        [(made, _)] = stages.run("tokenizer", [task], int)
        tokenizer = read_tokenizer(made.folder / TOKENIZER_FILE)
        encodes = encode_tasks(recipe, reads, verdicts, tokenizer, decided)
        encoded = _with_specs(encodes, stages.run("encode", encodes, Encoded))
        indices = index_tasks(recipe.sources, [(spec, made) for spec, made, _ in encoded])
        lists = {name: made for name, (made, _) in zip(recipe.sources, stages.run("index", indices, int), strict=True)}
        packs = pack_tasks(lists, tokenizer, decided, context_tokens=wanted.context_tokens)
        packed = _with_specs(packs, stages.run("pack", packs, Shard))
        manifests = manifests_of(reads, decided, encoded, packed)
        record = {
            "prepare_format": PREPARE_FORMAT,
            "recipe": recipe,
            "context_tokens": wanted.context_tokens,
            "vocab_size": tokenizer.vocab_size,
            "tokenizer": tokenizer.sha256,
            "documents": {name: documents_digest(reads, name) for name in recipe.sources},
            "stamp": stamp,
        }
        assemble(out, work, manifests, tokenizer=tokenizer.file, packed=packed, record=record)
        return manifests


def _with_specs(tasks: list[Task], outcomes: list[tuple[Made, _T]]) -> list[tuple[Any, Made, _T]]:
    return [(task.spec, made, result) for task, (made, result) in zip(tasks, outcomes, strict=True)]


def _read(stages: Stages, recipe: Recipe, data: Path, parts: dict[str, list[list[Part]]]) -> tuple[Read, ...]:
    """Read and filter every part of every input; raises UsageError where too much is broken, or nothing is left."""
    tasks = clean_tasks(recipe, data, parts)
    cleaned = _with_specs(tasks, stages.run("clean", tasks, Cleaned))
    reads = tuple(Read(made, spec.source, each) for spec, made, each in cleaned)
    for name in recipe.sources:
        _check_source(name, [read.cleaned for read in reads if read.source == name], broken_share=recipe.broken_share)
    return reads


def _check_source(name: str, cleaned: list[Cleaned], *, broken_share: float) -> None:
    drops = merged(each.dropped for each in cleaned)
    documents, broken = sum(each.documents for each in cleaned), sum(each.broken for each in cleaned)
    if broken > broken_share * (documents + drops.total):
        reason = max((each for each in drops.counts if each.startswith(BROKEN)), key=drops.counts.__getitem__)
        raise UsageError(
            f"{broken:,} of {documents + drops.total:,} records of source {name!r} are broken, more than the share of "
            f"{broken_share:g} that `broken_share` allows ({reason}, such as {drops.examples[reason][0]}); mend the "
            "input, or allow more"
        )
    if not documents:
        why = ", ".join(f"{reason}: {count:,}" for reason, count in drops.counts.items()) or "its inputs are empty"
        raise UsageError(
            f"source {name!r} has no documents left ({why}); change its filters or inputs, or leave it out"
        )
