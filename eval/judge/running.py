"""Runs one judge of either kind over all pairs."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path

from eval.judge.judgement import Judgement
from eval.judge.judges import Judge
from eval.judge.kept import cache_path
from eval.judge.likelihood import judge_by_likelihood, score_with_run
from eval.judge.pairs import Pair
from eval.judge.spending import Prices, spent_text
from eval.progress import shown
from eval.rundir import read_config


@dataclasses.dataclass(frozen=True)
class Settings:
    """How judges are asked; the fields are those of the command line."""

    task: str
    base_url: str | None
    concurrency: int
    max_tokens: int
    patience_s: float
    prices: Prices
    cache: Path
    shards: Path | None


@dataclasses.dataclass(frozen=True)
class Told:
    """What a judge said of all pairs; its label for a person, and a note on what it took."""

    judgements: list[Judgement]
    label: str
    note: str


def run_judge(judge: Judge, pairs: Sequence[Pair], settings: Settings) -> Told:
    """Let a judge judge all pairs; raises UsageError where it cannot be asked."""
    return _by_llm(judge, pairs, settings) if judge.kind == "openai" else _by_likelihood(judge, pairs, settings)


def _by_llm(judge: Judge, pairs: Sequence[Pair], settings: Settings) -> Told:
    # The openai package takes a second to import: only when somebody is asked.
    from eval.judge.chat import Patience
    from eval.judge.endpoint import find_endpoint
    from eval.judge.llm import Manner, judge_by_llm

    endpoint = find_endpoint(settings.base_url, os.environ)
    patience = Patience(give_up_after_s=settings.patience_s)
    with shown() as watch:
        judgements, spent = judge_by_llm(
            pairs,
            judge.name,
            judge.who,
            endpoint,
            cache_path(settings.cache, judge.name),
            Manner(settings.concurrency, settings.max_tokens, patience),
            watch=functools.partial(watch, settings.task, f"asking {judge.name} about"),
        )
    return Told(judgements, f"{judge.name} at {endpoint.base_url}", f"\n{spent_text(spent, settings.prices)}")


def _by_likelihood(judge: Judge, pairs: Sequence[Pair], settings: Settings) -> Told:
    config = read_config(judge.reference)
    shards = settings.shards or Path(config.shards)
    scorer = functools.partial(score_with_run, judge.reference, config, judge.step, shards)
    judgements = judge_by_likelihood(pairs, judge.name, scorer)
    return Told(judgements, f"{judge.name}: likelihood of {config.run} after step {judge.step:,}, no LLM", "")
