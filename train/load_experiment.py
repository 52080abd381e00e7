"""Read the `experiment` that a Python file declares. This runs the file: give it only files you trust."""

import importlib.util
import sys
import traceback
from pathlib import Path

from mixsched.errors import UsageError
from train.experiment import Experiment


def load_experiment(path: Path) -> Experiment:
    """The `experiment` of the file; raises UsageError that names the file, and the line where it raised."""
    if not path.is_file():
        near = sorted(str(other) for other in Path("experiments").glob("*.py") if other.stem[0] != "_")
        raise UsageError(f"there is no experiment file '{path}'; those here: {', '.join(near) or 'none'}")
    if path.suffix != ".py":
        raise UsageError(f"`--exp` must be a Python file that defines `experiment`, got '{path}'")
    # Absolute, as the frames of a traceback name it.
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(f"experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up there.
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"'{path}' {_where(error, path)}{type(error).__name__}: {error}") from error
    experiment = getattr(module, "experiment", None)
    if not isinstance(experiment, Experiment):
        found = "nothing of that name" if experiment is None else f"a {type(experiment).__name__}"
        raise UsageError(
            f"'{path}' must define `experiment = Experiment(stages=...)` (from train.experiment), it defines {found}"
        )
    return experiment


def _where(error: BaseException, path: Path) -> str:
    """The deepest line of the user's own file that led to the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"is not valid Python at line {error.lineno}: "
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"raised at line {lines[-1]}: " if lines else "raised: "
