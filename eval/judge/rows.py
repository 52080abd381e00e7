"""Result rows of a comparison, kept with run A."""

from eval.judge.pairs import Comparison
from eval.judge.rates import Rates
from eval.results import append_new_rows
from eval.rows import row_of
from eval.rundir import RunFolder, locked, read_config, read_plan
from eval.statistics import Estimate


def keep_rows(folder: RunFolder, comparison: Comparison, judge: str, rates: Rates | None) -> None:
    """Append run A's rates by a judge to its results, those that they lack; without rates, nothing.

    The task is named `win_rate/dolly/vs/<run B>@<its steps>/<judge>`: another checkpoint of B is another measurement.
    """
    if rates is None:
        return
    config, plan = read_config(folder), read_plan(folder)
    task = f"win_rate/{comparison.task}/vs/{comparison.run_b}@{comparison.step_b}/{judge}"
    shares = {
        "win_rate": rates.win,
        "loss_rate": rates.loss,
        "tie_rate": rates.tie,
        "win_rate_ties_split": rates.split,
    }
    rows = [
        row_of(
            config,
            plan,
            comparison.step_a,
            task=task,
            metric=metric,
            told=Estimate(share.value, share.stderr, rates.n),
        )
        for metric, share in shares.items()
    ]
    with locked(folder):
        append_new_rows(folder.results, rows)
