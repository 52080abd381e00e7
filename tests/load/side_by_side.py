"""Two trainings at the same time on one folder of shards: each ends with the bits that it has alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eval.rundir import RunFolder
from tests.load.tiny import small_shards, training
from tests.load.watching import watch

STEPS = 300


def measure(scratch: Path, out: Path) -> None:
    """Train two seeds one after the other, and again at once; raises AssertionError where any bit differs."""
    from tests.runs_alike import final_parameters, lines_of, same_parameters

    shards = small_shards(scratch)
    alone = [_train(shards, scratch / "alone", seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda seed: _train(shards, scratch / "both", seed), range(2)))
    for one, other in zip(alone, both, strict=True):
        assert same_parameters(one, other), f"{other.path} ended with other bits than {one.path}"
        assert lines_of(one) == lines_of(other), f"{other.metrics} says something else than {one.metrics}"
    assert not same_parameters(*both), "two seeds ended with the same bits, so that this measures nothing"
    numbers = sum(array.size for array in final_parameters(both[0]).values())
    print(f"2 runs of {STEPS} steps at once: all {numbers:,} parameters and all lines of metrics as alone, bit for bit")


def _train(shards: Path, runs: Path, seed: int) -> RunFolder:
    watch(training(shards, runs, steps=STEPS, options={"seed": seed}), runs / f"log-{seed}.txt")
    return RunFolder(runs / f"code25-nano-seed{seed}")
