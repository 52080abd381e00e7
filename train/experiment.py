"""What an experiment declares (mix, stages, learning-rate shape) and how a scale turns it into a schedule."""

import dataclasses

import mixsched
from mixsched.errors import UsageError
from mixsched.fields import is_whole
from train.scales import Scale

# The batch of the paper in tokens, and its warm-up of 1,325 steps (arXiv 2408.10914, section 2.3).
PAPER_BATCH_TOKENS = 512 * 8_192
PAPER_WARMUP_TOKENS = 1_325 * PAPER_BATCH_TOKENS


@dataclasses.dataclass(frozen=True)
class Cosine:
    """Linear warm-up to the scale's peak, then a cosine to the scale's end."""

    warmup_paper_tokens: int = PAPER_WARMUP_TOKENS


@dataclasses.dataclass(frozen=True)
class Anneal:
    """A straight line from where the stage before ended to `end_lr` (the paper's cooldown: 1e-6)."""

    end_lr: float = 1e-6


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stretch of training: how many of the paper's tokens, of which mix, under which learning-rate shape."""

    name: str
    paper_tokens: int
    mix: mixsched.Mix
    lr: Cosine | Anneal = dataclasses.field(default_factory=Cosine)

    def __post_init__(self):
        if not is_whole(self.paper_tokens) or self.paper_tokens < 1:
            raise UsageError(
                f"`paper_tokens` of stage {self.name!r} must be a whole number of at least 1, got {self.paper_tokens!r}"
            )
        if not isinstance(self.lr, Cosine | Anneal):
            raise UsageError(f"`lr` of stage {self.name!r} must be Cosine() or Anneal(), got {self.lr!r}")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What the paper varies; how big is the scale's business, so any experiment runs at any scale."""

    stages: tuple[Stage, ...]

    def __post_init__(self):
        if not isinstance(self.stages, tuple) or not all(isinstance(stage, Stage) for stage in self.stages):
            raise UsageError(
                f"`stages` must be a tuple of Stage, as in (Stage(...),) with its comma; got {self.stages!r}"
            )


def build_schedule(experiment: Experiment, scale: Scale) -> mixsched.Schedule:
    """The experiment at a scale: its tokens divided, its learning-rate shapes given the scale's peak and end."""
    return mixsched.Schedule(
        phases=tuple(
            mixsched.Phase(
                name=stage.name,
                length=_tokens(stage.paper_tokens, scale),
                weights=stage.mix,
                lr=_curve(stage.lr, scale),
            )
            for stage in experiment.stages
        ),
        batch_size=scale.batch_size,
        context_tokens=scale.model.context_tokens,
    )


def _curve(lr: Cosine | Anneal, scale: Scale) -> mixsched.Curve:
    peak = scale.optimizer.peak_lr
    match lr:
        case Cosine(warmup):
            end = peak * scale.optimizer.end_lr_ratio
            return mixsched.WarmupCosine(peak=peak, end=end, warmup=_tokens(warmup, scale))
        case Anneal(end_lr):
            return mixsched.LinearAnneal(end=end_lr)


def _tokens(paper_tokens: int, scale: Scale) -> mixsched.Tokens:
    """Tokens of this scale for so many of the paper's, rounded up."""
    return mixsched.Tokens(-(-paper_tokens // scale.paper_tokens_per_token))
