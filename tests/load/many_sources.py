"""A plan with 1,000 sources: what planning and serving it take, and a short training on as many folders of shards."""

import json
import random
import resource
import statistics
import time
from fractions import Fraction
from pathlib import Path

from mixsched import Phase, Plan, Schedule, Steps
from tests.load.tiny import CONTEXT_TOKENS, VOCAB_SIZE, training
from tests.load.watching import ours, watch
from train.corpora.document import read_documents
from train.prepare.recipe import bundled_recipe

SOURCES, BATCH_SIZE, STEPS = 1_000, 512, 10_000
_DOCUMENTS, _TRAINED_STEPS, _LOOKS = 4, 40, 200


def measure(scratch: Path, out: Path, *, sources: int = SOURCES) -> None:
    """Print what a plan of so many sources takes by itself, then prepare so many tiny sources and train on them."""
    _plan(sources)
    names = [f"source{number:04}" for number in range(sources)]
    shards = _prepare(scratch, names)
    mix = f"{{name: Fraction(1, {sources}) for name in {names!r}}}"
    exp = scratch / "many.py"
    exp.write_text(
        "from fractions import Fraction\nfrom train.experiment import Cosine, Experiment, Stage\n"
        f"experiment = Experiment((Stage('pretrain', 200 * 10**9, {mix}, lr=Cosine(warmup_paper_tokens=0)),))\n"
    )
    watched = watch(training(shards, scratch / "runs", steps=_TRAINED_STEPS, exp=str(exp)), scratch / "log" / "run.txt")
    print(f"training {_TRAINED_STEPS} steps on them    {watched.wall_s:8.1f} s, {watched.peak_mib:,.0f} MiB")
    print(f"most files open in training   {max(each.handles for each in watched.samples):8,}")


def _plan(sources: int) -> None:
    """Plan 10,000 steps of 512 samples, with shares as uneven as 1 to 1,000, and look at steps of it in any order."""
    total = sources * (sources + 1) // 2
    weights = {f"source{number:04}": Fraction(number + 1, total) for number in range(sources)}
    rows = dict.fromkeys(weights, 2_000)
    before_mib, began_s = _peak_mib(), time.process_time()
    plan = Plan(Schedule((Phase("pretrain", Steps(STEPS), weights),), BATCH_SIZE, CONTEXT_TOKENS), rows, seed=0)
    served = plan.served(STEPS)
    planned_s = time.process_time() - began_s
    rng, looks_ms = random.Random(0), []
    for _ in range(_LOOKS):
        step, look_s = rng.randrange(STEPS), time.process_time()
        plan.batch(step)
        looks_ms.append((time.process_time() - look_s) * 1_000)
    worst = max(abs(count - want) for count, want in zip(served.tolist(), plan.expected(STEPS), strict=True))
    print(f"{sources:,} sources, {STEPS:,} steps of {BATCH_SIZE} samples")
    print(f"planning, to its last step    {planned_s:8.2f} s of a processor")
    print(
        f"the batch of a random step    {statistics.median(looks_ms):8.2f} ms (median), {max(looks_ms):.2f} ms at most"
    )
    print(f"memory beyond the interpreter {_peak_mib() - before_mib:8.0f} MiB")
    print(f"furthest from a share, at end {float(worst):8.3f} samples")


def _prepare(scratch: Path, names: list[str]) -> Path:
    """Four documents a source, as a recipe of so many sources."""
    data = scratch / "data"
    data.mkdir()
    corpus = bundled_recipe()[1]
    texts = [each.text for each in read_documents(corpus / "text.jsonl.xz")]
    rng, recipe = random.Random(0), [f'data = "{data}"', "heldout_share = 0.0"]
    for name in names:
        # Documents that are alike in two sources would be dropped from one of them.
        chosen = (f"{name}\n{rng.choice(texts)[:2_000]}" for _ in range(_DOCUMENTS))
        (data / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in chosen))
        recipe.append(f'[[sources.{name}.inputs]]\nreader = "jsonl"\nfiles = ["{name}.jsonl"]')
    (scratch / "many.toml").write_text("\n".join(recipe))
    sizes = (f"--vocab-size={VOCAB_SIZE}", f"--context-tokens={CONTEXT_TOKENS}", "--workers=2")
    command = ours("train.prepare", f"--corpus={scratch / 'many.toml'}", f"--out={scratch / 'shards'}", *sizes)
    watched = watch(command, scratch / "log" / "prepare.txt")
    print(f"preparing that many sources   {watched.wall_s:8.1f} s, {watched.peak_mib:,.0f} MiB in all processes")
    return scratch / "shards"


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
