"""From a scale and a slice to a prediction: compile the step, read its schedule, add it up."""

import dataclasses
from collections import defaultdict
from pathlib import Path

import jax

from train.ahead.compile import compile_step
from train.ahead.hlo import parse
from train.ahead.kernels import splash_of
from train.ahead.predict import Exchange, predict
from train.ahead.prediction import Moved, StepPrediction, step_settings
from train.ahead.topology import Topology, libtpu_version
from train.devices import DeviceOptions
from train.scales import Scale

# The sources of the paper's mixes with code of every kind; their number hardly matters to a step.
SOURCES = 5


def predicted(
    scale: str, settings: Scale, options: DeviceOptions, topology: Topology, *, text: Path | None = None
) -> StepPrediction:
    """Compile the step of a scale for a slice and predict its time; `text` is where the compiled program is written.

    Raises UsageError if devices and settings don't fit together, or the step doesn't fit into the chips' memory.
    """
    compiled = compile_step(settings, options, topology, sources=SOURCES)
    if text is not None:
        text.write_text(compiled.text)
    program = parse(compiled.text)
    chip, model = topology.chip, settings.model
    kernels = splash_of(model.context_tokens, model.head_width, largest_block=model.attention_block_tokens)
    told = predict(program, chip, coordinates=compiled.coordinates, sides=topology.sides, kernel_of=kernels)
    return StepPrediction(
        scale=scale,
        topology=topology.name,
        versions={"jax": jax.__version__, "libtpu": libtpu_version()},
        settings=step_settings(settings),
        devices=dataclasses.asdict(options),
        mesh=compiled.mesh,
        parameters=model.parameters,
        argument_bytes=compiled.argument_bytes,
        temporary_bytes=compiled.temporary_bytes,
        code_bytes=compiled.code_bytes,
        hbm_limit_bytes=chip.hbm_bytes,
        flops=compiled.matrix_flops + told.kernel_flops,
        hbm_traffic_bytes=told.hbm_traffic_bytes,
        parts=dict(told.parts),
        exchanges=_added_up(told.exchanges),
        tokens=settings.batch_size * model.context_tokens,
        chips=len(topology.devices),
        peak_flops_per_s=chip.peak_flops_per_s,
        model_flops_per_token=model.causal_flops_per_token,
        compile_s=compiled.compile_s,
    )


def _added_up(exchanges: tuple[Exchange, ...]) -> tuple[Moved, ...]:
    """Those of one kind, size and number of chips together, the longest first."""
    alike = defaultdict(list)
    for each in exchanges:
        collective = each.collective
        alike[collective.kind, collective.nbytes, len(collective.group)].append(each)
    moved = [
        Moved(
            *key,
            times=sum(each.times for each in found),
            seconds=sum(each.times * each.seconds for each in found),
            waited_s=sum(each.times * each.waited_s for each in found),
        )
        for key, found in alike.items()
    ]
    return tuple(sorted(moved, key=lambda each: -each.seconds))
