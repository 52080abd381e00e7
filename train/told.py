"""What a run will do, told before it starts and without JAX: phases, sources, steps, tokens, cost."""

from pathlib import Path

import mixsched
from mixsched.shards import rows_in
from train.scales import PAPER_CHIP_HOURS_PER_200B, PAPER_SOURCE_TOKENS, SCALES, Scale


def tell(schedule: mixsched.Schedule, scale: Scale, scale_name: str, *, shards: Path) -> str:
    """The table of a schedule and, below it, steps, tokens, parameters and the paper's chip-hours."""
    table, said = _table(schedule, scale, shards)
    tokens = schedule.total_tokens
    lines = [
        table,
        "",
        f"{schedule.total_steps:,} steps of {_sizes(schedule)} samples x {schedule.context_tokens:,} tokens "
        f"= {tokens:,} tokens, which stand for {tokens * scale.paper_tokens_per_token / 1e9:,.1f}B of the paper's",
        f"{scale.model.parameters:,} parameters at scale {scale_name}",
        _chip_hours(scale, scale_name, tokens),
        said,
    ]
    return "\n".join(lines)


def _sizes(schedule: mixsched.Schedule) -> str:
    return " then ".join(str(size) for size in dict.fromkeys(schedule.batch_sizes))


def _table(schedule: mixsched.Schedule, scale: Scale, shards: Path) -> tuple[str, str]:
    """What each source gives, and where its epochs are known from: a whole plan where there are shards."""
    if shards.is_dir():
        plan = mixsched.Plan(schedule, rows_in(shards, schedule.sources), seed=0)
        return mixsched.plan_text(plan), f"epochs are of the shards in '{shards}'"
    if scale.paper_tokens_per_token == 1:
        paper = {name: tokens / schedule.context_tokens for name, tokens in PAPER_SOURCE_TOKENS.items()}
        told = f"epochs are of the paper's sources, since there are no shards in '{shards}'"
        return mixsched.phase_table(schedule, paper), told
    return mixsched.phase_table(schedule, {}), f"epochs are not known before there are shards in '{shards}'"


def _chip_hours(scale: Scale, scale_name: str, tokens: int) -> str:
    if scale_name not in PAPER_CHIP_HOURS_PER_200B or scale.model != SCALES[scale_name].model:
        return "chip-hours: the paper has no model of this size"
    hours = PAPER_CHIP_HOURS_PER_200B[scale_name] * tokens / 200e9
    return f"{hours:,.0f} TPU v5e chip-hours at the paper's rate of {PAPER_CHIP_HOURS_PER_200B[scale_name]:,} per 200B"
