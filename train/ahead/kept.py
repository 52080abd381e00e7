"""The predictions that are kept beside the code: what `train --plan` tells, and what may not get worse."""

import re
from pathlib import Path

from mixsched.errors import UsageError
from train.ahead.prediction import StepPrediction, load

FOLDER = Path(__file__).parent / "kept"


def kept_file(scale: str, topology: str) -> Path:
    """Where the prediction for a scale on a slice is kept."""
    return FOLDER / f"{scale}-{topology.replace(':', '-')}.json"


def all_kept() -> list[StepPrediction]:
    """Every prediction that is kept, the paper's scales by their size and then the largest slice first."""
    found = [load(path) for path in FOLDER.glob("*.json")]
    return sorted(found, key=lambda told: (told.parameters, -told.chips))


def kept_prediction(scale: str, topology: str) -> StepPrediction | None:
    """The prediction for a scale on a slice; None where none is kept. Raises UsageError where the name is none."""
    if re.fullmatch(r"\w+:\d+x\d+", topology) is None:
        raise UsageError(f"`--topology` must be a chip and the sides of a slice, as in v5e:16x16, got {topology!r}")
    path = kept_file(scale, topology)
    return load(path) if path.exists() else None
