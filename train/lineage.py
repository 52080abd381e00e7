"""An experiment with all that it starts from, oldest first: their schedule, their plan, and which part is its own."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import mixsched
from mixsched.errors import UsageError, did_you_mean
from train.epochs import check_enough, pools_of
from train.experiment import Experiment, phases
from train.load_experiment import experiment_files, load_experiment
from train.scales import Scale

# Where the name in `starts_from` is looked up after the folder of the file itself.
EXPERIMENTS = Path(__file__).parents[1] / "experiments"


@dataclasses.dataclass(frozen=True)
class Lineage:
    """Experiments that start from one another, oldest first: the last is the one that was asked for.

    `files` are those that declare them; the stem of a file is the experiment's name.
    """

    files: tuple[Path, ...]
    experiments: tuple[Experiment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, oldest first."""
        return tuple(path.stem for path in self.files)

    @property
    def name(self) -> str:
        """The name of the experiment itself."""
        return self.names[-1]

    @property
    def experiment(self) -> Experiment:
        """The experiment itself."""
        return self.experiments[-1]

    @property
    def parent(self) -> str | None:
        """The name of the experiment that it starts from, if it starts from one."""
        return self.experiment.starts_from

    @property
    def origin(self) -> "Lineage | None":
        """The lineage of the experiment that it starts from, if it starts from one."""
        return Lineage(self.files[:-1], self.experiments[:-1]) if self.parent is not None else None

    def schedule(self, scale: Scale) -> mixsched.Schedule:
        """All phases at a scale, from the oldest experiment's first to its own last."""
        return mixsched.Schedule(
            phases=tuple(phase for experiment in self.experiments for phase in phases(experiment, scale)),
            batch_size=scale.batch_size,
            context_tokens=scale.model.context_tokens,
        )

    def first_step(self, scale: Scale) -> int:
        """The step at which its own part begins: 0 if it starts from none."""
        return 0 if self.origin is None else self.origin.schedule(scale).total_steps

    def own_steps(self, scale: Scale) -> int:
        """The steps of its own part."""
        return self.schedule(scale).total_steps - self.first_step(scale)

    def own_tokens(self, scale: Scale) -> int:
        """The tokens of its own part, at a scale."""
        return self.own_steps(scale) * scale.batch_size * scale.model.context_tokens

    def plan(self, scale: Scale, rows: Mapping[str, int], *, seed: int) -> mixsched.Plan:
        """The plan of the oldest, extended by each one that starts from the one before it.

        `rows` gives the rows of every source. Raises UsageError if a source lacks them, or has fewer than `epochs`
        takes.
        """
        if self.origin is not None:
            return self.origin.plan(scale, rows, seed=seed).extend(*phases(self.experiment, scale), sources=rows)
        schedule = self.schedule(scale)
        pools = pools_of(self.experiment, schedule)
        check_enough(self.experiment, pools, rows, schedule.context_tokens)
        return mixsched.Plan(schedule, rows, seed=seed, pools=pools)


def load_lineage(path: Path) -> Lineage:
    """The experiment of a file with all that it starts from; runs their files.

    Raises UsageError that names the file that is missing or broken, the circle, or the stage that stands there twice.
    """
    files, experiments = [path], [load_experiment(path)]
    while (parent := experiments[0].starts_from) is not None:
        child = files[0]
        if parent in (names := [file.stem for file in files]):
            circle = " -> ".join([*reversed(names[: names.index(parent) + 1]), parent])
            raise UsageError(
                f"'{child}' starts from itself: {circle}; let one of them start from another, or from none"
            )
        files.insert(0, _file_of(parent, child))
        try:
            experiments.insert(0, load_experiment(files[0]))
        except UsageError as error:
            raise UsageError(f"{error} ('{child}' starts from it)") from error
    lineage = Lineage(tuple(files), tuple(experiments))
    _check_stages(lineage)
    return lineage


def _file_of(name: str, child: Path) -> Path:
    """The file of an experiment that another one names: beside it, or among those of this project."""
    folders = (child.parent, EXPERIMENTS)
    for folder in folders:
        if (folder / f"{name}.py").is_file():
            return folder / f"{name}.py"
    known = [path.stem for folder in folders for path in experiment_files(folder)]
    raise UsageError(f"'{child}' starts from {name!r}, which is no experiment; {did_you_mean(name, set(known))}")


def _check_stages(lineage: Lineage) -> None:
    seen: dict[str, str] = {}
    for path, experiment in zip(lineage.files, lineage.experiments, strict=True):
        for stage in experiment.stages:
            if seen.get(stage.name, path.stem) != path.stem:
                raise UsageError(
                    f"stage {stage.name!r} of '{path}' is a stage of {seen[stage.name]} too, from which it starts; "
                    "give it another name"
                )
            seen[stage.name] = path.stem
