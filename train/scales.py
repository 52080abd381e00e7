"""How big: for each scale the model, the batch, the optimizer, and how many tokens stand for the paper's."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from mixsched.errors import UsageError, did_you_mean
from model.config import SIZES, ModelConfig


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """AdamW with a clipped gradient. The paper gives none of these numbers: they are choices (see README)."""

    peak_lr: float
    """Learning rate at the top of the curve."""
    end_lr_ratio: float = 0.1
    """Where the cosine ends, as a share of `peak_lr`."""
    b1: float = 0.9
    b2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1
    """Decoupled weight decay, on matrices only."""
    clip_norm: float = 1.0
    """Largest global norm of a gradient."""

    def __post_init__(self):
        for name in ("peak_lr", "eps", "clip_norm"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"`{name}` must be above 0 and finite, got {getattr(self, name)}")
        if not (0 <= self.b1 < 1 and 0 <= self.b2 < 1):
            raise UsageError(f"`b1` and `b2` must lie in 0..1, 1 excluded, got {self.b1} and {self.b2}")
        if not (0 <= self.weight_decay < math.inf and 0 <= self.end_lr_ratio <= 1):
            raise UsageError(
                f"`weight_decay` must be at least 0 and `end_lr_ratio` in 0..1, got {self.weight_decay} and "
                f"{self.end_lr_ratio}"
            )


@dataclasses.dataclass(frozen=True)
class Scale:
    """A size of run; every field can be overridden on the command line."""

    model: ModelConfig
    optimizer: OptimizerConfig
    batch_size: int
    """Samples (rows of context_tokens) a step."""
    paper_tokens_per_token: int
    """How many tokens of the paper one token of this scale stands for; 1 is the paper itself."""
    log_every_steps: int
    """Steps a line of metrics.jsonl covers."""
    eval_every_steps: int
    """Steps between two evaluations on held-out text; there is one more at the end."""
    checkpoint_every_steps: int
    """Steps between two checkpoints; there is one more at the end."""
    heldout_rows: int
    """Rows of each held-out source that an evaluation reads."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and value < 1:
                raise UsageError(f"`{field.name}` must be at least 1, got {value}")

    @property
    def shards(self) -> Path:
        """Where the bundled corpus is prepared to for this vocabulary and context."""
        return prepared_shards("bundled", vocab_size=self.model.vocab_size, context_tokens=self.model.context_tokens)


def prepared_shards(corpus: str, *, vocab_size: int, context_tokens: int) -> Path:
    """The folder of a corpus that was prepared for a vocabulary and a context."""
    return Path("shards") / f"{corpus}-v{vocab_size}-c{context_tokens}"


def _paper_scale(size: str, peak_lr: float) -> Scale:
    return Scale(
        model=SIZES[size],
        optimizer=OptimizerConfig(peak_lr=peak_lr),
        batch_size=512,
        paper_tokens_per_token=1,
        log_every_steps=10,
        eval_every_steps=2_000,
        checkpoint_every_steps=1_000,
        heldout_rows=1_024,
    )


SCALES: dict[str, Scale] = {
    "nano": Scale(
        model=SIZES["nano"],
        optimizer=OptimizerConfig(peak_lr=1e-2),
        batch_size=16,
        paper_tokens_per_token=200_000,
        log_every_steps=1,
        eval_every_steps=64,
        checkpoint_every_steps=128,
        heldout_rows=32,
    ),
    "micro": Scale(
        model=SIZES["micro"],
        optimizer=OptimizerConfig(peak_lr=2e-3),
        batch_size=32,
        paper_tokens_per_token=2_000,
        log_every_steps=10,
        eval_every_steps=500,
        checkpoint_every_steps=500,
        heldout_rows=128,
    ),
    "470m": _paper_scale("470m", peak_lr=1e-3),
    "2.8b": _paper_scale("2.8b", peak_lr=4e-4),
}

# Tokens in the paper's sources (section 2.1 and appendix A); a plan without shards counts its epochs by them.
PAPER_SOURCE_TOKENS = {
    "text": 503_000_000_000,
    "web_code": 139_000_000_000,
    "markup": 180_000_000_000,
    "adjacent": 21_400_000_000,
    "synthetic": 3_200_000_000,
}


def scale_named(name: str) -> Scale:
    """The scale of that name; raises UsageError with the nearest name otherwise."""
    if name not in SCALES:
        raise UsageError(f"there is no `--scale` {name!r}; {did_you_mean(name, SCALES)}")
    return SCALES[name]


def scale_in(words: Sequence[str], *, default: str = "nano") -> str:
    """The scale that a command line names, read before all else since the other options' defaults come from it."""
    for place, word in enumerate(words):
        if word == "--scale" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--scale="):
            return word.removeprefix("--scale=")
    return default
