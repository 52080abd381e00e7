"""What an experiment costs by the paper's figures: chip-hours on TPU v5e, for its own part alone."""

import dataclasses

from mixsched.lengths import in_steps
from train.experiment import Anneal, Experiment, Stage, phases
from train.scales import SCALES, Scale

# For 200B tokens, and for the cooldown of 40B tokens, of which 2.8b's is not given (arXiv 2408.10914, section 2.3).
PAPER_CHIP_HOURS_PER_200B = {"470m": 4_736, "2.8b": 13_824}
PAPER_CHIP_HOURS_OF_COOLDOWN = {"470m": 1_024}
PAPER_COOLDOWN_TOKENS = 40_000_000_000


@dataclasses.dataclass(frozen=True)
class ChipHours:
    """Hours by the paper's rate, and those of cooldowns by the paper's own figure for one."""

    by_rate: float
    of_cooldowns: float


def chip_hours(experiment: Experiment, scale_name: str, scale: Scale) -> float | None:
    """TPU v5e chip-hours of the experiment's own stages; None where the paper has no model of this size."""
    parts = chip_hours_by_kind(experiment, scale_name, scale)
    return None if parts is None else parts.by_rate + parts.of_cooldowns


def chip_hours_by_kind(experiment: Experiment, scale_name: str, scale: Scale) -> ChipHours | None:
    """The same, told apart by the figure that it comes from."""
    if scale_name not in PAPER_CHIP_HOURS_PER_200B or scale.model != SCALES[scale_name].model:
        return None
    cooldown = PAPER_CHIP_HOURS_OF_COOLDOWN.get(scale_name)
    of_cooldowns, tokens = 0.0, 0
    batch_size, context_tokens = scale.batch_size, scale.model.context_tokens
    for stage, phase in zip(experiment.stages, phases(experiment, scale), strict=True):
        if cooldown is not None and _is_papers_cooldown(stage, scale):
            of_cooldowns += cooldown
        else:
            steps = in_steps(phase.length, batch_size=batch_size, context_tokens=context_tokens)
            tokens += steps * batch_size * context_tokens
    return ChipHours(PAPER_CHIP_HOURS_PER_200B[scale_name] * tokens / 200e9, of_cooldowns)


def _is_papers_cooldown(stage: Stage, scale: Scale) -> bool:
    return isinstance(stage.lr, Anneal) and stage.paper_tokens // scale.paper_tokens_per_token == PAPER_COOLDOWN_TOKENS
