"""What an experiment declares (mix, stages, learning-rate shape, what it starts from), and its phases at a scale."""

import dataclasses
from collections.abc import Mapping

import mixsched
from mixsched.errors import UsageError, did_you_mean
from mixsched.fields import check_kind, check_whole, is_number, is_whole, own_copies
from mixsched.mixes import sources_of
from train.scales import Scale

# The batch of the paper in tokens, and its warm-up of 1,325 steps (arXiv 2408.10914, section 2.3).
PAPER_BATCH_TOKENS = 512 * 8_192
PAPER_WARMUP_TOKENS = 1_325 * PAPER_BATCH_TOKENS


@dataclasses.dataclass(frozen=True)
class Cosine:
    """Linear warm-up to the scale's peak, then a cosine to the scale's end."""

    warmup_paper_tokens: int = PAPER_WARMUP_TOKENS

    def __post_init__(self):
        check_whole("`warmup_paper_tokens`", self.warmup_paper_tokens, least=0)


@dataclasses.dataclass(frozen=True)
class Anneal:
    """A straight line from where the stage before ended to `end_lr` (the paper's cooldown: 1e-6)."""

    end_lr: float = 1e-6

    def __post_init__(self):
        if not is_number(self.end_lr) or self.end_lr < 0:
            raise UsageError(f"`end_lr` must be a finite number of at least 0, got {self.end_lr!r}")


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stretch of training: how many of the paper's tokens, of which mix, under which learning-rate shape.

    Without a shape (`lr=None`) the curve of the stage before goes on: it is laid over both.
    """

    name: str
    paper_tokens: int
    mix: mixsched.Mix
    # Whether continued pre-training warms up again is not stated in the paper; that it does is a choice.
    lr: Cosine | Anneal | None = dataclasses.field(default_factory=Cosine)

    def __post_init__(self):
        if not is_whole(self.paper_tokens) or self.paper_tokens < 1:
            raise UsageError(
                f"`paper_tokens` of stage {self.name!r} must be a whole number of at least 1, got {self.paper_tokens!r}"
            )
        if not isinstance(self.lr, Cosine | Anneal | None):
            raise UsageError(f"`lr` of stage {self.name!r} must be Cosine(), Anneal() or None, got {self.lr!r}")


@dataclasses.dataclass(frozen=True)
class Adaptive:
    """Weights that ADO sets around the declared ones, by how fast each source still learns, from the first step on.

    (Jiang et al. 2024, arXiv 2410.11820; see `mixsched.online.ADO`.) In the paper's tokens: how many the first fit
    leaves out, how many lie between two fits, and between two changes of weights. The first two are the authors' 1,000
    steps in batches of 4.2M tokens, the third is a choice.
    """

    skip_paper_tokens: int = 1_000 * PAPER_BATCH_TOKENS
    refit_paper_tokens: int = 1_000 * PAPER_BATCH_TOKENS
    every_paper_tokens: int = 500 * PAPER_BATCH_TOKENS

    def __post_init__(self):
        for field in dataclasses.fields(self):
            check_whole(f"`{field.name}`", getattr(self, field.name), least=1)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What the paper varies; how big is the scale's business, so any experiment runs at any scale.

    - `starts_from`: the name of another experiment, from whose last checkpoint (at the same scale and seed) this one
      goes on: model, optimizer state, steps, learning rate and the place in every source.
    - `epochs`: for a source, how many passes the run makes over what it reads of it; it reads so many rows less.
    - `adaptive`: the declared mix is only where an algorithm begins, which sets the weights while the run trains, to
        its end; so there is one stage, and what comes after it is an experiment that starts from this one.
    """

    stages: tuple[Stage, ...]
    starts_from: str | None = None
    epochs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    adaptive: Adaptive | None = None

    def __post_init__(self):
        own_copies(self, "epochs")
        if not isinstance(self.stages, tuple) or not all(isinstance(stage, Stage) for stage in self.stages):
            raise UsageError(
                f"`stages` must be a tuple of Stage, as in (Stage(...),) with its comma; got {self.stages!r}"
            )
        if not self.stages:
            raise UsageError("`stages` must hold at least one Stage, got none")
        if self.stages[0].lr is None:
            raise UsageError(
                f"`lr` of stage {self.stages[0].name!r} must be Cosine() or Anneal(), for it is the first stage here; "
                "only a later one can go on with the curve before it"
            )
        if self.starts_from is not None and not _is_name(self.starts_from):
            raise UsageError(
                f"`starts_from` must be the name of an experiment, as in starts_from='code50' for code50.py, got "
                f"{self.starts_from!r}"
            )
        check_kind("`adaptive`", self.adaptive, (Adaptive, type(None)), "give Adaptive() or leave it out")
        self._check_epochs()
        self._check_adaptive()

    def _check_epochs(self) -> None:
        if not isinstance(self.epochs, Mapping):
            raise UsageError(f"`epochs` must be a mapping by source, as in {{'synthetic': 4}}, got {self.epochs!r}")
        for source, epochs in self.epochs.items():
            if source not in self.sources:
                raise UsageError(
                    f"`epochs` names {source!r}, which is in no stage's mix; {did_you_mean(str(source), self.sources)}"
                )
            if not is_whole(epochs) or epochs < 1:
                raise UsageError(f"`epochs` of {source!r} must be a whole number of at least 1, got {epochs!r}")
        if self.epochs and self.starts_from is not None:
            raise UsageError(
                f"`epochs` can't be given together with `starts_from`, since {self.starts_from!r} settles how many "
                "rows are read of each source; leave one of the two out"
            )

    def _check_adaptive(self) -> None:
        if self.adaptive is None:
            return
        if len(self.stages) > 1 or not all(isinstance(stage.mix, Mapping) for stage in self.stages):
            raise UsageError(
                "`adaptive` sets the weights from the first step to the last, so it takes one stage of constant "
                f"weights, got {' and '.join(f'{stage.name!r} of {stage.mix!r}' for stage in self.stages)}; put what "
                "comes after it into an experiment that starts from this one"
            )
        if self.epochs:
            raise UsageError(
                "`epochs` can't be given together with `adaptive`, which settles how much is read of each source; "
                "leave one of the two out"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that a stage names, sorted."""
        return tuple(sorted({source for stage in self.stages for source in sources_of(stage.mix)}))


def phases(experiment: Experiment, scale: Scale) -> tuple[mixsched.Phase, ...]:
    """The stages at a scale: their tokens divided, their learning-rate shapes given the scale's peak and end."""
    return tuple(
        mixsched.Phase(
            name=stage.name,
            length=_tokens(stage.paper_tokens, scale),
            weights=stage.mix,
            lr=None if stage.lr is None else _curve(stage.lr, scale),
        )
        for stage in experiment.stages
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


def paper_steps(paper_tokens: int, scale: Scale) -> int:
    """Steps of this scale for so many of the paper's tokens, rounded up."""
    return -(-paper_tokens // (scale.paper_tokens_per_token * scale.batch_size * scale.model.context_tokens))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not set(value) & set("./\\")
