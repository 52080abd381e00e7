"""Win-rates of a figure's variants against its baseline, from judges' rows, by judge."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping

from eval.results import Row
from experiments.study import FIGURES, Variant
from figures.reference import known
from figures.rows import WIN_RATE, Measured
from figures.seeds import Spread, spread

RATES = ("win_rate", "tie_rate", "loss_rate")
# With the runs' sides changed, a win is a loss.
_OTHER_SIDE = {"win_rate": "loss_rate", "loss_rate": "win_rate", "tie_rate": "tie_rate"}
_RUN = re.compile(r"(?P<experiment>.+)-(?P<scale>[^-]+)-seed(?P<seed>\d+)")
_SCORED_BY_A_RUN = re.compile(r"likelihood:(?P<run>.+)-[^-]+-seed\d+@\d+")


@dataclasses.dataclass(frozen=True)
class Judged:
    """What one judge says of a variant against the baseline, in percent; None where it was not asked.

    - `judge`: empty where no judge was asked, `paper` values stand alone then.
    """

    variant: Variant
    judge: str
    task: str
    rates: Mapping[str, Spread | None]
    paper_win: float | None
    paper_loss: float | None
    gap: str = ""


@dataclasses.dataclass(frozen=True)
class _Pair:
    """The task that a row of a win-rate is of, taken apart: who is judged against whom, by whom."""

    asked: str
    experiment: str
    seed: int
    step: int
    judge: str


def judged(name: str, measured: Measured) -> list[Judged]:
    """Every variant of a figure by every judge of its pairs, in percent of the pairs that have an outcome.

    Pairs are of runs of one seed, after the last step of both. Judges that are runs of one experiment are one judge,
    though each seed has its own: the label says so.
    """
    figure = FIGURES[name]
    rates = _rates(measured, figure.baseline)
    judges = sorted({(task, judge) for _, task, judge, _ in rates})
    found = []
    for variant in figure.variants:
        paper = [known(name, metric, variant.experiment) for metric in ("win_rate", "loss_rate")]
        paper_win, paper_loss = (each.value if each else None for each in paper)
        for task, judge in judges or [("", "")]:
            by_metric = {metric: spread(rates.get((variant.experiment, task, judge, metric), {})) for metric in RATES}
            gap = "" if by_metric["win_rate"] else _why_none(measured, variant.experiment, figure.baseline)
            found.append(Judged(variant, judge, task, by_metric, paper_win, paper_loss, gap))
    return found


def judge_label(judge: str) -> str:
    """A judge's name without what differs from seed to seed.

    >>> judge_label("likelihood:code25-nano-seed1@245")
    'likelihood of code25'
    >>> judge_label("openai:some/model")
    'some/model'
    """
    scored = _SCORED_BY_A_RUN.fullmatch(judge)
    return f"likelihood of {scored['run']}" if scored else judge.removeprefix("openai:")


def _why_none(measured: Measured, experiment: str, baseline: str) -> str:
    has_runs = measured.seeds(experiment) and measured.seeds(baseline)
    return "not judged yet" if has_runs else "no run yet"


def _rates(measured: Measured, baseline: str) -> dict[tuple[str, str, str, str], dict[int, float]]:
    """Percent by (experiment, task asked, judge, metric) and seed, of pairs with the baseline on either side."""
    chosen: dict[tuple[str, str, str, str], dict[int, tuple[int, float]]] = defaultdict(dict)
    for experiment, by_measurement in measured.rows.items():
        for (task, metric), by_seed in by_measurement.items():
            pair = _pair(task) if task.startswith(WIN_RATE) and metric in RATES else None
            for seed, row in by_seed.items() if pair else ():
                assert pair is not None
                if pair.seed != seed or not _is_last(measured, pair):
                    continue
                if pair.experiment == baseline:
                    key = experiment, pair.asked, pair.judge, metric
                elif experiment == baseline:
                    key = pair.experiment, pair.asked, pair.judge, _OTHER_SIDE[metric]
                else:
                    continue
                _keep_latest(chosen[key], seed, pair.step, row)
    return {key: {seed: value for seed, (_, value) in by_seed.items()} for key, by_seed in chosen.items()}


def _keep_latest(by_seed: dict[int, tuple[int, float]], seed: int, step: int, row: Row) -> None:
    if seed not in by_seed or step >= by_seed[seed][0]:
        by_seed[seed] = (step, 100 * row.value)


def _is_last(measured: Measured, pair: _Pair) -> bool:
    """Whether the other run was judged after its last step, as far as its rows tell."""
    steps = [
        by_seed[pair.seed].step for by_seed in measured.rows.get(pair.experiment, {}).values() if pair.seed in by_seed
    ]
    return not steps or pair.step == max(steps)


def _pair(task: str) -> _Pair | None:
    """Of `win_rate/<task>/vs/<run>@<step>/<judge>` (`eval.judge.kept`); None where it is another name."""
    parts = task.split("/", 4)
    if len(parts) < 5 or parts[2] != "vs":
        return None
    run, _, step = parts[3].rpartition("@")
    named = _RUN.fullmatch(run)
    if named is None or not step.isdecimal():
        return None
    return _Pair(parts[1], named["experiment"], int(named["seed"]), int(step), judge_label(parts[4]))
