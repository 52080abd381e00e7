"""`python -m train.prepare`: documents in, tokenizer, shards and manifests out."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import contextlib
import dataclasses
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from mixsched import cli
from mixsched.errors import UsageError
from train.scales import prepared_shards

if TYPE_CHECKING:
    from train.prepare.corpus import Wanted
    from train.prepare.recipe import Recipe

# What experiments/code25.py mixes.
_CODE25_SOURCES = {"text", "web_code", "markup"}


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
    """A SentencePiece .model to use (or a prepared folder that holds one), instead of one trained on the corpus."""
    heldout_share: float | None = None
    """Share of the documents to hold out, instead of the recipe's; a source's own in the recipe comes first."""
    broken_share: float | None = None
    """Share of a source's records that may be broken, instead of the recipe's."""
    workers: int = os.cpu_count() or 1
    """Processes."""
    on: Literal["local", "ray"] = "local"
    """Where they run: on this machine, or on a Ray cluster whose machines see the same folders."""
    ray_address: str | None = None
    """A Ray cluster that runs already ("auto", "ray://host:10001"). Default: one on this machine, for this command."""
    show_recipe: bool = False
    """Print the recipe (that of a folder can be the start of your own) and stop. What it takes goes to stderr."""
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
    from train.prepare.finding import data_folder, find_recipe
    from train.prepare.recipe import bundled_recipe
    from train.prepare.written import recipe_text

    stream = sys.stderr if arguments.show_recipe else sys.stdout
    recipe, data, name = find_recipe(
        arguments.corpus, heldout_share=arguments.heldout_share, say=lambda line: print(line, file=stream, flush=True)
    )
    recipe = _with_shares(recipe, arguments)
    if arguments.show_recipe:
        print(recipe_text(recipe, arguments.data or data), end="")
        return
    data = data_folder(data, name, given=arguments.data)
    _prepare(recipe, data, name, arguments, stamp=bundled_recipe()[2] if name == "bundled" else "")


def _look(shards: Path, arguments: Arguments) -> None:
    from train.prepare.check import check
    from train.prepare.peek import peek

    if arguments.peek is None:
        check(shards)
    else:
        peek(shards, arguments.peek, rows=arguments.rows, seed=arguments.seed)


def _with_shares(recipe: "Recipe", arguments: Arguments) -> "Recipe":
    """The recipe with the shares that the command line gives."""
    import msgspec

    for name in ("heldout_share", "broken_share"):
        share = getattr(arguments, name)
        if share is not None:
            if not 0 <= share < 1:
                raise UsageError(f"`--{name.replace('_', '-')}` must lie in 0..1, 1 excluded, got {share}")
            recipe = msgspec.structs.replace(recipe, **{name: share})
    return recipe


def _prepare(recipe: "Recipe", data: Path, name: str, arguments: Arguments, *, stamp: str) -> None:
    from train.prepare.corpus import prepare
    from train.prepare.found import counted
    from train.prepare.settings import wanted_rows

    wanted = wanted_rows(
        recipe,
        data,
        scale=arguments.scale,
        vocab_size=arguments.vocab_size,
        context_tokens=arguments.context_tokens,
        tokenizer=arguments.tokenizer,
    )
    out = arguments.out or prepared_shards(name, vocab_size=wanted.vocab_size, context_tokens=wanted.context_tokens)
    try:
        manifests = prepare(recipe, data, out, wanted, workers=_workers(arguments), stamp=stamp)
    except (KeyboardInterrupt, SystemExit):
        # The second is how `cli.run` has SIGTERM end a command.
        print("what was finished is kept: give the same command again to go on", file=sys.stderr)
        raise
    for each in manifests:
        rows, documents = counted(each.rows, "row"), counted(each.documents, "document")
        print(f"{each.source} ({each.part}): {rows} of {documents}")
    print(f"prepared '{out}'; look at it: python -m train.prepare --check {shlex.quote(str(out))}")
    print(_how_to_train(recipe.sources, out, wanted))


def _how_to_train(sources: Iterable[str], out: Path, wanted: "Wanted") -> str:
    options = (
        f"--shards {shlex.quote(str(out))} --model.vocab-size {wanted.vocab_size} "
        f"--model.context-tokens {wanted.context_tokens}"
    )
    if set(sources) >= _CODE25_SOURCES:
        return f"train on it: python -m train --exp experiments/code25.py {options}"
    return (
        f"train on it: python -m train --exp YOURS.py {options}, where YOURS.py is an experiment (see README.md) whose "
        f"mix names {', '.join(sources)}"
    )


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
