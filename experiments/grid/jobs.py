"""What there is to do: runs to train and evaluate, and pairs of runs to judge, in an order that works."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from experiments.grid.arguments import A_RUN, NOBODY, NOTHING, Choice, Setup
from experiments.grid.catalogue import Catalogue, Picked, pick, read_catalogue
from experiments.study import FIGURES, JUDGE, JUDGED
from train.epochs import pools_of
from train.lineage import Lineage
from train.rundir import run_folder
from train.scales import Scale

# The open-ended task of each suite, whose answers are judged.
OPEN_TASK = {"nano": "nano_open", "paper": "dolly"}


@dataclasses.dataclass(frozen=True)
class RunJob:
    """Train an experiment with a seed, and evaluate what came of it.

    `own_steps` and `own_tokens` leave out what its parent trained; `total_steps` do not. `declared` is what its
    plan must hold of the experiment, as sorted JSON.
    """

    experiment: str
    file: Path
    seed: int
    run: str
    own_steps: int
    own_tokens: int
    total_steps: int
    declared: str
    needs: tuple[str, ...]

    def tokens_of(self, own_steps: int) -> int:
        """The tokens of so many of its own steps."""
        return own_steps * self.own_tokens // self.own_steps

    @property
    def name(self) -> str:
        """The run's."""
        return self.run


@dataclasses.dataclass(frozen=True)
class JudgeJob:
    """Have the open-ended answers of a run judged against another's; `judge` as `python -m eval judge` takes it."""

    experiment: str
    run: str
    baseline: str
    judge: str
    task: str
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        """Those of both runs."""
        return f"{self.run}-vs-{self.baseline}"


Job = RunJob | JudgeJob


def choose(choice: Choice, setup: Setup, *, all_if_none: bool = False) -> tuple[Catalogue, Picked, tuple[Job, ...]]:
    """The catalogue, the experiments of a choice (all of them if it names none and that is wanted), and their jobs.

    Raises UsageError for names and figures that there are not.
    """
    catalogue = read_catalogue(choice.experiments)
    everything = choice.all or (all_if_none and not choice.names and not choice.figure)
    picked = pick(catalogue, choice.names, choice.figure, everything=everything, a_run_judges=setup.judge == A_RUN)
    return catalogue, picked, jobs_of(catalogue, picked, setup)


def run_name(experiment: str, setup: Setup, seed: int) -> str:
    """The name of a run."""
    return run_folder(setup.runs, experiment, setup.scale, seed=seed).path.name


def jobs_of(catalogue: Catalogue, picked: Picked, setup: Setup) -> tuple[Job, ...]:
    """All jobs: every run of the first seed, parents first, then its judgements, then the next seed.

    So a sitting that is cut short leaves whole seeds.
    """
    return tuple(
        job
        for seed in range(setup.seeds)
        for job in (*_runs(catalogue, picked, setup, seed), *_judgements(picked, setup, seed))
    )


def _runs(catalogue: Catalogue, picked: Picked, setup: Setup, seed: int) -> Iterator[RunJob]:
    for name in picked.names:
        entry = catalogue[name]
        yield RunJob(
            experiment=name,
            file=entry.file,
            seed=seed,
            run=run_name(name, setup, seed),
            own_steps=entry.lineage.own_steps(setup.settings),
            own_tokens=entry.lineage.own_tokens(setup.settings),
            total_steps=entry.lineage.schedule(setup.settings).total_steps,
            declared=_declared(entry.lineage, setup.settings),
            needs=() if entry.parent is None else (run_name(entry.parent, setup, seed),),
        )


def _declared(lineage: Lineage, scale: Scale) -> str:
    """What an experiment says of a plan, by the names of plan.json: all but the rows that there are, and the seed."""
    oldest = lineage.experiments[0]
    pools = pools_of(oldest, lineage.schedule(scale)) if oldest.epochs else {}
    return json.dumps({"schedule": lineage.schedule(scale).to_json(), "pools": pools}, sort_keys=True)


def _judgements(picked: Picked, setup: Setup, seed: int) -> Iterator[JudgeJob]:
    """A judgement of each pair of a judged figure, its variant and its baseline, whose runs and judge are picked."""
    judge_run = run_name(JUDGE, setup, seed)
    by_run = setup.judge == A_RUN
    if setup.suite == NOTHING or setup.judge == NOBODY or (by_run and JUDGE not in picked.names):
        return
    judge = f"likelihood:{setup.runs / judge_run}" if by_run else setup.judge
    figures = [FIGURES[name] for name in JUDGED]
    pairs = [(variant.experiment, figure.baseline) for figure in figures for variant in figure.variants]
    for experiment, baseline in dict.fromkeys(pairs):
        if {experiment, baseline} <= set(picked.names):
            run, other = run_name(experiment, setup, seed), run_name(baseline, setup, seed)
            needs = (run, other, *((judge_run,) if by_run else ()))
            yield JudgeJob(experiment, run, other, judge, OPEN_TASK[setup.suite], needs)
