"""`python -m eval judge`: whose answers are better, by judges; keeps what they said, and result rows."""

import dataclasses
import functools
import sys
from pathlib import Path
from typing import Annotated

import tyro

from eval.judge.endpoint import Manner, Patience
from eval.judge.judgement import Judgement
from eval.judge.judges import Settings, read_judges, run_judge
from eval.judge.kept import asked_of, default_cache, judgements_path, keep_rows, read_judgements, write_judgements
from eval.judge.pairs import read_pairs
from eval.judge.rates import rates_of, rates_of_outcomes
from eval.judge.reliability import majority
from eval.judge.report import comparison_text, judge_text, judges_text
from eval.judge.spending import Prices
from eval.rundir import RunFolder
from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Whom to compare, by whom, and how the judges are asked."""

    run_a: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN_A")]]
    """Folder of the run whose wins are counted; results are kept with it."""
    run_b: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN_B")]]
    """Folder of the run that it is compared with."""
    judge: tyro.conf.UseAppendAction[Annotated[tuple[str, ...], tyro.conf.arg(metavar="KIND:NAME")]] = ()
    """openai:MODEL, or likelihood:RUN (no LLM: which answer that third run finds more likely). Again for another."""
    task: str = "dolly"
    """An open-ended task that both runs have answered; of several samples the first is judged."""
    step: int | None = None
    """Which checkpoint's answers, of both runs, by the steps done. Default: the last that answered the task."""
    step_b: int | None = None
    """The same, of RUN_B, where it is another."""
    limit: int | None = None
    """Judge only the first so many pairs."""
    base_url: str | None = None
    """Address of the chat endpoint. Default: OPENAI_BASE_URL, else OpenAI's."""
    concurrency: int = 8
    """Requests on their way at once."""
    max_tokens: int = 512
    """Tokens of a reply at most."""
    patience: float = 600.0
    """Seconds to go on with a question while the endpoint is down or limits the rate."""
    price_in: float | None = None
    """Price of a million tokens asked, to tell the cost."""
    price_out: float | None = None
    """Price of a million tokens answered."""
    cache: Path | None = None
    """Folder of the judges' replies. Default: judgements/cache beside the runs."""
    shards: Path | None = None
    """Folder with the tokenizer of likelihood:RUN. Default: where that run found it."""
    seed: int = 0
    """Of the bootstrap."""

    def __post_init__(self):
        for name in ("limit", "concurrency", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"`--{name.replace('_', '-')}` must be at least 1, got {value}")
        if not 0 <= self.patience < float("inf"):
            raise UsageError(f"`--patience` must be 0 or more seconds, got {self.patience}")
        if self.seed < 0:
            raise UsageError(f"`--seed` must be 0 or more, got {self.seed}")

    @property
    def settings(self) -> Settings:
        """How judges are asked."""
        return Settings(
            task=self.task,
            base_url=self.base_url,
            manner=Manner(self.concurrency, self.max_tokens, Patience(give_up_after_s=self.patience)),
            prices=Prices(self.price_in, self.price_out),
            cache=self.cache or default_cache(RunFolder(self.run_a)),
            shards=self.shards,
        )


def judge(arguments: Annotated[Arguments, tyro.conf.arg(name="")]) -> None:
    """Compare two runs' answers to open-ended prompts, pair by pair, by one judge or several.

    python -m eval judge runs/code25-nano-seed0 runs/text_only-nano-seed0 --judge openai:gpt-4o-2024-11-20

    python -m eval judge RUN_A RUN_B --judge openai:MODEL --base-url https://api.cohere.ai/compatibility/v1

    python -m eval judge RUN_A RUN_B --judge openai:MODEL --judge openai:OTHER --base-url http://localhost:8000/v1

    python -m eval judge RUN_A RUN_B --task nano_open --judge likelihood:runs/code25-nano-seed1

    The key of any endpoint is read from OPENAI_API_KEY (a server on this machine needs none). Each pair is asked about
    in both orders, at temperature 0. Replies are kept as they come: after an interruption or a failure the same command
    goes on, and asks nothing again that was answered.
    """
    folder, other = RunFolder(arguments.run_a), RunFolder(arguments.run_b)
    settings = arguments.settings
    judges = read_judges(arguments.judge, (folder, other))
    step_b = arguments.step if arguments.step_b is None else arguments.step_b
    paired = read_pairs(folder, other, arguments.task, step_a=arguments.step, step_b=step_b, limit=arguments.limit)
    print(comparison_text(paired))
    asked = functools.partial(asked_of, base_url=settings.base_url, max_tokens=settings.manner.max_tokens)
    words: dict[str, list[Judgement]] = {}
    for one in judges:
        try:
            told = run_judge(one, paired.pairs, settings)
        except (KeyboardInterrupt, SystemExit):
            print("what was answered is kept: give the same command again to go on", file=sys.stderr)
            raise
        path = judgements_path(folder, paired.comparison, one.name)
        write_judgements(path, paired.comparison, told.judgements)
        # From what is on disk, so that whoever has the file finds the same numbers.
        comparison, words[one.name] = read_judgements(path)
        print(f"\n{judge_text(words[one.name], told.label, seed=arguments.seed)}{told.note}\n  kept in '{path}'")
        rates = rates_of(words[one.name], seed=arguments.seed)
        keep_rows(folder, comparison, one.name, rates, asked=asked(words[one.name]))
    if len(words) > 1:
        print(f"\n{judges_text(words, seed=arguments.seed)}")
        by_most = rates_of_outcomes(majority(list(words.values())), seed=arguments.seed)
        name = f"majority({'+'.join(sorted(words))})"
        keep_rows(folder, paired.comparison, name, by_most, asked=asked(next(iter(words.values()))))
