"""What a comparison leaves on disk: judgements, a line a pair, and result rows; and where judges' replies are kept."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from eval.judge.judgement import Judgement
from eval.judge.pairs import Comparison
from eval.judge.prompt import SYSTEM, USER
from eval.judge.rates import Rates
from eval.results import append_new_rows
from eval.rows import row_of
from eval.rundir import RunFolder, locked, read_config, read_plan
from eval.statistics import Estimate
from mixsched.atomic import write_atomically
from mixsched.errors import UsageError
from mixsched.typed import read_json, typed

LONGEST_NAME = 150


def safe_name(name: str) -> str:
    """A file name for any name: what is unsafe becomes a dash, and then a digest keeps two names apart.

    >>> safe_name("dolly-vs-text_only")
    'dolly-vs-text_only'
    >>> safe_name("openai:meta/llama")
    'openai-meta-llama-a43e226b'
    """
    safe = re.sub(r"[^A-Za-z0-9._=+@-]+", "-", name).strip(".-")[:LONGEST_NAME]
    return safe if safe and safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def judgements_path(folder: RunFolder, comparison: Comparison, judge: str) -> Path:
    """Where a judge's word on a comparison is kept: with run A, by the steps that it had done."""
    name = f"{comparison.task}-vs-{comparison.run_b}@{comparison.step_b}-{judge}"
    return folder.path / "judgements" / str(comparison.step_a) / f"{safe_name(name)}.jsonl"


def cache_path(folder: Path, judge: str) -> Path:
    """Where a judge's replies are kept, in the folder of all caches."""
    return folder / f"{safe_name(judge)}.jsonl"


def default_cache(folder: RunFolder) -> Path:
    """Where judges' replies are kept: beside the runs, since comparisons of any two of them share it."""
    return folder.path.resolve().parent / "judgements" / "cache"


def write_judgements(path: Path, comparison: Comparison, judgements: Sequence[Judgement]) -> None:
    """Keep one judge's judgements, each with what was compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = dataclasses.asdict(comparison)
    # Escapes, since a judge's reply may hold halves of characters, which have no UTF-8.
    lines = (json.dumps(about | dataclasses.asdict(each), allow_nan=False) + "\n" for each in judgements)
    write_atomically(path, (line.encode() for line in lines))


def read_judgements(path: Path) -> tuple[Comparison, list[Judgement]]:
    """One judge's judgements and what they compare; raises UsageError that names a damaged line."""
    names = {field.name for field in dataclasses.fields(Comparison)}
    judgements, comparisons = [], set()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                fields = read_json(line)
                comparisons.add(typed(Comparison, {name: fields.pop(name) for name in names}))
                judgements.append(typed(Judgement, fields))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise UsageError(f"line {number} of '{path}' is no judgement ({error}); judge again") from error
    if len(comparisons) != 1:
        raise UsageError(f"'{path}' must hold one comparison, and holds {len(comparisons)}; judge again")
    return comparisons.pop(), judgements


def asked_of(judgements: Sequence[Judgement], *, base_url: str | None, max_tokens: int) -> str:
    """A digest of what a judge was asked, where, and in which words."""
    pairs = [(each.prompt, each.answer_a, each.answer_b) for each in judgements]
    told = json.dumps([SYSTEM, USER, base_url, max_tokens, pairs])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def win_rate_task(task: str, run_b: str, step_b: int, *, judge: str) -> str:
    """The name that rows of a win-rate have as their task: `win_rate/dolly/vs/<run B>@<its steps>/<judge>`.

    Another checkpoint of B is another measurement.
    """
    return f"win_rate/{task}/vs/{run_b}@{step_b}/{judge}"


def keep_rows(folder: RunFolder, comparison: Comparison, judge: str, rates: Rates | None, *, asked: str) -> None:
    """Append run A's rates by a judge to its results, those that they lack; without rates, nothing."""
    if rates is None:
        return
    config, plan = read_config(folder), read_plan(folder)
    task = win_rate_task(comparison.task, comparison.run_b, comparison.step_b, judge=judge)
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
            asked=asked,
        )
        for metric, share in shares.items()
    ]
    with locked(folder):
        append_new_rows(folder.results, rows)
