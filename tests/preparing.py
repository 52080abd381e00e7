"""Prepares small corpora for tests, by the functions that the command calls."""

from pathlib import Path

from train.prepare.corpus import Wanted, prepare
from train.prepare.finding import find_recipe
from train.prepare.recipe import Recipe, parse_recipe
from train.prepare.workers.local import LocalWorkers

# What texts are drawn from where only their words matter.
WORDS = [f"w{number:04}" for number in range(5_000)]


def prepared(corpus: Path | str, out: Path, **settings) -> Path:
    """The folder of a corpus (a recipe's file, a folder or a file of documents) that was prepared for 32 tokens."""
    recipe, data, _ = find_recipe(str(corpus))
    return prepared_recipe(recipe, data, out, **settings)


def prepared_recipe(
    recipe: Recipe | dict,
    data: Path,
    out: Path,
    *,
    vocab_size: int = 640,
    context_tokens: int = 32,
    tokenizer: Path | None = None,
    workers: int = 1,
) -> Path:
    """The same for a recipe, which may be given as the tables of its file."""
    if isinstance(recipe, dict):
        recipe = parse_recipe(recipe, where="the recipe")
    wanted = Wanted(context_tokens=context_tokens, vocab_size=vocab_size, tokenizer=tokenizer)
    prepare(recipe, data, out, wanted, workers=LocalWorkers(workers), say=lambda _: None)
    return out


def same_files(one: Path, other: Path) -> None:
    """Fail unless two folders hold the same files, byte for byte."""
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    assert names == {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    for name in sorted(names):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
