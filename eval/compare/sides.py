"""What is compared: a run, or the runs of one experiment with several seeds, after a step of all of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.items import Answers, answered_tasks, answers_folder, read_answers
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.errors import UsageError, did_you_mean


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of a comparison: its runs in the order of their seeds, and how many steps they had done."""

    folders: tuple[RunFolder, ...]
    configs: tuple[RunConfig, ...]
    step: int

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(config.seed for config in self.configs)

    @property
    def tasks(self) -> set[str]:
        """The tasks that all its runs answered."""
        return set.intersection(*(set(tasks) for tasks in self._answered().values()))

    @property
    def tasks_of_some(self) -> set[str]:
        """The tasks that any of its runs answered."""
        return set.union(*(set(tasks) for tasks in self._answered().values()))

    def answers(self, task: str) -> dict[str, Answers]:
        """The answers to a task by the path of the run, of runs that have them."""
        read = {str(folder.path): read_answers(answers_folder(folder, self.step), task) for folder in self.folders}
        return {path: answers for path, answers in read.items() if answers is not None}

    def _answered(self) -> dict[str, Sequence[str]]:
        return {str(folder.path): answered_tasks(answers_folder(folder, self.step)) for folder in self.folders}


def find_side(path: Path, *, step: int | None) -> Side:
    """The run in a folder, or all runs whose folders are named `path` and then '-seed' and a number.

    - `step`: after which step; None: the last after which all of these runs were evaluated.

    Raises UsageError if there is no such run, or no such evaluation, or if runs differ in more than their seeds.
    """
    found = [path] if (path / "config.json").is_file() else _of_all_seeds(path)
    if not found:
        known = {config.parent.name for config in path.parent.glob("*/config.json")}
        known |= {name.rpartition("-seed")[0] for name in known if "-seed" in name}
        raise UsageError(
            f"'{path}' is no run, nor are there '{path.name}-seed0' and so on; {did_you_mean(path.name, known)}"
        )
    folders = [RunFolder(each) for each in found]
    runs = sorted(((read_config(folder), folder) for folder in folders), key=lambda run: run[0].seed)
    _check_only_seeds_differ(runs)
    return Side(
        folders=tuple(folder for _, folder in runs),
        configs=tuple(config for config, _ in runs),
        step=_step_of_all([folder for _, folder in runs], step),
    )


def _check_only_seeds_differ(runs: Sequence[tuple[RunConfig, RunFolder]]) -> None:
    (first, first_folder), *others = runs
    seeds = {first.seed}
    for config, folder in others:
        one, other = _experiment(first, first_folder), _experiment(config, folder)
        apart = [name for name in one if one[name] != other[name]]
        apart += ["seed"] * (config.seed in seeds)
        if apart:
            how = "have the same seed" if apart == ["seed"] else f"differ in their {', '.join(apart)}"
            raise UsageError(
                f"'{first_folder.path}' and '{folder.path}' are not two seeds of one experiment: they {how}; move one "
                "away, or name a single run"
            )
        seeds.add(config.seed)


def _experiment(config: RunConfig, folder: RunFolder) -> dict[str, Any]:
    """What the seeds of one experiment have in common."""
    own = ("run", "seed", "shards")
    told = {name: value for name, value in dataclasses.asdict(config).items() if name not in own}
    plan = read_plan(folder) if folder.plan.is_file() else None
    return told | {"schedule": plan and plan.schedule, "amendments": plan and plan.amendments}


def evaluated_steps(folder: RunFolder) -> list[int]:
    """The steps after which a run was evaluated item by item."""
    inside = answers_folder(folder, 0).parent.glob("*/")
    return sorted(int(each.name) for each in inside if each.name.isdecimal() and answered_tasks(each))


def _of_all_seeds(path: Path) -> list[Path]:
    named = path.parent.glob(f"{path.name}-seed*/config.json")
    return [config.parent for config in named if config.parent.name.removeprefix(f"{path.name}-seed").isdecimal()]


def find_step(folder: RunFolder, step: int | None) -> int:
    """The step, or the last one (None), after which a run was evaluated; raises UsageError if it was not."""
    evaluated = evaluated_steps(folder)
    if not evaluated:
        raise UsageError(
            f"'{folder.path}' holds no answers to any task; evaluate it: python -m eval --run {folder.path}"
        )
    if step is not None and step not in evaluated:
        have = ", ".join(map(str, evaluated))
        raise UsageError(
            f"'{folder.path}' was not evaluated after step {step}, only after {have}; evaluate it there first"
        )
    return evaluated[-1] if step is None else step


def _step_of_all(folders: Sequence[RunFolder], step: int | None) -> int:
    last = [find_step(folder, step) for folder in folders]
    steps = {folder.path: evaluated_steps(folder) for folder in folders}
    if len(set(last)) == 1:
        return last[0]
    of_all = set.intersection(*map(set, steps.values()))
    if not of_all:
        told = "; ".join(f"'{path}' after {', '.join(map(str, evaluated))}" for path, evaluated in steps.items())
        raise UsageError(f"these runs were evaluated after no common step: {told}; evaluate them after the same one")
    return max(of_all)
