"""Whether a pair of runs was judged: from result rows, as all else about a run."""

from eval.judge.judges import read_judges
from eval.rundir import RunFolder
from experiments.grid.arguments import Setup
from experiments.grid.jobs import JudgeJob
from experiments.grid.state import measured
from train.rundir import last_checkpoint


def is_judged(job: JudgeJob, setup: Setup) -> bool:
    """Whether the last checkpoints of both runs were compared by the job's judge."""
    folder, other = RunFolder(setup.runs / job.run), RunFolder(setup.runs / job.baseline)
    step, step_b = last_checkpoint(folder), last_checkpoint(other)
    if step is None or step_b is None:
        return False
    kind, _, run = job.judge.partition(":")
    if kind == "likelihood" and last_checkpoint(RunFolder(setup.runs / run)) is None:
        return False
    [judge] = read_judges((job.judge,), (folder, other))
    task = f"win_rate/{job.task}/vs/{other.path.name}@{step_b}/{judge.name}"
    return task in measured(folder.results, step)
