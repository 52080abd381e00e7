"""A prediction for a scale on a slice: what it holds, how it prints, and how it is kept in a file."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from train.devices import DeviceOptions
from train.scales import Scale

# What the paper reports chip-hours for (arXiv 2408.10914, section 2.3).
TOKENS = 200_000_000_000


@dataclasses.dataclass(frozen=True)
class Moved:
    """All exchanges of one kind, size and number of chips in a step; `waited_s` is what no computation hides."""

    kind: str
    nbytes: int
    chips: int
    times: int
    seconds: float
    waited_s: float


@dataclasses.dataclass(frozen=True)
class StepPrediction:
    """A step of a scale on a slice: bytes and FLOPs are of one chip, seconds are predicted and not measured."""

    scale: str
    topology: str
    versions: Mapping[str, str]
    settings: Mapping
    devices: Mapping[str, int]
    mesh: Mapping[str, int]
    parameters: int
    argument_bytes: int
    temporary_bytes: int
    code_bytes: int
    hbm_limit_bytes: int
    flops: float
    hbm_traffic_bytes: int
    parts: Mapping[str, float]
    exchanges: tuple[Moved, ...]
    tokens: int
    chips: int
    peak_flops_per_s: float
    model_flops_per_token: float
    compile_s: float

    @property
    def hbm_bytes(self) -> int:
        """All that a chip holds at once at most."""
        return self.argument_bytes + self.temporary_bytes + self.code_bytes

    @property
    def step_s(self) -> float:
        """Of the whole step."""
        return sum(self.parts.values())

    @property
    def tokens_per_s_a_chip(self) -> float:
        """Throughput of training."""
        return self.tokens / self.step_s / self.chips

    @property
    def mfu(self) -> float:
        """The model's FLOPs, causal attention counted by half and recomputation not at all, over the chips' peak."""
        return self.tokens_per_s_a_chip * self.model_flops_per_token / self.peak_flops_per_s

    def hours(self, tokens: int) -> float:
        """On the clock, for so many tokens."""
        return tokens / self.tokens / 3600 * self.step_s

    def chip_hours(self, tokens: int = TOKENS) -> float:
        """Hours times chips."""
        return self.hours(tokens) * self.chips

    def is_of(self, settings: Scale, devices: DeviceOptions) -> bool:
        """Whether it was made for these settings, as far as a step depends on them."""
        return self.settings == step_settings(settings) and self.devices == dataclasses.asdict(devices)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")


def load(path: Path) -> StepPrediction:
    """The prediction in a file that `save` wrote."""
    told = json.loads(path.read_text())
    return StepPrediction(**told | {"exchanges": tuple(Moved(**each) for each in told["exchanges"])})


def step_settings(settings: Scale) -> dict:
    """What of a scale a step depends on."""
    return {"model": dataclasses.asdict(settings.model), "batch_size": settings.batch_size}
