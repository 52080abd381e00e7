"""What a run does about numbers that are out of the ordinary, and what more it tells of them."""

import dataclasses
from typing import Literal

from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class NumberOptions:
    """How a run watches its numbers; recorded in its config.json, since another step is compiled for each."""

    not_finite: Literal["stop", "skip"] = "stop"
    """At a loss or gradient norm that is infinite or not a number: stop the run, or skip the step (parameters and
    optimizer stay as they were) and count it in metrics.jsonl. Either way its rows stand in incidents.jsonl."""
    most_skipped: int = 8
    """So many steps in a row may be skipped; one more stops the run."""
    grad_norms_by_layer: bool = False
    """Write the gradient norms of the embedding, of each layer and of the last norm to metrics.jsonl too."""

    def __post_init__(self):
        if self.not_finite not in ("stop", "skip"):
            raise UsageError(f"`--not-finite` must be stop or skip, got {self.not_finite!r}")
        if self.most_skipped < 1:
            raise UsageError(f"`--most-skipped` must be at least 1, got {self.most_skipped}")

    @property
    def skips(self) -> bool:
        """Whether a step that is not finite is skipped."""
        return self.not_finite == "skip"


USUAL = NumberOptions()
