"""Finds the layout of a step on a slice that is predicted to be fastest among those that fit."""

import dataclasses
import textwrap
import time
from collections.abc import Iterator

import jax

from mixsched.errors import UsageError
from model.config import REMAT_KEEPS
from model.splash_blocks import default_block
from train.ahead.ahead import predicted
from train.ahead.prediction import StepPrediction
from train.ahead.topology import Topology
from train.devices import MOST_FSDP, DeviceOptions
from train.scales import Scale

# Share of a chip's memory that a step may take: the rest is for what runs beside it, such as an evaluation.
MEMORY_SHARE = 0.9


@dataclasses.dataclass(frozen=True)
class Layout:
    """One point of the search."""

    fsdp: int
    tensor: int
    microbatches: int
    remat_keeps: str
    loss_chunk_tokens: int
    attention_block_tokens: int

    def applied(self, settings: Scale) -> tuple[Scale, DeviceOptions]:
        """The settings and options of this point."""
        model = dataclasses.replace(
            settings.model,
            remat=True,
            remat_keeps=self.remat_keeps,
            loss_chunk_tokens=self.loss_chunk_tokens,
            attention_block_tokens=self.attention_block_tokens,
        )
        return dataclasses.replace(settings, model=model), DeviceOptions(self.fsdp, self.tensor, self.microbatches)


AXES: dict[str, tuple] = {
    "remat_keeps": REMAT_KEEPS,
    "microbatches": (1, 2, 4, 8, 16, 32, 64),
    "loss_chunk_tokens": (1_024, 2_048, 4_096, 8_192),
    "attention_block_tokens": (256, 512, 1_024, 2_048),
    "fsdp": (4, 8, 16, 32, 64),
    "tensor": (1, 2, 4),
}


def search(scale: str, settings: Scale, options: DeviceOptions, topology: Topology) -> StepPrediction:
    """From the given point try those that differ from it in one thing, go to the best, and again until none is better.

    Says every point as it is tried. Raises UsageError if no point fits.
    """
    model, chips = settings.model, len(topology.devices)
    fsdp = options.fsdp or min(MOST_FSDP, chips // options.tensor)
    at = Layout(
        fsdp,
        options.tensor,
        options.microbatches,
        model.remat_keeps,
        model.loss_chunk_tokens,
        model.attention_block_tokens or default_block(model.head_width),
    )
    tried: dict[Layout, StepPrediction | None] = {}
    best: StepPrediction | None = None
    improved = True
    while improved:
        improved = False
        for layout in _neighbours(at, tried):
            impossible = chips % (layout.fsdp * layout.tensor) or layout.attention_block_tokens > model.context_tokens
            if layout != at and impossible:
                continue
            told = tried[layout] = _try(scale, settings, layout, topology)
            if told is not None and _fits(told) and (best is None or told.step_s < best.step_s):
                best, at, improved = told, layout, True
    if best is None:
        raise UsageError(
            f"no layout near this one fits {scale} on {topology.name}; begin with more `--devices.microbatches`, or "
            "name a larger `--topology`"
        )
    return best


def _neighbours(at: Layout, tried: dict) -> Iterator[Layout]:
    if at not in tried:
        yield at
    for axis, values in AXES.items():
        for value in values:
            layout = dataclasses.replace(at, **{axis: value})
            if layout not in tried:
                yield layout


def _try(scale: str, settings: Scale, layout: Layout, topology: Topology) -> StepPrediction | None:
    began_s = time.perf_counter()
    told, said = None, ""
    try:
        told = predicted(scale, *layout.applied(settings), topology)
        said = f"{told.hbm_bytes / 1e9:5.1f} GB  {told.step_s:.3f} s a step  {told.chip_hours():,.0f} chip-hours"
        said += "" if _fits(told) else "  (too large)"
    except (UsageError, jax.errors.JaxRuntimeError) as error:
        said = textwrap.shorten(str(error), 120, placeholder=" ...")
    where = "  ".join(f"{name} {value}" for name, value in dataclasses.asdict(layout).items())
    print(f"{where}: {said}  [{time.perf_counter() - began_s:.0f} s]", flush=True)
    return told


def _fits(told: StepPrediction) -> bool:
    return told.hbm_bytes <= MEMORY_SHARE * told.hbm_limit_bytes
