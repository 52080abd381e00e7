"""What lies in a run's folder, for all who read it: names of files, the configuration, the plan."""

import contextlib
import dataclasses
import fcntl
from collections.abc import Iterator
from pathlib import Path

import mixsched
from mixsched.errors import UsageError
from mixsched.typed import read_json, typed
from model.config import ModelConfig


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """A run's folder: `config.json`, `plan.json`, `metrics.jsonl`, `results.jsonl` and `checkpoints/`; once it was
    evaluated `evaluations/`, and `judgements/`.
    """

    path: Path

    @property
    def config(self) -> Path:
        """What the run was started with."""
        return self.path / "config.json"

    @property
    def plan(self) -> Path:
        """Its plan, from which every batch follows."""
        return self.path / "plan.json"

    @property
    def metrics(self) -> Path:
        """One line a logging step."""
        return self.path / "metrics.jsonl"

    @property
    def results(self) -> Path:
        """One line a measurement."""
        return self.path / "results.jsonl"

    @property
    def incidents(self) -> Path:
        """Steps whose numbers were out of the ordinary, one a line, with their rows; only where there were such."""
        return self.path / "incidents.jsonl"

    @property
    def online(self) -> Path:
        """What an algorithm that sets weights was told, one line a step; only where there is one."""
        return self.path / "online.jsonl"

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint, named by the steps done."""
        return self.path / "checkpoints"

    @property
    def profile(self) -> Path:
        """Traces by JAX's profiler, where they were asked for."""
        return self.path / "profile"

    @property
    def evaluations(self) -> Path:
        """Answers to tasks, one folder a checkpoint."""
        return self.path / "evaluations"

    @property
    def judgements(self) -> Path:
        """What judges said of its answers, one folder a checkpoint."""
        return self.path / "judgements"


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What a run was started with, as config.json holds it.

    `settings` is its scale after overrides; `tokenizer` and `data` (by source) are SHA-256 fingerprints of what it is
    trained on, and `shards` is where that was found. `starts_from` is the run whose last checkpoint it began
    from, empty if it began from none. What stands below is as it is since the last of the `changes`, and empty in
    runs from before it was written down:

    - `libraries`, `commit`: what trains it (`eval.versions`).
    - `devices`: their kind and number, and how a step is laid over them.
    - `numbers`: how it watches its numbers (`train.numbers.NumberOptions`).
    - `adaptive`: the settings of the algorithm that sets its weights, empty where there is none; None: not known.
    - `changes`: what it was continued with that differed, each with the `steps_done` until then, the sentences
        `changed`, and whether they were let through by name (`accepted`).
    """

    run: str
    experiment: str
    scale: str
    seed: int
    shards: str
    tokenizer: str
    data: dict[str, str]
    settings: dict
    starts_from: str = ""
    libraries: dict[str, str] = dataclasses.field(default_factory=dict)
    commit: str = ""
    devices: dict = dataclasses.field(default_factory=dict)
    numbers: dict = dataclasses.field(default_factory=dict)
    adaptive: dict | None = None
    changes: list[dict] = dataclasses.field(default_factory=list)

    @property
    def model(self) -> ModelConfig:
        """The model's configuration."""
        return typed(ModelConfig, self.settings["model"])

    @property
    def batch_size(self) -> int:
        """Samples a step."""
        return self.settings["batch_size"]


class BeingWrittenError(UsageError):
    """Another process holds a run's lock."""


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold the run's lock; raises BeingWrittenError if another process holds it. It goes with the process."""
    folder.path.mkdir(parents=True, exist_ok=True)
    with (folder.path / "lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BeingWrittenError(
                f"another process is writing '{folder.path}'; wait until it has ended (a new run can take another "
                "`--seed` or `--runs`)"
            ) from None
        yield


def read_config(folder: RunFolder) -> RunConfig:
    """The configuration of a run; raises UsageError if the folder is no run or its configuration is damaged."""
    try:
        config = typed(RunConfig, read_json(folder.config.read_bytes()))
        # Asked for here, so that a damaged file is found when it is read. What a model could not be told yet when a run
        # was started had the value that is the default since.
        model, _ = dataclasses.asdict(config.model), config.batch_size
        return dataclasses.replace(config, settings=config.settings | {"model": model})
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"'{folder.path}' is no run: it holds no config.json; name a folder under runs/") from None
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise UsageError(f"'{folder.config}' is not a run's configuration ({error}); restore it") from error


def read_plan(folder: RunFolder) -> mixsched.Plan:
    """The plan of a run; raises UsageError if it is missing or damaged."""
    try:
        return mixsched.Plan.from_json(read_json(folder.plan.read_bytes()))
    except FileNotFoundError:
        raise UsageError(f"'{folder.path}' holds no plan.json; restore it or start another run") from None
    except ValueError as error:
        raise UsageError(f"'{folder.plan}' is not a plan ({error}); restore it") from error
