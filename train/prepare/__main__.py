"""`python -m train.prepare`: documents in, tokenizer, shards and manifests out."""

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from mixsched import cli
from mixsched.errors import UsageError
from train.scales import prepared_shards, scale_named

if TYPE_CHECKING:
    from train.prepare.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Make documents into shards of packed token rows, each source with a held-out part.

    python -m train.prepare                                   # the bundled corpus for `train --scale nano`

    python -m train.prepare --corpus ~/my-project             # a folder of code, texts, notebooks, JSONL or Parquet

    python -m train.prepare --corpus mine.toml --workers 8    # a recipe

    python -m train.prepare --check shards/mine-v2048-c128    # is it whole, and what is in it?

    python -m train.prepare --check shards/mine-v2048-c128 --peek web_code

    What is finished is kept when a preparation is interrupted: give the same command again.
    """

    corpus: str = "bundled"
    """A recipe (bundled, desk, paper, or a .toml file), or a folder or file of documents."""
    data: Path | None = None
    """Folder of the recipe's inputs, instead of the one that the recipe names."""
    out: Path | None = None
    """Folder to make. Default: shards/<corpus>-v<vocabulary>-c<context>."""
    scale: str | None = None
    """Take vocabulary and context from this scale: nano (the default), micro, 470m or 2.8b."""
    vocab_size: int | None = None
    """Words of the tokenizer, instead of the scale's or the recipe's."""
    context_tokens: int | None = None
    """Tokens that a row trains on, instead of the scale's."""
    tokenizer: Path | None = None
    """A SentencePiece .model to use, instead of one that is trained on the corpus."""
    workers: int = os.cpu_count() or 1
    """Processes."""
    on: Literal["local", "ray"] = "local"
    """Where they run: on this machine, or on a Ray cluster whose machines see the same folders."""
    ray_address: str | None = None
    """A Ray cluster that runs already ("auto", "ray://host:10001"). Default: one on this machine, for this command."""
    show_recipe: bool = False
    """Print the recipe (that of a folder can be the start of your own) and stop."""
    check: Path | None = None
    """Verify every shard in a prepared folder against its manifest, and print a table; nothing is made."""
    peek: str | None = None
    """Print some rows of this source of the `--check` folder, decoded."""
    rows: int = 3
    """How many rows `--peek` prints."""
    seed: int = 0
    """Which rows `--peek` prints."""


def main() -> None:
    """Parse and call."""
    arguments = tyro.cli(Arguments, prog="python -m train.prepare")
    if arguments.check is not None:
        _look(arguments.check, arguments)
        return
    if arguments.peek is not None:
        raise UsageError("`--peek` needs `--check`: name the prepared folder whose rows to print")
    # What reads documents is imported when there is work, so that --help answers at once.
    from train.prepare.finding import find_recipe, recipe_text
    from train.prepare.recipe import bundled_recipe

    recipe, data, name = find_recipe(arguments.corpus)
    if arguments.show_recipe:
        print(recipe_text(recipe, arguments.data or data), end="")
        return
    _prepare(recipe, arguments.data or data, name, arguments, stamp=bundled_recipe()[2] if name == "bundled" else "")


def _look(shards: Path, arguments: Arguments) -> None:
    from train.prepare.check import check
    from train.prepare.peek import peek

    if arguments.peek is None:
        check(shards)
    else:
        peek(shards, arguments.peek, rows=arguments.rows, seed=arguments.seed)


def _prepare(recipe: "Recipe", data: Path, name: str, arguments: Arguments, *, stamp: str) -> None:
    from train.prepare.corpus import Wanted, prepare
    from train.prepare.tokenizer import load_tokenizer

    for option, value in (("vocab-size", arguments.vocab_size), ("context-tokens", arguments.context_tokens)):
        if value is not None and value < 1:
            raise UsageError(f"`--{option}` must be at least 1, got {value}")
    model = scale_named(arguments.scale or "nano").model
    recipe_vocab = None if arguments.scale else recipe.tokenizer.vocab_size
    vocab_size = arguments.vocab_size or recipe_vocab or model.vocab_size
    own = arguments.tokenizer
    if own is not None:
        words = load_tokenizer(own).vocab_size()
        if arguments.vocab_size not in (None, words):
            raise UsageError(
                f"`--tokenizer` '{own}' has {words:,} words, not {arguments.vocab_size:,}; leave out `--vocab-size`"
            )
        vocab_size = words
    context_tokens = arguments.context_tokens or model.context_tokens
    wanted = Wanted(context_tokens=context_tokens, vocab_size=vocab_size, tokenizer=own)
    out = arguments.out or prepared_shards(name, vocab_size=vocab_size, context_tokens=context_tokens)
    with _workers(arguments) as workers:
        manifests = prepare(recipe, data, out, wanted, workers=workers, stamp=stamp)
    for each in manifests:
        print(f"{each.source} ({each.part}): {each.rows:,} rows of {each.documents:,} documents")
    print(f"prepared '{out}'; look at it: python -m train.prepare --check {out}")


def _workers(arguments: Arguments) -> contextlib.AbstractContextManager:
    if arguments.on == "ray":
        from train.prepare.workers.cluster import RayWorkers

        return RayWorkers(arguments.ray_address, workers=arguments.workers)
    if arguments.ray_address is not None:
        raise UsageError("`--ray-address` needs `--on ray`")
    if arguments.workers < 1:
        raise UsageError(f"`--workers` must be at least 1, got {arguments.workers}")
    from train.prepare.workers.local import LocalWorkers

    return LocalWorkers(arguments.workers)


if __name__ == "__main__":
    cli.run(main)
