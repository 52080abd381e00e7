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
    """A recipe as the TOML that reads back as an equal one; what is as it is by default is left out."""
    return to_toml({**_declared(recipe), "data": str(data.absolute())})


def _declared(value: Any) -> Any:
    """Tables of what differs from its default."""
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        fields = {field.name: (getattr(value, field.name), _default(field)) for field in msgspec.structs.fields(value)}
        differing = {name: _declared(own) for name, (own, default) in fields.items() if own != default}
        return {"reader": tag, **differing} if tag else differing
    if isinstance(value, dict):
        return {key: _declared(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_declared(each) for each in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _names() -> list[str]:
    return sorted(each.stem for each in RECIPES.glob("*.toml"))
