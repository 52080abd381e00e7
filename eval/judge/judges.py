"""The judges that a command line names, `openai:MODEL` or `likelihood:RUN`, and how each is run over all pairs."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from eval.judge.endpoint import Manner, find_endpoint
from eval.judge.judgement import Judgement
from eval.judge.kept import cache_path
from eval.judge.likelihood import judge_by_likelihood, score_with_run
from eval.judge.pairs import Pair
from eval.judge.spending import Prices, spent_text
from eval.progress import shown
from eval.rundir import RunFolder, read_config
from mixsched.errors import UsageError, did_you_mean

Kind = Literal["openai", "likelihood"]
KINDS: tuple[Kind, ...] = ("openai", "likelihood")


@dataclasses.dataclass(frozen=True)
class Judge:
    """A judge: a model of a chat endpoint, or a reference run by its folder. `name` stands in tables and rows."""

    kind: Kind
    who: str

    @property
    def name(self) -> str:
        """As given; of a reference run, by its name (and not by where it lies) and the steps it had done."""
        if self.kind == "openai":
            return f"{self.kind}:{self.who}"
        return f"{self.kind}:{read_config(self.reference).run}@{self.step}"

    @property
    def reference(self) -> RunFolder:
        """The folder of a reference run."""
        assert self.kind == "likelihood"
        return RunFolder(Path(self.who))

    @property
    def step(self) -> int:
        """The last checkpoint of a reference run, by the steps done; raises UsageError if it has none."""
        steps = [int(path.name) for path in self.reference.checkpoints.glob("*") if path.name.isdigit()]
        if not steps:
            raise UsageError(f"'{self.who}' holds no checkpoints; train it first, or name another `--judge`")
        return max(steps)


def read_judges(given: Sequence[str], runs: Sequence[RunFolder]) -> list[Judge]:
    """The judges of `--judge`, for a comparison of these runs.

    Raises UsageError where there is none, one is named twice, is none that is known, or is one of the runs.
    """
    if not given:
        raise UsageError("`--judge` is missing; give openai:MODEL, or likelihood:RUN for a judge without any LLM")
    judges = [_judge(one, runs) for one in given]
    names = [judge.name for judge in judges]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"`--judge {twice[0]}` is given twice; name each judge once")
    return judges


def _judge(given: str, runs: Sequence[RunFolder]) -> Judge:
    word, _, who = given.partition(":")
    if word not in KINDS:
        near = did_you_mean(word, KINDS)
        raise UsageError(f"`--judge {given}` is no judge: it must begin with its kind and a colon; {near}")
    kind: Kind = "openai" if word == "openai" else "likelihood"
    if not who:
        raise UsageError(
            f"`--judge {given}` names no {'model' if kind == 'openai' else 'run'}; write it after the colon"
        )
    judge = Judge(kind, who)
    if kind == "likelihood" and judge.reference.path.resolve() in [run.path.resolve() for run in runs]:
        raise UsageError(
            f"`--judge {given}` is one of the runs that are compared, and a run finds its own answers likely; name a "
            "third run"
        )
    return judge


@dataclasses.dataclass(frozen=True)
class Settings:
    """How judges are asked; the fields are those of the command line."""

    task: str
    base_url: str | None
    manner: Manner
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
    from eval.judge.llm import judge_by_llm

    endpoint = find_endpoint(settings.base_url, os.environ)
    with shown() as watch:
        judgements, spent = judge_by_llm(
            pairs,
            endpoint,
            cache_path(settings.cache, judge.name),
            settings.manner,
            judge=judge.name,
            model=judge.who,
            watch=functools.partial(watch, settings.task, f"asking {judge.name} about"),
        )
    return Told(judgements, f"{judge.name} at {endpoint.base_url}", f"\n{spent_text(spent, settings.prices)}")


def _by_likelihood(judge: Judge, pairs: Sequence[Pair], settings: Settings) -> Told:
    config = read_config(judge.reference)
    shards = settings.shards or Path(config.shards)
    scorer = functools.partial(score_with_run, judge.reference, config, judge.step, shards)
    judgements = judge_by_likelihood(pairs, judge.name, scorer)
    return Told(judgements, f"{judge.name}: likelihood of {config.run} after step {judge.step:,}, no LLM", "")
