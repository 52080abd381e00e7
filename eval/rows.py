"""Result rows of a run, made from its kept answers alone."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import mixsched
from eval.items import Answers
from eval.results import Row, now
from eval.rundir import RunConfig
from eval.statistics import Estimate, average, estimate
from eval.suites import Suite, averages
from eval.versions import checkout_commit, library_versions

# Digits of a fingerprint: two of a study's plans are alike in so many by chance once in 10**14.
DIGEST = 12


def row_of(
    config: RunConfig,
    plan: mixsched.Plan,
    steps_done: int,
    *,
    task: str,
    metric: str,
    told: Estimate,
    asked: str = "",
    covers: Sequence[str] = (),
) -> Row:
    """A measurement of a run's checkpoint as the row that is kept of it."""
    return Row(
        run=config.run,
        experiment=config.experiment,
        scale=config.scale,
        seed=config.seed,
        step=steps_done,
        tokens=plan.tokens(steps_done),
        task=task,
        metric=metric,
        value=told.value,
        stderr=told.stderr,
        n=told.n,
        when=now(),
        version=mixsched.__version__,
        asked=asked,
        covers=list(covers),
        libraries=library_versions(),
        commit=checkout_commit(),
        plan=plan.fingerprint[:DIGEST],
        tokenizer=config.tokenizer[:DIGEST],
        data=fingerprint_of_data(config.data),
    )


def fingerprint_of_data(data: Mapping[str, str]) -> str:
    """The first digits of the SHA-256 of all sources' fingerprints, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(data.items())).encode()).hexdigest()[:DIGEST]


def task_rows(config: RunConfig, plan: mixsched.Plan, steps_done: int, answers: Answers) -> list[Row]:
    """A row for every metric of a task that has a value; `n` counts items, of held-out text rows."""
    record = answers.record
    rows = []
    for metric in record.metrics:
        told = estimate(answers, metric)
        if told.n:
            told = dataclasses.replace(told, n=record.settings["rows"]) if record.kind == "heldout" else told
            rows.append(
                row_of(config, plan, steps_done, task=record.task, metric=metric, told=told, asked=record.asked)
            )
    return rows


def average_rows(
    config: RunConfig, plan: mixsched.Plan, steps_done: int, suite: Suite, answers: Mapping[str, Answers]
) -> list[Row]:
    """A row for each average that a suite's answers allow, with the tasks that it covers."""
    told = {task: one for task, one in headlines(answers).items() if one.n}
    return [
        row_of(
            config,
            plan,
            steps_done,
            task=f"{suite.name}/{formed.name}",
            metric="average",
            told=average(told, formed.weights),
            asked=_asked(answers[task] for task in formed.weights),
            covers=tuple(formed.weights),
        )
        for formed in averages(suite, set(told))
    ]


def headlines(answers: Mapping[str, Answers]) -> dict[str, Estimate]:
    """The headline value of each task that has one."""
    return {task: estimate(one, one.record.headline) for task, one in answers.items() if one.record.headline}


def _asked(answers: Iterable[Answers]) -> str:
    return hashlib.sha256("".join(one.record.asked for one in answers).encode()).hexdigest()[:DIGEST]
