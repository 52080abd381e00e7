"""What a run will do, told before it starts and without JAX: phases, sources, steps, tokens, cost."""

import itertools
from pathlib import Path

import mixsched
from mixsched.shards import rows_in
from train.ahead.kept import kept_prediction
from train.cost import PAPER_CHIP_HOURS_PER_200B, chip_hours_by_kind
from train.devices import BY_ITSELF, DeviceOptions
from train.epochs import boundless
from train.experiment import paper_steps
from train.lineage import Lineage
from train.scales import PAPER_SOURCE_TOKENS, Scale

# A whole pod of the paper's chips.
POD = "v5e:16x16"


def tell(
    lineage: Lineage,
    scale: Scale,
    scale_name: str,
    *,
    shards: Path,
    devices: DeviceOptions = BY_ITSELF,
    topology: str = POD,
) -> str:
    """The table of all phases and, below it, steps, tokens, parameters and chip-hours of the experiment's own part.

    Where there is a prediction for the scale on the slice `topology`, its memory and hours are told too.
    """
    table, said = _table(lineage, scale, shards)
    steps, tokens = lineage.own_steps(scale), lineage.own_tokens(scale)
    lines = [
        table,
        "",
        *_whose_weights(lineage, scale),
        *_whose_steps(lineage, scale),
        f"{steps:,} steps of {scale.batch_size} samples x {scale.model.context_tokens:,} tokens "
        f"= {tokens:,} tokens, which stand for {tokens * scale.paper_tokens_per_token / 1e9:,.1f}B of the paper's",
        f"{scale.model.parameters:,} parameters at scale {scale_name}",
        _chip_hours(lineage, scale, scale_name),
        *_predicted(tokens, scale, scale_name, devices, topology),
        said,
    ]
    return "\n".join(lines)


def _table(lineage: Lineage, scale: Scale, shards: Path) -> tuple[str, str]:
    """What each source gives, and where its epochs are known from: a whole plan where there are shards."""
    schedule = lineage.schedule(scale)
    if shards.is_dir():
        plan = lineage.plan(scale, rows_in(shards, schedule.sources), seed=0)
        return mixsched.plan_text(plan), f"epochs are of the shards in '{shards}'"
    plan = lineage.plan(scale, boundless(schedule), seed=0)
    rows: dict[str, float] = dict(plan.pools)
    if scale.paper_tokens_per_token == 1:
        rows = {name: tokens / schedule.context_tokens for name, tokens in PAPER_SOURCE_TOKENS.items()} | rows
        told = f"epochs are of the paper's sources, since there are no shards in '{shards}'"
    else:
        told = f"epochs are not known before there are shards in '{shards}'"
    needs = [
        f"{plan.schedule.context_tokens * pool:,} different tokens of {source} are needed{_paper_has(source, scale)}"
        for source, pool in plan.pools.items()
    ]
    return mixsched.phase_table(schedule, rows, plan.quota), "\n".join([*needs, told])


def _paper_has(source: str, scale: Scale) -> str:
    if scale.paper_tokens_per_token != 1 or source not in PAPER_SOURCE_TOKENS:
        return ""
    return f"; the paper's source has {PAPER_SOURCE_TOKENS[source] / 1e9:,.1f}B"


def _whose_weights(lineage: Lineage, scale: Scale) -> list[str]:
    """Which stages tell only where an algorithm begins, and when it sets the weights."""
    told = []
    for experiment in lineage.experiments:
        if (adaptive := experiment.adaptive) is not None:
            refit, every = (
                paper_steps(tokens, scale) for tokens in (adaptive.refit_paper_tokens, adaptive.every_paper_tokens)
            )
            told.append(
                f"the weights of {experiment.stages[0].name} are where ADO begins: it fits the losses every {refit:,} "
                f"steps and sets the weights every {every:,}, so shares, samples and epochs will differ"
            )
    return told


def _whose_steps(lineage: Lineage, scale: Scale) -> list[str]:
    """Which steps are whose, where the experiment starts from another."""
    if lineage.origin is None:
        return []
    ends, origin = [lineage.schedule(scale).total_steps], lineage.origin
    while origin is not None:
        ends.insert(0, origin.schedule(scale).total_steps)
        origin = origin.origin
    stretches = [f"{first:,}..{end - 1:,}" for first, end in itertools.pairwise([0, *ends])]
    told = [f"{steps} are of {name}" for name, steps in zip(lineage.names, stretches, strict=True)]
    return [f"steps {', '.join(told[:-1])}, from which it starts; its own are {stretches[-1]}:"]


def _predicted(tokens: int, scale: Scale, scale_name: str, devices: DeviceOptions, topology: str) -> list[str]:
    """What a step holds and its tokens take on a slice, compiled ahead for these very settings."""
    kept = kept_prediction(scale_name, topology)
    command = f"python -m train.ahead --scale {scale_name} --topology {topology}"
    if kept is not None and kept.is_of(scale, devices):
        return [
            f"{kept.chip_hours(tokens):,.0f} chip-hours in {kept.hours(tokens):,.1f} hours on {topology}, predicted "
            f"and not measured: {kept.step_s:.2f} s a step, {kept.hbm_bytes / 1e9:.1f} of "
            f"{kept.hbm_limit_bytes / 1e9:.1f} GB a chip"
        ]
    if scale_name in PAPER_CHIP_HOURS_PER_200B:
        return [
            f"no prediction is kept for these settings on {topology}; `{command}`, with the same options, makes one"
        ]
    return []


def _chip_hours(lineage: Lineage, scale: Scale, scale_name: str) -> str:
    hours = chip_hours_by_kind(lineage.experiment, scale_name, scale)
    if hours is None:
        return "chip-hours: the paper has no model of this size"
    told = [f"at the paper's rate of {PAPER_CHIP_HOURS_PER_200B[scale_name]:,} per 200B"] * bool(hours.by_rate)
    told += [f"by the paper's figure of {hours.of_cooldowns:,.0f} for a cooldown of 40B"] * bool(hours.of_cooldowns)
    return f"{hours.by_rate + hours.of_cooldowns:,.0f} TPU v5e chip-hours {' and '.join(told)}"
