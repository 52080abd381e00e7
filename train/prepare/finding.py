"""Finds the recipe that `--corpus` names: one of this repository, a file, or one that follows from documents."""

import re
from collections.abc import Callable
from pathlib import Path

from mixsched.errors import UsageError, did_you_mean
from train.prepare.derived import derived_recipe
from train.prepare.recipe import RECIPES, Recipe, read_recipe

_NAME = 60


def _nothing(line: str) -> None:
    pass


def find_recipe(
    corpus: str, *, heldout_share: float | None = None, say: Callable[[str], None] = _nothing
) -> tuple[Recipe, Path, str]:
    """A recipe, the folder of its inputs, and a name for what is made from it; raises UsageError if there is none.

    Where it follows from documents, `say` is told what it takes and what it leaves out, and sources that are too small
    for a held-out part get none, unless a `heldout_share` is asked for.
    """
    path = Path(corpus).expanduser()
    named = RECIPES / f"{corpus}.toml"
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError(f"there is no recipe '{path}'; name a .toml file, or one of {', '.join(_names())}")
        return *read_recipe(path), path.stem
    if named.is_file():
        return *read_recipe(named), corpus
    if not path.exists():
        raise UsageError(f"there is no recipe, folder or file {corpus!r}; {did_you_mean(corpus, _names())}")
    # It becomes the name of a source, and part of a folder's.
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.resolve().name.split(".")[0]).lstrip("-_")[:_NAME] or "corpus"
    recipe, data, lines = derived_recipe(path, name, heldout_share=heldout_share)
    for line in lines:
        say(line)
    return recipe, data, name


def data_folder(data: Path, name: str, *, given: Path | None) -> Path:
    """The folder of a recipe's inputs, or the one that is given instead; raises UsageError if it is not there."""
    if given is not None:
        if not given.expanduser().is_dir():
            raise UsageError(f"`--data`: there is no folder '{given}'; name the folder of the recipe's inputs")
        return given.expanduser()
    if not data.is_dir():
        remedy = "run `make desk`, which gathers it" if name == "desk" else "put the data there, or name `--data`"
        raise UsageError(f"there is no folder '{data}', where the recipe has its inputs; {remedy}")
    return data


def _names() -> list[str]:
    return sorted(each.stem for each in RECIPES.glob("*.toml"))
