"""Evaluates a run's checkpoint on held-out text, a suite, or tasks by name, and keeps answers and rows with the run."""

import dataclasses
from pathlib import Path

import mixsched
from eval.asking import Asking
from eval.items import Answers, answers_folder
from eval.measure import answers_on_heldout, heldout_of_run
from eval.progress import shown
from eval.restore import restored
from eval.results import Row, append_new_rows
from eval.rows import average_rows, task_rows
from eval.rundir import RunConfig, RunFolder
from eval.suites import Suite
from eval.tokenizer import run_tokenizer
from model.sharding import device_mesh


@dataclasses.dataclass(frozen=True)
class Wish:
    """What to evaluate: held-out text, and a suite or tasks by name; of which checkpoint (None: the last), and how.

    - `heldout_rows`: of each source; None: all.
    - `data`: folder of the tasks' files; None: the hub.
    - `shards`: folder with the run's held-out rows and tokenizer.
    - `again`: ask all of it, whatever is kept.
    """

    suite: Suite | None
    tasks: tuple[str, ...]
    asking: Asking
    step: int | None
    heldout_rows: int | None
    data: Path | None
    shards: Path
    again: bool

    @property
    def names(self) -> tuple[str, ...]:
        """All tasks that are asked, once each."""
        return tuple(dict.fromkeys((*(self.suite.tasks if self.suite else ()), *self.tasks)))


@dataclasses.dataclass(frozen=True)
class Report:
    """What an evaluation found after so many steps.

    - `skipped`: why, by task.
    - `new`: rows that results.jsonl lacked.
    """

    steps_done: int
    answers: dict[str, Answers]
    skipped: dict[str, str]
    averages: list[Row]
    new: int


def evaluate_run(folder: RunFolder, config: RunConfig, plan: mixsched.Plan, wish: Wish) -> Report:
    """Evaluate a run's checkpoint and keep what it answered; what was kept before is not asked again.

    Held-out text is measured unless tasks were named. Raises UsageError if there is no such checkpoint, the shards are
    not the run's, or a task is unknown.
    """
    heldout = [] if wish.tasks else heldout_of_run(wish.shards, config, rows=wish.heldout_rows)
    tokenizer = run_tokenizer(wish.shards, config.tokenizer)
    mesh = device_mesh()
    with restored(folder, config, step=wish.step, mesh=mesh) as (steps_done, model), shown() as watch:
        kept = answers_folder(folder, steps_done)
        tasks, skipped = {}, {}
        if wish.names:
            # lm-eval is not needed for held-out text. Mistakes in names and files are told before anything is measured.
            from eval.benchmarks import ready_tasks

            tasks, skipped = ready_tasks(wish.names, data=wish.data)
        answers = answers_on_heldout(
            model, heldout, config, kept, steps_done=steps_done, mesh=mesh, again=wish.again, watch=watch
        )
        if tasks:
            from eval.benchmarks import evaluate_tasks
            from eval.lm.model import RunLM

            lm = RunLM(model, tokenizer, mesh=mesh, seed=wish.asking.seed)
            answers |= evaluate_tasks(lm, kept, tasks, wish.asking, again=wish.again, watch=watch)
        rows = [row for one in answers.values() for row in task_rows(config, plan, steps_done, one)]
        averages = average_rows(config, plan, steps_done, wish.suite, answers) if wish.suite else []
        # A row for the first few items would stand without its items wherever the answers to all are kept.
        new = append_new_rows(folder.results, rows + averages) if wish.asking.limit is None else 0
    return Report(steps_done, answers, skipped, averages, new)
