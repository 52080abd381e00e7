"""The predictions that are kept beside the code: what `train --plan` tells, and what may not get worse."""

from pathlib import Path

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
    """The prediction for a scale on a slice; None where none is kept."""
    path = kept_file(scale, topology)
    return load(path) if path.exists() else None
