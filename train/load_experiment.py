"""Read the `experiment` that a Python file declares. This runs the file: give it only files you trust."""

import ast
import importlib.util
import sys
import traceback
from pathlib import Path

from mixsched.errors import UsageError, did_you_mean
from train.experiment import Experiment


def experiment_files(folder: Path) -> list[Path]:
    """The files of a folder that assign `experiment`, sorted by name; none of them is run.

    A file that is not valid Python is among them, so that whoever reads it next says so.
    """
    return [path for path in sorted(folder.glob("*.py")) if _assigns_experiment(path)]


def _assigns_experiment(path: Path) -> bool:
    try:
        statements = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        return True
    targets: list[ast.expr] = []
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets += statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets.append(statement.target)
    return any(isinstance(target, ast.Name) and target.id == "experiment" for target in targets)


def load_experiment(path: Path) -> Experiment:
    """The `experiment` of the file; raises UsageError that names the file, and the line where it raised."""
    if not path.is_file():
        known = [other.stem for other in experiment_files(path.parent)]
        raise UsageError(f"there is no experiment file '{path}'; {did_you_mean(path.stem, known)} (in '{path.parent}')")
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
