"""`python -m train.bench.pytorch`: full optimizer steps of ours beside the same model in PyTorch, on the same cores."""

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import math
import multiprocessing
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import numpy as np
import tyro

from mixsched import cli
from mixsched.errors import UsageError
from train.huge_pages import start_again_with_huge_pages
from train.scales import Scale, scale_named

LEARNING_RATE = 1e-3


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Time full optimizer steps of ours, of PyTorch eager and of torch.compile, in turns, on one fixed batch.

    Each is a process of its own, whose C library asks for huge pages, as `python -m train` does.

    make bench-torch
    """

    scales: tuple[str, ...] = ("nano", "micro")
    """Scales to run at, each with its own batch."""
    rounds: int = 5
    """Rounds of each way; told are the medians."""
    round_s: float = 15.0
    """Seconds that a round takes at least."""

    def __post_init__(self):
        if self.rounds < 1:
            raise UsageError(f"`--rounds` must be at least 1, got {self.rounds}")
        if not 0 <= self.round_s < math.inf:
            raise UsageError(f"`--round-s` must be at least 0 and finite, got {self.round_s}")


def main() -> None:
    """Parse, measure and print."""
    arguments = tyro.cli(Arguments, prog="python -m train.bench.pytorch")
    if __name__ == "__main__":
        start_again_with_huge_pages()
    for scale in arguments.scales:
        settings = scale_named(scale)
        tokens = settings.batch_size * settings.model.context_tokens
        print(
            f"{scale}: {settings.model.parameters:,} parameters, {settings.batch_size} x "
            f"{settings.model.context_tokens} tokens a step, {settings.model.dtype}, {os.cpu_count()} CPU cores"
        )
        with contextlib.ExitStack() as processes:
            took_s = step_seconds(ways(settings, processes), rounds=arguments.rounds, round_s=arguments.round_s)
        print(f"{'':<34}{'ms a step':>10}{'fastest':>10}{'slowest':>10}{'tokens/s':>12}")
        for name, rounds in took_s.items():
            median_s = statistics.median(rounds)
            told = "".join(f"{seconds * 1e3:>10,.1f}" for seconds in (median_s, min(rounds), max(rounds)))
            print(f"{name:<34}{told}{tokens / median_s:>12,.0f}", flush=True)


def step_seconds(ways: dict[str, Callable[[], object]], *, rounds: int, round_s: float) -> dict[str, list[float]]:
    """Seconds a step of each way in each round, in which all take turns; the first step of a turn doesn't count."""
    steps = 1
    for way in ways.values():
        # Compiles, and says how many steps a round needs.
        way()
        began_s = time.perf_counter()
        way()
        steps = max(steps, math.ceil(round_s / (time.perf_counter() - began_s)))
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            # Caches, and on a virtual machine memory, went to the others meanwhile.
            way()
            began_s = time.perf_counter()
            for _ in range(steps):
                way()
            took[name].append((time.perf_counter() - began_s) / steps)
    return took


def ways(settings: Scale, processes: contextlib.ExitStack) -> dict[str, Callable[[], object]]:
    """One optimizer step of each: ours, PyTorch eager, and torch.compile where there is a C++ compiler."""
    if importlib.util.find_spec("torch") is None:
        raise UsageError("PyTorch is not there; run this with `make bench-torch`, which puts it beside the environment")
    ours, theirs = (importlib.metadata.version(package) for package in ("jax", "torch"))
    found = {
        f"ours, JAX {ours}": processes.enter_context(in_a_process(our_step, settings)),
        f"PyTorch {theirs}, eager": processes.enter_context(in_a_process(torch_step, settings, False)),
    }
    if shutil.which("g++") or shutil.which("clang++"):
        found[f"PyTorch {theirs}, compiled"] = processes.enter_context(in_a_process(torch_step, settings, True))
    else:
        print("torch.compile is left out: it needs a C++ compiler, and there is none")
    return found


@contextlib.contextmanager
def in_a_process(make: Callable[..., Callable[[], object]], *arguments: object) -> Iterator[Callable[[], object]]:
    """What `make(*arguments)` gives, made and called in a process of its own: ways would share memory and threads."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_answer, args=(there, make, arguments), daemon=True)
    process.start()
    there.close()

    def call() -> None:
        here.send(None)
        here.recv()

    with here:
        yield call
    process.join()


def _answer(asked: Connection, make: Callable[..., Callable[[], object]], arguments: tuple) -> None:
    way = make(*arguments)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            asked.recv()
            way()
            asked.send(None)


def fixed_rows(settings: Scale) -> np.ndarray:
    """The batch that all take."""
    shape = (settings.batch_size, settings.model.context_tokens + 1)
    return np.random.default_rng(0).integers(0, settings.model.vocab_size, shape, np.int32)


def our_step(settings: Scale) -> Callable[[], object]:
    """A step as `python -m train` does it, on all devices, with the weights of seed 0."""
    import jax

    from model.sharding import device_mesh
    from train.data import put_batch
    from train.state import init_state, make_optimizer, state_maker
    from train.step import jit_step

    rows = fixed_rows(settings)
    mesh, optimizer = device_mesh(), make_optimizer(settings.optimizer)
    state = init_state(state_maker(settings.model, optimizer, key=jax.random.key(0)), mesh)
    step = jit_step(state, optimizer, sources=1, mesh=mesh)
    source = np.zeros(len(rows), np.int32)
    batch = put_batch({"rows": rows, "source": source}, learning_rate=LEARNING_RATE, mesh=mesh)

    def one() -> object:
        nonlocal state
        state, metrics = step(state, batch)
        return jax.block_until_ready((state, metrics))

    return one


def torch_step(settings: Scale, compiled: bool) -> Callable[[], object]:
    """The same step of the same weights in PyTorch."""
    import jax
    import torch  # pyright: ignore[reportMissingImports]

    from model.transformer import Transformer
    from train.bench.torch_model import adamw, descend, torch_copy

    torch.set_num_threads(os.cpu_count() or 1)
    model = torch_copy(Transformer(settings.model, key=jax.random.key(0)))
    optimizer = adamw(model, settings.optimizer, learning_rate=LEARNING_RATE)
    loss_of = torch.compile(model) if compiled else model
    words = torch.tensor(fixed_rows(settings), dtype=torch.int64)
    return lambda: descend(loss_of, optimizer, words, clip_norm=settings.optimizer.clip_norm)


if __name__ == "__main__":
    cli.run(main)
