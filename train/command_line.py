"""The command that trains a run, for messages that tell it and for whoever starts runs elsewhere."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from train.scales import Scale, scale_named


def train_command(
    exp: Path, scale: str, settings: Scale, *, seed: int, runs: Path, shards: Path | None, resume: bool = False
) -> list[str]:
    """The words of `python -m train ...` for a run; what has its default is left out."""
    words = ["python", "-m", "train", f"--exp={shortest(exp)}"]
    words += [f"--scale={scale}"] * (scale != "nano")
    words += [f"--seed={seed}"] * (seed != 0)
    words += [f"--runs={runs}"] * (runs != Path("runs"))
    words += [f"--shards={shards}"] * (shards is not None)
    words += _overrides(settings, scale_named(scale), "")
    return words + ["--resume"] * resume


def _overrides(now: Any, default: Any, prefix: str) -> Iterator[str]:
    """An option for each field, of a dataclass or of one in it, that is not what the scale has."""
    for field in dataclasses.fields(now):
        value, usual = getattr(now, field.name), getattr(default, field.name)
        option = prefix + field.name.replace("_", "-")
        if dataclasses.is_dataclass(value):
            yield from _overrides(value, usual, f"{option}.")
        elif value != usual and isinstance(value, bool):
            yield f"--{prefix}{'' if value else 'no-'}{field.name.replace('_', '-')}"
        elif value != usual:
            yield f"--{option}={value}"


def shortest(path: Path) -> Path:
    """A path as a person types it, where the commands are given from the checkout."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
