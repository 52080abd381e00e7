"""Finds the recipe that `--corpus` names: one of this repository, a file, or one that follows from documents."""

import re
from pathlib import Path
from typing import Any

import msgspec

from mixsched.errors import UsageError, did_you_mean
from mixsched.toml import to_toml
from train.prepare.derived import derived_recipe
from train.prepare.recipe import RECIPES, Recipe, read_recipe


def find_recipe(corpus: str) -> tuple[Recipe, Path, str]:
    """A recipe, the folder of its inputs, and a name for what is made from it; raises UsageError if there is none."""
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
    name = re.sub(r"[^\w.-]+", "-", path.resolve().name.split(".")[0]).lstrip("-.") or "corpus"
    recipe, data = derived_recipe(path, name)
    return recipe, data, name


def recipe_text(recipe: Recipe, data: Path) -> str:
    """A recipe as the TOML that reads back as an equal one."""
    value: Any = _without_nulls(msgspec.to_builtins(recipe))
    return to_toml({**value, "data": str(data.absolute())})


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(each) for each in value]
    return value


def _names() -> list[str]:
    return sorted(each.stem for each in RECIPES.glob("*.toml"))
