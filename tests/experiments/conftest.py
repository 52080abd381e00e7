"""What tests of grids share: the options that make a scale tiny."""

from collections.abc import Callable
from pathlib import Path

import pytest
from grids import Grid


@pytest.fixture(scope="session")
def tiny_grid(tiny_arguments: Callable[[Path], list[str]]) -> Callable[..., Grid]:
    """Makes a grid in a folder: 32 steps stand for 200B tokens, unless `steps` says otherwise, and for one seed."""

    def make(folder: Path, *, steps: int = 32, seeds: int = 1) -> Grid:
        options = [option for option in tiny_arguments(folder / "runs") if not option.startswith("--exp=")]
        [ratio] = [option for option in options if option.startswith("--paper-tokens-per-token=")]
        tokens = -(-int(ratio.partition("=")[2]) * 32 // steps)
        options = [option for option in options if option != ratio]
        return Grid(folder, (*options, f"--paper-tokens-per-token={tokens}", f"--seeds={seeds}"))

    return make
