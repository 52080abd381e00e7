"""Figures of 64 runs in one call: the curves of all, and the figures and the page that are drawn from their rows."""

import json
import shutil
from pathlib import Path

from tests.load.tiny import small_shards, training
from tests.load.watching import ours, watch

RUNS, STEPS, EVERY = 64, 2_000, 50


def measure(scratch: Path, out: Path, *, runs: int = RUNS) -> None:
    """Train one run, copy it under other seeds, and print what each command takes."""
    trained = scratch / "trained"
    command = training(small_shards(scratch), trained, steps=STEPS, options={"eval-every-steps": EVERY})
    watch(command, scratch / "log" / "run.txt")
    seeds = scratch / "seeds"
    for seed in range(runs):
        _copy(trained / "code25-nano-seed0", seeds / f"code25-nano-seed{seed}", seed)
    print(f"{runs} runs of {STEPS:,} lines of metrics and {STEPS // EVERY} evaluations each")
    for words in (["curves"], ["draw", "4"], ["all"]):
        name = " ".join(words)
        drawn = scratch / "drawn" / words[0]
        command = ours("figures", *words, "--runs", seeds, "--out", drawn)
        watched = watch(command, scratch / "log" / f"{words[0]}.txt")
        files = sum(path.is_file() for path in drawn.rglob("*"))
        print(f"figures {name:<8} {watched.wall_s:8.1f} s, {watched.peak_mib:6,.0f} MiB, {files:4} files", flush=True)


def _copy(run: Path, copy: Path, seed: int) -> None:
    """The files that figures read, of a run that is told to have another seed."""
    copy.mkdir(parents=True)
    for name in ("plan.json", "metrics.jsonl"):
        shutil.copy(run / name, copy / name)
    told = {"run": copy.name, "seed": seed}
    config = json.loads((run / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | told))
    rows = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    # As runs of other seeds, they differ a little.
    changed = [row | told | {"value": row["value"] * (1 + seed / 1_000)} for row in rows]
    (copy / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
